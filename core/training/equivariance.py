"""An encoder tuned to some shapes by multiview equivariance: the same place, seen from two sides in two lights, gets the same descriptor.

After "Multiview Equivariance Improves 3D Correspondence Understanding with Minimal Feature Finetuning" (ICLR 2025): SmoothAP over places
of two pictures, negatives farther than 0.1 of the diagonal. Three things differ, for a run of minutes on a CPU: one of the pictures is
always a view as the program draws shapes, because that is what photos are matched with; positives are nearer than 0.03, not 0.005, because
places of all views are compared at once; two thirds of the change are taken (weights between the base's and the tuned ones, Wortsman et al.,
"Robust fine-tuning of zero-shot models", CVPR 2022), and the base's descriptors count half. What is tuned is in :mod:`core.encoders.tuned`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import TunableEncoder
from core.encoders.feature_map import Box, cut_out, encode_image, sample_grid
from core.encoders.tuned import Tuning, save_tuning
from core.errors import Cancelled, CounterpointError
from core.fields.lifting import LiftSettings, cameras
from core.geometry.raycasting import surface_position
from core.geometry.render import render
from core.progress import Progress, silent, span
from core.training.losses import place_target, soft_info_nce
from core.training.pictures import PictureSettings, take_picture
from core.training.procedural import Object3D

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class AdaptSettings:
    """Attributes:
    minutes: at most, once the pictures are taken, and ``steps`` at most.
    pictures: taken of each shape as a camera might, besides its views; of many shapes fewer.
    asked, views: pictures and views compared in a step, of one shape.
    places: of each of them.
    loss: SmoothAP as in the paper, or the soft InfoNCE that the pocket encoder was trained with.
    rate: of AdamW at its peak; weight decay 1e-4.
    taken: how much of the change is taken in the end.
    near, far, temperature: of SmoothAP; ``sigma`` and ``scale`` of InfoNCE (object diagonals, inverse temperature).
    every, patience: steps between two measurements on held-out pictures, and how many may pass without a better one.
    held_out: pictures to measure with, of each shape.
    """

    minutes: float = 3.0
    steps: int = 400
    pictures: int = 96
    asked: int = 6
    views: int = 4
    places: int = 200
    loss: Literal["smoothap", "infonce"] = "smoothap"
    rate: float = 1e-3
    taken: float = 0.65
    near: float = 0.03
    far: float = 0.1
    temperature: float = 0.02
    sigma: float = 0.05
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


@dataclass(frozen=True)
class Known:
    """A match that a user put right: a pixel of a photo uint8 [H, W, 3] with the object's box, and the point of item ``number`` (its
    units and axes)."""

    image: npt.NDArray[np.uint8]
    box: Box | None
    pixel: tuple[float, float]
    number: int
    point: tuple[float, float, float]


@dataclass
class Seen:
    """A picture as the parts that stay see it (a batch of one), pixels (column, row) [n, 2] that show the object, relative to the picture's
    side, and the places [n, 3] that they show (normalised frame)."""

    begun: list[torch.Tensor]
    pixels: Floats
    points: Floats


@dataclass
class Pool:
    """The pictures of a shape, its views, and pictures that are only measured with."""

    pictures: list[Seen]
    views: list[Seen]
    held_out: list[Seen]


def adapt(
    items: Sequence[Object3D],
    encoder: TunableEncoder,
    out: str | Path,
    settings: AdaptSettings = AdaptSettings(),
    progress: Progress = silent,
    watch: Callable[[Measured], None] | None = None,
    known: Sequence[Known] = (),
) -> list[Measured]:
    """Tune an encoder to objects, keep what was best on held-out pictures, and write it; returns the curve, the base's own first.

    The last of the curve is what was written (without the base's half). A run that ``progress`` stops keeps the best so far.

    Raises:
        CounterpointError: no objects, nothing to tune, or nothing of them can be seen.
    """
    if not items:
        raise CounterpointError("There is nothing to adapt to: give one shape or more.")
    torch.manual_seed(settings.seed)
    tuning = Tuning(encoder).eval()  # statistics of batches stay the base's
    parameters = tuning.tuned()
    start = _copied(parameters)
    optimizer = torch.optim.AdamW(parameters.values(), settings.rate, weight_decay=1e-4)
    rng = np.random.default_rng(settings.seed)
    pools = _pools(items, tuning, encoder, settings, rng, span(progress, 0.0, 0.15))
    corrected = _corrected(items, tuning, encoder, known)
    begin = time.monotonic()
    losses: list[float] = []
    curve: list[Measured] = []
    best = start

    def measure(step: int) -> None:
        nonlocal best, losses
        share = float(np.mean([consistency(tuning, pool) for pool in pools]))
        loss = float(np.mean(losses)) if losses else float("nan")
        curve.append(Measured(step, time.monotonic() - begin, loss, share))
        losses = []
        if len(curve) > 1 and share > max(one.consistency for one in curve[:-1]):
            best = _copied(parameters)
        if watch is not None:
            watch(curve[-1])

    measure(0)
    for step in range(1, settings.steps + 1):
        done = max((step - 1) / settings.steps, (time.monotonic() - begin) / (60 * settings.minutes))
        if done >= 1 or len(curve) - 1 - int(np.argmax([one.consistency for one in curve])) >= settings.patience:
            break
        high = max(one.consistency for one in curve)
        try:
            said = f"Adapting: step {step}, {high:.1%} found again (at first {curve[0].consistency:.1%})"
            progress(0.15 + 0.85 * done, said)
        except Cancelled:
            if best is start:
                raise
            break
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * min(1.0, step / 10) * (0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2)
        number = int(rng.integers(len(pools)))
        pool = pools[number]
        asked = [pool.pictures[i] for i in rng.permutation(len(pool.pictures))[: settings.asked]]
        views = [pool.views[i] for i in rng.permutation(len(pool.views))[: settings.views]]
        optimizer.zero_grad()
        loss = place_loss(
            *_described(tuning, [*asked, *corrected[number]], settings.places, rng),
            *_described(tuning, views, settings.places, rng), settings,
        )  # fmt: skip
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % settings.every == 0:
            measure(step)
    if len(losses) > settings.every // 2:
        measure(curve[-1].step + len(losses))
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(torch.lerp(start[name], best[name], settings.taken))
    measure(curve[-1].step)
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


def place_loss(
    a: torch.Tensor, places_a: torch.Tensor, b: torch.Tensor, places_b: torch.Tensor, settings: AdaptSettings
) -> torch.Tensor:
    """Of unit descriptors [n, D] and [m, D] of places [n, 3] and [m, 3]: those of one place should be alike, more than any others."""
    similar = a @ b.T
    if settings.loss == "smoothap":
        return smooth_ap(similar, torch.cdist(places_a, places_b), settings.near, settings.far, settings.temperature)
    target = place_target(places_a[None], places_b[None], settings.sigma)
    return soft_info_nce(a[None], b[None], target, torch.tensor(settings.scale))


@torch.no_grad()
def consistency(tuning: Tuning, pool: Pool, within: float = 0.1, views: int = 8) -> float:
    """Share of places of held-out pictures whose most similar place in some views lies ``within`` a tenth of the diagonal."""
    rng = np.random.default_rng(1)
    few = pool.views[:: max(1, len(pool.views) // views)]
    a, places_a = _described(tuning, pool.held_out, 100, rng)
    b, places_b = _described(tuning, few, 400, rng)
    nearest = places_b[(a @ b.T).argmax(1)]
    return float(((nearest - places_a).norm(dim=1) < within).float().mean())


def _copied(parameters: dict[str, torch.nn.Parameter]) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in parameters.items()}


def _pools(
    items: Sequence[Object3D], tuning: Tuning, encoder: TunableEncoder, settings: AdaptSettings, rng: np.random.Generator, progress: Progress
) -> list[Pool]:  # fmt: skip
    """Pictures are looked at once by what stays; only the rest is run in every step."""
    looks = PictureSettings(encoder.photo_size, plain=0.05, any_roll=0.1, fill=(0.6, 1.05), own=0.8)
    count = max(12, settings.pictures // len(items))
    kept = np.random.default_rng((settings.seed, 1))
    pools = []
    for number, item in enumerate(items):
        report = span(progress, number / len(items), (number + 1) / len(items))
        pictures = _pictures(item, count, rng, looks, tuning, span(report, 0.0, 0.6))
        held_out = _pictures(item, settings.held_out, kept, looks, tuning, span(report, 0.6, 0.7))
        views = _views(item, encoder, tuning, span(report, 0.7, 1.0))
        if pictures and held_out and views:
            pools.append(Pool(pictures, views, held_out))
        elif len(items) == 1:
            raise CounterpointError("Nothing of the shape is seen in pictures of it; check that it is not empty or tiny.")  # fmt: skip
    if len(pools) < len(items):
        raise CounterpointError(f"Of {len(items) - len(pools)} shapes nothing is seen in pictures; check that they are not empty or tiny.")  # fmt: skip
    return pools


def _pictures(
    item: Object3D, count: int, rng: np.random.Generator, looks: PictureSettings, tuning: Tuning, progress: Progress
) -> list[Seen]:
    found = []
    for number in range(count):
        progress(number / count, f"Taking pictures of {item.category}: {number + 1} of {count}")
        picture = take_picture(item, rng, looks)
        found.append(_seen(picture.image, picture.mask, picture.point, tuning))
    return [one for one in found if len(one.points) >= 100]


def _views(item: Object3D, encoder: TunableEncoder, tuning: Tuning, progress: Progress) -> list[Seen]:
    """As feature fields are lifted from."""
    found, places = [], cameras(item.shape, encoder, LiftSettings())
    for number, camera in enumerate(places):
        progress(number / len(places), f"Looking at {item.category}: view {number + 1} of {len(places)}")
        hits = item.caster.view(camera)
        point = np.zeros((*hits.mask.shape, 3))
        point[hits.mask] = surface_position(item.shape, hits.face[hits.mask], hits.bary[hits.mask])
        found.append(_seen(render(item.caster, camera, "own").rgb, hits.mask, point, tuning))
    return [one for one in found if len(one.points) >= 100]


def _seen(image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], point: Floats, tuning: Tuning) -> Seen:
    rows, columns = np.nonzero(mask)
    pixels = (np.stack([columns, rows], axis=1) + 0.5) / len(image)
    return Seen(tuning.begin(image[None]), pixels, point[rows, columns].astype(np.float32))


def _corrected(
    items: Sequence[Object3D], tuning: Tuning, encoder: TunableEncoder, known: Sequence[Known]
) -> list[list[Seen]]:
    """For every item the photos with places that the user told; they are in every step of the item."""
    found: list[list[Seen]] = [[] for _ in items]
    for one in known:
        frame = encode_image(encoder, one.image, one.box).frame
        crop = cut_out(one.image, frame, encoder.photo_size)
        pixel = (np.array([one.pixel]) - frame[:2]) / (frame[2] - frame[0])
        place = items[one.number].shape.to_normalised(np.array([one.point])).astype(np.float32)
        found[one.number].append(Seen(tuning.begin(crop[None]), pixel, place))
    return found


def _described(
    tuning: Tuning, seen: Sequence[Seen], places: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit descriptors [n, D] of some places of pictures, and where they are [n, 3]."""
    begun = [torch.cat(parts) for parts in zip(*(one.begun for one in seen), strict=True)]
    maps = tuning.finish(begun).descriptors
    unit, points = [], []
    for grid, one in zip(maps, seen, strict=True):
        chosen = rng.choice(len(one.points), min(places, len(one.points)), replace=False)
        unit.append(sample_grid(grid, one.pixels[chosen] * [grid.shape[1], grid.shape[0]] - 0.5))
        points.append(torch.from_numpy(one.points[chosen]).to(grid.device))
    return torch.cat(unit), torch.cat(points)
