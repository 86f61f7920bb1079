"""What a user put right: matches near a corrected one follow it (a local correction field)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.matching.location import Correspondence, Location
from core.matching.match import Match, Prior, match
from core.matching.matchable import Matchable

REACH = 0.06
"""How far around a corrected place its correction is believed, as a fraction of the object's size (standard deviation)."""

SPREAD = 0.02
"""How exact a correction is, likewise; the farther from it a place lies, the less exact."""

SAME = 1e-4
"""Places nearer than this are the same."""


@dataclass(frozen=True)
class CorrectedPrior:
    """A :class:`core.matching.match.Prior` that believes corrections near them, and ``rest`` elsewhere."""

    source: Matchable
    target: Matchable
    corrections: Sequence[Correspondence]
    rest: Prior | None = None

    def __call__(self, source: Matchable, target: Matchable, at: Location) -> npt.NDArray[np.float32] | None:
        rest = self.rest(source, target, at) if self.rest is not None else None
        forward = source is self.source
        belief, here = 0.0, None
        for one in self.corrections:
            begin, end = (one.at, one.to) if forward else (one.to, one.at)
            away = source.distance(at, begin)
            weight = float(np.exp(-(away**2) / (2 * REACH**2)))
            near = weight * np.exp(-((target.distances(end) / (SPREAD + away)) ** 2) / 2)
            belief, here = max(belief, weight), near if here is None else np.maximum(here, near)
        if here is None:
            return rest
        mixed = here if rest is None else here + (1 - belief) * rest
        return np.asarray(mixed, np.float32)


def match_corrected(
    source: Matchable,
    target: Matchable,
    at: Location,
    corrections: Sequence[Correspondence],
    prior: Prior | None = None,
) -> Match:
    """As :func:`core.matching.match.match`, with corrections: what was put right is the answer itself, places near it follow.

    Raises:
        CounterpointError: ``at`` is not a place in the source.
    """
    at = source.snap(at)
    near = [one for one in corrections if source.distance(at, one.at) < 3 * REACH]
    found = match(source, target, at, CorrectedPrior(source, target, near, prior) if near else prior)
    said = next((one for one in near if source.distance(at, one.at) < SAME), None)
    if said is None:
        return found
    candidate = int(target.distances(said.to).argmin())
    score = float(target.similarity(source.describe(at))[candidate])
    return replace(
        found, candidate=candidate, location=said.to, score=score, cycle_error=0.0, rivals=[], verdict="good"
    )
