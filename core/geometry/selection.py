"""Faces of a mesh (points of a cloud) chosen on the surface.

They are those within a geodesic distance, connected, or up to a crease.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from core.geometry.shape import Shape, places_of

Chosen = npt.NDArray[np.bool_]

NEIGHBOURS = 8
"""The number of neighbours of a point of a cloud."""

HOPS, FINE = 3, 2_000_000
"""Faces this many edges apart are joined by straight lines, in meshes of fewer faces than this."""


@dataclass
class SurfaceGraph:
    """Which of the F faces of a mesh are neighbours.

    They are those that share an edge, where vertices at the same place count as one.

    In a point cloud each of the F points has its nearest points as neighbours. Lengths are in the normalised frame of
    the shape (diagonal 1).

    Attributes:
        shape: the mesh or point cloud.
    """

    shape: Shape

    @cached_property
    def pairs(self) -> npt.NDArray[np.int64]:
        """The pairs of neighbours int64 [E, 2], each pair once."""
        if self.shape.is_point_cloud:
            count = min(NEIGHBOURS + 1, len(self.shape.vertices))
            _, index = cKDTree(self.shape.normalised).query(self.shape.normalised, k=count, workers=-1)
            near = index.reshape(len(index), count)[:, 1:]
            rows = np.repeat(np.arange(len(near)), near.shape[1])
            return np.unique(np.sort(np.stack([rows, near.ravel()], axis=1), axis=1), axis=0)
        faces = places_of(self.shape.vertices)[0][self.shape.faces].astype(np.int64)
        one, other = faces.ravel(), faces[:, [1, 2, 0]].ravel()
        key = np.minimum(one, other) * (int(faces.max()) + 1) + np.maximum(one, other)
        face = np.repeat(np.arange(len(faces)), 3)
        real = one != other
        key, face = key[real], face[real]
        order = np.argsort(key, kind="stable")
        key, face = key[order], face[order]
        same = np.flatnonzero(key[1:] == key[:-1])
        pairs = np.stack([face[same], face[same + 1]], axis=1)
        return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]])

    @cached_property
    def centers(self) -> npt.NDArray[np.float64]:
        """The centres of the faces, or the points of a cloud: float64 [F, 3] in the normalised frame."""
        if self.shape.is_point_cloud:
            return self.shape.normalised.astype(np.float64)
        return np.asarray(self.shape.normalised[self.shape.faces].mean(axis=1, dtype=np.float64))

    @cached_property
    def normals(self) -> npt.NDArray[np.float64]:
        """The unit normals of the faces or points, float64 [F, 3]."""
        if self.shape.is_point_cloud:
            return self.shape.normals.astype(np.float64)
        a, b, c = (self.shape.normalised[self.shape.faces[:, i]].astype(np.float64) for i in range(3))
        cross = np.cross(b - a, c - a)
        return np.asarray(cross / np.maximum(np.linalg.norm(cross, axis=1, keepdims=True), 1e-20))

    def _lengths(self, some: npt.NDArray[np.int64]) -> sparse.csr_array:
        """The lengths of straight lines between the centres of some faces [n] within ``HOPS`` edges, [n, n].

        So paths over them bend little.
        """
        number = np.full(len(self.centers), -1)
        number[some] = np.arange(len(some))
        pairs = number[self.pairs]
        pairs = pairs[(pairs >= 0).all(axis=1)]
        next_to = _matrix(np.ones(len(pairs), np.float32), pairs, len(some))
        next_to = sparse.csr_array(next_to + next_to.T)
        reach = next_to
        for _ in range(HOPS - 1 if len(some) < FINE else 0):
            reach = sparse.csr_array(reach + reach @ next_to)
        far = sparse.triu(reach, k=1, format="coo")
        one, other = far.row, far.col
        lengths = np.linalg.norm(self.centers[some[one]] - self.centers[some[other]], axis=1)
        return _matrix(lengths, np.stack([one, other], axis=1), len(some))

    def _around(self, faces: npt.NDArray[np.int64], radius: float) -> npt.NDArray[np.int64]:
        """The faces [n] whose centres lie within a distance of those of others, and their neighbours over ``HOPS`` edges."""
        places = self.centers[faces]
        near = ((self.centers >= places.min(axis=0) - radius) & (self.centers <= places.max(axis=0) + radius)).all(
            axis=1
        )
        inside = np.flatnonzero(near)
        away, _ = cKDTree(places).query(self.centers[inside], distance_upper_bound=radius * (1 + 1e-9), workers=-1)
        near[inside] = np.isfinite(away)
        near[faces] = True
        for _ in range(HOPS):
            near[self.pairs[near[self.pairs].any(axis=1)]] = True
        return np.flatnonzero(near)

    @cached_property
    def components(self) -> npt.NDArray[np.int32]:
        """The number of the connected piece that each face belongs to, int32 [F]."""
        return np.asarray(connected_components(self._matrix(np.ones(len(self.pairs)), self.pairs), directed=False)[1])

    def within(self, faces: npt.ArrayLike, radius: float) -> Chosen:
        """Choose what lies within a geodesic distance of the centres of some faces, and those faces.

        Args:
            faces: the numbers of the faces, int [n].
            radius: the distance in the normalised frame. It is measured along the shortest path from centre to centre,
                which is longer than the true geodesic by 3 % on a sphere.

        Returns:
            bool [F].
        """
        start = np.unique(np.asarray(faces, np.int64))
        some = self._around(start, radius)  # a path is never shorter than the straight line
        begin = np.searchsorted(some, start)
        reached = dijkstra(self._lengths(some), directed=False, indices=begin, min_only=True, limit=radius)
        chosen = np.zeros(len(self.centers), bool)
        chosen[some[np.isfinite(reached)]] = True
        return chosen

    def component(self, face: int) -> Chosen:
        """Choose all faces that are connected with a face: bool [F]."""
        return np.asarray(self.components == self.components[face])

    def flood(self, face: int, angle: float) -> Chosen:
        """Choose what can be reached from a face without crossing a crease: bool [F].

        A crease is an edge where the normals turn by ``angle`` degrees or more.
        """
        one, other = self.pairs.T
        flat = np.einsum("nd,nd->n", self.normals[one], self.normals[other]) > np.cos(np.radians(angle))
        label = connected_components(self._matrix(np.ones(int(flat.sum())), self.pairs[flat]), directed=False)[1]
        return np.asarray(label == label[face])

    def pieces(self, chosen: Chosen) -> list[Chosen]:
        """Return the connected pieces of a choice bool [F], each bool [F], the largest first."""
        inside = chosen[self.pairs].all(axis=1)
        label = connected_components(self._matrix(np.ones(int(inside.sum())), self.pairs[inside]), directed=False)[1]
        names, count = np.unique(label[chosen], return_counts=True)
        return [(label == name) & chosen for name in names[np.argsort(-count, kind="stable")]]

    def _matrix(self, weights: npt.NDArray, pairs: npt.NDArray[np.int64]) -> sparse.csr_array:
        count = len(self.shape.vertices) if self.shape.is_point_cloud else len(self.shape.faces)
        return _matrix(weights, pairs, count)


def _matrix(weights: npt.NDArray, pairs: npt.NDArray[np.int64], count: int) -> sparse.csr_array:
    return sparse.csr_array((np.maximum(weights, 1e-12), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
