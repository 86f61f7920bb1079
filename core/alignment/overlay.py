"""A posed shape drawn over its photo."""

import numpy as np
import numpy.typing as npt

from core.alignment.pose import Pose, shape_rays
from core.geometry.raycasting import Raycaster, surface_normal
from core.geometry.shape import Shape

Floats = npt.NDArray[np.floating]


def overlay(
    image: npt.NDArray[np.uint8], shape: Shape, caster: Raycaster, pose: Pose, K: Floats, opacity: float = 0.65
) -> npt.NDArray[np.uint8]:
    """The image uint8 [H, W, 3] with the shape as the pose puts it, shaded, its silhouette outlined."""
    height, width = image.shape[:2]
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float64)
    origin, directions = shape_rays(pose, K, shape, pixels)
    hits = caster.cast(origin, directions)
    mask = hits.mask
    normals = surface_normal(shape, hits.face[mask], hits.bary[mask])
    light = np.abs(np.sum(normals * directions[mask], axis=1, keepdims=True))
    drawn = image.astype(np.float32)
    drawn[mask] = (1 - opacity) * drawn[mask] + opacity * (40 + 215 * light) * [0.35, 0.75, 1.0]
    edge = mask.copy()
    edge[1:-1, 1:-1] &= ~(mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:])
    drawn[edge] = (255, 77, 109)
    return np.clip(drawn, 0, 255).astype(np.uint8)
