"""Polygons of annotation files: checked, and clipped to about the picture before they are filled."""

from typing import Any

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

_MARGIN = 10.0


def polygons_of(segmentation: list[Any], height: int, width: int) -> tuple[list[list[float]], list[str]]:
    """The polygons [x, y, x, y, ...] of a COCO segmentation that can be filled, and why others cannot.

    A list of polygons, one polygon as a flat list, and points as pairs are understood.
    """
    if all(_is_number(value) for value in segmentation) or all(_is_pair(value) for value in segmentation):
        segmentation = [segmentation]
    found, reasons = [], []
    for polygon in segmentation:
        points = _points(polygon)
        if points is None:
            reasons.append("that are no list of numbers, two a point")
        elif len(np.unique(points, axis=0)) < 3:
            reasons.append("of fewer than three points")
        else:
            clipped = _clipped(points, height, width)
            if len(clipped) < 3:
                reasons.append("outside the image")
            else:
                found.append(clipped.ravel().tolist())
    return found, reasons


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _points(polygon: Any) -> Points | None:
    """float64 [n, 2], or None for what is no polygon."""
    if not isinstance(polygon, list) or not polygon:
        return None
    if not (all(map(_is_number, polygon)) or all(map(_is_pair, polygon))):
        return None
    try:
        values = np.array(polygon, np.float64).ravel()
    except (OverflowError, ValueError):
        return None
    return values.reshape(-1, 2) if len(values) % 2 == 0 and np.isfinite(values).all() else None


def _clipped(points: Points, height: int, width: int) -> Points:
    """The polygon within ``_MARGIN`` pictures around the picture (Sutherland and Hodgman, 1974).

    So absurd coordinates cost nothing.
    """
    low, high = -_MARGIN * np.array([width, height]), (_MARGIN + 1) * np.array([width, height])
    if (points.max(0) < 0).any() or (points.min(0) > [width, height]).any():
        return np.zeros((0, 2))
    for axis in (0, 1):
        for bound, sign in ((low[axis], 1.0), (high[axis], -1.0)):
            if len(points):
                points = _half(points, axis, bound, sign)
    return points


def _half(points: Points, axis: int, bound: float, sign: float) -> Points:
    """The side of a polygon where ``sign * (coordinate - bound)`` is not below zero."""
    off = sign * (points[:, axis] - bound)
    if (off >= 0).all():
        return points
    kept = []
    for (p, d), (q, e) in zip(
        zip(np.roll(points, 1, axis=0), np.roll(off, 1), strict=True), zip(points, off, strict=True), strict=True
    ):
        if (d >= 0) != (e >= 0):
            crossing = p + (q - p) * (d / (d - e))
            crossing[axis] = bound
            kept.append(crossing)
        if e >= 0:
            kept.append(q)
    return np.array(kept).reshape(-1, 2)
