"""What VTK needs of a display mesh before it draws it; it may be made beside the GUI thread."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyvista as pv
from vtkmodules.util.numpy_support import numpy_to_vtk

from app.window.views.picking import Picker
from core.geometry.display import DisplayMesh

CLAY = (200, 198, 194)


class Drawable:
    """A display mesh as VTK's arrays.

    Attributes:
        mesh: what it was made of; ``points`` are its own.
        polydata: its triangles, or points.
        base: its own colours at the points, uint8 [V, 3].
        picker: finds the point under the mouse.
        ball: the middle float64 [3] of the bounding box, and the radius around it that holds everything.
    """

    def __init__(self, mesh: DisplayMesh):
        self.mesh, self.points = mesh, mesh.points
        self.polydata = _polydata(mesh)
        self.base = _base_colors(mesh)
        self.picker = Picker(self.polydata, mesh.points)
        self.ball = ball_around(mesh.points)


def ball_around(points: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.float64], float]:
    """The middle [3] of the box around points [n, 3], and how far the farthest is from it."""
    middle = (points.min(0).astype(np.float64) + points.max(0)) / 2
    return middle, float(np.sqrt(((points - middle) ** 2).sum(1).max()))


def _polydata(mesh: Any) -> Any:
    if len(mesh.faces):
        polydata = pv.PolyData.from_regular_faces(np.ascontiguousarray(mesh.points), np.ascontiguousarray(mesh.faces))
    else:
        polydata = pv.PolyData(np.ascontiguousarray(mesh.points))
    if mesh.normals is not None:
        normals = numpy_to_vtk(np.ascontiguousarray(mesh.normals, np.float32), deep=True)
        normals.SetName("Normals")
        polydata.GetPointData().SetNormals(normals)
    if mesh.uv is not None:
        coordinates = numpy_to_vtk(np.ascontiguousarray(mesh.uv, np.float32), deep=True)
        coordinates.SetName("uv")
        polydata.GetPointData().SetTCoords(coordinates)
    return polydata


def _base_colors(mesh: Any) -> npt.NDArray[np.uint8]:
    if mesh.texture is not None and mesh.uv is not None:
        height, width = mesh.texture.shape[:2]
        column = np.clip((mesh.uv[:, 0] % 1.0) * width, 0, width - 1).astype(int)
        row = np.clip((1 - mesh.uv[:, 1] % 1.0) * height, 0, height - 1).astype(int)
        texels = mesh.texture[row, column]
        return np.ascontiguousarray(
            texels if mesh.colors is None else (texels * (mesh.colors / 255.0)).astype(np.uint8)
        )
    if mesh.colors is not None:
        return np.ascontiguousarray(mesh.colors)
    return np.tile(np.array(CLAY, np.uint8), (len(mesh.points), 1))
