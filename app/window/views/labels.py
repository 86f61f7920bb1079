"""Where the names of marks stand so that none covers another one or a mark."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF

WAYS = ((1.0, 0.0), (-1.0, 0.0), (0.7, -0.9), (-0.7, -0.9), (0.7, 0.9), (-0.7, 0.9), (0.0, -1.0), (0.0, 1.0))
"""Directions from a mark, x to the right and y down; the first that is free is taken."""

RINGS = (0.0, 18.0, 40.0, 66.0)
"""Pixels between a mark's edge and its name; a line leads to names that stand off."""


def place_labels(
    marks: npt.NDArray[np.floating], sizes: npt.NDArray[np.floating], radii: npt.NDArray[np.floating]
) -> list[tuple[float, float, bool]]:
    """Place names beside marks.

    Args:
        marks: float [n, 2], the middle of each mark in pixels, y down.
        sizes: float [m, 2], width and height of the names of the first m marks.
        radii: float [n] of the marks.

    Returns:
        For each name its upper left corner, seen from its mark, and whether it stands off.
    """
    taken = [_around(mark, radius) for mark, radius in zip(marks, radii, strict=True)]
    found = []
    for number, size in enumerate(sizes):
        others = np.array(taken[:number] + taken[number + 1 :]).reshape(-1, 4)
        best: tuple[float, float, float, bool] | None = None
        for ring, way in product(RINGS, WAYS):
            x, y = (way[i] * (radii[number] + 4 + ring + size[i] / 2) - size[i] / 2 for i in range(2))
            left, top = marks[number] + (x, y)
            covered = _overlap(np.array([left, top, left + size[0], top + size[1]]), others)
            if best is None or covered < best[0]:
                best = covered, float(x), float(y), ring > 0
            if covered == 0:
                break
        assert best is not None
        left, top = marks[number] + best[1:3]
        taken.append((left, top, left + size[0], top + size[1]))
        found.append(best[1:])
    return found


def _around(mark: Sequence[float], radius: float) -> tuple[float, float, float, float]:
    return mark[0] - radius, mark[1] - radius, mark[0] + radius, mark[1] + radius


def _overlap(box: npt.NDArray, others: npt.NDArray) -> float:
    """The area that a box (left, top, right, bottom) has in common with others [n, 4]."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return float(np.clip(sides, 0, None).prod(axis=1).sum())


def nearest_edge(mark: QPointF, rect: QRectF) -> QPointF:
    """The point of a name's rectangle that is nearest to its mark, where the line ends."""
    return QPointF(
        min(max(mark.x(), rect.left()), rect.right()),
        min(max(mark.y(), rect.top()), rect.bottom()),
    )
