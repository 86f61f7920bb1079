"""Heatmaps as files: a PLY with a scalar per vertex, a PNG with colours over the image."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.colors import apply_colormap, heat_weight
from core.encoders.feature_map import Box
from core.files import write_atomic
from core.images import save_image
from core.interchange.binary_ply import ply_bytes
from core.interchange.coordinates import float32_fits


def heat_range(scores: npt.NDArray[np.floating]) -> tuple[float, float]:
    """The range of similarity that colours span, of scores [...], which are above -1 where something can match.

    It goes from the median of what can match (of some 20,000 of them) to the best.
    """
    few = scores.ravel()[:: max(1, scores.size // 20_000)]
    valid = few[few > -1]
    if len(valid) == 0:
        return 0.0, 1.0
    high = float(scores.max())
    return min(float(np.median(valid)), high - 0.05), high


def save_heatmap_ply(
    path: str | Path,
    points: npt.NDArray[np.floating],
    faces: npt.NDArray[np.integer],
    scores: npt.NDArray[np.floating],
) -> None:
    """Write a heatmap as binary PLY.

    It has points [V, 3] with ``red green blue`` and the scalar ``similarity``, and triangles [F, 3] (none for a cloud).

    Coordinates are doubles where single precision would move points of a shape far from the origin.

    Raises:
        CounterpointError: it cannot be written.
    """
    kind = "f4" if float32_fits(points) else "f8"
    vertices = np.zeros(
        len(points),
        [*((axis, kind) for axis in "xyz"), ("red", "u1"), ("green", "u1"), ("blue", "u1"), ("similarity", "f4")],
    )
    vertices["x"], vertices["y"], vertices["z"] = points.T
    vertices["red"], vertices["green"], vertices["blue"] = apply_colormap(scores, "turbo", *heat_range(scores)).T
    vertices["similarity"] = scores
    triangles = np.zeros(len(faces), [("vertex_indices", "i4", (3,))])
    triangles["vertex_indices"] = faces
    write_atomic(path, ply_bytes({"vertex": vertices, "face": triangles}, "similarity written by counterpoint"))


def overlay(
    image: npt.NDArray[np.uint8], heatmap: npt.NDArray[np.floating], box: Box, opacity: float = 0.8
) -> npt.NDArray[np.uint8]:
    """The image uint8 [H, W, 3] with a heatmap float32 [h, w] laid over the part ``box``."""
    height, width = image.shape[:2]
    scale_x, scale_y = (box[2] - box[0]) / heatmap.shape[1], (box[3] - box[1]) / heatmap.shape[0]
    matrix = np.array([[scale_x, 0, box[0] + scale_x / 2], [0, scale_y, box[1] + scale_y / 2]])
    border = cv2.BORDER_REPLICATE
    large = cv2.warpAffine(
        heatmap.astype(np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border
    )
    u, v = np.arange(width), np.arange(height)
    inside = ((v >= box[1]) & (v <= box[3]))[:, None] & ((u >= box[0]) & (u <= box[2]))[None]
    colors = apply_colormap(large, "turbo", *heat_range(heatmap))
    weight = opacity * heat_weight(large, *heat_range(heatmap))[..., None]
    mixed = (image * (1 - weight) + colors * weight).astype(np.uint8)
    return np.where(inside[..., None], mixed, image)


def mark(
    image: npt.NDArray[np.uint8], pixel: tuple[float, float], color: tuple[int, int, int]
) -> npt.NDArray[np.uint8]:
    """The image uint8 [H, W, 3] with a ring at a pixel."""
    marked = np.ascontiguousarray(image)
    radius = max(4, round(max(image.shape[:2]) / 120))
    at = (round(pixel[0]), round(pixel[1]))
    cv2.circle(marked, at, radius, (255, 255, 255), max(2, radius // 2), cv2.LINE_AA)
    cv2.circle(marked, at, radius, color, max(1, radius // 3), cv2.LINE_AA)
    return marked


def save_overlay(
    path: str | Path,
    image: npt.NDArray[np.uint8],
    heatmap: npt.NDArray[np.floating],
    box: Box,
    pixel: tuple[float, float],
) -> None:
    """PNG of the image uint8 [H, W, 3] with the heatmap [h, w] over its box, and the best pixel ringed."""
    save_image(path, mark(overlay(image, heatmap, box), pixel, (255, 40, 90)))
