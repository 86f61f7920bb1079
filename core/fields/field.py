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
    """The descriptors of surface samples.

    Attributes:
        points: the N samples, in spatial order.
        descriptors: bfloat16 [N, D] of unit length. They take half the bytes of float32: a query reads them all, and
            memory is the limit.
        observed: bool [N], false where no view saw the sample and it has its neighbour's descriptor.
    """

    points: SurfacePoints
    descriptors: torch.Tensor
    observed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.points)

    def similarity(self, query: torch.Tensor) -> npt.NDArray[np.float32]:
        """Compare one unit descriptor float32 [D] with every sample.

        The time goes into reading all descriptors, so one byte a number is read, which is exact to 0.005; the most
        promising runs of neighbours are computed again in float32.

        Returns:
            Cosine similarities float32 [N].
        """
        codes, steps = self._codes
        code, step = _quantise(query[None])
        products = simsimd.cdist(code.numpy(), codes, "dot", out_dtype="f32", threads=torch.get_num_threads())
        scores = np.asarray(products)[0]
        scores *= steps
        scores *= float(step)
        again = _most_promising(scores)
        scores[again] = (self.descriptors[torch.from_numpy(again)].float() @ query).numpy()
        return np.asarray(scores)

    @cached_property
    def _codes(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        codes, steps = torch.empty(self.descriptors.shape, dtype=torch.int8), torch.empty(len(self))
        for part in torch.arange(len(self)).split(1 << 16):
            codes[part], steps[part] = _quantise(self.descriptors[part].float())
        return codes.numpy(), steps.numpy()


def _quantise(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Round float32 [N, D] to codes int8 [N, D].

    Also returns what one unit of each row's code stands for, float32 [N].
    """
    steps = rows.abs().amax(dim=1).clamp(min=1e-12) / 127
    return (rows / steps[:, None]).round().to(torch.int8), steps


def _most_promising(scores: npt.NDArray[np.float32], count: int = 3072) -> npt.NDArray[np.int64]:
    """Return about ``count`` indices.

    They are the runs of neighbours with the highest maxima, and what is left over at the end.
    """
    length = max(64, len(scores) // 4096)
    runs, top_runs = len(scores) // length, max(1, count // length)
    if runs <= top_runs:
        return np.arange(len(scores))
    rows = scores[: runs * length].reshape(runs, length)
    best = rows[np.arange(runs), rows.argmax(axis=1)]  # faster than max(axis=1)
    top = np.argpartition(best, -top_runs)[-top_runs:]
    return np.append((top[:, None] * length + np.arange(length)).ravel(), np.arange(runs * length, len(scores)))
