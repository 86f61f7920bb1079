"""From a photo to what poses are judged by, decided here for all front ends.

That is its camera, the object's mask, its depth and its lens.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.alignment.correspondences import Correspondences2D3D
from core.alignment.depth import in_shape_units
from core.alignment.scorer import Photo
from core.arrays import Floats, Mask
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.exif import field_of_view
from core.geometry.camera import PhotoCamera
from core.geometry.pose import FOV, intrinsics
from core.geometry.shape import Shape
from core.geometry.undistorted import Undistorted
from core.matching.prepare import matchable_image
from core.notices import warn
from core.odd_photos import say_odd
from core.parts.segmenters import box_mask

FEWEST_PIXELS = 100
"""An object that covers fewer pixels cannot be aligned."""

OTHER_FOCAL = float(np.log(1.12))
"""Focal lengths that differ by a larger factor (12 %; its logarithm) are said to be different."""

SMALLEST_BOX = 24
"""Pixels of the longer side of the object's box below which there is too little to see."""


def camera_of(size: tuple[int, int], fov: float | None, path: str | Path | None) -> tuple[PhotoCamera, bool]:
    """Make the camera of a photo whose intrinsics nobody gave.

    Args:
        size: width and height of the photo in pixels.
        fov: field of view of the longer side in degrees, or None (or 0) where it is not known.
        path: the photo's file, whose EXIF data may tell the field of view; or None.

    Returns:
        The camera, and whether something told its field of view. If nothing did, it has ``core.geometry.pose.FOV``
        degrees.
    """
    told = fov or (None if path is None else field_of_view(path))
    return PhotoCamera(intrinsics(size, told or FOV), size), bool(told)


def camera_or_guess(size: tuple[int, int], fov: float | None, path: str | Path) -> PhotoCamera:
    """Make a camera as :func:`camera_of` does, and warn the user where nothing told its field of view."""
    camera, known = camera_of(size, fov, path)
    if not known:
        warn(
            f"{Path(path).name} does not tell its camera: a field of view of {FOV:.0f} degrees was assumed; distances depend on it, so give "
            "the intrinsics or the field of view."
        )
    return camera


def compare_with_exif(camera: PhotoCamera, size: tuple[int, int], path: str | Path) -> None:
    """Warn the user where the EXIF data of a photo (of ``size``, width and height) tell another focal length."""
    if contradicts_exif(camera, size, path):
        told, known = field_of_view(path), np.degrees(2 * np.arctan(max(size) / 2 / camera.K[0, 0]))
        warn(
            f"{Path(path).name} tells a field of view of {told:.0f} degrees, and its intrinsics are of {known:.0f}: check that they "
            "belong to this photo, as distances depend on them."
        )


def contradicts_exif(camera: PhotoCamera, size: tuple[int, int], path: str | Path) -> bool:
    """Whether the EXIF data of a photo (of ``size``, width and height) tell another focal length than a camera."""
    told = field_of_view(path)
    if told is None:
        return False
    return bool(abs(np.log(np.tan(np.radians(told) / 2) * camera.K[0, 0] / (max(size) / 2))) > OTHER_FOCAL)


def photo_of(
    image: npt.NDArray[np.uint8],
    encoder: ImageEncoder,
    K: Floats,
    box: Box | None = None,
    mask: Mask | None = None,
    name: str = "The photo",
    depth: Floats | None = None,
) -> Photo:
    """Make a photo without lens distortion ready for alignment.

    Args:
        image: the photo, uint8 [H, W, 3].
        encoder: the image encoder; it sees the square around ``box``, or around the mask where no box is given.
        K: intrinsics [3, 3] in pixels.
        box: the object's box x0, y0, x1, y1 in pixels, or None.
        mask: the object's pixels, bool [H, W]; None cuts it out of the box.
        name: what the photo is called in warnings and errors.
        depth: depth [H, W] along z in the shape's units, not finite where it is not known; or None.

    Raises:
        CounterpointError: there is neither box nor mask, the mask is of another size or shows no object, the box is
            tiny, or the intrinsics are none of such a photo.
    """
    if mask is None:
        mask = _cut_out(image, box, name)
    _check_mask(mask, (image.shape[1], image.shape[0]))
    if mask.sum() < FEWEST_PIXELS:
        raise CounterpointError(
            f"{name} shows no object: its mask has fewer than {FEWEST_PIXELS} pixels; draw a box around the object, or mark it."
        )
    side = replace(
        matchable_image(image, encoder, box or box_around(mask)), other_turns=()
    )  # alignment looks at one turn
    photo = Photo(image, side, K, mask, depth)
    check(photo)
    return photo


