"""Which rotations leave a shape as it is, its colours included, found by trying them."""

from dataclasses import dataclass

import numpy as np
from cachetools import LRUCache, cached
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.geometry.render import surface_color
from core.geometry.sampling import sample_surface
from core.geometry.shape import Shape

STEP = 15
"""Degrees between the rotations about an axis that are tried."""

FOLDS = (6, 4, 3, 2)
"""If not all rotations about an axis are symmetries, it may be of one of these orders; smaller steps are not told from
what is nearly round."""

ORDERS = (2, 3, 4, 5, 6, 7, 24)
"""Orders of rotations that are tried about axes that are not the shape's own; 24 stands for what is round."""

NEAR = 0.03
"""A shape is the same after a rotation if nearly all of its surface comes to lie within this of itself, in diagonals."""

ROUND = 0.3
"""And within this share of its radius about the axis, so that what is long and thin is not taken for round."""

ALIKE = 0.09
"""And if its colours, from 0 to 1, differ by less than this there on average."""


@cached(LRUCache(32), key=lambda shape, samples=1000: (shape.digest, samples))
def symmetries(shape: Shape, samples: int = 1000) -> Floats:
    """Return the rotations about the shape's own axes that it looks the same after.

    Args:
        shape: the mesh or point cloud.
        samples: the number of places that are compared.

    Returns:
        float64 [n, 3, 3], the identity first.
    """
    compare = _Comparison(shape, samples)
    found = np.eye(3)[None]
    for axis in np.eye(3):
        found = np.einsum("aij,bjk->abik", found, _turns(axis, _step(compare, axis))).reshape(-1, 3, 3)
    return found


@dataclass(frozen=True)
class ShapeSymmetries:
    """Rotations about the middle of a shape's box that it looks the same after.

    Attributes:
        axes: float64 [m, 3], about which it may turn by any angle.
        turns: float64 [n, 3, 3], the others that these do not hold already, without the identity.
    """

    axes: Floats
    turns: Floats


def proper_symmetries(shape: Shape, samples: int = 1000) -> ShapeSymmetries:
    """Find the rotations about the shape's own axes that it looks the same after: round ones, and those by certain angles.

    A shape is round about an axis if it looks the same after every step of ``STEP`` degrees, and halfway between.

    Args:
        shape: the mesh or point cloud.
        samples: the number of places that are compared.
    """
    compare = _Comparison(shape, samples)
    steps = [_step(compare, axis) for axis in np.eye(3)]
    halves = [Rotation.from_rotvec(np.radians(STEP / 2) * axis).as_matrix() for axis in np.eye(3)]
    round_ = [
        step == STEP and compare(half, compare.near(axis))
        for step, half, axis in zip(steps, halves, np.eye(3), strict=True)
    ]
    axes = np.eye(3)[round_]
    turns = np.eye(3)[None]
    for axis, step, free in zip(np.eye(3), steps, round_, strict=True):
        if not free:
            turns = np.einsum("aij,bjk->abik", turns, _turns(axis, step)).reshape(-1, 3, 3)
    kept = [np.eye(3)]
    for turn in turns if len(axes) < 2 else []:  # two round axes: a ball, any rotation
        if not any(_alike(turn, other, axes) for other in kept):
            kept.append(turn)
    return ShapeSymmetries(axes, np.array(kept[1:]).reshape(-1, 3, 3))


def _alike(one: Floats, other: Floats, axes: Floats) -> bool:
    """Whether two rotations [3, 3] are one, or one up to a turn about a round axis."""
    if len(axes):
        return bool(np.allclose(one @ axes[0], other @ axes[0], atol=1e-6))
    return bool(np.allclose(one, other, atol=1e-6))


def _turns(axis: Floats, step: float) -> Floats:
    """The rotations [n, 3, 3] about an axis [3] by multiples of a step in degrees, the identity first."""
    return np.asarray(Rotation.from_rotvec(np.radians(np.arange(0, 360, step))[:, None] * axis).as_matrix())


def _step(compare: "_Comparison", axis: Floats) -> int:
    """The least step in degrees whose multiples about an axis [3] leave the shape as it is; 360 if there is none."""
    degrees, near = np.arange(STEP, 360, STEP), compare.near(axis)
    same = np.array([compare(turn, near) for turn in _turns(axis, STEP)[1:]])
    steps = (STEP, *(360 // fold for fold in FOLDS))
    return next((step for step in steps if same[degrees % step == 0].all()), 360)


@cached(LRUCache(32), key=lambda shape, samples=1000: (shape.digest, samples))
def turns_alike(shape: Shape, samples: int = 1000) -> bool:
    """Whether a shape looks the same after some rotation, however it lies in its file.

    Tried are rotations of all small orders about the middle of its surface, about its own axes, its principal axes, and
    the directions that most of its surface faces.
    """
    if len(symmetries(shape, samples)) > 1:
        return True
    compare = _Comparison(shape, samples, centred=True)
    for axis in candidate_axes(shape):
        near = compare.near(axis)
        if any(compare(_turns(axis, 360 / order)[1], near) for order in ORDERS):
            return True
    return False


@cached(LRUCache(32), key=lambda shape: shape.digest)
def candidate_axes(shape: Shape) -> Floats:
    """Return directions float64 [n, 3] about which a shape may look the same: own axes, principal ones, and those of its flat sides."""
    found = [*np.eye(3), *np.linalg.eigh(np.cov(sample_surface(shape, 4000).position.T))[1].T]
    if len(shape.faces):
        a, b, c = (shape.vertices[shape.faces[:, corner]] for corner in range(3))
        normals = np.cross(b - a, c - a)
        areas = np.linalg.norm(normals, axis=1)
        rough, index = np.unique(
            np.rint(normals / np.maximum(areas, 1e-300)[:, None] * 20), axis=0, return_inverse=True
        )
        largest = np.argsort(-np.bincount(index.ravel(), areas))[:6]
        found += [rough[k] / np.linalg.norm(rough[k]) for k in largest if rough[k].any()]
    return np.array(found)


def angle(a: Floats, b: Floats, turns: Floats) -> float:
    """Return the angle in degrees between two rotations [3, 3] of a shape with symmetries [n, 3, 3], the smallest."""
    trace = np.einsum("ij,njk,ik->n", b, turns, a)
    return float(np.degrees(np.arccos(np.clip((trace.max() - 1) / 2, -1, 1))))


class _Comparison:
    """Compares a shape with itself after a rotation about the middle of its box, or of its surface (``centred``).

    Attributes:
        position: float64 [n, 3], places on its surface about that middle.
    """

    def __init__(self, shape: Shape, samples: int, centred: bool = False):
        points = sample_surface(shape, 8 * samples)
        self._few = np.arange(0, len(points), max(1, len(points) // samples))
        self.position = np.asarray(points.position, np.float64)
        self.position -= self.position.mean(axis=0) if centred else 0
        self._tree = cKDTree(self.position)
        self._color = surface_color(shape, points.face, points.bary)

    def near(self, axis: Floats) -> float:
        """Return how far, in diagonals, surface may come to lie from itself after a turn about an axis [3]."""
        along = self.position @ axis
        radius = float(np.quantile(np.linalg.norm(self.position - along[:, None] * axis, axis=1), 0.9))
        return min(NEAR, ROUND * radius)

    def __call__(self, turn: Floats, near: float = NEAR) -> bool:
        gap, nearest = self._tree.query(self.position[self._few] @ turn.T)
        if np.quantile(gap, 0.95) > near:
            return False
        if self._color is None:
            return True
        return bool(np.abs(self._color[self._few] - self._color[nearest]).mean() < ALIKE)
