"""The recipe of the residual head: a loss on normalised object coordinates and a triplet loss of geometric consistency.

    counterpoint train adapter -o FOLDER

After "Zero-Shot Inexact CAD Model Alignment from a Single Image" (ICCV 2025): positives lie at most 0.02 apart,
negatives at least 0.4 and look alike (similarity above 0.75); the triplet loss weighs 0.1. The encoder's own weights
stay as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from core.encoders.base import ImageEncoder
from core.encoders.residual_head import ResidualHead, save_head
from core.errors import CounterpointError
from core.progress import Progress, silent, span
from core.training.cards import write_summary
from core.training.loop import Learner, Terms, run
from core.training.pair_settings import Batch
from core.training.pictures import PictureSettings, take_picture
from core.training.recipe import Recipe
from core.training.scene import Object3D


@dataclass(frozen=True)
class AdapterSettings(Recipe):
    """The numbers of a run.

    Attributes:
        batch: cells of pictures a step, all of one object.
        pictures: taken of every object, each under another light and before another background.
        cells: cells that are kept of every picture at most.
        positive_radius: places nearer than this are one place, in object diagonals.
        negative_radius: places farther apart than this are two, in object diagonals.
        alike: cosine similarity of the encoder's descriptors above which two places are confused.
        margin: of the triplet loss, in cosine similarity.
        triplet: weight of the triplet loss.
    """

    steps: int = 1500
    final_rate: float = 0.0
    batch: int = 512
    pictures: int = 24
    cells: int = 400
    positive_radius: float = 0.02
    negative_radius: float = 0.4
    alike: float = 0.75
    margin: float = 0.3
    triplet: float = 0.1


@dataclass
class PairObservations:
    """What is learnt of one object.

    Attributes:
        descriptors: float32 [n, D], of unit length.
        places: float32 [n, 3], where on the object they are (normalised frame).
    """

    descriptors: torch.Tensor
    places: torch.Tensor


class HeadLearner(Learner[Batch]):
    """A residual head that learns from some objects."""

    def __init__(self, observed: Sequence[PairObservations], settings: AdapterSettings):
        super().__init__()
        torch.manual_seed(settings.seed)
        self.head = ResidualHead(observed[0].descriptors.shape[1])
        self._observed, self._settings = observed, settings

    def data(self, done: int, device: torch.device) -> Iterable[Batch]:
        """See :meth:`core.training.loop.Learner.data`.

        A batch is ``descriptors`` [n, D] and ``places`` [n, 3] of one object.
        """
        generator = torch.Generator().manual_seed(self._settings.seed)
        for _ in range(done, self._settings.steps):
            one = self._observed[int(torch.randint(len(self._observed), (1,), generator=generator))]
            count = min(self._settings.batch, len(one.places))
            chosen = torch.randint(len(one.places), (count,), generator=generator)
            yield {"descriptors": one.descriptors[chosen].to(device), "places": one.places[chosen].to(device)}

    def losses(self, batch: Batch, step: int) -> Terms:
        """The absolute error of object coordinates, and the triplet loss."""
        adapted = self.head(batch["descriptors"])
        coordinates = (self.head.coordinates(adapted) - batch["places"]).abs().sum(1).mean()
        triplet = triplet_loss(F.normalize(adapted, dim=1), batch["descriptors"], batch["places"], self._settings)
        return {"coordinates": (1.0, coordinates), "triplet": (self._settings.triplet, triplet)}


def train(
    items: Sequence[Object3D],
    encoder: ImageEncoder,
    out: str | Path,
    settings: AdapterSettings = AdapterSettings(),
    progress: Progress = silent,
) -> tuple[ResidualHead, list[float]]:
    """Train a head, write it (safetensors) and beside it what was done (JSON).

    Returns:
        The head and the loss at every step.

    Raises:
        CounterpointError: no objects, nothing of them can be seen, or ``out`` cannot be written.
    """
    observed = []
    for number, item in enumerate(items):
        report = span(progress, 0.7 * number / len(items), 0.7 * (number + 1) / len(items))
        observed.append(observe(item, encoder, settings, (number, len(items)), report))
    seen = [one for one in observed if one is not None]
    if not seen:
        raise CounterpointError("There is nothing to learn from: no object of the folder can be seen.")
    learner = HeadLearner(seen, settings)
    losses = run(learner, settings, "cpu", span(progress, 0.7, 1.0))
    save_head(out, learner.head, encoder.fingerprint)
    write_summary(out, settings, losses, encoder=encoder.name, objects=len(seen))
    return learner.head, losses


def observe(
    item: Object3D,
    encoder: ImageEncoder,
    settings: AdapterSettings,
    place: tuple[int, int] = (0, 1),
    progress: Progress = silent,
) -> PairObservations | None:
    """Take pictures of an object and encode them; None if it is never seen.

    ``place`` is its number, which seeds the pictures, and of how many it is one.
    """
    rng = np.random.default_rng((settings.seed, place[0]))
    varied = PictureSettings(size=encoder.input_size)
    descriptors, places = [], []
    for view in range(settings.pictures):
        progress(view / settings.pictures, f"Looking at object {place[0] + 1} of {place[1]}")
        picture = take_picture(item, rng, varied)
        cells = F.normalize(encoder.encode(picture.image[None]).descriptors[0].cpu(), dim=-1)
        h, w = cells.shape[:2]
        row, column = np.meshgrid(np.arange(h), np.arange(w), indexing="ij")
        cell = np.array(picture.mask.shape) / (h, w)
        at = (((row + 0.5) * cell[0]).astype(int), ((column + 0.5) * cell[1]).astype(int))
        seen = np.flatnonzero(picture.mask[at])
        few = rng.permutation(seen)[: settings.cells]
        descriptors.append(cells.reshape(h * w, -1)[torch.from_numpy(few)])
        places.append(torch.from_numpy(picture.point[at].reshape(h * w, 3)[few]))
    found = PairObservations(torch.cat(descriptors), torch.cat(places).float())
    return found if len(found.places) else None


def triplet_loss(
    unit: torch.Tensor, base: torch.Tensor, places: torch.Tensor, settings: AdapterSettings
) -> torch.Tensor:
    """The mean of how much positives fail to beat negatives by the margin.

    It compares the least similar positive with the most similar negative.

    Negatives are places far away whose descriptors look alike to the encoder: what it confuses.

    Args:
        unit: the head's descriptors float32 [n, E], of unit length.
        base: the encoder's descriptors float32 [n, D], of unit length.
        places: float32 [n, 3], where they are on one object (normalised frame).
        settings: radii and margin.
    """
    gap = torch.cdist(places, places)
    itself = torch.eye(len(places), dtype=torch.bool, device=gap.device)
    positive = (gap <= settings.positive_radius) & ~itself
    negative = (gap >= settings.negative_radius) & (base @ base.T > settings.alike)
    similar = unit @ unit.T
    worst = similar.masked_fill(~positive, torch.inf).amin(1)
    best = similar.masked_fill(~negative, -torch.inf).amax(1)
    counts = positive.any(1) & negative.any(1)
    if not counts.any():
        return similar.sum() * 0
    return F.relu(settings.margin + best[counts] - worst[counts]).mean()
