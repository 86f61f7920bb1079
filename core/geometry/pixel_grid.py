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


def values_at(picture: npt.NDArray, pixels: npt.ArrayLike, beyond: bool = False) -> npt.NDArray[np.float32]:
    """Interpolate a picture bilinearly at any number of pixels.

    Args:
        picture: uint8 or float32 [H, W, C].
        pixels: (u, v) [n, 2].
        beyond: whether its edge goes on outside of it, where the values are 0 otherwise.

    Returns:
        float32 [n, C]; where pixels are not finite, they count as far outside.
    """
    import cv2  # not at the top: the window loads this module

    at = np.nan_to_num(np.asarray(pixels, np.float64), nan=-1e4).astype(np.float32).clip(-1e4, 3e4)
    values = np.zeros((len(at), picture.shape[2]), np.float32)
    border = cv2.BORDER_REPLICATE if beyond else cv2.BORDER_CONSTANT
    for start in range(0, len(at), 30_000):  # OpenCV's limit is 32,767 columns
        part = at[start : start + 30_000]
        column, row = np.ascontiguousarray(part[None, :, 0]), np.ascontiguousarray(part[None, :, 1])
        found = cv2.remap(picture, column, row, cv2.INTER_LINEAR, borderMode=border)
        values[start : start + 30_000] = found.reshape(len(part), picture.shape[2])
    return values
