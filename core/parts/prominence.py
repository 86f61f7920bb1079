"""Prominence: which pixels of a box are its object.

It is told by the encoder's foreground, the middle of the box, and difference from the surroundings.
"""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.arrays import Floats
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box, FeatureMap, encode_image

MARGIN = 0.08
"""What a guessed box has on every side, as a fraction of the longer side of the piece that it is around."""


def prominence(box: Box, u: Floats, v: Floats, feature_map: FeatureMap | None = None) -> Floats:
    """Return how much pixels stand out in a box, as ranks in [0, 1]; 0 outside the box.

    The three clues fail for different objects, and ranks make them comparable; their sum is better than any alone.

    Args:
        box: (x0, y0, x1, y1) in pixels.
        u: the columns of the pixels, [h, w].
        v: the rows of the pixels, [h, w].
        feature_map: of the box; without it only the distance from the middle of the box counts.

    Returns:
        float64 [h, w].
    """
    x0, y0, x1, y1 = box
    inside = (u >= x0) & (u <= x1) & (v >= y0) & (v <= y1)
    reach = np.hypot((2 * u - x0 - x1) / (x1 - x0), (2 * v - y0 - y1) / (y1 - y0))
    clues = [-reach]
    if feature_map is not None:
        clues.append(_at(feature_map, -_like_surroundings(feature_map), u, v))
    if feature_map is not None and feature_map.foreground is not None:
        clues.append(_at(feature_map, feature_map.foreground, u, v))
    return _rank(sum((_rank(clue, inside) for clue in clues), np.zeros(u.shape)), inside)


def likely_box(image: npt.NDArray[np.uint8], encoder: ImageEncoder) -> Box:
    """Guess the box of a photo's object.

    It is around the largest piece of the encoder's foreground, or else of what stands out.

    Args:
        image: RGB uint8 [H, W, 3].
        encoder: describes the pixels.

    Returns:
        (x0, y0, x1, y1) in pixels.
    """
    height, width = image.shape[:2]
    whole = encode_image(encoder, image, size=encoder.photo_size)
    u, v = np.moveaxis(whole.cell_pixels(), -1, 0)
    within = (u >= 0) & (u <= width - 1) & (v >= 0) & (v <= height - 1)
    if whole.foreground is not None:
        values = np.where(within, whole.foreground.numpy(), 0)
        level = cv2.threshold((values[within] * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)[0]
        chosen = values * 255 > level
    else:
        inset = 0.06 * min(height, width)
        inner = (inset, inset, width - 1 - inset, height - 1 - inset)
        chosen = prominence(inner, u, v, replace(whole, box=inner)) > 0.85
    count, labels, facts, _ = cv2.connectedComponentsWithStats(chosen.astype(np.uint8))
    if count < 2:
        return (0.0, 0.0, width - 1.0, height - 1.0)
    piece = labels == 1 + facts[1:, cv2.CC_STAT_AREA].argmax()
    x0, x1, y0, y1 = u[piece].min(), u[piece].max(), v[piece].min(), v[piece].max()
    more = MARGIN * max(x1 - x0, y1 - y0)
    low, high = np.clip([x0 - more, y0 - more], 0, None), np.minimum([x1 + more, y1 + more], [width - 1, height - 1])
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _like_surroundings(feature_map: FeatureMap, nearest: int = 5) -> torch.Tensor:
    """Return the similarity [h, w] of every cell with the most similar cells outside the box.

    Centred, as all cells of a photo are similar.
    """
    unit = feature_map.unit
    flat = unit.reshape(-1, unit.shape[-1])
    flat = F.normalize(flat - flat.mean(0), dim=-1)
    around = flat[~torch.from_numpy(feature_map.inside()).ravel()]
    if len(around) < nearest:
        return torch.zeros(unit.shape[:2])
    return (flat @ around.T).topk(nearest, dim=1)[0].mean(1).reshape(unit.shape[:2])


def _at(feature_map: FeatureMap, values: torch.Tensor, u: Floats, v: Floats) -> Floats:
    cells = feature_map.to_cells(np.stack([u, v], axis=-1)).astype(np.float32)
    return np.asarray(
        cv2.remap(values.numpy(), cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def _rank(values: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    ranks = np.zeros(values.shape)
    ranks[inside] = values[inside].argsort().argsort() / max(int(inside.sum()) - 1, 1)
    return ranks
