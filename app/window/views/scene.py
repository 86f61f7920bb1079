"""What the shape panel draws with VTK: one shape, its colours, the pins, a legend. GUI thread only."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvista as pv
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkPolyDataMapper,
    vtkPolyDataMapper2D,
    vtkRenderer,
    vtkTextActor,
    vtkTexturedActor2D,
)

from app.document.texts import tr
from app.window.theme import is_dark
from app.window.views.drawable import Drawable, ball_around
from app.window.views.marks import PinMark
from app.window.views.mesh_names import MarkNames
from core.colors import HEATMAPS, apply_colormap, heat_weight, lookup_table

_RADIUS = {"source": 8.0, "match": 7.0, "rival": 4.5}


class ShapeActor:
    """A shape whose colours are one RGB array at its points, and one on its faces for parts.

    Both are changed in place.
    """

    def __init__(self, drawable: Drawable):
        mesh, self.polydata, self._own, self.ball = drawable.mesh, drawable.polydata, drawable.base, drawable.ball
        self._base, self._coordinates = self._own, 0.0
        self._rgb = np.ascontiguousarray(self._base.copy())
        self._array = numpy_to_vtk(self._rgb, deep=False)
        self._array.SetName("rgb")
        self.polydata.GetPointData().SetScalars(self._array)
        self._element, self._faces = mesh.element, mesh.faces
        self._rgba: npt.NDArray[np.uint8] | None = None
        self._tinted: npt.NDArray[np.uint8] | None = None
        self._labels: npt.NDArray[np.uint8] | None = None
        self._labels_opacity = 1.0
        self._face_rgb: npt.NDArray[np.uint8] | None = None
        self._face_base: npt.NDArray[np.uint8] | None = None
        self.mapper = vtkPolyDataMapper()
        self.mapper.SetInputData(self.polydata)
        self.mapper.SetColorModeToDirectScalars()
        self.mapper.SetScalarModeToUsePointData()
        self.actor = vtkActor()
        self.actor.SetMapper(self.mapper)
        self._texture = pv.numpy_to_texture(mesh.texture) if mesh.texture is not None and mesh.uv is not None else None
        self._tint = mesh.colors
        prop = self.actor.GetProperty()
        prop.SetInterpolationToPhong()
        prop.SetAmbient(0.23)
        prop.SetDiffuse(0.85)
        prop.SetSpecular(0.12)
        prop.SetSpecularPower(20)
        prop.SetEdgeColor(0.2, 0.22, 0.26)
        prop.SetBackfaceCulling(mesh.closed)
        if not len(mesh.faces):
            prop.SetRenderPointsAsSpheres(True)
            prop.SetPointSize(max(3.0, min(9.0, 900 / max(len(mesh.points), 1) ** 0.5)))
            prop.SetLighting(mesh.normals is not None)
        self.paint(None, 0, 1, HEATMAPS[0], 1)

    def paint(
        self, scores: npt.NDArray[np.float32] | None, low: float, high: float, colormap: str, opacity: float
    ) -> None:
        """Colour by similarity float32 [V] over the own colours and parts, or show these alone (None)."""
        if scores is None:
            self._rgb[:] = self._base
            if self._labels is not None:
                self._paint_labels(self._labels)
        else:
            heat = apply_colormap(scores, colormap, low, high)
            weight = (heat_weight(scores, low, high) * (opacity * 256)).astype(np.uint16)[:, None]
            mixed = self._under_heat() * (256 - weight) + heat * weight
            np.right_shift(mixed, 8, out=mixed)
            self._rgb[:] = mixed
        on_faces = scores is None and self._labels is not None and self._face_rgb is not None
        self.mapper.SetScalarModeToUseCellData() if on_faces else self.mapper.SetScalarModeToUsePointData()
        textured = scores is None and self._labels is None and not self._coordinates and self._texture is not None
        self.actor.SetTexture(self._texture if textured else None)  # type: ignore[arg-type]
        self.mapper.SetScalarVisibility(not textured or self._tint is not None)
        if textured and self._tint is not None:  # VTK multiplies colours and texture
            self._rgb[:] = self._tint
        self._array.Modified()

    def set_labels(self, rgba: npt.NDArray[np.uint8] | None, opacity: float = 1.0) -> None:
        """Set parts as uint8 [E, 4] for the elements of the shape's file.

        They are shown by the next :meth:`paint`.
        """
        if rgba is self._rgba and opacity == self._labels_opacity:
            return
        self._rgba, self._labels_opacity, self._tinted = rgba, opacity, None
        self._labels = None if rgba is None else rgba[self._element]

    def set_coordinates(self, opacity: float) -> None:
        """Lay normalised object coordinates (NOC) over the own colours, from the next :meth:`paint` on."""
        if opacity == self._coordinates:
            return
        self._coordinates, self._face_base, self._tinted = opacity, None, None
        points = np.asarray(self.polydata.points)
        low, high = points.min(0), points.max(0)
        noc = (255 * (points - low) / np.maximum(high - low, 1e-9)).astype(np.uint8)
        self._base = _mix(self._own, noc, np.full((len(points), 1), round(255 * opacity), np.uint16)).astype(np.uint8)

    def _paint_labels(self, rgba: npt.NDArray[np.uint8]) -> None:
        weight = (rgba[:, 3:] * self._labels_opacity).astype(np.uint16)
        if not len(self._faces):
            self._rgb[:] = _mix(self._base, rgba[:, :3], weight)
            return
        if self._face_base is None:
            self._face_base = self._base[self._faces].mean(axis=1).astype(np.uint8)
        if self._face_rgb is None:
            self._face_rgb = np.ascontiguousarray(self._face_base.copy())
            self._face_array = numpy_to_vtk(self._face_rgb, deep=False)
            self._face_array.SetName("parts")
            self.polydata.GetCellData().SetScalars(self._face_array)
        self._face_rgb[:] = _mix(self._face_base, rgba[:, :3], weight)
        self._face_array.Modified()

    def _under_heat(self) -> npt.NDArray[np.uint8]:
        """What a heatmap lies on, uint8 [V, 3]: the own colours with the parts, which have soft edges there."""
        if self._labels is None:
            return self._base
        if self._tinted is None:
            at_points = self._labels
            if len(self._faces):
                at_points = np.zeros((len(self._base), 4), np.uint8)
                marked = self._labels[:, 3] > 0
                at_points[self._faces[marked].ravel()] = np.repeat(self._labels[marked], 3, axis=0)
            weight = (at_points[:, 3:] * self._labels_opacity).astype(np.uint16)
            self._tinted = _mix(self._base, at_points[:, :3], weight).astype(np.uint8)
        return self._tinted

    def ball_with(self, points: npt.NDArray | None) -> tuple[npt.NDArray, float]:
        """The middle [3] and the radius of a ball around the shape, and around points [n, 3] with it."""
        return self.ball if points is None else ball_around(np.concatenate([self.polydata.points, points]))

    def set_edges(self, on: bool) -> None:
        self.actor.GetProperty().SetEdgeVisibility(on)


def _mix(base: npt.NDArray[np.uint8], over: npt.NDArray[np.uint8], weight: npt.NDArray[np.uint16]) -> npt.NDArray:
    """``over`` laid on ``base`` with weights of 0 to 255, [N, 3]."""
    return (base * (255 - weight) + over * weight) // 255


class PinActors:
    """Small spheres of constant size on the screen; those behind the surface shine through faintly."""

    def __init__(self, front: Any, through: Any):
        self._renderers = ((front, 1.0), (through, 0.22))
        self._pins: list[tuple[PinMark, list[Any]]] = []
        self._names, self._opacity = MarkNames(through), 1.0
        source = vtkSphereSource()
        source.SetThetaResolution(20)
        source.SetPhiResolution(20)
        source.SetRadius(1.0)
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetInputConnection(source.GetOutputPort())

    def set_marks(self, marks: list[PinMark]) -> None:
        while len(self._pins) > len(marks):
            _, actors = self._pins.pop()
            for actor, (renderer, _) in zip(actors, self._renderers, strict=True):
                renderer.RemoveActor(actor)
        for i, mark in enumerate(marks):
            actors = self._pins[i][1] if i < len(self._pins) else self._new()
            for actor, (_, opacity) in zip(actors, self._renderers, strict=True):
                actor.SetPosition(*mark.position)
                prop = actor.GetProperty()
                prop.SetColor(*pv.Color(mark.color).float_rgb)
                prop.SetOpacity(self._opacity * opacity * (0.55 if mark.role == "rival" or mark.muted else 1.0))
                actor.SetVisibility(self._opacity > 0)
            self._pins[i : i + 1] = [(mark, actors)]
        self._names.set_marks(marks)

    def set_opacity(self, opacity: float) -> None:
        """Show all of them stronger or weaker; 0 hides them."""
        if opacity != self._opacity:
            self._opacity = opacity
            self._names.set_opacity(opacity)
            self.set_marks(self.marks())

    def marks(self) -> list[PinMark]:
        return [mark for mark, _ in self._pins]

    def rescale(self, camera: Any, height: int, pixel_ratio: float) -> None:
        """Keep the spheres' size on the screen; called before every picture."""
        eye = np.array(camera.GetPosition())
        toward = np.array(camera.GetDirectionOfProjection())
        for mark, actors in self._pins:
            if camera.GetParallelProjection():
                per_pixel = 2 * camera.GetParallelScale() / max(height, 1)
            else:
                depth = max(float((np.array(mark.position) - eye) @ toward), 1e-9)
                per_pixel = 2 * depth * np.tan(np.radians(camera.GetViewAngle() / 2)) / max(height, 1)
            radius = _RADIUS[mark.role] * (1.35 if mark.selected else 1.0) * pixel_ratio * per_pixel
            for actor in actors:
                actor.SetScale(radius)
        self._names.place(height, _RADIUS["source"] * pixel_ratio)

    def _new(self) -> list[Any]:
        actors = []
        for renderer, opacity in self._renderers:
            actor = vtkActor()
            actor.SetMapper(self._mapper)
            actor.GetProperty().SetAmbient(0.45)
            actor.GetProperty().SetDiffuse(0.6)
            actor.GetProperty().SetSpecular(0.4)
            actor.GetProperty().SetOpacity(opacity)
            renderer.AddActor(actor)
            actors.append(actor)
        return actors


