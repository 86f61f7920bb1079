"""Polygons cut into triangles in their order: convex ones as a fan, others by ear clipping."""

from dataclasses import dataclass

import mapbox_earcut
import numpy as np
import numpy.typing as npt

from core.arrays import Floats

Ints = npt.NDArray[np.integer]
_ROWS = 1 << 17


@dataclass
class Cut:
    """How polygons were cut.

    It has the ``places`` int [F, 3] of the triangles' corners among those of the polygons, and ``polygon`` int64 [F].

    Both are None where all polygons are triangles: ``places`` counts up, and triangle i is polygon i.
    """

    places: Ints | None = None
    polygon: Ints | None = None

    def corners(self, values: npt.NDArray) -> npt.NDArray:
        """Values of the polygons' corners [C, ...] at those of the triangles, [F, 3, ...]."""
        return values.reshape(-1, 3, *values.shape[1:]) if self.places is None else values[self.places]

    def faces(self, values: npt.NDArray) -> npt.NDArray:
        """Values of the polygons [P, ...] for the triangles, [F, ...]."""
        return values if self.polygon is None else values[self.polygon]


def triangulate(points: Floats, corners: Ints, sizes: Ints) -> Cut:
    """Cut polygons into triangles.

    Args:
        points: [V, 3].
        corners: int [C], the vertices of all polygons one after another.
        sizes: int [P], how many corners each has; those with fewer than three have no triangle.
    """
    if len(sizes) == 0 or (sizes == 3).all():
        return Cut()
    starts = np.cumsum(sizes) - sizes
    counts = np.maximum(sizes - 2, 0)
    cut = {}
    for size in np.unique(sizes[sizes > 3]):
        which = np.flatnonzero(sizes == size)
        for begin in range(0, len(which), _ROWS):
            rows = which[begin : begin + _ROWS]
            places = starts[rows, None] + np.arange(size)
            for polygon in rows[~_is_convex(points[corners[places]])]:
                cut[int(polygon)] = _ears(points[corners[starts[polygon] : starts[polygon] + size]])
                counts[polygon] = len(cut[int(polygon)])
    polygon = np.repeat(np.arange(len(sizes)), counts)
    within = np.arange(len(polygon)) - np.repeat(np.cumsum(counts) - counts, counts)
    triangles = starts[polygon][:, None] + np.stack([np.zeros_like(within), within + 1, within + 2], axis=1)
    offsets = np.cumsum(counts) - counts
    for number, ears in cut.items():
        triangles[offsets[number] : offsets[number] + len(ears)] = starts[number] + ears
    return Cut(triangles, polygon)


def _is_convex(loops: Floats) -> npt.NDArray[np.bool_]:
    """Whether polygons [P, N, 3] are convex seen along their normal, or have no area; bool [P]."""
    edges = np.roll(loops, -1, axis=1) - loops
    turns = np.cross(np.roll(edges, 1, axis=1), edges)
    normal = _area_vectors(loops)
    along = np.einsum("pnk,pk->pn", turns, normal)
    least = -1e-9 * np.einsum("pk,pk->p", normal, normal)
    return np.asarray((along >= least[:, None]).all(axis=1))


def _area_vectors(loops: Floats) -> Floats:
    """Normals [P, 3] of polygons [P, N, 3], as long as twice their area (Newell)."""
    local = loops - loops[:, :1]
    return np.asarray(np.cross(local, np.roll(local, -1, axis=1)).sum(axis=1))


def _ears(loop: Floats) -> Ints:
    """Triangles int [T, 3] of a concave polygon [N, 3]; they turn as it does."""
    normal = _area_vectors(loop[None])[0]
    axis = int(np.argmax(np.abs(normal)))
    flat = np.delete(loop - loop[0], axis, axis=1)
    if (normal[axis] < 0) != (axis == 1):
        flat = flat[:, ::-1]
    scale = float(np.abs(flat).max()) or 1.0
    ears = mapbox_earcut.triangulate_float64(np.ascontiguousarray(flat / scale), np.array([len(loop)], np.uint32))
    triangles = np.asarray(ears, np.int64).reshape(-1, 3)
    if len(triangles) == 0:
        return np.stack([np.zeros(len(loop) - 2, int), *(np.arange(len(loop) - 2) + k for k in (1, 2))], axis=1)
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles[turn < 0] = triangles[turn < 0][:, ::-1]
    return triangles
