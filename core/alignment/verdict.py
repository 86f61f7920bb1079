"""How far a pose is trusted; plain numbers, so that the window judges as the library does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.calibration import ASSUMED, CAUTIOUS, SMALL, doubts, is_known, probability, verdict_of

Verdict = Literal["good", "misfit", "rival", "none"]
"""Good: right with at least 80 %. Misfit and rival are unsure, for what is said; none: probably not right."""

SHOWN = 5
"""Hypotheses that are kept to choose from."""

SUPPRESSION_DEGREES = 10.0
"""Non-maximum suppression of poses: degrees by which the rotations of those that are kept differ."""

SAME_DEGREES = 20.0
"""Poses whose rotations differ by less than this, the shape's symmetries considered, are one answer."""

SURE_OVERLAP = 0.75
"""The silhouette of a sure pose overlaps with the object by so much (intersection over union)."""

NEAR = float(np.log(1.05))
"""A pose is never good if the lead over a different one, or over its mirror image, is less than this."""

LEAST = {"overlap": 0.5, "score": float(np.log(0.1)), "similarity": 0.3, "size": float(np.log(SMALL))}
"""A pose is never good if one of these features is lower: its silhouette does not fit, what is there looks unlike the shape (19 of
20 poses of shapes that are not in the photo show no more), or the object is too small."""

DOUBTS = {
    "score": "other",
    "similarity": "similar",
    "overlap": "misfit",
    "lead": "rival",
    "mirror": "mirror",
    "spread": "rival",
    "edges": "edges",
    "mask": "mask",
    "inliers": "other",
    "size": "small",
}
"""What is said (:data:`core.calibration.REASONS`) where a feature of a pose speaks against it."""


@dataclass(frozen=True)
class PoseDoubt:
    """How probable it is that an answer is right, and the words for why not (:data:`core.calibration.REASONS`)."""

    probability: float
    reasons: tuple[str, ...] = ()


def doubted(features: Mapping[str, float], encoder: str) -> PoseDoubt:
    """Judge a pose by its features (see :func:`core.alignment.trust.pose_features`).

    Args:
        features: by name.
        encoder: the fingerprint of the encoder.
    """
    value = probability("pose", features, encoder)
    near = [DOUBTS[name] for name in ("lead", "mirror") if features[name] < NEAR]
    near += [DOUBTS[name] for name, least in LEAST.items() if features[name] < least]
    if near:
        value = min(value, CAUTIOUS)
    if verdict_of(value) == "good":
        return PoseDoubt(value)
    said = [DOUBTS[name] for name in doubts("pose", features, encoder) if name in DOUBTS]
    unknown = [] if is_known(encoder) else ["encoder"]
    return PoseDoubt(value, tuple(dict.fromkeys([*near, *said]))[:2] + tuple(unknown))


def with_distance(value: float, reasons: Sequence[str] = ()) -> float:
    """Return how probable a pose is right with its distance, given how probable it shows the right places."""
    return min(value, CAUTIOUS) if ASSUMED in reasons else value


def judge(value: float, reasons: Sequence[str] = ()) -> Verdict:
    """Return the verdict on a pose of a probability, and of the reasons for doubting it."""
    verdict = verdict_of(with_distance(value, reasons))
    if verdict == "unsure":
        return "rival" if {"rival", "mirror", "unseen"} & set(reasons[:1]) else "misfit"
    return verdict
