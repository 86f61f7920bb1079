"""One known shape: polygons of three to six corners, two of them concave, with a colour, a part and a label each."""

import itertools
from dataclasses import dataclass, replace

import numpy as np

from core.geometry.render import surface_color
from core.geometry.shape import Shape

COLORS = np.array([[255, 0, 0], [0, 255, 0], [30, 60, 240], [250, 200, 10], [128, 128, 128]], np.uint8)
"""Of the five materials; neighbours in the file never share one."""

_BOX = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1.5], [1, 0, 1.5], [1, 1, 1.5], [0, 1, 1.5]]
_TOP = [[0.5, 0.5, 2.25], [2, 0, 0], [3, 0.5, 0], [2, 1, 0], [2.3, 0.5, 0]]
_L = [[4, 0, 0], [6, 0, 0], [6, 1, 0], [5, 1, 0.0], [5, 2, 0], [4, 2, 0]]
_FIVE = [[4, 0, 1], [6, 0, 1], [6.5, 1, 1.25], [5, 2, 1.5], [3.5, 1, 1.25]]


@dataclass
class Known:
    """``points`` float64 [V, 3]; ``polygons`` lists of vertices; ``part`` int [P], which is also the label of each
    polygon.
    """

    points: np.ndarray
    polygons: list[list[int]]
    part: np.ndarray

    @property
    def colors(self) -> np.ndarray:
        """uint8 [P, 3]."""
        return COLORS[self.part]

    def exploded(self) -> "Known":
        """The same with vertices of its own for each polygon."""
        flat = [vertex for polygon in self.polygons for vertex in polygon]
        ends = np.cumsum([len(polygon) for polygon in self.polygons])
        polygons = [list(range(end - len(p), end)) for p, end in zip(self.polygons, ends, strict=True)]
        return replace(self, points=self.points[flat], polygons=polygons)

    def triangles(self) -> "Known":
        """The convex polygons as fans, the concave ones left out."""
        polygons, part = [], []
        for polygon, number in zip(self.polygons, self.part, strict=True):
            if number != 4:
                polygons += [[polygon[0], a, b] for a, b in itertools.pairwise(polygon[1:])]
                part += [number] * (len(polygon) - 2)
        return Known(self.points, polygons, np.array(part))

    def at_vertices(self, values: np.ndarray) -> np.ndarray:
        """Values [P, ...] of the polygons at their vertices [V, ...], for shapes that are exploded."""
        out = np.zeros((len(self.points), *values.shape[1:]), values.dtype)
        for polygon, value in zip(self.polygons, values, strict=True):
            out[polygon] = value
        return out


def known() -> Known:
    """The shape: a house of quads and triangles, an arrow, an L and a pentagon. Part 4 is concave."""
    points = np.array(_BOX + _TOP + _L + _FIVE, float)
    polygons = [
        [0, 3, 2, 1],
        [4, 5, 8],
        [0, 1, 5, 4],
        [5, 6, 8],
        [9, 10, 11, 12],
        [1, 2, 6, 5],
        [6, 7, 8],
        [13, 14, 15, 16, 17, 18],
        [2, 3, 7, 6],
        [7, 4, 8],
        [19, 20, 21, 22, 23],
        [3, 0, 4, 7],
    ]
    return Known(points, polygons, np.array([0, 1, 2, 3, 4, 0, 1, 4, 2, 3, 0, 1]))


def check_geometry(shape: Shape, source: Known, tolerance: float = 1e-6) -> None:
    """Faces are the polygons in their order: all triangles of a polygon together, of its area, facing as it does."""
    counts = np.array([len(polygon) - 2 for polygon in source.polygons])
    expected = np.repeat(np.arange(len(counts)), counts)
    polygon = np.arange(len(shape.faces)) if shape.polygon is None else shape.polygon
    np.testing.assert_array_equal(polygon, expected)
    corners = shape.vertices[shape.faces]
    vectors = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for number, vertices in enumerate(source.polygons):
        loop = source.points[vertices]
        here = corners[polygon == number].reshape(-1, 3)
        distance = np.linalg.norm(here[:, None] - loop[None], axis=2)
        assert distance.min(axis=1).max() < tolerance, f"polygon {number}: other vertices"
        assert set(distance.argmin(axis=1)) == set(range(len(loop)))
        whole = np.cross(loop - loop[0], np.roll(loop, -1, axis=0) - loop[0]).sum(axis=0)
        mine = vectors[polygon == number]
        np.testing.assert_allclose(mine.sum(axis=0), whole, atol=20 * tolerance)
        assert (mine @ whole > 0).all(), f"polygon {number}: a triangle outside of it"
        np.testing.assert_allclose(np.linalg.norm(mine, axis=1).sum(), np.linalg.norm(whole), atol=20 * tolerance)


def check_colors(shape: Shape, colors: np.ndarray, tolerance: int = 1) -> None:
    """Each triangle shows the colour [P, 3] of its polygon, at its middle and near its corners."""
    polygon = np.arange(len(shape.faces)) if shape.polygon is None else shape.polygon
    for bary in ([1 / 3, 1 / 3, 1 / 3], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]):
        seen = surface_color(shape, np.arange(len(shape.faces)), np.tile(bary, (len(shape.faces), 1)))
        assert seen is not None, "no colours at all"
        np.testing.assert_allclose(seen * 255, colors[polygon].astype(float), atol=tolerance)
