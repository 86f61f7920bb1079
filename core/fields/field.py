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
        """Cosine similarity float32 [N] of one unit descriptor [D] with every sample."""
        return (self.descriptors @ query.to(self.descriptors.dtype)).float().numpy()
