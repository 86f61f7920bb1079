"""Samples that are spread evenly over a surface."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from core.geometry.raycasting import surface_normal, surface_position
from core.geometry.shape import Shape


@dataclass
class SurfacePoints:
    """Points on a shape, each given by a face and barycentric coordinates.

    So they mean the same on any tessellation.

    Attributes:
        face: int64 [N], the number of the face; in a point cloud the number of the point.
        bary: float32 [N, 3], the barycentric coordinates in the face.
        position: float32 [N, 3] in the normalised frame.
        normal: float32 [N, 3], the unit normals.
    """

    face: npt.NDArray[np.integer]
    bary: npt.NDArray[np.floating]
    position: npt.NDArray[np.floating]
    normal: npt.NDArray[np.floating]

    def __len__(self) -> int:
        return len(self.face)


def sample_surface(shape: Shape, count: int, seed: int = 0) -> SurfacePoints:
    """Sample a surface uniformly by area, stratified along the faces' cumulated area.

    Args:
        shape: the mesh or point cloud.
        count: the number of samples; of a point cloud at most all of its points are taken.
        seed: the same seed gives the same samples.

    Returns:
        The samples in spatial order (see :func:`spatial_order`).
    """
    rng = np.random.default_rng(seed)
    if shape.is_point_cloud:
        total = len(shape.vertices)
        face = np.arange(total) if total <= count else rng.choice(total, count, replace=False)
        bary = np.tile(np.array([1, 0, 0], np.float32), (len(face), 1))
    else:
        a, b, c = (shape.normalised[shape.faces[:, i]].astype(np.float64) for i in range(3))
        edges = np.cumsum(np.linalg.norm(np.cross(b - a, c - a), axis=1))
        steps = (np.arange(count) + rng.random(count)) / count * edges[-1]
        face = np.minimum(np.searchsorted(edges, steps, side="right"), len(edges) - 1)
        r1, r2 = np.sqrt(rng.random(count)), rng.random(count)
        bary = np.stack([1 - r1, r1 * (1 - r2), r1 * r2], axis=1).astype(np.float32)
    position = surface_position(shape, face, bary).astype(np.float32)
    order = spatial_order(position)
    face, bary = face[order], bary[order]
    return SurfacePoints(face, bary, position[order], surface_normal(shape, face, bary).astype(np.float32))


def spatial_order(points: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Order points [N, 3] so that neighbours in memory are neighbours in space: the leaves of a k-d tree, int64 [N]."""
    return np.asarray(cKDTree(points, leafsize=16, balanced_tree=True).indices)


def spread(total: int, count: int) -> npt.NDArray[np.int64]:
    """Choose at most ``count`` of the indices 0 to ``total`` - 1, spread evenly over them: int64 [n]."""
    return np.linspace(0, total - 1, min(count, total)).astype(np.int64)
