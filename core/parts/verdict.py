"""The verdict on a part that was carried to another image or shape. This is the only place where it is decided."""

from core.matching.verdict import Verdict

GOOD, LOST = 0.5, 0.2
"""A part is found well if its overlap is above the first, and not found at all unless it is above the second."""


def judge(overlap: float) -> Verdict:
    """Judge a carried part by the intersection over union of the marked part and the part carried back, in [0, 1]."""
    return "good" if overlap > GOOD else "unsure" if overlap > LOST else "none"
