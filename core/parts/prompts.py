"""Prompts about a part of an image, and the candidates that a segmenter makes of them."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from core.arrays import Mask
from core.encoders.feature_map import Box
from core.encoders.points import farthest_points
from core.errors import CounterpointError
from core.geometry.pixel_grid import pixels_of

SPREAD = 6
"""So many pixels stand for a stroke."""


@dataclass
class Prompts:
    """Hints about one part.

    Attributes:
        add: pixels (u, v) that belong to the part.
        remove: pixels (u, v) that do not.
        box: (x0, y0, x1, y1) around the part, in pixels.
        painted: bool [H, W], what was brushed over as belonging to the part, or None.
        erased: bool [H, W], what was brushed over as not belonging to it, or None.
    """

    add: list[tuple[float, float]] = field(default_factory=list)
    remove: list[tuple[float, float]] = field(default_factory=list)
    box: Box | None = None
    painted: Mask | None = None
    erased: Mask | None = None

    def __post_init__(self) -> None:
        if self.box is not None:  # whichever corners were given
            x0, y0, x1, y1 = self.box
            self.box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))

    def check(self, size: tuple[int, int]) -> None:
        """Check the prompts against an image of (width, height) pixels.

        Raises:
            CounterpointError: there is no point, box or stroke, a point lies outside the image or is added and removed at
                once, or the box holds nothing of the image.
        """
        width, height = size
        if not self.add and self.box is None and (self.painted is None or not self.painted.any()):
            raise CounterpointError("Nothing says where the part is: add a point, a box or a stroke.")
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if not (min(x1, width - 0.5) - max(x0, -0.5) >= 1 and min(y1, height - 0.5) - max(y0, -0.5) >= 1):
                raise CounterpointError(f"The box holds no pixel of the image ({width} x {height}); draw another one.")
        for u, v in (*self.add, *self.remove):
            if not (-0.5 <= u <= width - 0.5 and -0.5 <= v <= height - 0.5):
                raise CounterpointError(f"The point ({u:.0f}, {v:.0f}) is outside the image ({width} x {height}).")
        if both := {pixel_at(point) for point in self.add} & {pixel_at(point) for point in self.remove}:
            u, v = min(both)
            raise CounterpointError(f"The point ({u}, {v}) is both added and removed; leave one of them out.")


def pixel_at(point: tuple[float, float]) -> tuple[int, int]:
    """Return the pixel (column, row) in which a point (u, v) lies."""
    return round(point[0]), round(point[1])


@dataclass
class Candidate:
    """A possible part.

    Attributes:
        mask: bool [H, W].
        score: how good the segmenter thinks it is, in [0, 1].
    """

    mask: Mask
    score: float


class Segmenter(Protocol):
    """Makes masks from prompts. ``set_image`` is expensive and called once for an image; ``predict`` is fast.

    Attributes:
        name: what users choose it by.
    """

    name: str

    def set_image(self, image: npt.NDArray[np.uint8]) -> None:
        """Set the image RGB uint8 [H, W, 3] that prompts refer to."""
        ...

    def predict(self, prompts: Prompts) -> list[Candidate]:
        """Return three possible parts, the best first.

        Raises:
            CounterpointError: the prompts tell nothing, or lie outside the image.
        """
        ...


def spread_over(stroke: Mask | None) -> list[tuple[float, float]]:
    """Return ``SPREAD`` pixels (u, v) of a stroke bool [H, W], far from each other."""
    if stroke is None or not stroke.any():
        return []
    every = pixels_of(stroke)
    pixels = every.astype(np.float32)[:: max(1, len(every) // 2000)]
    chosen = farthest_points(torch.from_numpy(pixels)[None], SPREAD)[0].numpy()
    return [(float(u), float(v)) for u, v in pixels[chosen]]
