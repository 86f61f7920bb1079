"""What the mesh panel draws: plain arrays, in the units and axes of the shape's file."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Up = Literal["y", "z"]


@dataclass(frozen=True)
class DisplayMesh:
    """A shape made ready for the screen.

    Attributes:
        points: float32 [V, 3].
        faces: int32 [F, 3] indices of points; F is 0 for a point cloud.
        normals: unit normals float32 [V, 3], or None to have them computed.
        colors: uint8 [V, 3] or None.
        uv: texture coordinates float32 [V, 2], v up, or None.
        texture: uint8 RGB [h, w, 3] (first row on top), or None.
        up: the axis the shape stands on.
    """

    points: npt.NDArray[np.float32]
    faces: npt.NDArray[np.int32]
    normals: npt.NDArray[np.float32] | None = None
    colors: npt.NDArray[np.uint8] | None = None
    uv: npt.NDArray[np.float32] | None = None
    texture: npt.NDArray[np.uint8] | None = None
    up: Up = "y"

    @property
    def is_point_cloud(self) -> bool:
        return len(self.faces) == 0

    @property
    def is_textured(self) -> bool:
        return self.uv is not None and self.texture is not None
