"""Coordinates in files: in single precision only where that keeps them where they are."""

import numpy as np
import numpy.typing as npt

EXACT = 1e-6
"""Single precision is enough where it moves no point by more than this share of the shape's size."""


def float32_fits(points: npt.NDArray[np.floating]) -> bool:
    """Whether points [N, 3] keep their places, to ``EXACT`` of their bounding box's diagonal, as float32."""
    if not len(points):
        return True
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    return bool(np.abs(points.astype(np.float32) - points).max() <= EXACT * size)
