"""The user's photos as textures of training pictures."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.errors import CounterpointError
from core.images import load_image
from core.training.draw import Draw
from core.training.parallel import each

MOST = 640
"""Longest side in pixels that photos are reduced to."""


class Cuts:
    """Square cut-outs of photos for about half of the rows of a batch; for none without a folder.

    Attributes:
        rows: the rows of the batch that are cut from photos.
    """

    def __init__(self, draw: Draw, folder: str | None, count: int):
        self._folder = folder or ""
        drawn = draw.between(0, 1, count, 6).tolist() if folder else []
        self.rows = [row for row, values in enumerate(drawn) if values[0] < 0.5]
        self._numbers = [drawn[row][1:] for row in self.rows]

    def images(self, size: int, device: torch.device) -> torch.Tensor:
        """The cut-outs, float32 [len(rows), 3, size, size] in [0, 1].

        Raises:
            CounterpointError: the folder has no photos in it.
        """
        pixels = np.stack(each(lambda numbers: self._image(numbers, size), self._numbers))
        return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() / 255

    def _image(self, numbers: list[float], size: int) -> npt.NDArray[np.uint8]:
        which, share, top, left, mirror = numbers
        files = photo_files(self._folder)
        photo = read_photo(files[int(which * len(files))])
        side = max(1, int(min(photo.shape[:2]) * (0.3 + 0.7 * share)))
        row, column = (round(at * (length - side)) for at, length in zip((top, left), photo.shape[:2], strict=True))
        cut = photo[row : row + side, column : column + side]
        return np.asarray(cv2.resize(cut[:, :: -1 if mirror < 0.5 else 1], (size, size), interpolation=cv2.INTER_AREA))


@lru_cache
def photo_files(folder: str) -> tuple[str, ...]:
    """The photos in a folder and those below it.

    Raises:
        CounterpointError: there are none.
    """
    files = sorted(str(f) for f in Path(folder).rglob("*") if f.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    if not files:
        raise CounterpointError(f"{folder} has no photos in it (JPEG, PNG, WebP).")
    return tuple(files)


@lru_cache(512)
def read_photo(file: str) -> npt.NDArray[np.uint8]:
    """A photo, RGB uint8 [H, W, 3], reduced to ``MOST`` pixels along its longer side."""
    photo = load_image(file)
    shrink = min(1.0, MOST / max(photo.shape))
    size = (max(1, round(photo.shape[1] * shrink)), max(1, round(photo.shape[0] * shrink)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
