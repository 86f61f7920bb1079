"""A posed shape drawn over its photo."""

import numpy as np
import numpy.typing as npt

from core.geometry.pose import Pose, project, shape_rays
from core.geometry.raycasting import Raycaster, surface_normal
from core.geometry.shape import Shape

Floats = npt.NDArray[np.floating]


EDGE = (255, 77, 109)
MOST = 480
"""Rays along the longer side of a picture of :func:`shaded`."""


def overlay(
    image: npt.NDArray[np.uint8], shape: Shape, caster: Raycaster, pose: Pose, K: Floats, opacity: float = 0.65
) -> npt.NDArray[np.uint8]:
    """The image uint8 [H, W, 3] with the shape as the pose puts it, shaded, its silhouette outlined."""
    height, width = image.shape[:2]
    rgba = _cast(shape, caster, pose, K, np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    weight = rgba[..., 3:].astype(np.float32) / 255 * np.where(rgba[..., :1] == EDGE[0], 1.0, opacity)
    return (image * (1 - weight) + rgba[..., :3] * weight).astype(np.uint8)


def shaded(
    shape: Shape, caster: Raycaster, pose: Pose, K: Floats, size: tuple[int, int]
) -> tuple[npt.NDArray[np.uint8], tuple[float, float, float, float]]:
    """The posed shape alone, uint8 [h, w, 4], and the part (x0, y0, x1, y1) of a picture (width, height) that it covers."""
    corners = np.stack(np.meshgrid(*shape.bounds.T), axis=-1).reshape(-1, 3)
    pixels, depth = project(pose, K, corners)
    low, high = np.zeros(2), np.array(size, float) - 1
    if (depth > 0).all():
        low, high = np.maximum(low, pixels.min(0) - 2), np.minimum(high, pixels.max(0) + 2)
    extent = np.maximum(high - low, 1)
    count = np.maximum(np.rint(extent / max(1.0, extent.max() / MOST)).astype(int), 1) + 1
    u, v = (np.linspace(low[i], high[i], count[i]) for i in range(2))
    half = extent / np.maximum(count - 1, 1) / 2
    box = (low[0] - half[0], low[1] - half[1], high[0] + half[0], high[1] + half[1])
    return _cast(shape, caster, pose, K, u, v), tuple(map(float, box))  # type: ignore[return-value]


def _cast(shape: Shape, caster: Raycaster, pose: Pose, K: Floats, u: Floats, v: Floats) -> npt.NDArray[np.uint8]:
    """Pixels at columns ``u`` and rows ``v``: shaded by how much they face the camera, the edge of the silhouette marked."""
    origin, directions = shape_rays(pose, K, shape, np.stack(np.meshgrid(u, v), axis=-1))
    hits = caster.cast(origin, directions)
    mask = hits.mask
    normals = surface_normal(shape, hits.face[mask], hits.bary[mask])
    light = np.abs(np.sum(normals * directions[mask], axis=1, keepdims=True))
    rgba = np.zeros((*mask.shape, 4), np.uint8)
    rgba[mask, :3] = (40 + 215 * light) * [0.35, 0.75, 1.0]
    edge = mask.copy()
    edge[1:-1, 1:-1] &= ~(mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:])
    rgba[edge, :3] = EDGE
    rgba[mask, 3] = 255
    return rgba
