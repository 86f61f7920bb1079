"""The verdict on a match: when its best place is trusted. This is the only place where it is decided."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "unsure", "none"]

BY_HAND: Verdict = "good"
"""The verdict on a match that a person put right: it is certain."""


@dataclass(frozen=True)
class MatchSettings:
    """When a match is trusted.

    Distances are fractions of the object's size (see :meth:`core.matching.matchable.Matchable.distance`), scores are
    those of :class:`core.matching.match.Match`.

    Attributes:
        rival_radius: a peak farther than this from the best one is a rival (a symmetric part, or another like it).
        rivals: the largest number of rivals that is reported.
        rival_gap: rivals whose score is lower by at most this are reported.
        margin: a match that leads its best rival by less than this is unsure.
        cycle: a match is unsure if matching back lands farther than this from the start.
        lost: there is no counterpart if matching back lands farther than this from the start.
    """

    rival_radius: float = 0.15
    rivals: int = 3
    rival_gap: float = 0.05
    margin: float = 0.02
    cycle: float = 0.1
    lost: float = 0.3


ALONE = MatchSettings()
"""The settings for one descriptor that is compared with all others."""

JOINT = MatchSettings(rival_gap=0.25, margin=0.35, cycle=0.05, lost=0.15)
"""The settings with a prior of all pixels: the lead over far places is larger, and matching back lands nearer unless
they disagree."""


def judge(margin: float, cycle_error: float, settings: MatchSettings = ALONE) -> Verdict:
    """Judge a match; the README says how often each verdict is right on real photos.

    Args:
        margin: the lead of the best place over its best rival, in units of the score.
        cycle_error: the distance from the start to where matching back lands, as a fraction of the object's size.
        settings: the limits of both.
    """
    if cycle_error > settings.lost:
        return "none"
    return "unsure" if margin < settings.margin or cycle_error > settings.cycle else "good"
