"""Photos of a collection, ready to be posed."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.alignment.scorer import Photo
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.geometry.pose import intrinsics
from core.images import field_of_view, load_image
from core.matching.prepare import matchable_image
from core.parts.grabcut import box_mask
from core.parts.prominence import likely_box

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

LONGEST = 1024
"""Pixels: larger photos are looked at in this size, so that hundreds fit into memory."""

FOV = 50.0
"""Degrees of the longer side where nothing tells."""


def open_photo(
    path: str | Path, encoder: ImageEncoder, box: Box | None = None, mask: Mask | None = None, K: Floats | None = None
) -> tuple[Photo, float, bool]:
    """A photo of a file; how much it was shrunk (1 or less); and whether its camera is known.

    ``box``, ``mask`` and ``K`` are of the file's pixels. Without a mask the object is cut out of the box; without both, of where
    it is likely to be. Without ``K`` the focal length is that of the EXIF data, or ``FOV`` degrees, which then is not known.

    Raises:
        CounterpointError: it cannot be read, or shows no object.
    """
    image = load_image(path)
    height, width = image.shape[:2]
    shrunk = min(1.0, LONGEST / max(width, height))
    told = field_of_view(path)
    if K is None:
        K = intrinsics((width, height), told or FOV)
        known = told is not None
    else:
        known = True
    if mask is not None and mask.shape != (height, width):
        raise CounterpointError(f"The mask of {Path(path).name} is {mask.shape[1]} x {mask.shape[0]} pixels, the photo {width} x {height}.")  # fmt: skip
    if shrunk < 1:
        size = (round(width * shrunk), round(height * shrunk))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        if mask is not None:
            mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
        K = scaled(K, shrunk)
        box = None if box is None else tuple(v * shrunk for v in box)  # type: ignore[assignment]
    return photo_of(image, encoder, K, box, mask, Path(path).name), shrunk, known


def photo_of(
    image: npt.NDArray[np.uint8], encoder: ImageEncoder, K: Floats, box: Box | None, mask: Mask | None, name: str
) -> Photo:
    """The same of pixels in memory."""
    if mask is None:
        mask = box_mask(image, encoder, box or likely_box(image, encoder))
    if mask.sum() < 100:
        raise CounterpointError(f"{name} shows no object; give a box around it.")
    side = replace(matchable_image(image, encoder, box_around(mask)), other_turns=())  # memory
    return Photo(image, side, K, mask)


def scaled(K: Floats, factor: float) -> Floats:
    """``K`` of the picture resized by ``factor``."""
    K = np.array(K, np.float64)
    K[:2] *= factor
    K[:2, 2] += (factor - 1) / 2
    return K


def digest(photo: Photo) -> str:
    """SHA-256 of all that a pose depends on."""
    parts: Sequence[npt.NDArray] = (photo.pixels, photo.mask, np.asarray(photo.K, np.float64))
    whole = hashlib.sha256()
    for part in parts:
        whole.update(str(part.shape).encode() + np.ascontiguousarray(part).tobytes())
    return whole.hexdigest()
