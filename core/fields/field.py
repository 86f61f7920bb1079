"""Feature fields: descriptors at points of a surface."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.geometry.sampling import SurfacePoints


@dataclass
class FeatureField:
    """Descriptors of surface samples.

    Attributes:
        points: N samples in spatial order.
        descriptors: bfloat16 [N, D], unit length. Half the bytes of float32: a query reads them all, and memory is the limit.
        observed: bool [N], false where no view saw the sample and a neighbour's descriptor stands in.
    """

    points: SurfacePoints
    descriptors: torch.Tensor
    observed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.points)

    def similarity(self, query: torch.Tensor) -> npt.NDArray[np.float32]:
        """Cosine similarity float32 [N] of one unit descriptor [D] with every sample.

        bfloat16 keeps three digits, too few to tell the best from the second best, so the most promising runs of neighbours are
        computed again in float32.
        """
        scores = (self.descriptors @ query.to(self.descriptors.dtype)).float().numpy()
        for run in _best_runs(scores):
            scores[run] = (self.descriptors[run].float() @ query).numpy()
        return scores


def _best_runs(scores: npt.NDArray[np.float32], length: int = 64, count: int = 48) -> list[slice]:
    whole = len(scores) // length
    if whole <= count:
        return [slice(0, len(scores))]
    best = scores[: whole * length].reshape(whole, length).max(axis=1)
    top = np.argpartition(best, -count)[-count:]
    tail = [slice(whole * length, len(scores))] if len(scores) % length else []
    return [slice(i * length, (i + 1) * length) for i in top] + tail
