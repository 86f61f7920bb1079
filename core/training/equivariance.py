"""The recipe that adapts an encoder to some shapes.

One place, seen from two sides in two lights, gets the same descriptor.

After "Multiview Equivariance Improves 3D Correspondence Understanding with Minimal Feature Finetuning" (ICLR 2025):
SmoothAP over places of two pictures, negatives farther than 0.1 of the diagonal. Three things differ, for a run of
minutes on a CPU: one of the pictures is always a view as the program draws shapes, because that is what photos are
matched with; positives are nearer than 0.03, not 0.005, because places of all views are compared at once; two thirds of
the change are kept (weights are interpolated between the base's and the adapted ones, WiSE-FT: Wortsman et al., "Robust
fine-tuning of zero-shot models", CVPR 2022), and the base's descriptors count half. What learns is in
:mod:`core.encoders.lora`.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from core.encoders.base import TunableEncoder
from core.encoders.lora import LoraNet, save_lora
from core.errors import Cancelled, CounterpointError
from core.files import check_place
from core.progress import Progress, silent, span
from core.training.adaptation_check import OwnPhoto, compare, refuse_if_worse
from core.training.loop import Learner, Terms, run
from core.training.losses import place_target, smooth_ap, soft_info_nce
from core.training.observing import Observation, Observer, PhotoCorrespondence, Pool, describe
from core.training.recipe import Recipe
from core.training.scene import Object3D

VIEWS = 8
"""In so many of the views held-out places are looked for."""

WITHIN = 0.1
"""Object diagonals within which a place counts as found."""


@dataclass(frozen=True)
class AdaptSettings(Recipe):
    """The numbers of a run.

    Attributes:
        steps: at most; the run also ends by ``minutes`` and ``patience``.
        minutes: at most, once the pictures are taken.
        pictures: taken of the shapes as a camera might, besides their views.
        queries: pictures compared with views in a step, all of one shape.
        views: views compared with them.
        places: places of each picture and view in a step.
        loss: SmoothAP as in the paper, or the soft InfoNCE that the pocket encoder was trained with.
        interpolation: where between the base's weights (0) and the adapted ones (1) the result lies (WiSE-FT).
        positive_radius: of SmoothAP: places nearer than this are one place, in object diagonals.
        negative_radius: of SmoothAP: places farther apart than this are two, in object diagonals.
        temperature: of SmoothAP, in cosine similarity.
        sigma: of InfoNCE: width of the soft targets, in object diagonals.
        scale: of InfoNCE: inverse temperature.
        measure_every: steps between two measurements on held-out pictures.
        patience: measurements that may pass without a better one.
        held_out: pictures of each shape to measure with.
    """

    steps: int = 400
    warmup: int = 10
    gradient_norm: float | None = 1.0
    minutes: float = 3.0
    pictures: int = 96
    queries: int = 6
    views: int = 4
    places: int = 200
    loss: Literal["smoothap", "infonce"] = "smoothap"
    interpolation: float = 0.65
    positive_radius: float = 0.03
    negative_radius: float = 0.1
    temperature: float = 0.02
    sigma: float = 0.05
    scale: float = 20.0
    measure_every: int = 10
    patience: int = 10
    held_out: int = 12


@dataclass(frozen=True)
class Measured:
    """How a run went.

    Attributes:
        step: steps done.
        seconds: since the pictures were taken.
        loss: its mean since the last measurement, NaN without steps.
        consistency: on held-out pictures, see :func:`consistency`.
    """

    step: int
    seconds: float
    loss: float
    consistency: float


@dataclass
class Comparison:
    """What a step compares: ``queries`` with ``views`` of one object."""

    queries: list[Observation]
    views: list[Observation]


class EquivarianceLearner(Learner[Comparison]):
    """Low-rank changes that learn from pools of pictures, and the best of them so far.

    Attributes:
        net: what learns.
        curve: the measurements, the base's own first.
    """

    def __init__(
        self,
        net: LoraNet,
        pools: Sequence[Pool],
        settings: AdaptSettings,
        rng: np.random.Generator,
        watch: Callable[[Measured], None] | None,
    ):
        super().__init__()
        self.net = net
        self.curve: list[Measured] = []
        self._pools, self._settings, self._rng, self._watch = pools, settings, rng, watch
        self._losses: list[float] = []
        self._begin = time.monotonic()
        self._start = self._best = self._copied()
        self.measure(0)

    def train(self, mode: bool = True) -> "EquivarianceLearner":
        """Leave the mode of evaluation as it is: statistics of batches stay the base's."""
        return self

    def data(self, done: int, device: torch.device) -> Iterable[Comparison]:
        """See :meth:`core.training.loop.Learner.data`; it ends by the clock, or when nothing gets better."""
        settings, rng = self._settings, self._rng
        for step in range(done, settings.steps):
            since = len(self.curve) - 1 - int(np.argmax([one.consistency for one in self.curve]))
            if self.position(step) >= settings.steps or since >= settings.patience:
                return
            pool = self._pools[int(rng.integers(len(self._pools)))]
            queries = [pool.pictures[i] for i in rng.permutation(len(pool.pictures))[: settings.queries]]
            views = [pool.views[i] for i in rng.permutation(len(pool.views))[: settings.views]]
            yield Comparison([*queries, *pool.corrected], views)

    def losses(self, batch: Comparison, step: int) -> Terms:
        """The loss of places of the queries and the views."""
        places = self._settings.places
        queries, keys = (describe(self.net, observed, places, self._rng) for observed in (batch.queries, batch.views))
        return {"places": (1.0, place_loss(*queries, *keys, self._settings))}

    def position(self, step: int) -> float:
        """See :meth:`core.training.loop.Learner.position`; the rate falls with the time that is left."""
        passed = (time.monotonic() - self._begin) / (60 * self._settings.minutes)
        return max(step, self._settings.steps * min(passed, 1.0))

    def after(self, step: int, loss: float) -> None:
        """Measure now and then."""
        self._losses.append(loss)
        if step % self._settings.measure_every == 0:
            self.measure(step)

    def message(self, step: int, steps: int, loss: float) -> str:
        """See :meth:`core.training.loop.Learner.message`."""
        high = max(one.consistency for one in self.curve)
        return f"Adapting: step {step}, {high:.1%} found again (at first {self.curve[0].consistency:.1%})"

    @property
    def is_better(self) -> bool:
        """Whether a measurement was better than the base's."""
        return self._best is not self._start

    def measure(self, step: int) -> None:
        """Measure after ``step`` steps, and keep the parameters if they are the best so far."""
        share = float(np.mean([consistency(self.net, pool) for pool in self._pools]))
        loss = float(np.mean(self._losses)) if self._losses else float("nan")
        if self.curve and share > max(one.consistency for one in self.curve):
            self._best = self._copied()
        self.curve.append(Measured(step, time.monotonic() - self._begin, loss, share))
        self._losses = []
        if self._watch is not None:
            self._watch(self.curve[-1])

    @torch.no_grad()
    def interpolate(self) -> None:
        """Take the best parameters, a part of the way from the base's to them, and measure once more."""
        if len(self._losses) > self._settings.measure_every // 2:
            self.measure(self.curve[-1].step + len(self._losses))
        for name, parameter in self.net.trainable().items():
            parameter.copy_(torch.lerp(self._start[name], self._best[name], self._settings.interpolation))
        self.measure(self.curve[-1].step)

    def _copied(self) -> dict[str, torch.Tensor]:
        return {name: parameter.detach().clone() for name, parameter in self.net.trainable().items()}


