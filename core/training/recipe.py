"""The numbers of a training run."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Stage:
    """Steps of a run in which the learning rate rises and falls once.

    Attributes:
        begin: steps before it.
        length: its steps.
        warmup: steps in which the rate rises.
        factor: its peak rate, as a share of the recipe's.
    """

    begin: int
    length: int
    warmup: int
    factor: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """The numbers that every run has; the optimiser is AdamW.

    Attributes:
        steps: length of the run.
        rate: peak learning rate.
        warmup: steps in which the rate rises linearly to its peak.
        final_rate: share of the peak rate that a cosine falls to by the last step.
        weight_decay: of AdamW.
        betas: of AdamW, decay of its averages of gradients and of their squares.
        gradient_norm: gradients are scaled down to this norm at most; None leaves them.
        seed: of all random numbers.
    """

    steps: int = 1000
    rate: float = 1e-3
    warmup: int = 0
    final_rate: float = 0.01
    weight_decay: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    gradient_norm: float | None = None
    seed: int = 0

    def stages(self) -> tuple[Stage, ...]:
        """The stages of the run, one after the other; they hold all of its steps."""
        return (Stage(0, self.steps, self.warmup),)


@dataclass(frozen=True)
class LongRecipe(Recipe):
    """The numbers of a run with a folder, whose weights are averaged.

    Attributes:
        ema_decay: of the averaged weights that are the result of the run, at a step.
        start: weights to go on from instead of random ones, or "imagenet" for the trunk's published ones.
        log_every: steps between two lines of the log.
        save_every: steps between two checkpoints.
    """

    steps: int = 20_000
    warmup: int = 300
    weight_decay: float = 0.03
    betas: tuple[float, float] = (0.9, 0.98)
    gradient_norm: float | None = 1.0
    ema_decay: float = 0.999
    start: str | None = None
    log_every: int = 10
    save_every: int = 200


@dataclass(frozen=True)
class PairRecipe(LongRecipe):
    """The numbers of a run on pairs of pictures.

    With ``start``, BatchNorm keeps its statistics, and the trunk's first layers stay as they are.

    Attributes:
        pairs: pairs of pictures a step.
        uses: how often a pair that was drawn is learnt from, each time with fresh changes; above 1 pairs are kept in
            the folder of the run (see :mod:`core.training.kept_pairs`).
        trunk_rate: the rate of the rest of the trunk, where it is not random at the start, as a share of that of the
            other layers.
        workers: processes that make the pairs; 0 makes them in the one that trains.
        renderer: "open3d" draws pictures one by one in the workers, "warp" in batches on the device; "auto" takes Warp
            on a GPU.
    """

    pairs: int = 96
    uses: int = 1
    trunk_rate: float = 0.04
    workers: int = 0
    renderer: Literal["auto", "open3d", "warp"] = "auto"
