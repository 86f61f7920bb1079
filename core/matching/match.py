"""One query for all four directions: image or shape to image or shape."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from core.matching.location import Location
from core.matching.matchable import Matchable

Verdict = Literal["good", "unsure", "none"]


@dataclass(frozen=True)
class MatchSettings:
    """When a match is trusted. Distances are fractions of the object's size (see :meth:`Matchable.distance`).

    Attributes:
        rival_radius: a peak farther than this from the best one is a rival (a symmetric part, or another like it).
        rivals: how many rivals are reported at most.
        rival_gap: peaks that score this close to the best are worth showing.
        margin: below this lead over the best rival a match is unsure.
        cycle: above this distance of the match back from the start a match is unsure.
        lost: above this distance of the match back there is no counterpart.
    """

    rival_radius: float = 0.15
    rivals: int = 3
    rival_gap: float = 0.05
    margin: float = 0.02
    cycle: float = 0.1
    lost: float = 0.3


ALONE = MatchSettings()
"""One descriptor against all others."""

JOINT = MatchSettings(rival_gap=0.25, margin=0.35, cycle=0.05, lost=0.15)
"""With the views that all pixels agree on: the lead over far places is larger, and matching back lands near unless they disagree."""


class Prior(Protocol):
    """What is known before looking at one descriptor: a pose, or a view that the whole image agrees with."""

    def __call__(self, source: Matchable, target: Matchable, at: Location) -> npt.NDArray[np.float32] | None:
        """How well every candidate [N] of the target agrees, in [0, 1], a new array; None where it has nothing to say."""
        ...


@dataclass
class Match:
    """The answer to one query.

    Attributes:
        query: the location asked for, snapped to the source.
        candidate: number of the best candidate of the target.
        location: where that is.
        score: its cosine similarity in [-1, 1].
        margin: lead of the best of ``scores`` over the best peak that is far away; small when there are rivals, as with symmetry.
        cycle_error: distance from ``query`` to where matching back lands, as a fraction of the source's size.
        rivals: locations and scores of peaks that come close to the best.
        verdict: "good", "unsure" or "none" (no counterpart).
        scores: float32 [N], the heatmap: similarity with every candidate, or its mean with the prior where one was given.
    """

    query: Location
    candidate: int
    location: Location
    score: float
    margin: float
    cycle_error: float
    rivals: list[tuple[Location, float]]
    verdict: Verdict
    scores: npt.NDArray[np.float32]


def match(
    source: Matchable,
    target: Matchable,
    at: Location,
    prior: Prior | None = None,
    settings: MatchSettings | None = None,
) -> Match:
    """Find the counterpart in ``target`` of the place ``at`` in ``source``; ``settings`` default to ``ALONE`` or ``JOINT``.

    Raises:
        CounterpointError: ``at`` is not a place in the source.
    """
    settings = settings or (ALONE if prior is None else JOINT)
    at = source.snap(at)
    similarity = target.similarity(source.describe(at))
    scores = _with(prior, similarity, source, target, at)
    best, *others = target.peaks(scores, settings.rivals + 1, settings.rival_radius)
    location = target.location(best)
    leads = [float(scores[best] - scores[i]) for i in others]
    margin = leads[0] if leads else float(scores[best]) + 1
    back = _with(prior, source.similarity(target.describe(location)), target, source, location)
    cycle_error = source.distance(at, source.location(int(back.argmax())))
    rivals = [
        (target.location(i), float(similarity[i]))
        for i, lead in zip(others, leads, strict=True)
        if lead <= settings.rival_gap
    ]
    verdict = judge(margin, cycle_error, settings)
    return Match(at, best, location, float(similarity[best]), margin, cycle_error, rivals, verdict, scores)


def judge(margin: float, cycle_error: float, settings: MatchSettings = ALONE) -> Verdict:
    """The verdict in a word; how often each is right on real photos is in the README."""
    if cycle_error > settings.lost:
        return "none"
    return "unsure" if margin < settings.margin or cycle_error > settings.cycle else "good"


def _with(
    prior: Prior | None, similarity: npt.NDArray[np.float32], source: Matchable, target: Matchable, at: Location
) -> npt.NDArray[np.float32]:
    """Similarity and prior together; the mean, so that it stays a number of at most 1."""
    bonus = prior(source, target, at) if prior is not None else None
    if bonus is None:
        return similarity
    bonus += similarity
    bonus *= 0.5
    if similarity.min() <= -1:
        bonus[similarity <= -1] = -1
    return bonus
