"""What refinement works with: shapes that can be drawn, and photos that are loaded and undistorted."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.geometry.raycasting import Raycaster
from core.geometry.shape import Shape, load_shape
from core.geometry.symmetry import symmetries
from core.images import load_depth, load_image
from core.scenes.scene import ScenePhoto, SceneShape
from core.units import METRE, Unit

Floats = npt.NDArray[np.floating]


@dataclass
class Solid:
    """A shape that is drawn in photos.

    Attributes:
        caster: of the shape; ``scale`` makes one unit of the scene of one of the shape's file.
        turns: float64 [n, 4, 4], the motions in units of the scene that leave the shape as it is, the identity first;
            None looks for them in the shape itself.
    """

    caster: Raycaster
    scale: float = 1.0
    turns: Floats | None = None

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


def load_solid(shape: SceneShape, turns: Floats | None = None) -> Solid:
    """Load the shape of a scene; ``turns`` [n, 4, 4] are its symmetries as in :class:`Solid`."""
    return Solid(Raycaster(load_shape(shape.path)), shape.scale, turns)


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


def load_photo(photo: ScenePhoto, camera: PhotoCamera, unit: Unit = METRE) -> LoadedPhoto:
    """Load a photo of a scene, its depth too, and undo the distortion of its lens.

    Args:
        photo: of the scene.
        camera: its camera.
        unit: of the scene.
    """
    K = np.asarray(camera.K, np.float64)
    pixels, depth = load_image(photo.path), None
    if photo.depth is not None:
        depth = load_depth(photo.depth, (pixels.shape[1], pixels.shape[0]), unit, camera.depth_scale)
    if camera.lens is not None:
        pixels = camera.lens.undistort_image(pixels, K)
        depth = None if depth is None else camera.lens.undistort_image(depth, K, nearest=True)
        depth = None if depth is None else np.where(depth > 0, depth, np.nan)
    return LoadedPhoto(pixels, K, depth)
