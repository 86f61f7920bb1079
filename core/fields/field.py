"""Feature fields: descriptors at points of a surface."""

from dataclasses import dataclass
from functools import cached_property

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

        Reading all descriptors takes the time, so one byte a number is read, which is right to 0.005; the most promising runs of
        neighbours are computed again in float32.
        """
        codes, steps = self._codes
        code, step = _quantise(query[None])
        products = simsimd.cdist(code.numpy(), codes, "dot", out_dtype="f32", threads=torch.get_num_threads())
        scores = np.asarray(products)[0]
        scores *= steps
        scores *= float(step)
        again = _most_promising(scores)
        scores[again] = (self.descriptors[torch.from_numpy(again)].float() @ query).numpy()
        return scores

    @cached_property
    def _codes(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        codes, steps = torch.empty(self.descriptors.shape, dtype=torch.int8), torch.empty(len(self))
        for part in torch.arange(len(self)).split(1 << 16):
            codes[part], steps[part] = _quantise(self.descriptors[part].float())
        return codes.numpy(), steps.numpy()


def _quantise(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """float32 [N, D] -> int8 [N, D] and float32 [N], what a unit of each row's code stands for."""
    steps = rows.abs().amax(dim=1).clamp(min=1e-12) / 127
    return (rows / steps[:, None]).round().to(torch.int8), steps


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
