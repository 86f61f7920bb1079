"""Poses changed by hand: what a drag in the picture means.

In all functions ``K`` is the matrix of intrinsics float64 [3, 3] in pixels, ``middle`` the shape's middle [3] in the
units and axes of its file, and ``start`` and ``end`` are the pixels (u, v) [2] that the mouse went from and to. What
turns or scales keeps the middle in place.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.geometry.pose import Pose, project

NEAREST = 0.02
"""A drag along the viewing direction brings the middle no nearer than this part of its distance."""


def moved(pose: Pose, K: Floats, middle: Floats, start: Floats, end: Floats) -> Pose:
    """Move the shape across the picture.

    Its middle [3] goes with the mouse from pixel ``start`` [2] to ``end`` [2] at its depth.
    """
    depth = pose(middle)[2]
    step = (np.asarray(end, float) - start) / [K[0, 0], K[1, 1]] * depth
    return Pose(pose.R, pose.t + [*step, 0.0], pose.s)


def moved_along(pose: Pose, K: Floats, middle: Floats, axis: int, start: Floats, end: Floats) -> Pose:
    """Move the shape along one of its axes (0 to 2).

    It goes as far as the mouse went from ``start`` [2] to ``end`` [2] in the axis's direction.
    """
    place = pose(middle)
    direction = pose.R[:, axis]
    return Pose(pose.R, pose.t + direction * _along(K, place, direction, start, end), pose.s)


def pushed(pose: Pose, middle: Floats, factor: float) -> Pose:
    """Move the shape along the ray through its middle [3].

    Its distance from the camera becomes ``factor`` (a number above 0) times as large.
    """
    return Pose(pose.R, pose.t + (max(factor, NEAREST) - 1) * pose(middle), pose.s)


def turned(pose: Pose, middle: Floats, rotation: Floats) -> Pose:
    """Turn the shape around its middle by a rotation float64 [3, 3] in camera axes."""
    R = rotation @ pose.R
    return Pose(R, pose(middle) - R @ (pose.s * middle), pose.s)


def turned_about(pose: Pose, middle: Floats, axis: int, angle: float) -> Pose:
    """Turn the shape around its middle [3] about one of its axes (0 to 2) by an angle in radians, right-handed."""
    return turned(pose, middle, Rotation.from_rotvec(angle * pose.R[:, axis]).as_matrix())


def arcball(pose: Pose, K: Floats, middle: Floats, radius: float, start: Floats, end: Floats) -> Pose:
    """Turn the shape as a ball around its middle turns under the mouse (Shoemake, Graphics Interface 1992).

    Outside the ball it turns about the viewing direction.

    Args:
        pose: of the shape.
        K: the intrinsics, float64 [3, 3] in pixels.
        middle: float [3] in the units and axes of the shape's file.
        radius: of the ball, in pixels.
        start: the pixel (u, v) [2] that the mouse went from.
        end: the pixel (u, v) [2] that it went to.
    """
    center = project(pose, K, np.asarray(middle, float))[0]
    a, b = (_on_ball((np.asarray(at, float) - center) / radius) for at in (start, end))
    around, cosine = np.cross(a, b), float(np.clip(a @ b, -1, 1))
    sine = float(np.linalg.norm(around))
    if sine < 1e-9:
        return pose
    return turned(pose, middle, Rotation.from_rotvec(around / sine * np.arctan2(sine, cosine)).as_matrix())


def scaled(pose: Pose, middle: Floats, factors: Floats) -> Pose:
    """Scale the shape along its axes around its middle, by factors [3] that are cut to 0.05 to 20."""
    s = pose.s * np.clip(factors, 0.05, 20.0)
    return Pose(pose.R, pose(middle) - pose.R @ (s * middle), s)


def held(before: Pose, after: Pose, middle: Floats, locked: frozenset[str]) -> Pose:
    """Return the pose ``after`` a change, with what is locked as it was ``before``.

    Args:
        before: the pose before the change.
        after: the pose after it.
        middle: the shape's middle [3] in the units and axes of its file.
        locked: names of :data:`core.alignment.freedom.FREEDOMS`.
    """
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
    """Return how far along ``direction`` [3] from ``place`` [3], both in the camera's frame, the mouse went.

    It is nothing where the direction points at the camera.
    """
    focal = np.array([K[0, 0], K[1, 1]])
    speed = focal * (direction[:2] * place[2] - place[:2] * direction[2]) / place[2] ** 2
    size = float(speed @ speed)
    limit = float((0.1 * focal.mean() / place[2]) ** 2)
    return float((np.asarray(end, float) - start) @ speed) / max(size, limit)


def _on_ball(at: Floats) -> Floats:
    """Return the unit vector [3] of the ball under a place [2] in ball radii.

    The ball's front faces the camera (-z).
    """
    square = float(at @ at)
    if square >= 1:
        return np.array([*(at / np.sqrt(square)), 0.0])
    return np.array([*at, -np.sqrt(1 - square)])
