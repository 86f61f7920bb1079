"""Where a whole drawn object is in the photo, when it is far from where it is drawn: its silhouette and colours are moved over the window.

The pixels of the silhouette should have the object's colours, those of a ring around it should not (log odds of colour
histograms, as in Prisacariu and Reid, "PWP3D", IJCV 2012), and inside the photo should look as drawn (masked correlation).
"""

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.registration.drawing import Drawing
from core.registration.outlines import histogram_log_odds
from core.registration.pairs import Pairs

Part = tuple[slice, slice]
"""Rows and columns of a window."""

PAD = 3
"""Pixels around what is drawn that belong to it, when it is moved."""

SIGMA = 3.0
"""Standard deviation in the window's pixels of where the object is found."""


def shift_pairs(drawing: Drawing, reach: float = 1.0) -> tuple[Pairs, float]:
    """Find by how much a drawn object must be moved.

    Args:
        drawing: of the object, in a window with much around it.
        reach: shifts up to this many halves of the drawn box are tried.

    Returns:
        One pair for a point near the middle of what is drawn, and how well the photo agrees there (about -1 to 2).
    """
    found = _scores(drawing)
    if found is None:
        return Pairs.none(), 0.0
    score, here, (x0, y0, x1, y1) = found
    place = np.stack(np.meshgrid(np.arange(score.shape[1]), np.arange(score.shape[0])), axis=-1)
    far = np.abs((place - here) / (reach * np.array([x1 - x0, y1 - y0]) / 2 + 4)).max(-1)
    score = np.where(far <= 1, score - 0.2 * far**2, -np.inf)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    shift = np.array([column, row]) - here
    middle = np.array([(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2])
    rows, columns = np.nonzero(drawing.own)
    spot = drawing.points[np.nonzero(drawing.own)]
    at = np.stack([columns, rows], axis=-1)
    nearest = int(np.linalg.norm(at - middle, axis=1).argmin())
    step = drawing.window.step
    pixel = drawing.window.corner + step * (at[nearest] + shift)
    return Pairs(spot[nearest][None], pixel[None], np.eye(2)[None] / (SIGMA * step)), float(score[row, column])


def score_here(drawing: Drawing) -> float:
    """How well the photo agrees with a drawn object where it is drawn."""
    found = _scores(drawing)
    return 0.0 if found is None else float(found[0][found[1][1], found[1][0]])


def _scores(drawing: Drawing) -> tuple[Floats, npt.NDArray[np.intp], tuple[int, int, int, int]] | None:
    """The agreement at every shift [h, w], the place (column, row) of no shift, and the box of what is drawn."""
    rows, columns = np.nonzero(drawing.own)
    if drawing.lab is None or drawing.seen.sum() < 20:
        return None
    part = part_of(drawing)
    box = int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
    return colour_score(drawing, part), np.array([part[1].start, part[0].start]), box


def part_of(drawing: Drawing) -> Part:
    """The part of a window where an object is drawn, and little around it."""
    rows, columns = np.nonzero(drawing.own)
    side = len(drawing.own)
    spans = ((max(int(one.min()) - PAD, 0), min(int(one.max()) + 1 + PAD, side)) for one in (rows, columns))
    down, across = (slice(*span) for span in spans)
    return down, across


def colour_score(drawing: Drawing, part: Part, colours: Floats | None = None) -> Floats:
    """How well colours agree at every shift of a part of the window [h, w], see :func:`core.registration.outlines.histogram_log_odds`."""
    mask = drawing.seen.astype(np.float32)
    odds = histogram_log_odds(drawing, colours)
    ring = cv2.dilate(drawing.own.astype(np.float32), np.ones((5, 5), np.uint8)) - drawing.own
    ring = ring * ~drawing.other
    kernel = mask[part] / mask.sum() - ring[part] / max(float(ring.sum()), 1.0)
    score = cv2.matchTemplate(odds, np.ascontiguousarray(kernel, np.float32), cv2.TM_CCORR)
    return np.asarray(score + _masked_correlation(drawing, mask, part))


def _masked_correlation(drawing: Drawing, mask: Floats, part: Part) -> Floats:
    assert drawing.lab is not None
    scale = np.array([0.5, 1, 1], np.float32)
    image, piece, weight = drawing.window.lab * scale, drawing.lab[part] * scale, np.ascontiguousarray(mask[part])
    total = weight.sum()
    product, spread, energy = 0.0, 0.0, 0.0
    for channel in range(3):
        one = np.ascontiguousarray(image[..., channel])
        centred = np.ascontiguousarray((piece[..., channel] - (piece[..., channel] * weight).sum() / total) * weight)
        product = product + cv2.matchTemplate(one, centred, cv2.TM_CCORR)
        square = cv2.matchTemplate(one * one, weight, cv2.TM_CCORR)
        spread = spread + square - cv2.matchTemplate(one, weight, cv2.TM_CCORR) ** 2 / total
        energy += float((centred**2).sum())
    damped = np.sqrt(np.maximum(spread, 0) + 30 * total) * np.sqrt(energy + 30 * total)
    return np.asarray(product / damped)
