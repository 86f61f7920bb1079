"""Pixels of one photo that are found in another.

They are found through the canonical shape, and by the nearest neighbour in 2D with the same descriptors.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.arrays import Floats
from core.congealing.collection import Congealed
from core.congealing.coordinates import MapSettings, solve
from core.congealing.posed_photos import PosedPhoto

METHODS = ("nearest neighbour in 2D", "through 3D, poses alone", "through 3D, with maps")


@dataclass
class PixelErrors:
    """The results of many pixels.

    Attributes:
        right: by method, whether each pixel was found.
        angle: for each pixel the angle between the viewpoints in degrees, NaN if it is not known.
    """

    right: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in METHODS})
    angle: list[float] = field(default_factory=list)


class Matcher:
    """Matches pixels by all methods in one collection."""

    def __init__(self, found: Congealed):
        still = MapSettings(levels=(2,), steps=0)
        self._found = found
        self._straight = replace(found, maps=solve(found.members, found.canon.side.field, still))

    def __call__(
        self, a: int, b: int, pixels: npt.ArrayLike, truth: Floats, limit: float, angle: float, note: PixelErrors
    ) -> None:
        """Match pixels and note which are found.

        Args:
            a: the number of the first photo.
            b: the number of the second photo.
            pixels: (u, v) [n, 2] of the first.
            truth: (u, v) float [n, 2] of the second.
            limit: how near a match must be to the truth, in pixels.
            angle: between the viewpoints, in degrees; NaN if it is not known.
            note: what the results are added to.
        """
        members = self._found.members
        answers = (
            nearest_2d(members[a], members[b], pixels),
            self._straight.match(a, b, pixels)[0],
            self._found.match(a, b, pixels)[0],
        )
        for name, answer in zip(METHODS, answers, strict=True):
            error = np.linalg.norm(np.nan_to_num(answer, nan=1e6) - truth, axis=1)
            note.right[name] += (error < limit).tolist()
        note.angle += [angle] * len(truth)


def nearest_2d(one: PosedPhoto, other: PosedPhoto, pixels: npt.ArrayLike) -> Floats:
    """Return the pixels (u, v) float64 [n, 2] of another photo's object that are most alike.

    Their descriptors are the most similar to those at ``pixels`` [n, 2].
    """
    asked = one.scorer.image.map.sample(pixels)
    cells = np.flatnonzero(other.scorer.object > 0.5)
    if len(cells) == 0:
        cells = np.arange(len(other.scorer.object))
    unit = other.scorer.image.map.unit.reshape(len(other.scorer.object), -1)[torch.from_numpy(cells)]
    return np.asarray(other.scorer.pixels[cells[(asked @ unit.T).argmax(1).numpy()]])


def rows(note: PixelErrors) -> list[dict[str, Any]]:
    """Return the parts of the pixels that were found, a row for each method."""
    angle, table = np.array(note.angle), []
    for name in METHODS:
        right = np.array(note.right[name], float)
        row: dict[str, Any] = {"method": name, "pixels": len(right), "all": _mean(right)}
        if np.isfinite(angle).any():
            row |= {"< 30 apart": _mean(right[angle < 30]), "30 to 60": _mean(right[(angle >= 30) & (angle <= 60)])}
            row |= {"> 60 apart": _mean(right[angle > 60]), "pixels > 60": int((angle > 60).sum())}
        table.append(row)
    return table


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
