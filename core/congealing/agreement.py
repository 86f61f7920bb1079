"""Agreement of the photos of a collection.

What each shows at places of the canonical shape is compared with what the others show there.

A single photo can only be compared with a shape whose appearance may differ; the other photos, once posed, show how the
object appears in photos. Each photo in turn takes the hypothesis that agrees best with the others, until none changes.
This is cycle consistency over shared canonical points: a place of a photo is carried to the canonical shape and on to
the other photos, where its descriptor should be similar. A photo that agrees with no other is an outlier. Photos that
are nearly the same picture (:mod:`core.congealing.copies`) count as one, and not as witnesses of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.alignment.fine import refine
from core.alignment.scorer import Hypothesis, PoseScorer
from core.arrays import Floats
from core.congealing.posed_photos import PosedPhoto
from core.congealing.verdict import inliers
from core.encoders.feature_map import sample_grid
from core.geometry.pose import project
from core.geometry.sampling import spread
from core.matching.matchable import MatchableShape
from core.progress import Progress, silent

REFINED = 3
"""So many hypotheses of each photo are refined against what the other photos show."""


@dataclass(frozen=True)
class AgreementSettings:
    """How the photos of a collection are made to agree.

    Attributes:
        samples: the number of places of the shape that are compared.
        prior: the number of photos that the shape's own field counts as.
        weight: the weight of the logarithm of the agreement beside that of the photo's own score, whose weight is 1.
        temperature: a hypothesis whose logarithm is lower by this is believed e times less.
        rounds: the largest number of rounds.
        least: photos whose agreement is below this part of the median are outliers.
    """

    samples: int = 1000
    prior: float = 2.0
    weight: float = 1.0
    temperature: float = 0.5
    rounds: int = 10
    least: float = 0.5


def places(side: MatchableShape, count: int) -> npt.NDArray[np.int64]:
    """Choose samples of the field that are spread evenly: their numbers int64 [n], at most ``count``."""
    return spread(len(side.field), count)


def observe(one: Hypothesis, scorer: PoseScorer, index: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Read what a photo shows at places of the shape if a hypothesis holds.

    Args:
        one: the hypothesis.
        scorer: of the photo and the shape.
        index: the numbers of the shape's samples, int64 [n].

    Returns:
        Centred unit descriptors float32 [n, D], and how squarely each place is seen, float32 [n] in [0, 1], see
        :func:`visible_pixels`.
    """
    pixels, facing = visible_pixels(one, scorer, index)
    image = scorer.image.map
    found = sample_grid(scorer.descriptors.reshape(*image.descriptors.shape), image.to_cells(pixels))
    return found, torch.from_numpy(facing).float()


