"""How far a drawn object is from what the photo shows."""

import numpy as np

from core.registration.drawing import Drawing
from core.registration.outlines import outline_pairs
from core.registration.pairs import Pairs
from core.registration.patches import patch_pairs
from core.registration.shifting import score_here


def agreement(drawing: Drawing, reach: int = 8) -> tuple[float, float]:
    """How well a drawn object agrees with the photo, and how far it is from it.

    Args:
        drawing: of the object.
        reach: how far its outline is looked for, in pixels of the window.

    Returns:
        The agreement of colours (-1 to 2, see :mod:`core.registration.shifting`), and the median distance in pixels of the photo
        from where its outline and patches are drawn to where they were found.
    """
    pairs = Pairs.joined([outline_pairs(drawing, reach), patch_pairs(drawing, 5)])
    if len(pairs) == 0:
        return score_here(drawing), float(reach * drawing.window.step)
    return score_here(drawing), float(np.median(pair_distances(drawing, pairs)))


def pair_distances(drawing: Drawing, pairs: Pairs) -> np.ndarray:
    """How far pairs are from where they are drawn, along the directions that they know, [n] in pixels of the photo."""
    drawn = drawing.project(pairs.points)
    direction = pairs.weight / np.linalg.norm(pairs.weight, axis=(1, 2), keepdims=True)
    return np.asarray(np.linalg.norm(np.einsum("nij,nj->ni", direction, pairs.pixels - drawn), axis=1))
