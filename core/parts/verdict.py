"""The verdict on a part that was carried to another image or shape. This is the only place where it is decided."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from core.calibration import CAUTIOUS, SMALL, doubts, probability
from core.matching.verdict import Doubt, limited

DOUBTS = {"overlap": "cycle", "evidence": "rivals", "decided": "rivals", "views": "other"}
"""What is said (:data:`core.calibration.REASONS`) where a feature of a part speaks against it."""

LEAD = 0.25
"""Without views a part is never good whose overlap is better than chance by less than this share of what is left to 1."""

RIGHT = 0.5
"""A part is right if it overlaps with the true one by this or more (intersection over union)."""


def judge(into: str, features: Mapping[str, float], encoder: str, most: float = 1.0, chance: float = 0.0) -> Doubt:
    """Judge a carried part.

    Args:
        into: "image" or "shape", what it was carried to.
        features: of the part, by name; more is better.
        encoder: the fingerprint of the encoder.
        most: the probability of the pose that it depends on, which it cannot exceed.
        chance: the overlap that matching back would have if it gave everything, as it does of noise where nearly everything is
            marked.
    """
    kind = f"part to {into}"
    value = probability(kind, features, encoder)
    reasons = [DOUBTS[name] for name in doubts(kind, features, encoder) if name in DOUBTS]
    if features.get("evidence", 1.0) == 0:
        reasons.insert(0, "nothing")
    if math.isnan(features.get("views", math.nan)) and features.get("overlap", 1.0) < chance + LEAD * (1 - chance):
        value, reasons = min(value, CAUTIOUS), ["chance", *reasons] if value > CAUTIOUS else reasons
    if features.get("size", SMALL) < SMALL:
        value, reasons = min(value, CAUTIOUS), ["small", *reasons]
    return limited(value, most, reasons, encoder)


def judge_vote(alone: Doubt, agreement: float, is_empty: bool, encoder: str) -> Doubt:
    """Judge a part on which several sources voted.

    Args:
        alone: what was said of the part as the best source alone has it.
        agreement: the intersection over union of that part and of the one that was voted for. Of two parts that share less than
            half at most one is right.
        is_empty: whether the vote left nothing.
        encoder: the fingerprint of the encoder.
    """
    if agreement >= RIGHT:
        return alone
    return limited(
        min(alone.probability, agreement), 1.0, ["nothing" if is_empty else "votes", *alone.reasons], encoder
    )


def intersection_over_union(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    """Return the intersection over union of two masks bool [...] of the same shape; it is 0 if both are empty."""
    return float((one & other).sum() / max((one | other).sum(), 1))
