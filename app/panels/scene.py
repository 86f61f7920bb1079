"""The VTK scene of a mesh panel, without Qt: one shape, its colours, light, background, axes, legend and pins."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import vtkmodules.vtkRenderingFreeType  # noqa: F401  draws text
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  draws everything else
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals
from vtkmodules.vtkRenderingAnnotation import vtkAxesActor
from vtkmodules.vtkRenderingCore import vtkActor, vtkLight, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow, vtkTexture

from app.panels.display import DisplayMesh
from app.panels.legend import Legend
from app.panels.picking import Picker
from app.panels.pin_actors import PinActors
from app.panels.view import FIELD_OF_VIEW, Size, View, fitted, standard_view
from core.colors import HEATMAPS, apply_colormap

Floats = npt.NDArray[np.float32]
Colors = npt.NDArray[np.uint8]

CLAY = (190, 192, 198)
_CORNER = 76
_LIGHTS = (
    # position from the eye's right, up, back; intensity; the heatmap's colours need white light
    ((0.55, 0.75, 1.0), 0.72),
    ((-0.9, 0.1, 0.8), 0.28),
    ((0.1, -0.8, 0.5), 0.14),
    ((0.0, 0.5, -1.0), 0.25),
)


@dataclass(frozen=True)
class Backdrop:
    """Colours of a theme as (r, g, b) in 0..1."""

    bottom: tuple[float, float, float]
    top: tuple[float, float, float]
    text: tuple[float, float, float]
    edges: tuple[float, float, float]


LIGHT = Backdrop((0.82, 0.84, 0.87), (0.97, 0.975, 0.98), (0.15, 0.17, 0.20), (0.25, 0.27, 0.30))
DARK = Backdrop((0.085, 0.095, 0.11), (0.19, 0.21, 0.24), (0.90, 0.91, 0.93), (0.08, 0.09, 0.10))


class Scene:
    """Everything drawn in one panel. Changing it draws nothing; the owner asks its widget to repaint."""

    def __init__(self) -> None:
        self.mesh: DisplayMesh | None = None
        self.picker: Picker | None = None
        self.view = View(np.array([0.0, 0.0, 3.0]), 0.0, 0.0, "y")
        self.size: Size = (1.0, 1.0)
        self.center, self.radius = np.zeros(3), 1.0
        self.opacity, self.colormap = 0.7, HEATMAPS[0]
        self._scores: tuple[Floats, float, float] | None = None
        self._base: Colors = np.zeros((0, 3), np.uint8)
        self._drawn: Colors = self._base
        self._texture: vtkTexture | None = None

        self._mapper = vtkPolyDataMapper()
        self._mapper.SetScalarModeToUsePointData()
        self.actor = vtkActor()
        self.actor.SetMapper(self._mapper)
        self.actor.VisibilityOff()
        _dress(self.actor)

        self.main, overlay, self._corner = vtkRenderer(), vtkRenderer(), vtkRenderer()
        self.renderers = (self.main, overlay, self._corner)
        self.main.GradientBackgroundOn()
        self.main.AddActor(self.actor)
        self.main.SetAutomaticLightCreation(False)
        for position, intensity in _LIGHTS:
            self.main.AddLight(_camera_light(position, intensity))
        self.main.GetActiveCamera().SetViewAngle(FIELD_OF_VIEW)
        overlay.SetLayer(1)
        overlay.SetActiveCamera(self.main.GetActiveCamera())
        self.pins = PinActors(overlay)
        self.legend = Legend(overlay)
        self._corner.SetLayer(2)
        self._axes = _axes_actor()
        self._corner.AddActor(self._axes)
        self.set_backdrop(LIGHT)

    def attach(self, window: vtkRenderWindow) -> None:
        """Have ``window`` draw this scene."""
        window.SetNumberOfLayers(len(self.renderers))
        for renderer in self.renderers:
            window.AddRenderer(renderer)

    def detach(self, window: vtkRenderWindow) -> None:
        for renderer in self.renderers:
            window.RemoveRenderer(renderer)

    def set_mesh(self, mesh: DisplayMesh | None) -> None:
        """Show another shape from its start view; heatmap and pins of the last one go."""
        self.mesh, self.picker, self._scores, self._texture = mesh, None, None, None
        self.pins.set_marks([])
        self.legend.hide()
        self.actor.SetVisibility(mesh is not None)
        if mesh is None:
            return
        low, high = mesh.points.min(axis=0).astype(np.float64), mesh.points.max(axis=0).astype(np.float64)
        self.center = (low + high) / 2
        self.radius = max(float(np.linalg.norm(mesh.points - self.center, axis=1).max()), 1e-12)
        self._base = base_colors(mesh)
        self._drawn = self._base.copy()
        polydata = _polydata(mesh)
        polydata.GetPointData().SetScalars(numpy_to_vtk(self._drawn))
        self._mapper.SetInputData(polydata)
        self.picker = Picker(mesh, polydata, 2 * self.radius)
        self._texture = _texture(mesh)
        self.actor.GetProperty().SetLighting(not mesh.is_point_cloud or mesh.normals is not None)
        self._recolor()
        self.view = standard_view("start", mesh.up, self.center, self.radius, self.size)

    def set_heatmap(self, scores: Floats | None, low: float, high: float) -> None:
        """Colour the vertices by scores [V]; None shows the shape's own look."""
        self._scores = None if scores is None or self.mesh is None else (scores, low, high)
        self._recolor()

    def set_opacity(self, opacity: float) -> None:
        self.opacity = opacity
        self._recolor()

    def set_colormap(self, name: str) -> None:
        self.colormap = name
        self._recolor()

    def set_edges(self, shown: bool) -> None:
        self.actor.GetProperty().SetEdgeVisibility(shown)

    def set_backdrop(self, backdrop: Backdrop) -> None:
        self.main.SetBackground(backdrop.bottom)
        self.main.SetBackground2(backdrop.top)
        self.actor.GetProperty().SetEdgeColor(backdrop.edges)
        self.legend.set_text_color(backdrop.text)
        for caption in _captions(self._axes):
            caption.SetColor(backdrop.text)

    def resize(self, size: Size) -> None:
        self.size = size

    def fit(self) -> None:
        self.view = fitted(self.view, self.center, self.radius, self.size)

    def prepare(self, pixel_ratio: float) -> None:
        """Bring camera, pins, legend and axes in step with the view; to be called before every drawing."""
        right, up, back = self.view.axes
        for renderer, eye, target in (
            (self.main, self.view.position, self.view.position - back),
            (self._corner, back * 3.4, np.zeros(3)),
        ):
            camera = renderer.GetActiveCamera()
            camera.SetPosition(*eye)
            camera.SetFocalPoint(*target)
            camera.SetViewUp(*up)
        depth = float(self.view.depth(self.center))
        near = max(depth - 1.01 * self.radius, 1e-3 * self.radius)
        self.main.GetActiveCamera().SetClippingRange(near, max(depth + 1.01 * self.radius, 2 * near))
        self._corner.ResetCameraClippingRange()
        self._corner.SetViewport(0, 0, min(_CORNER / self.size[0], 1), min(_CORNER / self.size[1], 1))
        self.pins.prepare(self.view, self.size, self.picker)
        self.legend.prepare(self.size, pixel_ratio)
        if self.mesh is not None and self.mesh.is_point_cloud:
            spacing = 2.2 * self.radius / np.sqrt(max(len(self.mesh.points), 1))
            pixels = spacing / float(self.view.pixel_size(max(depth, near), self.size))
            self.actor.GetProperty().SetPointSize(float(np.clip(pixels, 2.5, 14)) * pixel_ratio)

    def _recolor(self) -> None:
        """Write the vertex colours into the array the mapper already has."""
        plain = self._scores is None
        self.actor.SetTexture(self._texture if plain else None)
        self._mapper.SetScalarVisibility(not (plain and self._texture is not None))
        if self.mesh is None:
            return
        if self._scores is None:
            self._drawn[:] = self._base
            self.legend.hide()
        else:
            scores, low, high = self._scores
            blend(self._base, apply_colormap(scores, self.colormap, low, high), self.opacity, out=self._drawn)
            self.legend.show(self.colormap, low, high)
        self._mapper.GetInput().GetPointData().GetScalars().Modified()


