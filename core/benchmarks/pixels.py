"""Pixels of one photo found in another: through the canonical shape, and by the nearest neighbour in 2D with the same descriptors."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.congealing.collection import Congealed
from core.congealing.coordinates import MapSettings, solve
from core.congealing.posed_photos import PosedPhoto

Floats = npt.NDArray[np.floating]

METHODS = ("nearest neighbour in 2D", "through 3D, poses alone", "through 3D, with maps")


@dataclass
class PixelErrors:
    """Whether pixels were found, by method, and the angle in degrees between the viewpoints (NaN: not known)."""

    right: dict[str, list[bool]] = field(default_factory=lambda: {name: [] for name in METHODS})
    angle: list[float] = field(default_factory=list)


class Matcher:
    """All methods for one collection."""

    def __init__(self, found: Congealed):
        still = MapSettings(levels=(2,), steps=0)
        self._found = found
        self._straight = replace(found, maps=solve(found.members, found.canon.side.field, still))

    def __call__(
        self, a: int, b: int, pixels: npt.ArrayLike, truth: Floats, limit: float, angle: float, note: PixelErrors
    ) -> None:
        """Count pixels [n, 2] of photo ``a`` whose match in ``b`` lies within ``limit`` pixels of ``truth`` [n, 2]."""
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
    """The pixels [n, 2] of another photo's object with the most similar descriptors."""
    asked = one.scorer.image.map.sample(pixels)
    cells = np.flatnonzero(other.scorer.object > 0.5)
    if len(cells) == 0:
        cells = np.arange(len(other.scorer.object))
    unit = other.scorer.image.map.unit.reshape(len(other.scorer.object), -1)[torch.from_numpy(cells)]
    return np.asarray(other.scorer.pixels[cells[(asked @ unit.T).argmax(1).numpy()]])


def rows(note: PixelErrors) -> list[dict[str, Any]]:
    """Shares of pixels found, a row for each method."""
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
