"""Viewpoints: where cameras stand around a shape."""

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.geometry.camera import Camera, framing_camera, look_at

FOV = 30.0
"""Degrees that a picture of a shape spans."""


UP_AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1), "-x": (-1, 0, 0), "-y": (0, -1, 0), "-z": (0, 0, -1)}
"""Names for the direction that points up when a shape stands as it usually does."""


def ring_directions(up: str, azimuths: int, elevations: tuple[float, ...]) -> Floats:
    """Return directions in rings around the up axis; every other ring is turned by half a step.

    Args:
        up: the axis that points up, a name of ``UP_AXES``.
        azimuths: the number of directions in each ring.
        elevations: the elevations of the rings, in degrees.

    Returns:
        Unit directions float64 [len(elevations) * azimuths, 3] from the origin, ring by ring.
    """
    axis = np.array(UP_AXES[up], np.float64)
    side = np.roll(axis, 1)
    other = np.cross(axis, side)
    rings = []
    for i, elevation in enumerate(np.radians(elevations)):
        turn = (np.arange(azimuths) + 0.5 * (i % 2)) * (2 * np.pi / azimuths)
        flat = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * other
        rings.append(np.cos(elevation) * flat + np.sin(elevation) * axis)
    return np.concatenate(rings)


def ring_cameras(
    points: Floats, up: str, azimuths: int, elevations: tuple[float, ...], size: int, fill: float
) -> list[Camera]:
    """Return cameras in rings around a standing shape that it fills.

    Args:
        points: of the shape in its normalised frame, float [N, 3]; a few thousand of them are framed.
        up: the axis that points up, a name of ``UP_AXES``.
        azimuths: the number of cameras in each ring.
        elevations: the elevations of the rings, in degrees.
        size: the side of a picture in pixels.
        fill: the part of a picture that the shape spans.
    """
    hull, axis = points[:: max(1, len(points) // 5000)], np.array(UP_AXES[up], np.float64)
    directions = ring_directions(up, azimuths, elevations)
    return [framing_camera(hull, look_at(one, axis), size, np.radians(FOV), fill) for one in directions]


def upright_rotation(up: str) -> npt.NDArray[np.float64]:
    """Return the rotation float64 [3, 3] that turns the axis ``up`` of a file to +y; for z up, x stays."""
    axis = np.array(UP_AXES[up], np.float64)
    if abs(axis[1]) == 1:
        return np.diag([1.0, axis[1], axis[1]])
    third = np.cross(np.array([1.0, 0, 0]) if axis[0] == 0 else np.array([0, 0, 1.0]), axis)
    return np.stack([np.cross(axis, third), axis, third])


def sphere_directions(count: int) -> Floats:
    """Return unit directions float64 [count, 3] that are spread evenly over the sphere (a Fibonacci lattice)."""
    number = np.arange(count) + 0.5
    z, angle = 1 - 2 * number / count, np.pi * (1 + 5**0.5) * number
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=1)


VIEWS = ("front", "back", "left", "right", "top", "bottom", "corner")


def view_directions(up: str, view: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the camera of a standard view.

    The front is seen along -z in y-up files (glTF) and along +y in z-up files (CAD).

    Args:
        up: the axis of the file that points up, a name of ``UP_AXES``.
        view: a name of ``VIEWS``.

    Returns:
        The direction (x, y, z) from the shape to the camera, not of unit length, and the camera's up vector (x, y, z),
        both in the axes of the file.
    """
    sign = -1.0 if up.startswith("-") else 1.0
    axis = "xyz".index(up[-1])
    top = np.zeros(3)
    top[axis] = sign
    front = np.zeros(3)
    front[{0: 2, 1: 2, 2: 1}[axis]] = -1.0 if axis == 2 else 1.0
    right = np.cross(top, front)
    directions = {
        "front": front,
        "back": -front,
        "right": right,
        "left": -right,
        "top": top,
        "bottom": -top,
        "corner": front + 0.75 * right + 0.55 * top,
    }
    upward = {"top": -front, "bottom": front}.get(view, top)
    return tuple(directions[view]), tuple(upward)


def viewed_from(eye: Floats, up: str) -> tuple[float, float]:
    """Return the azimuth and elevation, in degrees, of a direction from the shape.

    Azimuth 0 is its front, 90 its right side.

    Args:
        eye: the direction [3] in the axes of the file, of any length.
        up: the axis of the file that points up, a name of ``UP_AXES``.
    """
    front, right, top = (np.array(view_directions(up, view)[0]) for view in ("front", "right", "top"))
    eye = np.asarray(eye, np.float64) / max(float(np.linalg.norm(eye)), 1e-12)
    azimuth = np.degrees(np.arctan2(eye @ right, eye @ front))
    return float(azimuth), float(np.degrees(np.arcsin(np.clip(eye @ top, -1, 1))))
