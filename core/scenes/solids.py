"""What refinement works with: shapes that can be drawn, and photos that are loaded and undistorted."""

from collections.abc import Iterable

import numpy as np

from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape
from core.images import load_depth
from core.interchange.names import listed
from core.notices import warn
from core.registration.solids import LoadedPhoto, Solid
from core.scenes.models_info import symmetry_transformations
from core.scenes.pixels import photo_pixels
from core.scenes.scene import Scene, ScenePhoto, SceneShape
from core.units import METRE, Unit

STEP = 0.05
"""Of continuous symmetries, see :func:`core.scenes.models_info.symmetry_transformations`."""


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