def posed_photo(
    image: npt.NDArray[np.uint8],
    camera: PhotoCamera,
    mask: Mask | None,
    box: Box | None,
    encoder: ImageEncoder,
    depth: Floats | None = None,
    rigid_shape: Shape | None = None,
    name: str = "The photo",
    sought: bool = False,
    assumed: bool = False,
) -> tuple[Photo, Undistorted]:
    """Make a user's photo ready for alignment.

    The distortion of its lens is undone, and its depth is brought into the shape's units.

    Args:
        image: the photo, uint8 [H, W, 3].
        camera: the photo's camera.
        mask: the object's pixels, bool [H, W]; None cuts it out of the box.
        box: the object's box x0, y0, x1, y1 in pixels, or None.
        encoder: the image encoder.
        depth: depth [H, W] along z, not finite where it is not known; or None.
        rigid_shape: the shape of a pose without scale, in whose units depth must be; None where the scale is free.
        name: what the photo is called in warnings and errors.
        sought: whether the object was looked for, see :func:`core.alignment.seek.seek`.
        assumed: whether nothing told the camera (see :func:`camera_of`), or the EXIF data contradict it.

    Returns:
        What poses are judged by, and how its pixels belong to those of the user's photo.

    Raises:
        CounterpointError: as :func:`photo_of`; or the depth cannot be in the shape's units.
    """
    size = (image.shape[1], image.shape[0])
    say_odd(image, name)
    cut = mask is None
    if mask is None:
        mask = _cut_out(image, box, name)
    _check_mask(mask, size)
    flat = Undistorted.of(camera, size)
    far = None if depth is None else flat.picture(np.nan_to_num(depth), nearest=True)
    far = None if far is None else np.where(far > 0, far, np.nan)
    area = None if box is None else flat.box(box)
    photo = photo_of(flat.picture(image), encoder, flat.K, area, flat.picture(mask), name, far)
    photo.sought, photo.assumed, photo.cut = sought, assumed, cut
    return (photo if rigid_shape is None else in_shape_units(photo, rigid_shape)), flat


def undistorted_correspondences(given: Correspondences2D3D, flat: Undistorted) -> Correspondences2D3D:
    """Move the pixels of correspondences from the user's photo to the undistorted one.

    Raises:
        CounterpointError: the lens shows nothing at one of the pixels.
    """
    pixels = flat.undistort(given.pixels)
    if not np.isfinite(pixels).all():
        raise CounterpointError(
            "A pair lies at a pixel that the lens of the photo cannot show; move the pair, or check the distortion of the lens."
        )
    return Correspondences2D3D(pixels, given.points)


def check(photo: Photo) -> None:
    """Refuse a photo that no shape can be aligned to.

    Raises:
        CounterpointError: the mask is empty or of another size, the box is tiny, or the intrinsics are none of such a
            photo.
    """
    K = photo.K
    width, height = photo.side.image_size
    x0, y0, x1, y1 = photo.side.map.box
    _check_mask(photo.mask, (width, height))
    if max(x1 - x0, y1 - y0) < SMALLEST_BOX:
        raise CounterpointError(
            f"The box around the object is smaller than {SMALLEST_BOX} pixels; there is too little to see."
        )
    if not (K.shape == (3, 3) and np.isfinite(K).all() and K[0, 0] > 0 and K[1, 1] > 0):
        raise CounterpointError("The intrinsics are no camera: fx and fy must be above zero.")
    if not (0.1 * max(width, height) < K[0, 0] < 100 * max(width, height)) or not (-width < K[0, 2] < 2 * width):
        raise CounterpointError("The intrinsics do not belong to an image of this size; check fx, fy, cx and cy.")


def _cut_out(image: npt.NDArray[np.uint8], box: Box | None, name: str) -> Mask:
    if box is None:
        raise CounterpointError(f"{name} has no box and no mask: draw a box around the object, or mark it.")
    mask = box_mask(image, box)
    if mask.sum() < FEWEST_PIXELS:
        raise CounterpointError(
            f"Nothing stands out in the box of {name}: draw it around the whole object, or give a mask of it."
        )
    return mask


def _check_mask(mask: Mask, size: tuple[int, int]) -> None:
    width, height = size
    if mask.shape != (height, width):
        raise CounterpointError(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels and the image {width} x {height}."
        )
    if not mask.any():
        raise CounterpointError(
            "The mask of the object is empty, it shows no object; draw the box around it, or mark it."
        )
