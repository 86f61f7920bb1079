"""Values at surface samples carried to the vertices of another tessellation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from core.geometry.sampling import SurfacePoints

_NORMAL_SCALE = 0.05
"""Two points with opposite normals count as 0.1 diagonals apart, so that the sides of a thin wall keep their own
values."""


@dataclass
class Interpolator:
    """Interpolates values at V points as the inverse-distance mean of the three nearest surface samples.

    Attributes:
        index: int64 [V, 3], the numbers of the samples.
        weight: float32 [V, 3], their weights; rows sum to 1.
    """

    index: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]

    @classmethod
    def build(
        cls, samples: SurfacePoints, points: npt.NDArray[np.floating], normals: npt.NDArray[np.floating]
    ) -> "Interpolator":
        """Find the nearest samples of points.

        Args:
            samples: the surface samples that values are known at.
            points: float [V, 3] in the normalised frame.
            normals: their unit normals, float [V, 3]; samples with another normal count as farther away.
        """
        tree = cKDTree(np.hstack([samples.position, _NORMAL_SCALE * samples.normal]))
        k = min(3, len(samples))
        distance, index = tree.query(np.hstack([points, _NORMAL_SCALE * normals]), k=k, workers=-1)
        weight = 1 / np.maximum(distance.reshape(-1, k), 1e-6)
        return cls(index.reshape(-1, k), (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32))

    def __call__(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Carry values float32 [N] at the samples to the points: float32 [V]."""
        return np.asarray(np.einsum("vk,vk->v", values[self.index], self.weight))
