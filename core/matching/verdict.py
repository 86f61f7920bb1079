"""The verdict on a match: how probable it is that it is right. This is the only place where it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.calibration import CAUTIOUS, SMALL, Verdict, doubts, is_known, probability, verdict_of

BY_HAND: Verdict = "good"
"""The verdict on a match that a person put right: it is certain."""


@dataclass(frozen=True)
class MatchSettings:
    """Which other places are reported beside a match.

    Distances are fractions of the object's size (see :meth:`core.matching.matchable.Matchable.distance`), scores are
    those of :class:`core.matching.match.Match`.

    Attributes:
        rival_radius: a peak farther than this from the best one is a rival (a symmetric part, or another like it).
        rivals: the largest number of rivals that is reported.
        rival_gap: rivals whose score is lower by at most this are reported.
    """

    rival_radius: float = 0.15
    rivals: int = 3
    rival_gap: float = 0.05


ALONE = MatchSettings()
"""The settings for one descriptor that is compared with all others."""

JOINT = MatchSettings(rival_gap=0.25)
"""The settings with a prior of all pixels: the lead over far places is larger."""

DOUBTS = {
    "score": "similar",
    "margin": "rivals",
    "cycle": "cycle",
    "support": "outside",
    "object": "background",
    "views": "other",
    "pose": "pose",
}
"""What is said (:data:`core.calibration.REASONS`) where a feature of a match speaks against it."""

EVEN = 0.005
"""A match is never good if it leads over a far place by less than this, about what descriptors are stored to."""

UNPOSED = ("alone", "joint")
"""Matches of these kinds are never good: a pixel and views tell places of a shape apart, but not whether the photo shows it, which poses do. Of
patches of photos that look most like shapes which are not there they are as sure as of objects."""

SILHOUETTE = 0.05
"""Below this support no view or pose puts anything of the shape at the place."""

BACKGROUND = 0.3
"""A place is background if the encoder sees an object there with a probability below this."""


@dataclass(frozen=True)
class Doubt:
    """A verdict with its probability and the words for what speaks against it (:data:`core.calibration.REASONS`)."""

    verdict: Verdict
    probability: float
    reasons: tuple[str, ...] = ()


def judge(kind: str, features: Mapping[str, float], encoder: str, most: float = 1.0, seen_from: str = "") -> Doubt:
    """Judge a match.

    Args:
        kind: see :func:`core.matching.match.kind_of_match`.
        features: of the match, by name; more is better.
        encoder: the fingerprint of the encoder.
        most: the probability of what the match depends on, which it cannot exceed.
        seen_from: "image" or "shape", where the match was asked for.
    """
    value, reasons = probability(kind, features, encoder), _reasons(kind, features, encoder, seen_from)
    if kind.startswith(UNPOSED) and value > CAUTIOUS:
        value, reasons = CAUTIOUS, ["unposed", *reasons]
    if features.get("margin", 1.0) < EVEN or features.get("size", SMALL) < SMALL:
        value = min(value, CAUTIOUS)
    return limited(value, most, reasons, encoder)


def limited(value: float, most: float, reasons: list[str], encoder: str) -> Doubt:
    """Make a verdict of a probability that cannot exceed another one.

    Args:
        value: the probability.
        most: the probability of what the answer depends on.
        reasons: words for what speaks against it, the strongest first; two are kept.
        encoder: the fingerprint of the encoder.
    """
    if value > most:
        value, reasons = most, ["pose", *reasons]
    verdict = verdict_of(value)
    if verdict == "good":
        return Doubt(verdict, value)
    unknown = () if is_known(encoder) else ("encoder",)
    return Doubt(verdict, value, tuple(dict.fromkeys(reasons))[:2] + unknown)


def with_doubts(doubts: tuple[str, ...], reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Put the doubts about what an answer went through before its own, each once."""
    return tuple(dict.fromkeys((*doubts, *reasons)))


def with_rivals(rivals: tuple[str, ...], reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Put what leads elsewhere in the place of the general doubt about the pose, or at the end."""
    if "pose" in reasons and rivals:
        return tuple(dict.fromkeys(word for one in reasons for word in (rivals if one == "pose" else (one,))))
    return tuple(dict.fromkeys((*reasons, *rivals)))


def _reasons(kind: str, features: Mapping[str, float], encoder: str, seen_from: str) -> list[str]:
    """What speaks against a match; what is certain comes first."""
    said = []
    if features.get("support", 1.0) < SILHOUETTE:
        said.append("hidden" if seen_from == "shape" else "outside")
    if seen_from == "image" and features.get("object", 1.0) < BACKGROUND:
        said.append("background")
    if features.get("margin", 1.0) < EVEN:
        said.append("rivals")
    if features.get("size", SMALL) < SMALL:
        said.append("small")
    weak = [name for name in doubts(kind, features, encoder) if name in DOUBTS]
    words = [("hidden" if seen_from == "shape" else "outside") if name == "support" else DOUBTS[name] for name in weak]
    return said + words
