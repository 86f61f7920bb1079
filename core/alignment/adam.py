"""Adam (Kingma and Ba, 2015, algorithm 1) for a few small tensors.

It takes the steps of ``torch.optim.Adam`` (a test holds them together), whose first use imports PyTorch's compiler: a
second and a half that every alignment would wait for.
"""

from collections.abc import Sequence

import torch

DECAYS = (0.9, 0.999)
EPSILON = 1e-8


class Adam:
    """Lets parameters (leaves that require gradients, any shapes) descend a loss in place."""

    def __init__(self, parameters: Sequence[torch.Tensor], rate: float):
        self._parameters, self._rate, self._steps = list(parameters), rate, 0
        self._means = [torch.zeros_like(one, requires_grad=False) for one in self._parameters]
        self._squares = [torch.zeros_like(one, requires_grad=False) for one in self._parameters]

    def step(self, loss: torch.Tensor, free: Sequence[torch.Tensor] | None = None) -> None:
        """Take one step.

        Args:
            loss: a scalar [] that depends on the parameters, or on some of them.
            free: what the gradient of each parameter is multiplied by, broadcast; None is one.
        """
        gradients = torch.autograd.grad(loss, self._parameters, allow_unused=True)
        self._steps += 1
        with torch.no_grad():
            for number, (parameter, gradient) in enumerate(zip(self._parameters, gradients, strict=True)):
                if gradient is None:
                    continue
                if free is not None:
                    gradient = gradient * free[number]
                mean = self._means[number].lerp_(gradient, 1 - DECAYS[0])
                square = self._squares[number].lerp_(gradient * gradient, 1 - DECAYS[1])
                spread = (square / (1 - DECAYS[1] ** self._steps)).sqrt_().add_(EPSILON)
                parameter -= self._rate * (mean / (1 - DECAYS[0] ** self._steps)) / spread
