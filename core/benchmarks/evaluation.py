"""The units of a comparison of encoders, which are measured one by one and give numbers and pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.encoders.base import ImageEncoder
from core.geometry.sampling import spread

LINES = 12
"""At most so many matches are drawn."""


GOOD, BAD = (60, 200, 90), (235, 60, 60)


@dataclass
class Example:
    """A case that a person can look at.

    Attributes:
        score: how well it went, in [0, 1].
        picture: RGB uint8 [H, W, 3].
    """

    score: float
    picture: npt.NDArray[np.uint8]


@dataclass
class Outcome:
    """What was measured of a unit.

    Attributes:
        numbers: by name.
        weight: of the numbers in a mean over units.
        examples: some of the cases.
    """

    numbers: dict[str, float]
    weight: float = 1.0
    examples: list[Example] = field(default_factory=list)


@dataclass
class EvaluationUnit:
    """A part of a task that is measured at once: a shape, an object, a video or a category.

    Attributes:
        name: of the unit.
        measure: measures an encoder on it.
    """

    name: str
    measure: Callable[[ImageEncoder], Outcome]


def whole_size(encoder: ImageEncoder) -> int:
    """Return the side in pixels of the square that a whole picture is encoded in: twice what a single object needs."""
    return 2 * encoder.input_size


def pck(errors: Floats, thresholds: Sequence[float], name: str = "pck") -> dict[str, float]:
    """Return the part of errors float [N] below each threshold, by ``NAME@THRESHOLD``; NaN if there are no errors."""
    return {f"{name}@{t:g}": float(np.mean(errors < t)) if len(errors) else float("nan") for t in thresholds}


def draw_matches(
    a: npt.NDArray[np.uint8],
    b: npt.NDArray[np.uint8],
    asked: Floats,
    found: Floats,
    right: npt.NDArray[np.bool_],
) -> npt.NDArray[np.uint8]:
    """Draw matches as lines between two pictures side by side.

    Args:
        a: RGB uint8 [H, W, 3].
        b: RGB uint8 [H', W', 3].
        asked: pixels (u, v) of the first picture, float [N, 2].
        found: the pixels (u, v) that were found in the second, float [N, 2].
        right: bool [N], whether they are right; their lines are green, and the others red.

    Returns:
        RGB uint8 [240, W'', 3].
    """
    height = 240
    scales = [height / len(picture) for picture in (a, b)]
    sides = [
        cv2.resize(picture, (max(1, round(picture.shape[1] * scale)), height), interpolation=cv2.INTER_AREA)
        for picture, scale in zip((a, b), scales, strict=True)
    ]
    canvas = np.concatenate(sides, axis=1)
    for i in spread(len(asked), LINES):
        begin = np.rint((asked[i] + 0.5) * scales[0]).astype(int)
        end = np.rint((found[i] + 0.5) * scales[1]).astype(int) + [sides[0].shape[1], 0]
        color = GOOD if right[i] else BAD
        cv2.line(canvas, begin.tolist(), end.tolist(), color, 1, cv2.LINE_AA)
        for at in (begin, end):
            cv2.circle(canvas, at.tolist(), 3, color, -1, cv2.LINE_AA)
    return canvas
