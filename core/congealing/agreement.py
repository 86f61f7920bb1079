"""Photos made to agree with one another: what each says about places of the canonical shape is compared with what the others say there.

A photo alone compares itself with a shape that may look different; the other photos, posed, show how the object looks in photos. Each
photo in turn takes the hypothesis that fits the others best (cycle consistency over shared canonical points: a place is carried to the
canonical shape and on to the other photos, and should look there as it does here), until none changes. What agrees with nobody is an
outlier.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.alignment.fine import refine
from core.alignment.scorer import Hypothesis, PoseScorer
from core.congealing.posed_photos import PosedPhoto
from core.geometry.pose import project
from core.matching.matchable import MatchableShape
from core.progress import Progress, silent

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class AgreementSettings:
    """Attributes:
    samples: places of the shape that are compared.
    prior: the shape's own field counts as much as this many photos.
    weight: how much the agreement counts beside the photo's own score, both as logarithms.
    temperature: hypotheses whose logarithms differ by this are believed e times less; all that are believed speak.
    rounds: at most.
    least: photos whose agreement is below this part of the median are outliers.
    """

    samples: int = 1000
    prior: float = 2.0
    weight: float = 1.0
    temperature: float = 0.5
    rounds: int = 10
    least: float = 0.5


def places(side: MatchableShape, count: int) -> npt.NDArray[np.int64]:
    """Samples of the field, spread evenly."""
    return np.linspace(0, len(side.field) - 1, min(count, len(side.field))).astype(np.int64)


def seen(one: Hypothesis, scorer: PoseScorer, index: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """What a photo shows at places of the shape, as a hypothesis puts it: centred unit descriptors [n, D] and how well each is seen [n]."""
    pixels, facing = visible_pixels(one, scorer, index)
    image = scorer.image.map
    grid = scorer.descriptors.reshape(*image.descriptors.shape)
    cells = torch.as_tensor(image.to_cells(pixels), dtype=torch.float32).reshape(1, 1, -1, 2)
    size = torch.tensor([grid.shape[1], grid.shape[0]])
    found = F.grid_sample(grid.permute(2, 0, 1)[None], (cells + 0.5) * 2 / size - 1, align_corners=False)[0, :, 0].T
    return F.normalize(found, dim=1), torch.from_numpy(facing).float()


def visible_pixels(one: Hypothesis, scorer: PoseScorer, index: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Pixels [n, 2] of places of the shape, and how squarely each is seen [n]: 0 where it is hidden, turned away or off the object."""
    shape, points = scorer.shape.shape, scorer.shape.field.points
    position, normal = points.position[index], points.normal[index]
    eye = shape.to_normalised(one.pose.inverse(np.zeros(3)))
    pixels, depth = project(one.pose, scorer.K, shape.to_own_frame(position))
    toward = eye - position
    facing = np.abs(np.sum(toward * normal, axis=1)) / np.maximum(np.linalg.norm(toward, axis=1), 1e-12)
    at = np.rint(pixels).astype(np.int64)
    height, width = scorer.photo.mask.shape
    within = (depth > 0) & (at >= 0).all(1) & (at < [width, height]).all(1)
    within[within] = scorer.photo.mask[at[within, 1], at[within, 0]]
    within &= scorer.shape.caster.visible(position, normal, eye)
    return pixels, np.where(within, facing, 0.0)


