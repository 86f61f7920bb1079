"""Multiview consistency on shapes.

Pixels of a picture are found in another of the same shape, from elsewhere and in other light.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from core.benchmarks import pairs
from core.benchmarks.evaluation import EvaluationUnit, Example, Outcome, draw_matches, pck
from core.encoders.base import ImageEncoder
from core.errors import CounterpointError
from core.training.meshes import read_meshes
from core.training.procedural import HELD_OUT, Object3D, make_object

THRESHOLDS = (0.05, 0.1, 0.2)

VIEWS, PIXELS = 4, 60
"""The number of pairs of pictures of each shape, and of pixels in each pair."""


def of_meshes(place: str, count: int) -> list[EvaluationUnit]:
    """Make a unit of each of ``count`` shapes: those of a folder, or held-out procedural ones.

    Raises:
        CounterpointError: there are no shapes in the folder.
    """
    if place == "procedural":
        return units([(f"procedural {i}", make_object(HELD_OUT[i])) for i in range(count)])
    return units([(item.category, item) for item in read_meshes(place)[:count]])


def units(items: Sequence[tuple[str, Object3D]]) -> list[EvaluationUnit]:
    """Make a unit of each shape, given as (name, shape)."""
    return [EvaluationUnit(name, partial(_shape, item)) for name, item in items]


def _shape(item: Object3D, encoder: ImageEncoder) -> Outcome:
    tested = pairs.view_pairs([item] * VIEWS, PIXELS)
    if not tested:
        raise CounterpointError("No two pictures of the shape show the same places; it may be open, or tiny.")
    errors, examples = [], []
    for pair in tested:
        found, truth = pairs.find(pair, encoder), pair.truth
        assert truth is not None
        error = pixel_errors(found, truth, len(pair.b.image))
        right = error < 0.1
        errors.append(error)
        picture = draw_matches(pair.a.image, pair.b.image, pair.pixels.astype(float), found.astype(float), right)
        examples.append(Example(float(right.mean()), picture))
    return Outcome(numbers(np.concatenate(errors)), float(sum(map(len, errors))), examples)


def pixel_errors(found: npt.NDArray, truth: npt.NDArray, side: int) -> npt.NDArray[np.floating]:
    """Return the distances float64 [N] between pixels (u, v) [N, 2], as fractions of the picture's side in pixels."""
    return np.asarray(np.linalg.norm(np.asarray(found, float) - truth, axis=1) / side)


def numbers(errors: npt.NDArray[np.floating]) -> dict[str, float]:
    """Return the average of pixel errors float [N], and the parts of the points below 5, 10 and 20 %.

    They are those of ICLR 2025, section 3.
    """
    return {"ape": float(errors.mean()), **pck(errors, THRESHOLDS, "pcdp")}