def blend(base: Colors, over: Colors, opacity: float, out: Colors) -> None:
    """``out`` = base + opacity * (over - base), colours uint8 [V, 3]."""
    weight = np.uint16(round(256 * min(max(opacity, 0.0), 1.0)))
    mixed = base * (np.uint16(256) - weight)
    mixed += over * weight
    mixed >>= np.uint16(8)
    out[:] = mixed


def base_colors(mesh: DisplayMesh) -> Colors:
    """Vertex colours uint8 [V, 3] of the shape itself: its own, its texture's at the vertices, or clay."""
    if mesh.colors is not None:
        return mesh.colors
    if mesh.uv is not None and mesh.texture is not None:
        height, width = mesh.texture.shape[:2]
        column = np.clip(np.nan_to_num(mesh.uv[:, 0] % 1.0) * width, 0, width - 1).astype(np.intp)
        row = np.clip((1.0 - np.nan_to_num(mesh.uv[:, 1] % 1.0)) * height, 0, height - 1).astype(np.intp)
        return mesh.texture[row, column]
    return np.full((len(mesh.points), 3), CLAY, np.uint8)


def _polydata(mesh: DisplayMesh) -> vtkPolyData:
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(mesh.points, np.float32)))
    count, corners = (len(mesh.points), 1) if mesh.is_point_cloud else (len(mesh.faces), 3)
    ids = np.arange(count, dtype=np.int32) if mesh.is_point_cloud else np.ascontiguousarray(mesh.faces, np.int32).ravel()
    cells = vtkCellArray()
    cells.SetData(numpy_to_vtk(np.arange(0, corners * count + 1, corners, dtype=np.int32), deep=1), numpy_to_vtk(ids, deep=1))
    polydata = vtkPolyData()
    polydata.SetPoints(points)
    if mesh.is_point_cloud:
        polydata.SetVerts(cells)
    else:
        polydata.SetPolys(cells)
    if mesh.normals is not None:
        polydata.GetPointData().SetNormals(numpy_to_vtk(np.ascontiguousarray(mesh.normals, np.float32)))
    elif not mesh.is_point_cloud:
        polydata.GetPointData().SetNormals(_computed_normals(polydata))
    if mesh.uv is not None:
        polydata.GetPointData().SetTCoords(numpy_to_vtk(np.ascontiguousarray(mesh.uv, np.float32)))
    return polydata
