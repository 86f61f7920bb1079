"""Squares of a photo that the cutter has looked at, and masks carried from one to the other."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.encoders.feature_map import Box

Floats = npt.NDArray[np.float32]


@dataclass
class CutterView:
    """A square of a photo that the net has looked at.

    Attributes:
        corner: the column and row of its top left corner, between pixels of the photo.
        side: in pixels of the photo.
        size: in pixels of the picture that the net saw.
        maps: of the net.
    """

    corner: tuple[float, float]
    side: float
    size: int
    maps: list[torch.Tensor]

    def to_view(self, pixels: npt.ArrayLike) -> Floats:
        """Pixels [..., 2] of the photo in those of the net's picture."""
        at = np.asarray(pixels, np.float32) + 0.5 - np.asarray(self.corner, np.float32)
        return np.asarray(at * (self.size / self.side) - 0.5, np.float32)

    def box(self, box: Box | None) -> Floats:
        """A box of the photo in pixels of the net's picture, [1, 4]; not a number without a box."""
        if box is None:
            return np.full((1, 4), np.nan, np.float32)
        return self.to_view(np.reshape(box, (2, 2))).reshape(1, 4)


def seen_from(view: CutterView, cells: int, other: CutterView, soft: Floats, beyond: float | None = None) -> Floats:
    """Probabilities [M, h, h] of masks in another view as [M, cells, cells] of this one.

    Beyond the other view they are ``beyond``; None goes on as at its rim.
    """
    step = view.side / cells * soft.shape[1] / other.side
    corner = (np.asarray(view.corner) - other.corner) * soft.shape[1] / other.side
    start = corner + step / 2 - 0.5
    turn = np.array([[step, 0, start[0]], [0, step, start[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REPLICATE if beyond is None else cv2.BORDER_CONSTANT
    size = (cells, cells)
    return np.stack(
        [cv2.warpAffine(a, turn, size, flags=flags, borderMode=border, borderValue=beyond or 0) for a in soft]
    )


def cut_out(image: npt.NDArray[np.uint8], corner: tuple[float, float], side: float, size: int) -> npt.NDArray[np.uint8]:
    """A square of a photo, uint8 [size, size, 3], grey where it is beyond the photo."""
    scale = size / side
    shrink = min(1.0, 2 * scale)
    if shrink < 1:
        small = (max(1, round(image.shape[1] * shrink)), max(1, round(image.shape[0] * shrink)))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    sx, sy = scale / shrink, scale / shrink
    x, y = corner[0] * shrink, corner[1] * shrink
    turn = np.array([[sx, 0, (0.5 - x) * sx - 0.5], [0, sy, (0.5 - y) * sy - 0.5]])
    cut = cv2.warpAffine(image, turn, (size, size), flags=cv2.INTER_LINEAR, borderValue=(127, 127, 127))
    return np.asarray(cut, np.uint8)
