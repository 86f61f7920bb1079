"""The camera of a mesh panel as numbers: where it stands, how it moves, what it sees under a pixel.

Pixels here are continuous (x right, y down) with (0, 0) at the top-left corner of a panel of ``size`` (width, height).
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.panels.display import Up

Vector = npt.NDArray[np.float64]
Size = tuple[float, float]
ViewName = Literal["start", "front", "back", "left", "right", "top", "bottom", "isometric"]

FIELD_OF_VIEW = 30.0
_TAN = float(np.tan(np.radians(FIELD_OF_VIEW / 2)))
_STEEPEST = np.radians(89.5)
_TURN_PER_PIXEL = np.radians(0.45)

_ANGLES: dict[ViewName, tuple[float, float]] = {
    "start": (30, 20),
    "front": (0, 0),
    "back": (180, 0),
    "left": (-90, 0),
    "right": (90, 0),
    "top": (0, 89.5),
    "bottom": (0, -89.5),
    "isometric": (45, 35.264),
}
"""Azimuth and elevation in degrees. Front looks along -z of a y-up shape (glTF) and along +y of a z-up shape."""


@dataclass(frozen=True)
class View:
    """A perspective camera that keeps the shape's up axis upright.

    Attributes:
        position: of the eye, float64 [3], shape coordinates.
        azimuth, elevation: radians; where the eye stands as seen from what it looks at.
        up: the axis that points up on the screen.
    """

    position: Vector
    azimuth: float
    elevation: float
    up: Up

    @property
    def axes(self) -> npt.NDArray[np.float64]:
        """Rows right, up, backward: unit vectors of the camera in shape coordinates, float64 [3, 3]."""
        return _axes(self.azimuth, self.elevation, self.up)

    def depth(self, points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Distance [...] of points [..., 3] from the eye along the line of sight."""
        return -(np.asarray(points, np.float64) - self.position) @ self.axes[2]

    def pixel_size(self, depth: npt.NDArray[np.float64] | float, size: Size) -> npt.NDArray[np.float64]:
        """How much of the shape's units one pixel covers at ``depth``."""
        return np.asarray(2 * _TAN / size[1] * np.asarray(depth))

    def project(self, points: npt.NDArray[np.floating], size: Size) -> npt.NDArray[np.float64]:
        """Points [..., 3] -> (x, y, depth) [..., 3]; x and y mean nothing where depth <= 0."""
        right, up, back = ((np.asarray(points, np.float64) - self.position) @ self.axes.T).transpose(-1, *range(np.ndim(points) - 1))
        pixel = self.pixel_size(np.where(back < 0, -back, np.inf), size)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.stack([size[0] / 2 + right / pixel, size[1] / 2 - up / pixel, -back], axis=-1)

    def ray(self, x: float, y: float, size: Size) -> Vector:
        """Unit direction float64 [3] from the eye through a pixel."""
        pixel = float(self.pixel_size(1.0, size))
        direction = np.array([(x - size[0] / 2) * pixel, (size[1] / 2 - y) * pixel, -1.0]) @ self.axes
        return direction / np.linalg.norm(direction)

    def orbited(self, dx: float, dy: float, pivot: Vector) -> "View":
        """Turned about ``pivot`` by a drag of (dx, dy) pixels; the pivot stays where it is on the screen."""
        azimuth = self.azimuth - dx * _TURN_PER_PIXEL
        elevation = float(np.clip(self.elevation + dy * _TURN_PER_PIXEL, -_STEEPEST, _STEEPEST))
        in_camera = self.axes @ (self.position - pivot)
        return View(pivot + in_camera @ _axes(azimuth, elevation, self.up), azimuth, elevation, self.up)

    def panned(self, dx: float, dy: float, pivot: Vector, size: Size) -> "View":
        """Moved sideways so that what is as deep as ``pivot`` follows a drag of (dx, dy) pixels."""
        pixel = self.pixel_size(max(float(self.depth(pivot)), 1e-12), size)
        return replace(self, position=self.position + pixel * (dy * self.axes[1] - dx * self.axes[0]))

    def zoomed(self, factor: float, target: Vector) -> "View":
        """``factor`` times as far from ``target``, which stays where it is on the screen."""
        return replace(self, position=target + (self.position - target) * factor)


def standard_view(name: ViewName, up: Up, center: Vector, radius: float, size: Size) -> View:
    """A view from a named side that shows the whole sphere (center, radius)."""
    azimuth, elevation = np.radians(_ANGLES[name])
    return fitted(View(center, float(azimuth), float(elevation), up), center, radius, size)


def fitted(view: View, center: Vector, radius: float, size: Size) -> View:
    """The same direction, as far away as it takes to see the whole sphere (center, radius)."""
    narrow = np.arctan(_TAN * min(1.0, size[0] / max(size[1], 1.0)))
    return replace(view, position=center + view.axes[2] * radius * 1.04 / np.sin(narrow))


def _axes(azimuth: float, elevation: float, up: Up) -> npt.NDArray[np.float64]:
    sin_a, cos_a, sin_e, cos_e = np.sin(azimuth), np.cos(azimuth), np.sin(elevation), np.cos(elevation)
    right = np.array([cos_a, 0.0, -sin_a])
    back = np.array([sin_a * cos_e, sin_e, cos_a * cos_e])
    axes = np.stack([right, np.cross(back, right), back])
    return axes if up == "y" else axes[:, [0, 2, 1]] * np.array([1.0, -1.0, 1.0])
