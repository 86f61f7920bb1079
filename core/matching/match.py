"""One query for all four directions: image or shape to image or shape."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from core.calibration import Verdict
from core.matching.location import Location
from core.matching.matchable import Matchable, MatchableImage
from core.matching.verdict import ALONE, JOINT, MatchSettings, judge, with_doubts, with_rivals


class Prior(Protocol):
    """What is known before one descriptor is compared: a pose, or the views that the whole image agrees with."""

    def __call__(self, source: Matchable, target: Matchable, at: Location) -> npt.NDArray[np.float32] | None:
        """Say how well every candidate of the target agrees with a place of the source.

        Args:
            source: where the place lies.
            target: whose candidates are asked about.
            at: the place, snapped to the source.

        Returns:
            A new array float32 [N] in [0, 1], or None if nothing is known about this pair.
        """
        ...


@runtime_checkable
class Supporting(Protocol):
    """A :class:`Prior` that says how sure it is, by which its matches are judged.

    Attributes:
        kind: "joint" or "guided", what is known.
        most: how probable it is that what is known is right, which no match exceeds.
        agreement: how well all of the image agrees with what is known, a mean cosine similarity.
        doubts: words of :data:`core.calibration.REASONS` that hold for all matches.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102

    @property
    def most(self) -> float: ...  # noqa: D102

    @property
    def agreement(self) -> float: ...  # noqa: D102

    @property
    def doubts(self) -> tuple[str, ...]: ...  # noqa: D102

    def rivals_at(self, source: Matchable, target: Matchable, at: Location) -> tuple[str, ...]:
        """Return words of :data:`core.calibration.REASONS` for what is nearly as probable and puts a place elsewhere."""
        ...

    def support(self, source: Matchable, target: Matchable, at: Location) -> float:
        """Say how much of what is known agrees on where a place of the source lies.

        Args:
            source: where the place lies.
            target: where it is looked for.
            at: the place, snapped to the source.

        Returns:
            The probability, in [0, 1], of all views or poses that put it at the candidate that most of them put it at;
            0 where none of them shows it.
        """
        ...


@dataclass
class Match:
    """The answer to one query.

    Attributes:
        query: the location that was asked for, snapped to the source.
        candidate: the number of the best candidate of the target.
        location: where the best candidate is.
        score: the cosine similarity of the best candidate, in [-1, 1].
        margin: the lead of the best of ``scores`` over the best peak that is far away; it is small when there are
            rivals, as with symmetry.
        cycle_error: the distance from ``query`` to where matching back lands, as a fraction of the source's size.
        rivals: the locations and similarities of the peaks that come close to the best.
        verdict: "good", "unsure" or "none" (no counterpart), see :mod:`core.matching.verdict`.
        probability: how probable it is that the match lies within 10 % of the object's size of the right place.
        reasons: why it is doubted, words of :data:`core.calibration.REASONS`.
        scores: the heatmap, float32 [N]: the similarity with every candidate, or its mean with the prior where one was
            given.
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
    probability: float = float("nan")
    reasons: tuple[str, ...] = ()


def match(
    source: Matchable,
    target: Matchable,
    at: Location,
    prior: Prior | None = None,
    settings: MatchSettings | None = None,
) -> Match:
    """Find the counterpart of a place.

    Args:
        source: the image or shape that the place lies in.
        target: the image or shape that is searched.
        at: the place: a pixel (u, v), or a point (x, y, z) in the units and axes of the shape's file.
        prior: what is known about the pair beforehand.
        settings: which rivals are reported; by default ``ALONE`` without a prior and ``JOINT`` with one.

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
    score = float(similarity[best])
    known = prior if isinstance(prior, Supporting) else None
    features = match_features(source, target, at, best, score, margin, cycle_error, known)
    kind = kind_of_match(source, target, known)
    encoder = target.encoder if target.encoder == source.encoder else ""
    most = known.most if known else 1.0
    doubt = judge(kind, features, encoder, most, "image" if isinstance(source, MatchableImage) else "shape")
    reasons = doubt.reasons if known is None else with_doubts(known.doubts, doubt.reasons)
    if known is not None and doubt.verdict != "good":
        reasons = with_rivals(known.rivals_at(source, target, at), reasons)
    numbers = (score, margin, cycle_error, rivals, doubt.verdict, scores, doubt.probability, reasons)
    return Match(at, best, location, *numbers)


def kind_of_match(source: Matchable, target: Matchable, known: Supporting | None) -> str:
    """Return what a match is judged as: what is known beforehand ("alike" between two of a kind), and where it lies."""
    image = isinstance(target, MatchableImage)
    word = known.kind if known else "alike" if image == isinstance(source, MatchableImage) else "alone"
    return f"{word} to {'image' if image else 'shape'}"


def match_features(
    source: Matchable,
    target: Matchable,
    at: Location,
    candidate: int,
    score: float,
    margin: float,
    cycle_error: float,
    known: Supporting | None,
) -> dict[str, float]:
    """Measure what tells whether a match is right, by name; more is better.

    Args:
        source: where it was asked for.
        target: where it lies.
        at: the place in the source, snapped to it.
        candidate: the number of the candidate of the target.
        score: of the match.
        margin: of the match.
        cycle_error: of the match.
        known: the prior that it was found with, if that says how sure it is.
    """
    features = {"score": score, "margin": float(np.clip(margin, 0, 1)), "cycle": -min(cycle_error, 0.5)}
    if isinstance(source, MatchableImage):
        features["object"] = source.foreground(at)
    elif isinstance(target, MatchableImage):
        features["object"] = target.foreground(target.location(candidate))
    features |= size_of_object(source, target)
    if known is not None:
        most = min(max(known.most, 0.01), 0.99)
        features |= {"support": known.support(source, target, at), "views": known.agreement}
        features["pose"] = float(np.log(most / (1 - most)))
    return features


def size_of_object(source: Matchable, target: Matchable) -> dict[str, float]:
    """Measure how large the object is in the photo that shows it smaller: {"size": root of the box's area}; {} of shapes."""
    sizes = [side.box_size for side in (source, target) if isinstance(side, MatchableImage)]
    return {"size": min(sizes)} if sizes else {}


def _with(
    prior: Prior | None, similarity: npt.NDArray[np.float32], source: Matchable, target: Matchable, at: Location
) -> npt.NDArray[np.float32]:
    """Return the mean of similarity and prior, float32 [N] of at most 1; without a prior the similarity."""
    bonus = prior(source, target, at) if prior is not None else None
    if bonus is None:
        return similarity
    bonus += similarity
    bonus *= 0.5
    if similarity.min() <= -1:
        bonus[similarity <= -1] = -1
    return bonus
