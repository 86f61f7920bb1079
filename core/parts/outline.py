"""How well a mask agrees with the picture that it was cut out of, and how probable it is that it is right."""

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Mask
from core.calibration import probability
from core.encoders.feature_map import Box, box_around
from core.matching.matchable import MatchableImage

SIDE = 200
"""The longer side of the part of the picture that is looked at, in pixels."""

REACH = 5
"""The side in pixels of the square around a place of the outline in which its edge is looked for."""

FEWEST = 12
"""Pixels of an outline inside the picture below which nothing can be said about it."""


def edge_agreement(image: npt.NDArray[np.uint8], mask: Mask) -> float:
    """Say how well the outline of a mask follows edges of the picture.

    Args:
        image: RGB uint8 [H, W, 3].
        mask: bool [H, W].

    Returns:
        The mean rank, among all places around the object, of how strong the edges near the outline are: 1 at best, 0.5
        by chance; NaN where too little of an outline lies inside the picture.
    """
    if not mask.any() or mask.all():
        return float("nan")
    x0, y0, x1, y1 = box_around(mask)
    margin = 0.3 * max(x1 - x0, y1 - y0) + 4
    rows = slice(max(0, int(y0 - margin)), int(y1 + margin) + 2)
    columns = slice(max(0, int(x0 - margin)), int(x1 + margin) + 2)
    part, inside = image[rows, columns], mask[rows, columns].astype(np.uint8)
    scale = SIDE / max(inside.shape)
    size = (max(8, round(inside.shape[1] * scale)), max(8, round(inside.shape[0] * scale)))
    picture = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR).astype(np.float32)
    small = cv2.resize(inside, size, interpolation=cv2.INTER_NEAREST)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.0)
    strength = np.hypot(cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)).max(axis=2)
    near = cv2.dilate(strength, np.ones((REACH, REACH), np.uint8))
    outline = small ^ cv2.erode(small, np.ones((3, 3), np.uint8), borderValue=1)
    places = near[outline > 0]
    if len(places) < FEWEST:
        return float("nan")
    every = np.sort(near.ravel())
    below, upto = (np.searchsorted(every, places, side) for side in ("left", "right"))
    return float((below + upto).mean() / (2 * len(every)))


def tightness(mask: Mask, box: Box) -> float:
    """Return the intersection over union of a box and the box around a mask bool [H, W]; 0 if the mask is empty."""
    if not mask.any():
        return 0.0
    a, b = box_around(mask), box
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0.0) * max(height, 0.0)
    return float(both / max((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both, 1e-9))


def mask_features(image: npt.NDArray[np.uint8], mask: Mask, box: Box, side: MatchableImage) -> dict[str, float]:
    """Measure what tells whether a mask that was cut out of a box is right.

    Args:
        image: RGB uint8 [H, W, 3].
        mask: bool [H, W].
        box: (x0, y0, x1, y1) in pixels, which the object fills.
        side: the feature map of what is in and around the box.
    """
    small = min(box[2] - box[0], box[3] - box[1])
    return {
        "edges": edge_agreement(image, mask),
        "tight": tightness(mask, box),
        "object": _foreground_agreement(mask, side),
        "size": float(np.log(max(small, 1.0))),
    }


def _foreground_agreement(mask: Mask, side: MatchableImage) -> float:
    """Return how far the mask is what the encoder takes for an object (a soft intersection over union), or NaN."""
    if side.map.foreground is None:
        return float("nan")
    at, (height, width) = np.rint(side.cell_pixels).astype(int), mask.shape
    within = (at >= 0).all(1) & (at < [width, height]).all(1)
    marked = np.zeros(len(at), np.float64)
    marked[within] = mask[at[within, 1], at[within, 0]]
    likely = side.map.foreground.numpy().ravel().astype(np.float64)
    return float(np.minimum(marked, likely).sum() / max(np.maximum(marked, likely).sum(), 1e-9))


def mask_probability(features: dict[str, float], encoder: str) -> float:
    """Return how probable it is that a mask overlaps with the object by 0.7 (intersection over union) or more."""
    return probability("mask", features, encoder)
