"""Corrections by a person: matches near a corrected one follow it (a local correction field)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.matching.location import Correspondence, Location
from core.matching.match import Match, Prior, Supporting, match
from core.matching.matchable import Matchable
from core.matching.verdict import BY_HAND

REACH = 0.06
"""How far around a corrected place its correction is believed: a standard deviation, as a fraction of the object's
size."""

SPREAD = 0.02
"""How exact a correction is: a standard deviation, as a fraction of the object's size; it grows with the distance from
the place."""

SAME = 1e-4
"""Places nearer to each other than this fraction of the object's size are the same place."""


@dataclass(frozen=True)
class CorrectedPrior:
    """A :class:`core.matching.match.Prior` that follows corrections near them, and another prior elsewhere.

    Attributes:
        source, target: the pair that the corrections belong to; the prior also serves matches from target to source.
        corrections: the matches that were put right.
        rest: the prior that holds far from the corrections.
    """

    source: Matchable
    target: Matchable
    corrections: Sequence[Correspondence]
    rest: Prior | None = None

    @property
    def kind(self) -> str:
        """See :class:`core.matching.match.Supporting`."""
        return self.rest.kind if isinstance(self.rest, Supporting) else "alone"

    @property
    def most(self) -> float:
        """See :class:`core.matching.match.Supporting`."""
        return self.rest.most if isinstance(self.rest, Supporting) else 1.0

    @property
    def agreement(self) -> float:
        """See :class:`core.matching.match.Supporting`."""
        return self.rest.agreement if isinstance(self.rest, Supporting) else float("nan")

    @property
    def doubts(self) -> tuple[str, ...]:
        """See :class:`core.matching.match.Supporting`."""
        return self.rest.doubts if isinstance(self.rest, Supporting) else ()

    def rivals_at(self, source: Matchable, target: Matchable, at: Location) -> tuple[str, ...]:
        """See :meth:`core.matching.match.Supporting.rivals_at`."""
        return self.rest.rivals_at(source, target, at) if isinstance(self.rest, Supporting) else ()

    def support(self, source: Matchable, target: Matchable, at: Location) -> float:
        """See :meth:`core.matching.match.Supporting.support`."""
        return self.rest.support(source, target, at) if isinstance(self.rest, Supporting) else float("nan")

    def __call__(self, source: Matchable, target: Matchable, at: Location) -> npt.NDArray[np.float32] | None:
        """See :meth:`core.matching.match.Prior.__call__`."""
        rest = self.rest(source, target, at) if self.rest is not None else None
        forward = source is self.source
        belief, corrected = 0.0, None
        for one in self.corrections:
            begin, end = (one.at, one.to) if forward else (one.to, one.at)
            away = source.distance(at, begin)
            weight = float(np.exp(-(away**2) / (2 * REACH**2)))
            near = weight * np.exp(-((target.distances(end) / (SPREAD + away)) ** 2) / 2)
            belief, corrected = max(belief, weight), near if corrected is None else np.maximum(corrected, near)
        if corrected is None:
            return rest
        mixed = corrected if rest is None else corrected + (1 - belief) * rest
        return np.asarray(mixed, np.float32)


def match_corrected(
    source: Matchable,
    target: Matchable,
    at: Location,
    corrections: Sequence[Correspondence],
    prior: Prior | None = None,
) -> Match:
    """Find the counterpart of a place where some matches were put right by hand.

    Else it does what :func:`core.matching.match.match` does.

    A place that was put right has its correction as the answer; places near it follow.

    Args:
        source: the image or shape that the place lies in.
        target: the image or shape that is searched.
        at: the place: a pixel (u, v), or a point (x, y, z) in the units and axes of the shape's file.
        corrections: the matches that were put right, from source to target.
        prior: what else is known about the pair.

    Raises:
        CounterpointError: ``at`` is not a place in the source.
    """
    if not corrections:
        return match(source, target, at, prior)
    at = source.snap(at)
    near = [one for one in corrections if source.distance(at, one.at) < 3 * REACH]
    found = match(source, target, at, CorrectedPrior(source, target, near, prior) if near else prior)
    exact = next((one for one in near if source.distance(at, one.at) < SAME), None)
    if exact is None:
        return found
    candidate = int(target.distances(exact.to).argmin())
    score = float(target.similarity(source.describe(at))[candidate])
    return replace(
        found,
        candidate=candidate,
        location=exact.to,
        score=score,
        cycle_error=0.0,
        rivals=[],
        verdict=BY_HAND,
        probability=1.0,
        reasons=(),
    )
