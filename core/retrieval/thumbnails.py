"""Small pictures of shapes for lists."""

import numpy as np
import numpy.typing as npt

from core.geometry.camera import framing_camera, look_at
from core.geometry.raycasting import Raycaster
from core.geometry.render import render
from core.geometry.shape import Shape
from core.geometry.viewpoints import UP_AXES, standing


def thumbnail(shape: Shape, up: str = "y", size: int = 128) -> npt.NDArray[np.uint8]:
    """The standing shape from in front, a little from above and from its left: uint8 [size, size, 3] on white."""
    direction = standing(up).T @ np.array([0.55, 0.45, 1.0])
    R = look_at(direction, np.array(UP_AXES[up], float))
    camera = framing_camera(shape.normalised, R, size, np.radians(30), 0.9)
    return render(Raycaster(shape), camera, "own", supersample=2).rgb
