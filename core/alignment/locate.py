"""Where a shape is in a photo without a box: objects that the cutter proposes, ranked by views of the shape.

The idea of CNOS (Nguyen et al., 2023).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.alignment.templates import TemplateSet, compare
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box, box_around
from core.matching.crops import rolled
from core.parts.cutter import CutterSegmenter
from core.parts.proposals import propose
from core.progress import Progress, silent, span

CLOSER = 10
"""So many of the proposals that look most like the shape upright are compared turned by all angles, too."""

TURNS = 8
"""Those angles."""


@dataclass
class Located:
    """A place in a photo where a shape may be.

    Attributes:
        box: x0, y0, x1, y1 in pixels.
        mask: bool [H, W].
        score: how much it looks like the shape, at most 1 (see :func:`core.alignment.templates.compare`).
    """

    box: Box
    mask: npt.NDArray[np.bool_]
    score: float


def locate(
    image: npt.NDArray[np.uint8],
    templates: TemplateSet,
    encoder: ImageEncoder,
    cutter: CutterSegmenter,
    progress: Progress = silent,
) -> list[Located]:
    """Objects in a photo, the one first that looks most like a shape.

    Args:
        image: uint8 [H, W, 3].
        templates: views of the shape.
        encoder: describes the objects.
        cutter: proposes them.
        progress: is told how far it is.

    Returns:
        The objects; none where nothing in the photo stands out as an object.
    """
    proposals = propose(image, cutter, progress=span(progress, 0, 0.6))
    settings = templates.settings
    scores = np.zeros(len(proposals))
    for number, one in enumerate(proposals):
        progress(0.6 + 0.2 * number / len(proposals), "Comparing objects with the shape")
        upright = rolled(image, one.mask, settings.size, settings.fill, 1)
        scores[number] = compare(upright, templates, encoder).max()
    for turn, number in enumerate(np.argsort(-scores)[:CLOSER]):
        progress(0.8 + 0.2 * turn / CLOSER, "Comparing objects with the shape")
        turned = rolled(image, proposals[number].mask, settings.size, settings.fill, TURNS)
        scores[number] = max(scores[number], compare(turned, templates, encoder).max())
    ranked = [proposals[number] for number in np.argsort(-scores)]
    return [
        Located(box_around(one.mask), one.mask, float(score))
        for one, score in zip(ranked, sorted(scores, reverse=True), strict=True)
    ]
