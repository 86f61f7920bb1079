"""Training of the geometry-aware adapter: a loss on normalised object coordinates and a triplet loss of geometric consistency.

After "Zero-Shot Inexact CAD Model Alignment from a Single Image" (ICCV 2025): positives lie at most 0.02 apart, negatives at least 0.4 and
look alike (similarity above 0.75); the triplet loss weighs 0.1. The encoder's own weights stay as they are.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from core.encoders.adapter import GeometryAdapter, save_adapter
from core.encoders.base import ImageEncoder
from core.errors import CounterpointError
from core.progress import Progress, silent
from core.training.pictures import PictureSettings, Surface, take_picture
from core.training.procedural import Object3D


@dataclass(frozen=True)
class AdapterSettings:
    """Attributes:
    steps, batch, rate: of AdamW; a batch is of one object.
    pictures: of every object, each under another light and before another background.
    cells: of every picture at most.
    near, far, alike: what counts as positive and as negative, distances in diagonals.
    margin, triplet: of the triplet loss, and its weight.
    """

    steps: int = 1500
    batch: int = 512
    rate: float = 1e-3
    pictures: int = 24
    cells: int = 400
    near: float = 0.02
    far: float = 0.4
    alike: float = 0.75
    margin: float = 0.3
    triplet: float = 0.1
    seed: int = 0


@dataclass
class Described:
    """What is learnt of one object: unit descriptors [n, D] and where on it they are [n, 3] (normalised frame)."""

    descriptors: torch.Tensor
    places: torch.Tensor


def train(
    items: list[Object3D],
    encoder: ImageEncoder,
    out: str | Path,
    settings: AdapterSettings = AdapterSettings(),
    progress: Progress = silent,
) -> tuple[GeometryAdapter, list[float]]:
    """Train, write ``out`` (safetensors) and beside it what was done (JSON); returns the adapter and the loss at every step.

    Raises:
        CounterpointError: no objects, or nothing of them can be seen.
    """
    data = [
        one for number, item in enumerate(items)
        if (one := describe(item, encoder, settings, number, progress, len(items))) is not None
    ]  # fmt: skip
    if not data:
        raise CounterpointError("There is nothing to learn from: no object of the folder can be seen.")
    torch.manual_seed(settings.seed)
    adapter = GeometryAdapter(data[0].descriptors.shape[1])
    optimizer = torch.optim.AdamW(adapter.parameters(), settings.rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.steps)
    generator = torch.Generator().manual_seed(settings.seed)
    losses = []
    for step in range(settings.steps):
        one = data[int(torch.randint(len(data), (1,), generator=generator))]
        chosen = torch.randint(len(one.places), (min(settings.batch, len(one.places)),), generator=generator)
        optimizer.zero_grad()
        loss = loss_of(adapter, one.descriptors[chosen], one.places[chosen], settings)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if step % 50 == 0:
            progress(0.7 + 0.3 * step / settings.steps, f"step {step} of {settings.steps}: loss {losses[-1]:.4f}")
    save_adapter(out, adapter, encoder.fingerprint)
    few = max(1, settings.steps // 20)
    about = {
        "encoder": encoder.name, "objects": len(data), "settings": asdict(settings),
        "loss": {"first": float(np.mean(losses[:few])), "last": float(np.mean(losses[-few:]))},
    }  # fmt: skip
    Path(out).with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")
    return adapter, losses


def describe(
    item: Object3D,
    encoder: ImageEncoder,
    settings: AdapterSettings,
    number: int = 0,
    progress: Progress = silent,
    total: int = 1,
) -> Described | None:
    """Pictures of an object as the encoder sees them; None if it is never seen."""
    rng = np.random.default_rng((settings.seed, number))
    looks = PictureSettings(size=encoder.input_size)
    descriptors, places = [], []
    for view in range(settings.pictures):
        progress(0.7 * (number + view / settings.pictures) / total, f"Looking at object {number + 1} of {total}")
        picture = take_picture(item, rng, looks, Surface(int(rng.integers(2**31))))
        cells = F.normalize(encoder.encode(picture.image[None]).descriptors[0].cpu(), dim=-1)
        h, w = cells.shape[:2]
        row, column = np.meshgrid(np.arange(h), np.arange(w), indexing="ij")
        middle = np.array(picture.mask.shape) / (h, w)
        at = (((row + 0.5) * middle[0]).astype(int), ((column + 0.5) * middle[1]).astype(int))
        seen = np.flatnonzero(picture.mask[at])
        if len(seen) == 0:
            continue
        few = rng.choice(seen, min(settings.cells, len(seen)), replace=False)
        descriptors.append(cells.reshape(h * w, -1)[torch.from_numpy(few)])
        places.append(torch.from_numpy(picture.point[at].reshape(h * w, 3)[few]))
    return Described(torch.cat(descriptors), torch.cat(places).float()) if descriptors else None


def loss_of(
    adapter: GeometryAdapter, descriptors: torch.Tensor, places: torch.Tensor, settings: AdapterSettings
) -> torch.Tensor:
    """L1 of coordinates, and the triplet loss, of unit descriptors [n, D] of one object at places [n, 3]."""
    adapted = adapter(descriptors)
    coordinates = (adapter.coordinates(adapted) - places).abs().sum(1).mean()
    return coordinates + settings.triplet * triplet_loss(F.normalize(adapted, dim=1), descriptors, places, settings)


def triplet_loss(
    unit: torch.Tensor, base: torch.Tensor, places: torch.Tensor, settings: AdapterSettings
) -> torch.Tensor:
    """Of adapted unit descriptors [n, D']: the least similar positive must beat the most similar negative by the margin.

    Negatives are places far away whose ``base`` descriptors [n, D] look alike: what the encoder confuses.
    """
    gap = torch.cdist(places, places)
    itself = torch.eye(len(places), dtype=torch.bool)
    positive = (gap <= settings.near) & ~itself
    negative = (gap >= settings.far) & (base @ base.T > settings.alike)
    similar = unit @ unit.T
    worst = similar.masked_fill(~positive, torch.inf).amin(1)
    best = similar.masked_fill(~negative, -torch.inf).amax(1)
    counts = positive.any(1) & negative.any(1)
    if not counts.any():
        return similar.sum() * 0
    return F.relu(settings.margin + best[counts] - worst[counts]).mean()
