"""Grids of pixels."""

import numpy as np
import numpy.typing as npt


def pixel_grid(width: int, height: int, step: int = 1) -> npt.NDArray[np.float64]:
    """Return the coordinates (u, v) of the pixels of a picture, row by row: float64 [ceil(height / step), ceil(width / step), 2].

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        step: every so many pixels one is taken, beginning with (0, 0).
    """
    return np.stack(np.meshgrid(np.arange(0, width, step), np.arange(0, height, step)), axis=-1).astype(np.float64)
