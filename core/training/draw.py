"""Random numbers from one generator of torch."""

import torch
from torch.nn import functional as F


class Draw:
    """Random numbers, float32 where nothing else is said, of the shape given and on the generator's device."""

    def __init__(self, generator: torch.Generator):
        self.generator, self.device = generator, generator.device

    def between(self, low: float, high: float, *shape: int) -> torch.Tensor:
        """Uniform numbers."""
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.device)

    def normal(self, *shape: int) -> torch.Tensor:
        """Normal numbers."""
        return torch.randn(shape, generator=self.generator, device=self.device)

    def chance(self, probability: float, *shape: int) -> torch.Tensor:
        """Bool, true with a probability."""
        return torch.rand(shape, generator=self.generator, device=self.device) < probability

    def whole(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """Integers int64 from ``low`` to ``high`` - 1."""
        return torch.randint(low, high, shape, generator=self.generator, device=self.device)

    def unit(self, *shape: int) -> torch.Tensor:
        """Unit vectors; the last length of the shape is theirs."""
        return F.normalize(self.normal(*shape), dim=-1)
