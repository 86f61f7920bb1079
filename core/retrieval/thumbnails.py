"""Small pictures of shapes for lists."""

import numpy as np
import numpy.typing as npt

from core.geometry.camera import framing_camera, look_at
from core.geometry.raycasting import Raycaster
from core.geometry.render import render
from core.geometry.viewpoints import UP_AXES, upright_rotation


def thumbnail(caster: Raycaster, up: str = "y", size: int = 128, azimuth: float = 0.0) -> npt.NDArray[np.uint8]:
    """Draw a standing shape from in front, a little from above and from its left, on white.

    Args:
        caster: of the shape.
        up: the axis of the shape's file that points up.
        size: the side of the picture in pixels.
        azimuth: an angle in radians by which the camera goes on around the shape.

    Returns:
        RGB uint8 [size, size, 3].
    """
    turn = np.arctan2(0.55, 1.0) + azimuth
    direction = upright_rotation(up).T @ np.array([1.14 * np.sin(turn), 0.45, 1.14 * np.cos(turn)])
    R = look_at(direction, np.array(UP_AXES[up], float))
    points = caster.shape.normalised
    camera = framing_camera(points[:: max(1, len(points) // 20_000)], R, size, np.radians(30), 0.9)
    return render(caster, camera, "own", supersample=2).rgb
