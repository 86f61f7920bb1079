"""What is odd about where the points or bodies of a shape are: no measurements, and what lies far from the rest."""

import numpy as np
import numpy.typing as npt

from core.arrays import Floats

FEW = 0.02
"""So small a share of the points makes no shape."""

FAR = 20.0
"""Their box is so many times as large as that of the others if they lie far away."""

BINS, APART = 400, 2.0
"""Steps along an axis in which faces are looked for, and how many times as wide as the bodies a gap between them is odd."""

SAME = 0.01
"""If so large a share of the points lie in one place, it stands for something else."""


def said_of_points(points: Floats, name: str) -> list[str]:
    """Return what a user should know about the places of a cloud, points [n, 3], a sentence each."""
    said = []
    alike = points[(points[:, 0] == points[:, 1]) & (points[:, 1] == points[:, 2]), 0]
    values, counts = np.unique(alike, return_counts=True)
    if len(counts) and counts.max() >= max(3, SAME * len(points)):
        value = f"{values[counts.argmax()]:g}"
        said.append(
            f"{counts.max():,} of {len(points):,} points of {name} lie at ({value}, {value}, {value}), which often stands for no "
            "measurement; remove them if it does."
        )
    some = points[:: max(1, len(points) // 200_000)]
    low, high = np.quantile(some, [FEW, 1 - FEW], axis=0)
    whole, most = np.linalg.norm(np.ptp(points, axis=0)), float(np.linalg.norm(high - low))
    if len(points) >= 1 / FEW and whole > FAR * most > 0:
        far = int(((points < low - most) | (points > high + most)).any(axis=1).sum())
        said.append(
            f"{far:,} of {len(points):,} points of {name} lie far away from the others, which are small beside them; remove them "
            "if they are measured wrongly."
        )
    return said


def said_of_faces(vertices: Floats, faces: npt.NDArray[np.integer], name: str) -> list[str]:
    """Return what a user should know about where the bodies of a mesh are: vertices [v, 3], faces [f, 3]."""
    for axis in range(3):
        a, b, c = (vertices[faces[:, corner], axis] for corner in range(3))
        low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
        start = float(low.min())
        extent = float(high.max()) - start
        if extent <= 0:
            continue
        first = np.clip((low - start) / extent * BINS, 0, BINS - 1).astype(np.int64)
        last = np.clip((high - start) / extent * BINS, 0, BINS - 1).astype(np.int64)
        steps = np.bincount(first, minlength=BINS + 1) - np.bincount(last + 1, minlength=BINS + 1)
        filled = np.flatnonzero(np.cumsum(steps)[:BINS])
        gaps = np.diff(filled)
        widest = int(gaps.argmax()) if len(gaps) else 0
        if len(gaps) and gaps[widest] > APART * max(filled[widest] + 1, BINS - filled[widest + 1]):
            gap = gaps[widest] / BINS * extent
            return [
                f"{name} has bodies that lie {gap:.3g} apart, more than twice their own size: together they are one shape, of which "
                "each is small; keep the one that is meant."
            ]
    return []
