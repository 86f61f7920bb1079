"""Grids of pixels."""

import numpy as np
import numpy.typing as npt


def pixel_grid(width: int, height: int, step: int = 1) -> npt.NDArray[np.float64]:
    """Return the coordinates (u, v) of the pixels of a picture, row by row.

    They are float64 [ceil(height / step), ceil(width / step), 2].

    Args:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        step: every so many pixels one is taken, beginning with (0, 0).
    """
    return np.stack(np.meshgrid(np.arange(0, width, step), np.arange(0, height, step)), axis=-1).astype(np.float64)


def pixels_of(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the pixels (u, v) of a mask bool [H, W], row by row: int64 [n, 2]."""
    rows, columns = np.nonzero(mask)
    return np.stack([columns, rows], axis=1)


def random_pixels(mask: npt.NDArray[np.bool_], count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Choose different pixels (u, v) of a mask bool [H, W] at random, at most ``count``: int64 [n, 2]."""
    pixels = pixels_of(mask)
    return pixels[rng.choice(len(pixels), min(count, len(pixels)), replace=False)]
