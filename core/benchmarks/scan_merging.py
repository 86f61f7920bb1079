"""Merging of the alignments of many frames in their scan, and the accuracy as Vid2CAD, ROCA and SPARC count it.

All alignments are carried into the scan; of those of a category that nearly coincide the best scored stays (non-maximum
suppression); of a category no more are kept than there are models; each that is right takes one model that none has
taken (ROCA, CVPR 2022, whose released evaluation these rules and limits follow).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.alignment.metrics import NEAR, alignment_errors
from core.arrays import Floats
from core.geometry.pose import Pose

SAME = np.array([60.0, 0.4, 0.6])
"""Two alignments nearer than this are the same: degrees, metres and the relative difference of the scales."""


@dataclass(frozen=True)
class PlacedModel:
    """A model in a scan.

    Attributes:
        category: of the model.
        pose: in the frame of the scan, in metres.
        symmetries: rotations float [k, 3, 3] that leave the model as it is.
        score: of the alignment; that of a true pose does not matter.
    """

    category: str
    pose: Pose
    symmetries: Floats
    score: float = 0.0


def suppressed(found: Sequence[PlacedModel]) -> list[PlacedModel]:
    """Suppress alignments that a better one of their category nearly coincides with (non-maximum suppression).

    The best come first.
    """
    kept: list[PlacedModel] = []
    for one in sorted(found, key=lambda placed: -placed.score):
        if not any(one.category == other.category and _within(other, one, SAME) for other in kept):
            kept.append(one)
    return kept


def right_ones(found: Sequence[PlacedModel], truth: Sequence[PlacedModel]) -> dict[str, tuple[int, int]]:
    """Count for each category how many models of a scan are aligned rightly, and how many there are."""
    there, taken = Counter(one.category for one in truth), Counter[str]()
    open_ones, right = list(truth), Counter[str]()
    for one in suppressed(found):
        if taken[one.category] == there[one.category]:
            continue
        taken[one.category] += 1
        met = next((t for t in open_ones if t.category == one.category and _within(one, t, NEAR)), None)
        if met is not None:
            open_ones.remove(met)
            right[one.category] += 1
    return {category: (right[category], count) for category, count in there.items()}


def accuracies(scans: Sequence[dict[str, tuple[int, int]]]) -> dict[str, float]:
    """Return the accuracy over all models ("instances") and the mean of those of the categories ("categories")."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for scan in scans:
        for category, counts in scan.items():
            totals[category] = [a + b for a, b in zip(totals[category], counts, strict=True)]
    right, there = np.array(list(totals.values())).T
    return {"instances": float(right.sum() / there.sum()), "categories": float(np.mean(right / there))}


def _within(estimate: PlacedModel, truth: PlacedModel, limits: Floats) -> bool:
    errors = alignment_errors(estimate.pose, truth.pose, np.zeros(3), truth.symmetries)
    return bool((errors <= limits).all())