def _check(items: Sequence[Object3D], out: str | Path, settings: AdaptSettings) -> None:
    """Refuse before the work what would fail after it."""
    if not items:
        raise CounterpointError("There is nothing to adapt to: give one shape or more.")
    if not (0 < settings.minutes < math.inf and 0 < settings.rate < math.inf):
        raise CounterpointError("The minutes and the learning rate must be numbers above zero.")
    check_place(out)


def adapt(
    items: Sequence[Object3D],
    encoder: TunableEncoder,
    out: str | Path,
    settings: AdaptSettings = AdaptSettings(),
    progress: Progress = silent,
    watch: Callable[[Measured], None] | None = None,
    known: Sequence[PhotoCorrespondence] = (),
    photos: Sequence[OwnPhoto] = (),
) -> list[Measured]:
    """Adapt an encoder to objects, keep what was best on held-out pictures, and write it unless that is worse.

    Args:
        items: the objects, meshes.
        encoder: the base, which stays as it is.
        out: the file to write (see :func:`core.encoders.lora.save_lora`).
        settings: the numbers of the run.
        progress: called for every picture and every step; a run that it stops keeps the best so far, if that is better
            than the base.
        watch: called with every measurement.
        known: correspondences that are in every step of their object.
        photos: of the objects, in which the adapted encoder must not be worse either.

    Returns:
        The curve, the base's own measurement first. The last is of what was written (without the base's half).

    Raises:
        CounterpointError: no objects, nothing that could learn, nothing of them can be seen, ``out`` cannot be
            written, or the adapted encoder finds fewer places again than the base, on held-out pictures of an object or
            in a photo (see :mod:`core.training.adaptation_check`).
    """
    _check(items, out, settings)
    torch.manual_seed(settings.seed)
    net, rng = LoraNet(encoder).eval(), np.random.default_rng(settings.seed)
    observer = Observer(net, encoder)
    pools = observer.pools(items, settings.pictures, settings.held_out, settings.seed, rng, span(progress, 0.0, 0.15))
    for one in known:
        pools[one.number].corrected.append(observer.corrected(items[one.number], one))
    learner = EquivarianceLearner(net, pools, settings, rng, watch)
    try:
        run(learner, settings, next(net.parameters()).device, span(progress, 0.15, 1.0))
    except Cancelled:
        if not learner.is_better:
            raise
    learner.interpolate()
    refuse_if_worse(compare(encoder, net, [item.category for item in items], pools, photos))
    save_lora(out, net, encoder.fingerprint)
    return learner.curve


