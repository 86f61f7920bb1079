"""Feature fields: descriptors at points of a surface."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import simsimd
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
        scores = _products(self.descriptors, query)
        again = _most_promising(scores)
        scores[again] = (self.descriptors[torch.from_numpy(again)].float() @ query).numpy()
        return scores


def _products(descriptors: torch.Tensor, query: torch.Tensor) -> npt.NDArray[np.float32]:
    """bfloat16 [N, D] @ [D]; SimSIMD reads as fast as memory gives, where torch is slower on some processors."""
    table = descriptors.view(torch.uint16).numpy()
    row = query.to(torch.bfloat16).view(torch.uint16).numpy()[None]
    products = simsimd.cdist(row, table, "dot", dtype="bf16", out_dtype="f32", threads=torch.get_num_threads())
    return np.asarray(products, np.float32)[0]


def _most_promising(scores: npt.NDArray[np.float32], count: int = 3072) -> npt.NDArray[np.int64]:
    """About ``count`` indices: of runs of neighbours those with the highest maxima, and the odd ones at the end."""
    length = max(64, len(scores) // 4096)
    runs, top_runs = len(scores) // length, max(1, count // length)
    if runs <= top_runs:
        return np.arange(len(scores))
    rows = scores[: runs * length].reshape(runs, length)
    best = rows[np.arange(runs), rows.argmax(axis=1)]  # faster than max(axis=1)
    top = np.argpartition(best, -top_runs)[-top_runs:]
    return np.append((top[:, None] * length + np.arange(length)).ravel(), np.arange(runs * length, len(scores)))
