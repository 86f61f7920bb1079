"""What a comparison of encoders is made of: units that are measured one by one, each giving numbers and pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from core.encoders.base import ImageEncoder

Floats = npt.NDArray[np.floating]

GOOD, BAD = (60, 200, 90), (235, 60, 60)


@dataclass
class Example:
    """A case that a person can look at: a picture uint8 [H, W, 3], and how well it went, in [0, 1]."""

    score: float
    picture: npt.NDArray[np.uint8]


@dataclass
class Outcome:
    """Numbers by name, how much they count in a mean, and some cases."""

    numbers: dict[str, float]
    weight: float = 1.0
    examples: list[Example] = field(default_factory=list)


@dataclass
class Unit:
    """A part of a task that is measured at once: a shape, an object, a video, a category."""

    name: str
    measure: Callable[[ImageEncoder], Outcome]


def whole_size(encoder: ImageEncoder) -> int:
    """Side of the square that a whole picture is encoded in: twice what a single object needs."""
    return 2 * encoder.input_size


def pck(errors: Floats, thresholds: Sequence[float], name: str = "pck") -> dict[str, float]:
    """Shares of errors [N] below thresholds; NaN of none."""
    return {f"{name}@{t:g}": float(np.mean(errors < t)) if len(errors) else float("nan") for t in thresholds}


def draw_matches(
    a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8], asked: Floats, found: Floats, right: npt.NDArray[np.bool_], most: int = 12
) -> npt.NDArray[np.uint8]:  # fmt: skip
    """Two pictures side by side; lines from pixels [N, 2] of the first to those found in the second, green where they are right."""
    height = 240
    scales = [height / len(picture) for picture in (a, b)]
    sides = [
        cv2.resize(picture, (max(1, round(picture.shape[1] * scale)), height), interpolation=cv2.INTER_AREA)
        for picture, scale in zip((a, b), scales, strict=True)
    ]
    canvas = np.concatenate(sides, axis=1)
    for i in np.linspace(0, len(asked) - 1, min(most, len(asked))).astype(int):
        begin = np.rint((asked[i] + 0.5) * scales[0]).astype(int)
        end = np.rint((found[i] + 0.5) * scales[1]).astype(int) + [sides[0].shape[1], 0]
        color = GOOD if right[i] else BAD
        cv2.line(canvas, begin.tolist(), end.tolist(), color, 1, cv2.LINE_AA)
        for at in (begin, end):
            cv2.circle(canvas, at.tolist(), 3, color, -1, cv2.LINE_AA)
    return canvas
