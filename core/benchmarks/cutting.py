"""Segmentation by one click in a picture: the overlap with the part under it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from core.encoders.base import ImageEncoder
from core.encoders.feature_map import box_around
from core.parts.grabcut import GrabCutSegmenter
from core.parts.prompts import Prompts
from core.parts.verdict import intersection_over_union
from core.progress import Progress, silent
from core.training.pictures import Picture

SMALLEST = 0.03
"""Parts that cover less than this share of the object's pixels are not clicked."""


def measure(
    pictures: Sequence[Picture], encoder: ImageEncoder | None, corrected: bool = False, progress: Progress = silent
) -> dict[str, float]:
    """Click the innermost pixel of every part and compare the candidates with the part.

    The focus box is that of the object.

    Args:
        pictures: pictures whose parts are known.
        encoder: describes the pixels; without it GrabCut goes by colours alone.
        corrected: whether a second click removes the innermost pixel of the rest of the object.
        progress: is told of every picture.

    Returns:
        The number of parts, and the mean intersection over union of the first candidate and of the best of the three.
    """
    first, best = [], []
    for number, picture in enumerate(pictures):
        progress(number / len(pictures), f"cutting {number + 1} of {len(pictures)}")
        box = box_around(picture.mask)
        segmenter = GrabCutSegmenter(encoder, box)
        segmenter.set_image(picture.image)
        parts, pixels = np.unique(picture.part[picture.mask], return_counts=True)
        for part in parts[pixels >= SMALLEST * picture.mask.sum()] if len(parts) > 1 else []:
            true, rest = picture.part == part, picture.mask & (picture.part != part)
            prompts = Prompts([innermost(true)], [innermost(rest)] if corrected else [])
            scores = [intersection_over_union(c.mask, true) for c in segmenter.predict(prompts)]
            first.append(scores[0])
            best.append(max(scores))
    return {"parts": float(len(first)), "first": float(np.mean(first)), "best of three": float(np.mean(best))}


def innermost(mask: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the pixel (u, v) of a mask bool [H, W] that is farthest from its edge."""
    row, column = np.unravel_index(int(np.argmax(distance_transform_edt(mask))), mask.shape)
    return float(column), float(row)
