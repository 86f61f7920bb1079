"""What poses are registered with: shapes that can be drawn, and photos as a pinhole camera would have taken them."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.geometry.pose import Pose
from core.geometry.raycasting import Raycaster
from core.geometry.shape import Shape
from core.geometry.symmetry import symmetries


@dataclass
class Solid:
    """A shape that is drawn in photos.

    Attributes:
        caster: of the shape; ``scale`` makes one unit of the scene of one of the shape's file.
        turns: float64 [n, 4, 4], the motions in units of the scene that leave the shape as it is, the identity first;
            None looks for them in the shape itself.
        colored: whether it is drawn in its own colours; else without any, as what has other colours in the photo.
    """

    caster: Raycaster
    scale: float = 1.0
    turns: Floats | None = None
    colored: bool = True

    @property
    def shape(self) -> Shape:
        """The mesh or point cloud."""
        return self.caster.shape

    @cached_property
    def symmetry(self) -> Floats:
        """The motions float64 [n, 4, 4] that leave the shape as it is, in units of the scene."""
        if self.turns is not None:
            return self.turns
        found = symmetries(self.shape)
        motions = np.tile(np.eye(4), (len(found), 1, 1))
        motions[:, :3, :3] = found
        motions[:, :3, 3] = self.center - found @ self.center
        return motions

    @cached_property
    def center(self) -> Floats:
        """The middle of its box, float64 [3] in units of the scene."""
        return np.asarray(self.shape.center * self.scale, np.float64)

    @cached_property
    def size(self) -> float:
        """The diagonal of its box in units of the scene."""
        return float(self.shape.diagonal * self.scale)

    @cached_property
    def corners(self) -> Floats:
        """The corners of its box, float64 [8, 3] in units of the scene."""
        return np.stack(np.meshgrid(*self.shape.bounds.T), axis=-1).reshape(-1, 3) * self.scale

    def of_file(self, pose: Pose) -> Pose:
        """The pose of the shape in units of its file, from one in units of the scene."""
        return Pose(pose.R, pose.t, np.asarray(pose.s) * self.scale)


@dataclass
class LoadedPhoto:
    """A photo as a pinhole camera would have taken it.

    Attributes:
        pixels: uint8 [H, W, 3].
        K: float64 [3, 3].
        depth: float [H, W] along z in units of the scene, NaN where it is not known; None without.
    """

    pixels: npt.NDArray[np.uint8]
    K: Floats
    depth: Floats | None = None

    @cached_property
    def lab(self) -> npt.NDArray[np.float32]:
        """L, a, b of CIE 1976, float32 [H, W, 3]."""
        return np.asarray(cv2.cvtColor(self.pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
