"""An encoder tuned to some shapes by multiview equivariance: the same place, seen from two sides in two lights, gets the same descriptor.

After "Multiview Equivariance Improves 3D Correspondence Understanding with Minimal Feature Finetuning" (ICLR 2025): SmoothAP over places
seen in both pictures, positives closer than 0.005 and negatives farther than 0.1 of the diagonal, sigmoid temperature 0.01. What is tuned is
in :mod:`core.encoders.tuned`.
"""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import TunableEncoder
from core.encoders.feature_map import sample_grid
from core.encoders.tuned import Tuning, save_tuning
from core.errors import CounterpointError
from core.progress import Progress, silent
from core.training.losses import place_target, soft_info_nce
from core.training.pictures import Picture, PictureSettings, Surface, take_picture
from core.training.procedural import Object3D

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class AdaptSettings:
    """Attributes:
    minutes: at most, and ``steps`` at most.
    views: pictures in a step, of one object; every two of them are compared.
    places: compared in every pair.
    loss: SmoothAP as in the paper, or the soft InfoNCE that the pocket encoder was trained with.
    rate: of AdamW; weight decay 1e-4.
    near, far, temperature: of SmoothAP; ``sigma`` and ``scale`` of InfoNCE (object diagonals, inverse temperature).
    every, patience: steps between two measurements on held-out pictures, and how many may pass without a better one.
    held_out: pairs of pictures to measure with.
    """

    minutes: float = 3.0
    steps: int = 400
    views: int = 4
    places: int = 200
    loss: Literal["smoothap", "infonce"] = "smoothap"
    rate: float = 5e-5
    near: float = 0.005
    far: float = 0.1
    temperature: float = 0.01
    sigma: float = 0.025
    scale: float = 20.0
    every: int = 10
    patience: int = 10
    held_out: int = 12
    seed: int = 0


@dataclass(frozen=True)
class Measured:
    """How a run went: at a step the mean loss since the last one, and the consistency on held-out pictures (see :func:`consistency`)."""

    step: int
    seconds: float
    loss: float
    consistency: float


@dataclass
class Pair:
    """Places seen in two pictures: their pixels [n, 2] in both, and where on the object they are [n, 3]."""

    a: Picture
    b: Picture
    pixels_a: Floats
    pixels_b: Floats
    points: Floats


def adapt(
    items: Sequence[Object3D],
    encoder: TunableEncoder,
    out: str | Path,
    settings: AdaptSettings = AdaptSettings(),
    progress: Progress = silent,
    watch: Callable[[Measured], None] | None = None,
) -> list[Measured]:
    """Tune an encoder to objects, keep what was best on held-out pictures, and write it; returns the curve, the base's own first.

    Raises:
        CounterpointError: no objects, nothing to tune, or nothing of them can be seen.
    """
    if not items:
        raise CounterpointError("There is nothing to adapt to: give one shape or more.")
    torch.manual_seed(settings.seed)
    tuning = Tuning(encoder).eval()  # statistics of batches stay the base's
    parameters = tuning.tuned()
    optimizer = torch.optim.AdamW(parameters.values(), settings.rate, weight_decay=1e-4)
    rng, looks = np.random.default_rng(settings.seed), PictureSettings(size=encoder.photo_size)
    progress(0.0, "Taking pictures to measure with")
    kept = np.random.default_rng((settings.seed, 1))
    held_out = [
        pair
        for i in range(settings.held_out)
        for pair in _pairs(items[i % len(items)], 2, kept, looks, settings.places)
    ]
    if not held_out:
        raise CounterpointError(
            "Nothing of the shapes is seen in two pictures at once; check that they are closed and not tiny."
        )
    begin, best, best_state = time.monotonic(), -1.0, None
    losses: list[float] = []
    curve: list[Measured] = []

    def measure(step: int) -> None:
        nonlocal best, best_state, losses
        found = Measured(
            step,
            time.monotonic() - begin,
            float(np.mean(losses)) if losses else float("nan"),
            consistency(tuning, held_out),
        )
        curve.append(found)
        losses = []
        if found.consistency > best:
            best, best_state = found.consistency, copy.deepcopy({n: p.detach() for n, p in parameters.items()})
        if watch is not None:
            watch(found)

    measure(0)
    for step in range(1, settings.steps + 1):
        seconds = time.monotonic() - begin
        share = max((step - 1) / settings.steps, seconds / (60 * settings.minutes))
        if share >= 1 or len(curve) - 1 - int(np.argmax([one.consistency for one in curve])) >= settings.patience:
            break
        progress(
            share, f"Adapting: step {step}, {100 * best:.1f} % consistent (at first {100 * curve[0].consistency:.1f} %)"
        )
        pairs = _pairs(items[int(rng.integers(len(items)))], settings.views, rng, looks, settings.places)
        if not pairs:
            continue
        optimizer.zero_grad()
        loss = torch.stack([pair_loss(*both, settings) for both in _described(tuning, pairs)]).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % settings.every == 0:
            measure(step)
    if losses:
        measure(curve[-1].step + len(losses))
    assert best_state is not None
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(best_state[name])
    save_tuning(out, tuning, encoder.fingerprint)
    return curve


