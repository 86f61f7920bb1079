"""From a ray to the point of the shape it meets."""

from functools import cached_property

import numpy as np
import numpy.typing as npt
from vtkmodules.vtkCommonCore import reference
from vtkmodules.vtkCommonDataModel import vtkPolyData, vtkStaticCellLocator

from app.panels.display import DisplayMesh
from app.panels.view import Size, Vector, View

CLOUD_RADIUS = 8.0
"""Pixels within which a click finds a point of a cloud."""


class Picker:
    """Ray casting against one display mesh. The search tree of a mesh is built at the first question."""

    def __init__(self, mesh: DisplayMesh, polydata: vtkPolyData, diagonal: float):
        self._mesh = mesh
        self._polydata = polydata
        self._diagonal = diagonal

    @cached_property
    def _locator(self) -> vtkStaticCellLocator:
        locator = vtkStaticCellLocator()
        locator.SetDataSet(self._polydata)
        locator.BuildLocator()
        return locator

    def pick(self, view: View, x: float, y: float, size: Size) -> Vector | None:
        """The visible point of the shape at a pixel, float64 [3] in shape coordinates; None beside the shape."""
        if self._mesh.is_point_cloud:
            return self._nearest_of_cloud(view, x, y, size)
        direction = view.ray(x, y, size)
        reach = float(np.linalg.norm(view.position - self._mesh.points[0])) + 2 * self._diagonal
        return self._hit(view.position, view.position + direction * reach)

    def is_hidden(self, point: Vector, view: View) -> bool:
        """True when the surface stands between the eye and ``point``."""
        if self._mesh.is_point_cloud:
            return False
        to_eye = view.position - point
        margin = min(0.01 * self._diagonal / max(float(np.linalg.norm(to_eye)), 1e-12), 1.0)
        return self._hit(view.position, point + to_eye * margin) is not None

    def _hit(self, start: Vector, end: Vector) -> Vector | None:
        along, sub_id, cell_id = reference(0.0), reference(0), reference(0)
        point, within = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        found = self._locator.IntersectWithLine(
            start.tolist(), end.tolist(), 1e-9 * self._diagonal, along, point, within, sub_id, cell_id
        )
        return np.array(point) if found else None

    def _nearest_of_cloud(self, view: View, x: float, y: float, size: Size) -> Vector | None:
        seen = view.project(self._mesh.points, size)
        away = np.hypot(seen[:, 0] - x, seen[:, 1] - y)
        near = np.flatnonzero((away < CLOUD_RADIUS) & (seen[:, 2] > 0))
        if len(near) == 0:
            return None
        depth: npt.NDArray[np.float64] = seen[near, 2]
        front = near[depth < depth.min() + 0.03 * self._diagonal]
        return self._mesh.points[front[np.argmin(away[front])]].astype(np.float64)
