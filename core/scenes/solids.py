"""What refinement works with: shapes that can be drawn, and photos that are loaded and undistorted."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.geometry.raycasting import Raycaster
from core.geometry.shape import Shape, load_shape
from core.geometry.symmetry import symmetries
from core.images import load_depth
from core.interchange.names import listed
from core.notices import warn
from core.scenes.models_info import symmetry_transformations
from core.scenes.pixels import photo_pixels
from core.scenes.scene import Scene, ScenePhoto, SceneShape
from core.units import METRE, Unit

Floats = npt.NDArray[np.floating]


STEP = 0.05
"""Of continuous symmetries, see :func:`core.scenes.models_info.symmetry_transformations`."""


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


def load_solid(shape: SceneShape) -> Solid:
    """Load the shape of a scene; its symmetries are those that the data set says, if it says anything of the shape."""
    scale = 1 / shape.scale
    turns = symmetry_transformations(shape.info, STEP) if shape.info else None
    if turns is not None:
        turns[:, :3, 3] *= scale
    return Solid(Raycaster(load_shape(shape.path)), scale, turns)


def load_solids(scene: Scene, numbers: Iterable[int]) -> dict[int, Solid]:
    """Load the shapes of these numbers.

    Raises:
        CounterpointError: the scene lacks one.
    """
    needed = sorted(set(numbers))
    missing = [number for number in needed if number not in scene.shapes]
    if missing:
        raise CounterpointError(
            f"{scene.root} has no shapes of the objects {listed(missing)}, without which their poses cannot be compared "
            "with photos; add them (in a BOP data set, models/obj_000001.ply)."
        )
    return {number: load_solid(scene.shapes[number]) for number in needed}


def photos_with_cameras(scene: Scene) -> dict[str, ScenePhoto]:
    """The photos whose intrinsics are known, by key; that others are left out is said by :func:`core.notices.warn`.

    Raises:
        CounterpointError: there is none.
    """
    found = {photo.key: photo for photo in scene.photos if photo.camera is not None}
    if not found:
        raise CounterpointError(
            f"{scene.root} has no cameras: no photo's intrinsics are known, without which no pose can be compared with a "
            "photo; give them in scene_camera.json (BOP), transforms.json (nerfstudio) or a COLMAP model."
        )
    bare = [photo.key for photo in scene.photos if photo.camera is None]
    if bare:
        warn(f"{len(bare)} photos of {scene.root} have no camera and are left out: {listed(bare)}.")
    return found


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
    pixels, depth = photo_pixels(photo), None
    if photo.depth is not None:
        depth = load_depth(photo.depth, (pixels.shape[1], pixels.shape[0]), unit, camera.depth_scale)
    if camera.lens is not None:
        pixels = camera.lens.undistort_image(pixels, K)
        depth = None if depth is None else camera.lens.undistort_image(depth, K, nearest=True)
        depth = None if depth is None else np.where(depth > 0, depth, np.nan)
    return LoadedPhoto(pixels, K, depth)
