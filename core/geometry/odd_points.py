"""What is odd about the places of a point cloud: such as stand for no measurement, and such as lie far from the rest."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

FEW = 0.02
"""So small a share of the points makes no shape."""

FAR = 20.0
"""Their box is so many times as large as that of the others if they lie far away."""

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
