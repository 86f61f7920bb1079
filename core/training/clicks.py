"""Clicks as a user would make them to cut out an object whose mask is known (as in RITM, Sofiiuk et al., 2021)."""

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Mask


def innermost(mask: Mask, rng: np.random.Generator | None = None) -> tuple[float, float]:
    """A pixel (u, v) deep in a mask bool [H, W].

    It is the one that is farthest from the edge (of the mask and of the picture); with ``rng`` any that is at least
    half as far.
    """
    depth = _depth(mask)
    if rng is None:
        row, column = np.unravel_index(int(depth.argmax()), mask.shape)
    else:
        rows, columns = np.nonzero(depth >= 0.5 * depth.max())
        chosen = int(rng.integers(len(rows)))
        row, column = rows[chosen], columns[chosen]
    return float(column), float(row)


def next_click(
    truth: Mask, answer: Mask, rng: np.random.Generator | None = None
) -> tuple[tuple[float, float], bool] | None:
    """The click that corrects an answer: deep in the largest piece that it misses or has too much.

    Args:
        truth: bool [H, W].
        answer: bool [H, W].
        rng: for a pixel near the innermost one instead of it.

    Returns:
        The pixel (u, v), and whether it adds; None where nothing is wrong.
    """
    missing, extra = truth & ~answer, answer & ~truth
    if not missing.any() and not extra.any():
        return None
    adds = bool(_depth(missing).max() >= _depth(extra).max())
    return innermost(missing if adds else extra, rng), adds


def _depth(mask: Mask) -> npt.NDArray[np.float32]:
    padded = np.pad(mask.astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1])
