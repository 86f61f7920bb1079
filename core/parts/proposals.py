"""Objects in a photo that nobody pointed at: the cutter is asked at a grid of places, as Segment Anything's generator."""

import numpy as np
import numpy.typing as npt

from core.encoders.feature_map import box_around
from core.parts.cutter import CutterSegmenter
from core.parts.prompts import Candidate
from core.parts.verdict import intersection_over_union
from core.progress import Progress, silent

GRID = 6
"""Clicks along the side of a square that is looked at."""

TILE = 0.55
"""Beside the whole photo, overlapping squares of this share of its shorter side are looked at."""

LEAST, MOST = 0.0015, 0.5
"""Shares of the photo that objects cover."""

SAME = 0.6
"""Masks that overlap by more than this are one object."""


def propose(
    image: npt.NDArray[np.uint8], cutter: CutterSegmenter, most: int = 40, progress: Progress = silent
) -> list[Candidate]:
    """Masks of objects in a photo, the surest first.

    Args:
        image: uint8 [H, W, 3].
        cutter: makes the masks; the photo is set.
        most: masks at most.
        progress: is told how far it is.
    """
    cutter.set_image(image)
    found: list[Candidate] = []
    squares = _squares(image.shape[1], image.shape[0])
    for number, (x, y, side) in enumerate(squares):
        progress(number / len(squares), "Looking for objects in the photo")
        at = (np.arange(GRID) + 0.5) / GRID * side
        places = [(x + u, y + v) for v in at for u in at if 0 <= x + u < image.shape[1] and 0 <= y + v < image.shape[0]]
        found += cutter.at_each((x, y, side), places)
    area = image.shape[0] * image.shape[1]
    fitting = [one for one in found if LEAST * area <= one.mask.sum() <= MOST * area]
    return distinct(sorted(fitting, key=lambda one: -one.score), most)


def distinct(candidates: list[Candidate], most: int) -> list[Candidate]:
    """The first of candidates of which no earlier one is nearly the same (non-maximum suppression of masks)."""
    kept: list[Candidate] = []
    boxes: list[npt.NDArray[np.floating]] = []
    for one in candidates:
        box = np.array(box_around(one.mask))
        near = [k for k, other in enumerate(boxes) if (np.minimum(box, other)[2:] > np.maximum(box, other)[:2]).all()]
        if not any(intersection_over_union(kept[k].mask, one.mask) > SAME for k in near):
            kept.append(one)
            boxes.append(box)
        if len(kept) == most:
            break
    return kept


def _squares(width: int, height: int) -> list[tuple[float, float, float]]:
    """Column, row and side of the squares that are looked at: all of the photo, and tiles that overlap by a third."""
    longer, side = max(width, height), TILE * min(width, height)
    whole = ((width - longer) / 2, (height - longer) / 2, float(longer))
    columns, rows = (np.linspace(0, n - side, max(2, round((n - side) / (0.66 * side)) + 1)) for n in (width, height))
    return [whole, *((float(x), float(y), float(side)) for y in rows for x in columns)]
