"""What a user says about a part of an image, and what a segmenter makes of it."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.encoders.feature_map import Box
from core.errors import CounterpointError

Mask = npt.NDArray[np.bool_]


@dataclass
class Prompts:
    """Hints about one part.

    Attributes:
        add, remove: pixels (u, v) that belong to the part, and that do not.
        box: (x0, y0, x1, y1) around the part.
        painted, erased: bool [H, W], what was brushed over as part of it and as not, or None.
    """

    add: list[tuple[float, float]] = field(default_factory=list)
    remove: list[tuple[float, float]] = field(default_factory=list)
    box: Box | None = None
    painted: Mask | None = None
    erased: Mask | None = None

    def check(self, size: tuple[int, int]) -> None:
        """Of an image of (width, height).

        Raises:
            CounterpointError: nothing says where the part is, or a point lies outside the image.
        """
        width, height = size
        if not self.add and self.box is None and (self.painted is None or not self.painted.any()):
            raise CounterpointError("Nothing says where the part is: add a point, a box or a stroke.")
        for u, v in (*self.add, *self.remove):
            if not (-0.5 <= u <= width - 0.5 and -0.5 <= v <= height - 0.5):
                raise CounterpointError(f"The point {u:g},{v:g} lies outside the image ({width} x {height}).")


@dataclass
class Candidate:
    """A possible part: bool [H, W], and how good the segmenter thinks it is, in [0, 1]."""

    mask: Mask
    score: float


class Segmenter(Protocol):
    """Makes masks from prompts. ``set_image`` is the dear call, once an image; ``predict`` the cheap one."""

    name: str

    def set_image(self, image: npt.NDArray[np.uint8]) -> None:
        """The image uint8 [H, W, 3] that prompts refer to."""
        ...

    def predict(self, prompts: Prompts) -> list[Candidate]:
        """Three possible parts, best first."""
        ...
