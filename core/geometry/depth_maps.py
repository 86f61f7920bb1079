"""Depth pictures of shapes: near is bright, and contours stay sharp."""

import cv2
import numpy as np
import numpy.typing as npt

from core.geometry.camera import Camera
from core.geometry.raycasting import Raycaster
from core.geometry.viewpoints import ring_cameras

AZIMUTHS = 5
"""Pictures in each ring."""


FAR = 0.2
"""The brightness of the farthest point, in [0, 1]; the background is black."""


def depth_picture(caster: Raycaster, camera: Camera) -> npt.NDArray[np.uint8]:
    """Draw the depth that a camera in the normalised frame sees: uint8 [height, width, 3].

    The discs of a point cloud are smoothed within contours, not across them (a bilateral filter).
    """
    hits = caster.view(camera)
    picture = np.zeros(hits.mask.shape, np.float32)
    if hits.mask.any():
        distance = hits.distance[hits.mask]
        near, far = float(distance.min()), float(distance.max())
        picture[hits.mask] = 1 - (1 - FAR) * (distance - near) / max(far - near, 1e-6)
    if caster.shape.is_point_cloud:
        picture = cv2.bilateralFilter(picture, 9, 0.08, 3.0)
    return np.repeat((picture * 255 + 0.5).astype(np.uint8)[..., None], 3, axis=2)


def depth_views(caster: Raycaster, up: str = "y", size: int = 224) -> npt.NDArray[np.uint8]:
    """Draw depth pictures from all around a standing shape, in a ring at 5 degrees and another at 30.

    Args:
        caster: of the shape.
        up: the axis of the shape's file that points up.
        size: the side of a picture in pixels.

    Returns:
        uint8 [2 * AZIMUTHS, size, size, 3].
    """
    cameras = ring_cameras(caster.shape.normalised, up, AZIMUTHS, (5.0, 30.0), size, 0.85)
    return np.stack([depth_picture(caster, camera) for camera in cameras])