class Legend:
    """A colour bar with numbers, drawn in the scene so that screenshots have it."""

    WIDTH, HEIGHT, RIGHT, TOP = 14, 150, 20, 38
    """Size and distance from the corner, in logical pixels."""

    def __init__(self, renderer: Any):
        self._corners = pv.vtk_points(np.zeros((4, 3)), deep=True)
        quad = pv.PolyData()
        quad.SetPoints(self._corners)
        quad.faces = np.array([4, 0, 1, 2, 3])
        quad.GetPointData().SetTCoords(numpy_to_vtk(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), deep=True))
        mapper = vtkPolyDataMapper2D()
        mapper.SetInputData(quad)
        self._bar = vtkTexturedActor2D()
        self._bar.SetMapper(mapper)
        self._title, self._high, self._middle, self._low = self._texts = [vtkTextActor() for _ in range(4)]
        for actor in (self._bar, *self._texts):
            renderer.AddViewProp(actor)
        for text in self._texts:
            text.GetTextProperty().SetFontSize(13)  # points: the render window knows the screen's resolution
        self._title.SetInput(tr("similarity"))
        self._title.GetTextProperty().SetJustificationToRight()
        for text in self._texts[1:]:
            text.GetTextProperty().SetJustificationToRight()
            text.GetTextProperty().SetVerticalJustificationToCentered()
        self.hide()
        self.recolor()

    def recolor(self) -> None:
        shade = (0.92, 0.93, 0.95) if is_dark() else (0.12, 0.14, 0.17)
        for text in self._texts:
            text.GetTextProperty().SetColor(*shade)

    def show(self, low: float, high: float, colormap: str) -> None:
        """The range of the colours; the table goes from bottom to top."""
        self._bar.SetTexture(_column_texture(colormap))
        for text, value in ((self._low, low), (self._middle, (low + high) / 2), (self._high, high)):
            text.SetInput(f"{value:.2f}")
        self._set_visible(True)

    def hide(self) -> None:
        self._set_visible(False)

    def place(self, width: int, height: int, pixel_ratio: float) -> None:
        """Keep the place in the upper right corner of a view of ``width`` x ``height`` pixels.

        Called before every picture.
        """
        w, h, right, top = (pixel_ratio * v for v in (self.WIDTH, self.HEIGHT, self.RIGHT, self.TOP))
        x1, y1 = width - right, height - top
        bottom = y1 - h
        for i, corner in enumerate(((x1 - w, bottom), (x1, bottom), (x1, y1), (x1 - w, y1))):
            self._corners.SetPoint(i, *corner, 0)
        self._corners.Modified()
        gap = 7 * pixel_ratio
        for text, y in ((self._low, bottom), (self._middle, bottom + h / 2), (self._high, y1)):
            text.SetPosition(x1 - w - gap, y)
        self._title.SetPosition(x1, y1 + 1.5 * gap)

    def _set_visible(self, on: bool) -> None:
        for actor in (self._bar, *self._texts):
            actor.SetVisibility(on)