def smooth_ap(
    similar: torch.Tensor, distance: torch.Tensor, near: float, far: float, temperature: float
) -> torch.Tensor:
    """1 - SmoothAP (Brown et al., ECCV 2020) of similarities [Q, K], averaged over queries that have a positive.

    Keys nearer than ``near`` are positives, those farther than ``far`` negatives, the rest do not count. The rank of a positive is told by
    sigmoids of how much more similar the others are.
    """
    positive, negative = distance < near, distance > far
    most = int(positive.sum(1).max())
    if most == 0:
        return similar.sum() * 0
    found, which = positive.to(similar.dtype).topk(most, dim=1)
    above = torch.sigmoid((similar[:, None] - similar.gather(1, which)[..., None]) / temperature)
    among = 0.5 + (above * positive[:, None]).sum(-1)  # sigmoid says a half of the positive itself
    rank = among + (above * negative[:, None]).sum(-1)
    precision = (among / rank * found).sum(1) / found.sum(1).clamp(min=1)
    counts = found.sum(1) > 0
    return 1 - precision[counts].mean()


def pair_loss(a: torch.Tensor, b: torch.Tensor, points: torch.Tensor, settings: AdaptSettings) -> torch.Tensor:
    """Of unit descriptors [n, D] of the same places [n, 3] in two pictures, both ways."""
    similar = a @ b.T
    if settings.loss == "infonce":
        target = place_target(points[None], points[None], settings.sigma)
        scale = torch.tensor(settings.scale)
        return (soft_info_nce(a[None], b[None], target, scale) + soft_info_nce(b[None], a[None], target, scale)) / 2
    gap = torch.cdist(points, points)
    gap = gap.fill_diagonal_(0)
    both = (smooth_ap(one, gap, settings.near, settings.far, settings.temperature) for one in (similar, similar.T))
    return sum(both, torch.zeros(())) / 2


@torch.no_grad()
def consistency(tuning: Tuning, pairs: Sequence[Pair], within: float = 0.05) -> float:
    """Share of places whose most similar place of the other picture lies ``within`` 5 % of the object's diagonal."""
    right = []
    for a, b, points in _described(tuning, pairs):
        nearest = points[(a @ b.T).argmax(1)]
        right.append(((nearest - points).norm(dim=1) < within).float())
    return float(torch.cat(right).mean())


def _pairs(item: Object3D, views: int, rng: np.random.Generator, looks: PictureSettings, places: int) -> list[Pair]:
    """Every two of some pictures of an object, which looks the same in all, and the places that both show."""
    surface = Surface(int(rng.integers(2**31)))
    pictures = [take_picture(item, rng, looks, surface) for _ in range(views)]
    found = []
    for i, a in enumerate(pictures):
        for b in pictures[i + 1 :]:
            rows, columns = np.nonzero(a.mask)
            if len(rows) == 0 or not b.mask.any():
                continue
            points = a.point[rows, columns].astype(np.float64)
            there, depth = b.camera.project(points)
            at = np.clip(np.rint(there), 0, len(b.mask) - 1).astype(int)
            seen = b.mask[at[:, 1], at[:, 0]] & (depth > 0)
            seen &= np.linalg.norm(b.point[at[:, 1], at[:, 0]] - points, axis=1) < 0.02
            shared = np.flatnonzero(seen)
            if len(shared) < 30:
                continue
            chosen = rng.choice(shared, min(places, len(shared)), replace=False)
            pixels = np.stack([columns, rows], axis=1)[chosen].astype(np.float64)
            found.append(Pair(a, b, pixels, there[chosen], points[chosen]))
    return found


def _described(tuning: Tuning, pairs: Sequence[Pair]) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Unit descriptors of the places in both pictures, and the places; each picture is encoded once."""
    pictures = list({id(picture): picture for pair in pairs for picture in (pair.a, pair.b)}.values())
    number = {id(picture): i for i, picture in enumerate(pictures)}
    maps = torch.cat(
        [tuning.look(np.stack([p.image for p in pictures[i : i + 8]])).descriptors for i in range(0, len(pictures), 8)]
    )
    size = len(pictures[0].image)

    def at(picture: Picture, pixels: Floats) -> torch.Tensor:
        grid = maps[number[id(picture)]]
        return sample_grid(grid, (pixels + 0.5) / size * [grid.shape[1], grid.shape[0]] - 0.5)

    return [(at(p.a, p.pixels_a), at(p.b, p.pixels_b), torch.from_numpy(p.points).float()) for p in pairs]
