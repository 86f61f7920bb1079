"""The pixels and boxes of things that files mark in photos."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.images import load_image
from core.interchange.coco import mask_of_segmentation
from core.interchange.runs import Unusable
from core.masks import fit_size
from core.notices import warn
from core.scenes.scene import Outline, Region

Bools = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]


def region_mask(region: Region, size: tuple[int, int]) -> Bools | None:
    """The pixels of a thing in a photo of ``size`` (width, height), bool [H, W].

    None where the file marks a box alone, or where its mask cannot be used, which is said.
    """
    if region.mask is None:
        return None
    if isinstance(region.mask, Path):
        pixels = load_image(region.mask).max(axis=-1)
        return fit_size(pixels > pixels.max() // 2, size, region.mask.name)  # of 0 and 1 as of 0 and 255
    if isinstance(region.mask, Outline):
        filled = np.zeros(size[::-1], np.uint8)
        return np.asarray(cv2.fillPoly(filled, [np.array(region.mask.corners).astype(np.int32)], (1,)) > 0)
    try:
        return mask_of_segmentation(region.mask, size[1], size[0])
    except Unusable as reason:
        warn(f"An annotation {reason} is taken as its box.")
        return None


def region_box(region: Region, size: tuple[int, int]) -> Box | None:
    """The box (x, y, width, height) of a thing in a photo of ``size`` (width, height), None where nothing is seen."""
    if region.box is not None:
        return region.box if min(region.box[2:]) > 0 else None
    mask = region_mask(region, size)
    if mask is None or not mask.any():
        return None
    rows, columns = np.nonzero(mask)
    x, y = int(columns.min()), int(rows.min())
    return float(x), float(y), float(columns.max() - x + 1), float(rows.max() - y + 1)
