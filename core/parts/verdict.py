"""The verdict on a part that was carried to another image or shape. This is the only place where it is decided."""

import numpy as np
import numpy.typing as npt

from core.matching.verdict import Verdict

GOOD, LOST = 0.5, 0.2
"""A part is found well if its overlap is above the first, and not found at all unless it is above the second."""


def judge(overlap: float) -> Verdict:
    """Judge a carried part by the intersection over union of the marked part and the part carried back, in [0, 1]."""
    return "good" if overlap > GOOD else "unsure" if overlap > LOST else "none"


def intersection_over_union(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    """Return the intersection over union of two masks bool [...] of the same shape; it is 0 if both are empty."""
    return float((one & other).sum() / max((one | other).sum(), 1))