@lru_cache
def _column_texture(colormap: str) -> Any:
    column = np.repeat(lookup_table(colormap)[::-1, None], 2, axis=1)  # of width 1 the two axes are mixed up
    return pv.numpy_to_texture(np.ascontiguousarray(column))


def light(plotter: Any) -> None:
    """Leave head, key and fill light; the two faint ones behind cost as much as those."""
    for one in plotter.renderer.lights[3:]:
        plotter.renderer.RemoveLight(one)


def dress(plotter: Any) -> None:
    """Background and axes in the colours of the theme."""
    bottom, top = ("#17191d", "#343a44") if is_dark() else ("#dfe3e9", "#fafbfc")
    plotter.set_background(bottom, top=top)
    plotter.add_axes(line_width=3, viewport=(0, 0, 0.14, 0.18), color="white" if is_dark() else "black")


def through_renderer(window: Any, main: Any) -> Any:
    """A renderer drawn over the main one with the same camera."""
    renderer = vtkRenderer()
    window.SetNumberOfLayers(max(2, window.GetNumberOfLayers()))
    renderer.SetLayer(1)
    renderer.InteractiveOff()
    for each in (main, renderer):
        each.SetUseOIT(False)  # pins need no order-independent transparency, and it costs passes over the whole picture
    renderer.SetActiveCamera(main.GetActiveCamera())
    window.AddRenderer(renderer)
    return renderer
