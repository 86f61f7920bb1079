"""Poses changed by hand: what a drag in the picture means. All keep the shape's middle where it is unless they move it."""

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from core.geometry.pose import Pose, project

Floats = npt.NDArray[np.floating]

NEAREST = 0.02
"""A drag along the viewing direction brings the middle no nearer than this share of its distance."""


def moved(pose: Pose, K: Floats, middle: Floats, start: Floats, end: Floats) -> Pose:
    """The shape moved across the picture as the mouse went from pixel ``start`` [2] to ``end``; ``middle`` [3] of its own frame."""
    depth = pose(middle)[2]
    step = (np.asarray(end, float) - start) / [K[0, 0], K[1, 1]] * depth
    return Pose(pose.R, pose.t + [*step, 0.0], pose.s)


def moved_along(pose: Pose, K: Floats, middle: Floats, axis: int, start: Floats, end: Floats) -> Pose:
    """The same along one of the shape's axes (0 to 2): as far as the mouse went in the direction in which the axis appears."""
    place = pose(middle)
    direction = pose.R[:, axis]
    return Pose(pose.R, pose.t + direction * _along(K, place, direction, start, end), pose.s)


def pushed(pose: Pose, middle: Floats, factor: float) -> Pose:
    """Nearer or farther along the ray through the middle: ``factor`` times its distance."""
    return Pose(pose.R, pose.t + (max(factor, NEAREST) - 1) * pose(middle), pose.s)


def turned(pose: Pose, middle: Floats, rotation: Floats) -> Pose:
    """Turned by a rotation [3, 3] in camera axes."""
    R = rotation @ pose.R
    return Pose(R, pose(middle) - R @ (pose.s * middle), pose.s)


def turned_about(pose: Pose, middle: Floats, axis: int, angle: float) -> Pose:
    """Turned about one of the shape's axes by radians."""
    return turned(pose, middle, Rotation.from_rotvec(angle * pose.R[:, axis]).as_matrix())


def arcball(pose: Pose, K: Floats, middle: Floats, radius: float, start: Floats, end: Floats) -> Pose:
    """Turned as by a ball of ``radius`` pixels around the middle (Shoemake, Graphics Interface 1992); outside of it about the view."""
    center = project(pose, K, np.asarray(middle, float))[0]
    a, b = (_on_ball((np.asarray(at, float) - center) / radius) for at in (start, end))
    around, cosine = np.cross(a, b), float(np.clip(a @ b, -1, 1))
    sine = float(np.linalg.norm(around))
    if sine < 1e-9:
        return pose
    return turned(pose, middle, Rotation.from_rotvec(around / sine * np.arctan2(sine, cosine)).as_matrix())


def scaled(pose: Pose, middle: Floats, factors: Floats) -> Pose:
    """Larger or smaller along the shape's axes, by factors [3]."""
    s = pose.s * np.clip(factors, 0.05, 20.0)
    return Pose(pose.R, pose(middle) - pose.R @ (s * middle), s)


def held(before: Pose, after: Pose, middle: Floats, locked: frozenset[str]) -> Pose:
    """``after`` without what is locked (names of :data:`core.alignment.freedom.FREEDOMS`): there it stays as it was ``before``."""
    if not locked:
        return after
    turn = Rotation.from_matrix(after.R @ before.R.T).as_rotvec()
    place, s = after(middle), np.array(after.s, float)
    for i, axis in enumerate("xyz"):
        if axis in locked:
            place[i] = before(middle)[i]
        if f"turn {axis}" in locked:
            turn[i] = 0.0
        if f"scale {axis}" in locked:
            s[i] = before.s[i]
    R = Rotation.from_rotvec(turn).as_matrix() @ before.R
    return Pose(R, place - R @ (s * middle), s)


def _along(K: Floats, place: Floats, direction: Floats, start: Floats, end: Floats) -> float:
    """How far along ``direction`` [3] from ``place`` [3] (camera) the mouse went; where the direction points at the camera, nowhere."""
    focal = np.array([K[0, 0], K[1, 1]])
    speed = focal * (direction[:2] * place[2] - place[:2] * direction[2]) / place[2] ** 2
    size = float(speed @ speed)
    limit = (0.1 * focal.mean() / place[2]) ** 2
    return float((np.asarray(end, float) - start) @ speed) / max(size, limit)


def _on_ball(at: Floats) -> Floats:
    """The unit vector of the ball under a place; the ball's front looks to the camera (-z)."""
    square = float(at @ at)
    if square >= 1:
        return np.array([*(at / np.sqrt(square)), 0.0])
    return np.array([*at, -np.sqrt(1 - square)])
