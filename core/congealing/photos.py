"""Photos of a collection, ready to be posed."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.alignment.photo import camera_of, photo_of
from core.alignment.scorer import Photo
from core.arrays import Mask
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import resized_intrinsics
from core.geometry.undistorted import Undistorted
from core.images import load_image
from core.parts.prominence import likely_box
from core.parts.segmenters import box_mask

LONGEST = 1024
"""Pixels: larger photos are looked at in this size, so that hundreds fit into memory."""


def open_photo(
    path: str | Path,
    encoder: ImageEncoder,
    box: Box | None = None,
    mask: Mask | None = None,
    camera: PhotoCamera | None = None,
) -> tuple[Photo, float, bool]:
    """Open a photo, undo its lens and shrink it to ``LONGEST`` pixels.

    Args:
        path: of the image file.
        encoder: that describes the photo, and finds the object where no mask is given.
        box: (x0, y0, x1, y1) of the object in pixels of the file. Without a mask the object is cut out of it; without
            both, of where it is likely to be: the photo is then ``sought``.
        mask: of the object, bool [H, W] of the file's pixels.
        camera: of the file's pixels. Without it the focal length is that of the EXIF data, or of
            ``core.geometry.pose.FOV`` degrees, which then is not known.

    Returns:
        The photo, uint8 [h, w, 3] with ``K`` float64 [3, 3] of these pixels, which is the whole of
        :class:`core.geometry.undistorted.Undistorted`; how much it was shrunk (1 or less); and whether its camera is
        known.

    Raises:
        CounterpointError: it cannot be read, or shows no object.
    """
    image = load_image(path)
    height, width = image.shape[:2]
    own, known = (camera, True) if camera is not None else camera_of((width, height), None, path)
    if mask is not None and mask.shape != (height, width):
        raise CounterpointError(
            f"The mask of {Path(path).name} is {mask.shape[1]} x {mask.shape[0]} pixels, the photo {width} x {height}."
        )
    own = replace(own, size=(width, height))
    flat = Undistorted.of(own, (width, height))
    image, K, (width, height) = flat.picture(image), flat.K, flat.size
    mask = None if mask is None else flat.picture(mask)
    box = None if box is None else flat.box(box)
    shrunk = min(1.0, LONGEST / max(width, height))
    if shrunk < 1:
        size = (round(width * shrunk), round(height * shrunk))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        if mask is not None:
            mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
        K = resized_intrinsics(K, shrunk)
        box = None if box is None else tuple(v * shrunk for v in box)  # type: ignore[assignment]
    sought = mask is None and box is None
    mask = box_mask(image, box or likely_box(image, encoder)) if mask is None else mask
    photo = photo_of(image, encoder, K, None, mask, Path(path).name)
    return replace(photo, camera=own, sought=sought, assumed=not known), shrunk, known


def as_in_photo(values: npt.NDArray[np.float32], camera: PhotoCamera | None) -> npt.NDArray[np.float32]:
    """Values [h, w, C] of a photo as :func:`open_photo` shrank and undistorted it, for the pixels of the user's photo.

    The result is as large as the file, shrunk as much, NaN where nothing is known. ``camera`` is that of the file.
    """
    if camera is None or camera.lens is None or camera.size is None:
        return values
    size = camera.size
    flat = Undistorted.of(camera, size)
    shrunk = min(1.0, LONGEST / max(flat.size))
    across, down = ((np.arange(round(side * shrunk)) + 0.5) / shrunk - 0.5 for side in size)
    there = camera.lens.undistort_grid(across, down, camera.K) + (flat.K[:2, 2] - camera.K[:2, 2])
    at = ((there + 0.5) * shrunk - 0.5).astype(np.float32)
    moved = cv2.remap(values, at, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=(np.nan,) * 4)
    return np.asarray(moved, np.float32)
