"""The user's photos as textures of training pictures."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.errors import CounterpointError
from core.images import load_image
from core.training.parallel import each

MOST = 640
"""Longest side in pixels that photos are reduced to."""


@dataclass
class Cuts:
    """Square cut-outs of photos, for Q rows of a batch.

    Attributes:
        folder: of the photos.
        rows: the Q rows of the batch that are cut from photos.
        photo: for each a number in [0, 1), which photo of the folder.
        side: for each its side, as a share of the photo's shorter one.
        corner: for each its (row, column) in [0, 1], as a share of the room that there is.
        mirrored: for each whether left and right change places.
    """

    folder: str
    rows: list[int]
    photo: list[float]
    side: list[float]
    corner: list[tuple[float, float]]
    mirrored: list[bool]

    def images(self, size: int, device: torch.device) -> torch.Tensor:
        """The cut-outs, float32 [Q, 3, size, size] in [0, 1].

        Raises:
            CounterpointError: the folder has no photos in it.
        """
        cuts = each(lambda i: self._image(i, size), range(len(self.rows)))
        pixels = np.stack(cuts) if cuts else np.zeros((0, size, size, 3), np.uint8)
        return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() / 255

    def _image(self, number: int, size: int) -> npt.NDArray[np.uint8]:
        files = photo_files(self.folder)
        photo = _photo(files[int(self.photo[number] * len(files))])
        side = max(1, int(min(photo.shape[:2]) * self.side[number]))
        row, column = (
            round(share * (length - side)) for share, length in zip(self.corner[number], photo.shape[:2], strict=True)
        )
        cut = photo[row : row + side, column : column + side]
        cut = cut[:, ::-1] if self.mirrored[number] else cut
        return np.asarray(cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def draw_cuts(generator: torch.Generator, folder: str | None, count: int) -> Cuts | None:
    """Draw cut-outs for about half of ``count`` rows; None without a folder."""
    if folder is None:
        return None
    numbers = torch.rand(count, 6, generator=generator, device=generator.device).tolist()
    drawn = [(row, *values) for row, (chosen, *values) in enumerate(numbers) if chosen < 0.5]
    return Cuts(
        folder,
        [row for row, *_ in drawn],
        [photo for _, photo, *_ in drawn],
        [0.3 + 0.7 * side for _, _, side, *_ in drawn],
        [(top, left) for _, _, _, top, left, _ in drawn],
        [turn < 0.5 for *_, turn in drawn],
    )


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
def _photo(file: str) -> npt.NDArray[np.uint8]:
    photo = load_image(file)
    shrink = min(1.0, MOST / max(photo.shape))
    size = (max(1, round(photo.shape[1] * shrink)), max(1, round(photo.shape[0] * shrink)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