class _Consensus:
    """What all photos say about the places, each by all its hypotheses as far as they are believed."""

    def __init__(self, members: list[PosedPhoto], settings: AgreementSettings):
        side = members[0].scorer.shape
        index = places(side, settings.samples)
        self.members, self.settings = members, settings
        self.shown = [[seen(h, one.scorer, index) for h in one.hypotheses] for one in members]
        self.own = [np.log([max(h.score, 1e-4) for h in one.hypotheses]) for one in members]
        self.belief = [self._believed(number, self.own[number]) for number in range(len(members))]
        self.agreement = [np.full(len(one.hypotheses), np.nan) for one in members]
        self.inlier = [one.inlier or one.fixed for one in members]
        self.total = settings.prior * members[0].scorer.field[torch.from_numpy(index)]
        self.count = torch.full((len(index),), float(settings.prior))
        for number in range(len(members)):
            self._put(number, 1.0)

    def _believed(self, number: int, joint: Floats) -> Floats:
        """Probabilities of the hypotheses of a photo [H]; a pose that a user fixed is certain."""
        one = self.members[number]
        if one.fixed:
            return np.eye(len(joint))[one.choice]
        share = np.exp((joint - joint.max()) / self.settings.temperature)
        return np.asarray(share / share.sum())

    def _put(self, number: int, sign: float) -> None:
        if self.inlier[number]:
            for share, (descriptors, weight) in zip(self.belief[number], self.shown[number], strict=True):
                self.total += sign * share * weight[:, None] * descriptors
                self.count += sign * share * weight

    def update(self, number: int) -> float:
        """Compare a photo with all others; returns by how much it changed its mind."""
        self._put(number, -1.0)
        others = F.normalize(self.total, dim=1)
        known = self.count / (self.count + 1)
        scores = []
        for descriptors, weight in self.shown[number]:
            weight = weight * known
            scores.append(float(((descriptors * others).sum(1) * weight).sum() / weight.sum().clamp(min=1e-6)))
        self.agreement[number] = np.array(scores)
        joint = self.own[number] + self.settings.weight * np.log(np.clip(scores, 0.02, None))
        before, self.belief[number] = self.belief[number], self._believed(number, joint)
        self._put(number, 1.0)
        return float(np.abs(self.belief[number] - before).max())

    def judge(self) -> bool:
        """Find the outliers; returns whether they are others than before."""
        best = np.array([each[belief.argmax()] for each, belief in zip(self.agreement, self.belief, strict=True)])
        least = self.settings.least * float(np.median(best))
        changed = False
        for number, one in enumerate(self.members):
            inlier = one.fixed or bool(best[number] >= least)
            if inlier != self.inlier[number]:
                self._put(number, -1.0)
                self.inlier[number] = inlier
                self._put(number, 1.0)
                changed = True
        return changed

    def result(self) -> list[PosedPhoto]:
        found = []
        for number, one in enumerate(self.members):
            choice = int(self.belief[number].argmax())
            agreement = float(self.agreement[number][choice])
            found.append(replace(one, choice=choice, agreement=agreement, inlier=self.inlier[number]))
        return found


def agree(members: list[PosedPhoto], settings: AgreementSettings = AgreementSettings()) -> list[PosedPhoto]:
    """The photos with the hypotheses that agree best, their agreement, and whether they belong to the collection.

    Poses that a user fixed stay and are inliers.
    """
    if not members:
        return []
    consensus = _Consensus(members, settings)
    for _ in range(settings.rounds):
        change = max(consensus.update(number) for number in range(len(members)))
        if not consensus.judge() and change < 0.01:
            break
    return consensus.result()


class LearnedField:
    """The shape's field with what the photos show mixed in, so that photos are compared with photos."""

    def __init__(self, members: list[PosedPhoto], weight: float = 1.0):
        """``weight`` is how much one photo counts beside the shape's own descriptors."""
        self._members, self._weight = members, weight
        side = members[0].scorer.shape
        self._index = np.arange(len(side.field))
        self._side = side
        self._total = members[0].scorer.field.clone()
        for one in members:
            self._total += self._shown(one)

    def _shown(self, one: PosedPhoto) -> torch.Tensor:
        if not one.inlier:
            return torch.zeros(())
        descriptors, facing = seen(one.best, one.scorer, self._index)
        return self._weight * facing[:, None] * descriptors

    def side(self, without: PosedPhoto | None = None) -> MatchableShape:
        """The shape with the field, optionally ``without`` what one of the photos says."""
        total = self._total if without is None else self._total - self._shown(without)
        field = replace(self._side.field, descriptors=F.normalize(total, dim=1).to(torch.bfloat16))
        return MatchableShape(self._side.shape, self._side.caster, field)


def refine_jointly(members: list[PosedPhoto], progress: Progress = silent, tried: int = 3) -> list[PosedPhoto]:
    """Every photo's chosen hypothesis, and its best others, made exact against what the other photos show."""
    learned, found = LearnedField(members), []
    for number, one in enumerate(members):
        progress(number / len(members), f"Making photo {number + 1} of {len(members)} agree with the others")
        if one.fixed:
            found.append(one)
            continue
        old = one.scorer
        scorer = PoseScorer(old.photo, learned.side(without=one), old.encoder, old.up_name)
        others = [h for h in one.hypotheses if h is not one.best]
        starts = scorer([h.pose for h in [one.best, *others][:tried]])
        hypotheses = refine(starts, scorer)
        found.append(replace(one, scorer=scorer, hypotheses=hypotheses, choice=0))
    return found