def place_loss(
    a: torch.Tensor, places_a: torch.Tensor, b: torch.Tensor, places_b: torch.Tensor, settings: AdaptSettings
) -> torch.Tensor:
    """Descriptors of one place should be alike, more than any others; a tensor without axes.

    Args:
        a: unit descriptors float32 [n, D].
        places_a: float32 [n, 3], where they are (normalised frame).
        b: unit descriptors float32 [m, D].
        places_b: float32 [m, 3], where they are.
        settings: which loss, and its numbers.
    """
    similar = a @ b.T
    if settings.loss == "smoothap":
        gap, radii = torch.cdist(places_a, places_b), (settings.positive_radius, settings.negative_radius)
        return smooth_ap(similar, gap, *radii, settings.temperature)
    target = place_target(places_a[None], places_b[None], settings.sigma)
    return soft_info_nce(a[None], b[None], target, torch.tensor(settings.scale))


@torch.no_grad()
def consistency(net: LoraNet, pool: Pool) -> float:
    """Share of places of held-out pictures that are found in ``VIEWS`` of the views.

    A place is found if the most similar one lies within a tenth of the object's diagonal.

    Args:
        net: what is measured.
        pool: what is observed of an object.
    """
    rng = np.random.default_rng(1)
    few = pool.views[:: max(1, len(pool.views) // VIEWS)]
    a, places_a = describe(net, pool.held_out, 100, rng)
    b, places_b = describe(net, few, 400, rng)
    nearest = places_b[(a @ b.T).argmax(1)]
    return float(((nearest - places_a).norm(dim=1) < WITHIN).float().mean())
