"""How the hypotheses about a photo differ from the best: which are its mirror images, and what they look like."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial.transform import Rotation

from core.alignment.verdict import SAME_DEGREES
from core.arrays import Floats
from core.geometry.pose import Pose
from core.geometry.shape import Shape
from core.geometry.symmetry import angle

Kinship = Literal["same", "symmetric", "mirror", "half turn", "turned"]
"""How a pose stands to another one: nearly the same; the same to the eye, since the shape looks alike after that turn;
its mirror image, with the same silhouette; half a turn about an axis of the shape; or simply turned."""


@dataclass(frozen=True)
class Relation:
    """How a pose stands to another one, and the degrees between the two, symmetries not considered."""

    kind: Kinship
    degrees: float


def relation(pose: Pose, other: Pose, shape: Shape, symmetries: Floats) -> Relation:
    """Return how a pose of a shape stands to another one; ``symmetries`` float64 [n, 3, 3] leave the shape as it is."""
    plain = angle(pose.R, other.R, np.eye(3)[None])
    if plain < SAME_DEGREES:
        return Relation("same", plain)
    if angle(pose.R, other.R, symmetries) < SAME_DEGREES:
        return Relation("symmetric", plain)
    kinds: tuple[tuple[Kinship, list[Floats]], ...] = (
        ("half turn", half_turns(other)),
        ("mirror", mirror_images(other, shape)),
    )
    near = {kind: min(angle(pose.R, R, symmetries) for R in rotations) for kind, rotations in kinds}
    kind = min(near, key=lambda one: near[one])
    return Relation(kind if near[kind] < SAME_DEGREES else "turned", plain)


def half_turns(pose: Pose) -> list[Floats]:
    """Return the rotations [3, 3] half a turn from a pose about each of the shape's own axes."""
    return [pose.R @ Rotation.from_rotvec(np.pi * axis).as_matrix() for axis in np.eye(3)]


def mirror_images(pose: Pose, shape: Shape) -> list[Floats]:
    """Return the rotations [3, 3] that show the same silhouette as a pose.

    They do where the shape is mirrored in itself across one of its axes and depth cannot be seen.
    """
    middle = pose(shape.center)
    ray = middle / np.linalg.norm(middle)
    flip = np.eye(3) - 2 * np.outer(ray, ray)  # depth is reversed
    return [flip @ pose.R @ (np.eye(3) - 2 * np.outer(axis, axis)) for axis in np.eye(3)]
