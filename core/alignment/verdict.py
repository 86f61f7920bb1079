"""How far a pose is trusted; plain numbers, so that the window judges as the library does."""

from collections.abc import Sequence
from typing import Literal

Verdict = Literal["good", "misfit", "rival"]

SHOWN = 5
"""Hypotheses that are kept to choose from."""

SUPPRESSION_DEGREES = 10.0
"""Non-maximum suppression of poses: degrees by which the rotations of those that are kept differ."""

SURE_OVERLAP, SURE_LEAD = 0.75, 1.05


def judge(scores: Sequence[float], overlap: float, choice: int = 0) -> Verdict:
    """Judge one of several hypotheses.

    Args:
        scores: Scores of all hypotheses.
        overlap: Intersection over union of the silhouette of the one that is judged and the object's mask.
        choice: Its number.

    Returns:
        "misfit" if its silhouette overlaps too little with the mask, "rival" if another one scores nearly as much or
        more, else "good".
    """
    others = [score for number, score in enumerate(scores) if number != choice]
    if overlap <= SURE_OVERLAP:
        return "misfit"
    return "rival" if others and scores[choice] <= SURE_LEAD * max(others) else "good"