def visible_pixels(one: Hypothesis, scorer: PoseScorer, index: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Find where a photo shows places of the shape if a hypothesis holds.

    Args:
        one: the hypothesis.
        scorer: of the photo and the shape.
        index: the numbers of the shape's samples, int64 [n].

    Returns:
        Pixels (u, v) float64 [n, 2], and how squarely each place is seen, float64 [n]: the cosine of the angle between
        its normal and the direction to the camera, or 0 if it is hidden or off the object.
    """
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
    """What all photos show at the places, each by all its hypotheses as far as they are believed."""

    def __init__(self, members: list[PosedPhoto], settings: AgreementSettings):
        side = members[0].scorer.shape
        index = places(side, settings.samples)
        self.members, self.settings = members, settings
        self.shown = [[observe(h, one.scorer, index) for h in one.hypotheses] for one in members]
        self.own = [np.log([max(h.score, 1e-4) for h in one.hypotheses]) for one in members]
        self.belief = [self._believed(number, self.own[number]) for number in range(len(members))]
        self.agreement = [np.full(len(one.hypotheses), np.nan) for one in members]
        self.inlier = [one.inlier or one.fixed for one in members]
        self.same = _same(members)
        self.total = settings.prior * members[0].scorer.field[torch.from_numpy(index)]
        self.count = torch.full((len(index),), float(settings.prior))
        for number in range(len(members)):
            self._put(number, 1.0)

    def _believed(self, number: int, joint: Floats) -> Floats:
        """Return the probabilities of the hypotheses of a photo, float [H]; a pose that a user fixed is certain."""
        one = self.members[number]
        if one.fixed:
            return np.asarray(np.eye(len(joint))[one.choice])
        share = np.exp((joint - joint.max()) / self.settings.temperature)
        return np.asarray(share / share.sum())

    def _put(self, number: int, sign: float) -> None:
        if self.inlier[number]:
            for share, (descriptors, weight) in zip(self.belief[number], self.shown[number], strict=True):
                counts = sign * share / len(self.same[number])
                self.total += counts * weight[:, None] * descriptors
                self.count += counts * weight

    def update(self, number: int) -> float:
        """Compare a photo with all others; returns the largest change of the probabilities of its hypotheses."""
        for one in self.same[number]:
            self._put(one, -1.0)
        others = F.normalize(self.total, dim=1)
        known = self.count / (self.count + 1)
        scores = []
        for descriptors, weight in self.shown[number]:
            weight = weight * known
            scores.append(float(((descriptors * others).sum(1) * weight).sum() / weight.sum().clamp(min=1e-6)))
        self.agreement[number] = np.array(scores)
        joint = self.own[number] + self.settings.weight * np.log(np.clip(scores, 0.02, None))
        before, self.belief[number] = self.belief[number], self._believed(number, joint)
        for one in self.same[number]:
            self._put(one, 1.0)
        return float(np.abs(self.belief[number] - before).max())

    def find_outliers(self) -> bool:
        """Find the outliers; returns whether they are others than before."""
        best = np.array([each[belief.argmax()] for each, belief in zip(self.agreement, self.belief, strict=True)])
        first = [same[0] for same in self.same]
        belongs = inliers(best, self.settings.least, best[sorted(set(first))])
        changed = False
        for number, one in enumerate(self.members):
            inlier = one.fixed or bool(belongs[number])
            if inlier != self.inlier[number]:
                self._put(number, -1.0)
                self.inlier[number] = inlier
                self._put(number, 1.0)
                changed = True
        return changed

    def result(self) -> list[PosedPhoto]:
        """Return the photos with the hypotheses that are believed most."""
        found = []
        for number, one in enumerate(self.members):
            choice = int(self.belief[number].argmax())
            alone = len(self.same[number]) == len(self.members)
            agreement = float("nan") if alone else float(self.agreement[number][choice])
            found.append(replace(one, choice=choice, agreement=agreement, inlier=self.inlier[number]))
        return found


def _same(members: Sequence[PosedPhoto]) -> list[list[int]]:
    """Return for each photo the numbers of all that are nearly the same picture, its own among them, in order."""
    first = [number if one.copy_of is None else one.copy_of for number, one in enumerate(members)]
    return [[other for other, its in enumerate(first) if its == mine] for mine in first]


def agree(members: list[PosedPhoto], settings: AgreementSettings = AgreementSettings()) -> list[PosedPhoto]:
    """Choose for each photo the hypothesis that agrees best with the other photos.

    Returns:
        The photos with their choice, their agreement, and whether they belong to the collection. Poses that a user
        fixed stay and are inliers.
    """
    if not members:
        return []
    consensus = _Consensus(members, settings)
    for _ in range(settings.rounds):
        change = max(consensus.update(number) for number in range(len(members)))
        if not consensus.find_outliers() and change < 0.01:
            break
    return consensus.result()


class LearnedField:
    """The shape's feature field with what the photos show mixed in, so that photos are compared with photos."""

    def __init__(self, members: list[PosedPhoto]):
        """Mix the photos in, each with the weight of the shape's own descriptors; outliers are left out."""
        self._members, self._same = members, _same(members)
        side = members[0].scorer.shape
        self._index = np.arange(len(side.field))
        self._side = side
        self._total = members[0].scorer.field.clone()
        for number in range(len(members)):
            self._total += self._shown(number)

    def _shown(self, number: int) -> torch.Tensor:
        one = self._members[number]
        if not one.inlier:
            return torch.zeros(())
        descriptors, facing = observe(one.best, one.scorer, self._index)
        return 1 / len(self._same[number]) * facing[:, None] * descriptors

    def side(self, without: int | None = None) -> MatchableShape:
        """Return the shape with the field, optionally ``without`` what the photo of a number and its copies show."""
        total = self._total
        for number in () if without is None else self._same[without]:
            total = total - self._shown(number)
        field = replace(self._side.field, descriptors=F.normalize(total, dim=1).to(torch.bfloat16))
        return MatchableShape(self._side.shape, self._side.caster, field)


def refine_jointly(members: list[PosedPhoto], progress: Progress = silent) -> list[PosedPhoto]:
    """Refine every photo's chosen hypothesis, and its best others, against what the other photos show.

    Args:
        members: the photos; those whose pose a user fixed stay as they are.
        progress: is told of every photo.
    """
    learned, found = LearnedField(members), []
    for number, one in enumerate(members):
        progress(number / len(members), f"Making photo {number + 1} of {len(members)} agree with the others")
        if one.fixed:
            found.append(one)
            continue
        old = one.scorer
        scorer = PoseScorer(old.photo, learned.side(without=number), old.encoder, old.up_name)
        others = [h for h in one.hypotheses if h is not one.best]
        starts = scorer([h.pose for h in [one.best, *others][:REFINED]])
        hypotheses = refine(starts, scorer)
        found.append(replace(one, scorer=scorer, hypotheses=hypotheses, choice=0))
    return found
