"""The learning rate of every step."""

import torch
from timm.scheduler import CosineLRScheduler

from core.training.recipe import Recipe


class Schedule:
    """In each stage of a run the rate rises linearly, and falls along a cosine."""

    def __init__(self, optimizer: torch.optim.Optimizer, recipe: Recipe):
        self._optimizer, self._stages = optimizer, recipe.stages()
        self._schedulers = []
        for stage in self._stages:
            peak, length = recipe.rate * stage.factor, max(1, stage.length)
            for group in optimizer.param_groups:
                group["initial_lr"] = peak  # timm takes it for the highest rate
            self._schedulers.append(
                CosineLRScheduler(optimizer, length, peak * recipe.final_rate, warmup_t=stage.warmup, t_in_epochs=False)
            )

    def apply(self, step: int, position: float) -> float:
        """Set the rate of a step, counted from 1, and return it.

        Args:
            step: the step.
            position: how far the run has come, in steps; it leaves the warm-up as it is.
        """
        last = len(self._stages) - 1
        number = next((i for i, stage in enumerate(self._stages) if step <= stage.begin + stage.length), last)
        scheduler, begin = self._schedulers[number], self._stages[number].begin
        scheduler.step_update((step if step - begin < scheduler.warmup_t else position) - begin)
        group = self._optimizer.param_groups[0]
        return float(group["lr"] / group.get("lr_scale", 1.0))
