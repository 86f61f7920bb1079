"""A photo made ready for poses: without the distortion of its lens, and with depth in the shape's units."""

import numpy as np
import numpy.typing as npt

from core.alignment.depth import in_shape_units
from core.alignment.pins import Pins
from core.alignment.scorer import Photo
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.shape import Shape
from core.geometry.undistorted import Undistorted
from core.matching.prepare import matchable_image

Floats = npt.NDArray[np.floating]


def posed_photo(
    image: npt.NDArray[np.uint8],
    camera: PhotoCamera,
    mask: npt.NDArray[np.bool_],
    box: Box | None,
    encoder: ImageEncoder,
    depth: Floats | None = None,
    rigid_shape: Shape | None = None,
) -> tuple[Photo, Undistorted]:
    """What poses are judged by, and how its pixels belong to those of the user's photo.

    Args:
        image: uint8 [H, W, 3]; ``mask`` bool [H, W], ``box`` and ``depth`` [H, W] (along z) are of its pixels.
        rigid_shape: of a pose without scale, in whose units depth must be; None where the scale is free.

    Raises:
        CounterpointError: the mask is of another size or empty, or the depth cannot be in the shape's units.
    """
    height, width = image.shape[:2]
    if mask.shape != (height, width):
        raise CounterpointError(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels and the image {width} x {height}."
        )
    flat = Undistorted.of(camera, (width, height))
    seen = flat.picture(mask)
    if not seen.any():
        raise CounterpointError("The mask of the object is empty; draw the box around it, or mark it.")
    area = None if box is None else flat.box(box)
    pixels = flat.picture(image)
    far = None if depth is None else flat.picture(np.nan_to_num(depth), nearest=True)
    far = None if far is None else np.where(far > 0, far, np.nan)
    photo = Photo(pixels, matchable_image(pixels, encoder, area), flat.K, seen, far)
    return (photo if rigid_shape is None else in_shape_units(photo, rigid_shape)), flat


def undistorted_pins(pins: Pins, flat: Undistorted) -> Pins:
    """Pins whose pixels are those of the user's photo, for the undistorted one.

    Raises:
        CounterpointError: the lens shows nothing at one of the pixels.
    """
    pixels = flat.undistort(pins.pixels)
    if not np.isfinite(pixels).all():
        raise CounterpointError("A pin lies where the lens of the photo shows nothing; check the pixel, and the lens.")
    return Pins(pixels, pins.points)
