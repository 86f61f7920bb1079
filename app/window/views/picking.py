"""Which point of a shape lies under the mouse: rays against a static locator, never VTK's cell picker."""

from typing import Any

import numpy as np
from vtkmodules.vtkCommonCore import mutable
from vtkmodules.vtkCommonDataModel import vtkStaticCellLocator

from core.arrays import Floats

EDGE_REACH = 1e-7
"""A ray that passes a triangle's edge within this fraction of the diagonal hits it, so that none slips between two
triangles."""

CLOUD_REACH = 0.01
"""A ray catches a point of a cloud within this fraction of its distance from the camera."""


class Picker:
    """Ray queries against what is drawn; ``polydata`` has triangles, or only points."""

    def __init__(self, polydata: Any, points: Floats):
        self._points = points
        self._locator: Any = None
        self._tolerance = EDGE_REACH * polydata.GetLength()
        if polydata.GetNumberOfPolys():
            self._locator = vtkStaticCellLocator()
            self._locator.SetDataSet(polydata)
            self._locator.BuildLocator()

    def pick(self, start: Floats, end: Floats) -> Floats | None:
        """The first point float64 [3] on the segment from ``start`` to ``end``, or None."""
        if self._locator is None:
            return self._nearest_point(start, end)
        t, sub, cell = mutable(0.0), mutable(0), mutable(0)
        hit, bary = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        found = self._locator.IntersectWithLine(start, end, self._tolerance, t, hit, bary, sub, cell)
        return np.array(hit) if found else None

    def _nearest_point(self, start: Floats, end: Floats) -> Floats | None:
        direction = (end - start) / np.linalg.norm(end - start)
        offset = self._points - start
        depth = offset @ direction
        across = np.sqrt(np.maximum(np.einsum("ij,ij->i", offset, offset) - depth**2, 0))
        near = (depth > 0) & (across < CLOUD_REACH * depth)
        if not near.any():
            return None
        candidates = np.flatnonzero(near)
        best = candidates[np.argmin(depth[candidates] + 4 * across[candidates])]
        return np.array(self._points[best], np.float64)
