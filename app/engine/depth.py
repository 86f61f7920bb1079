"""Measured depth to be looked at: as a picture over its photo, and as points around a posed shape."""

import numpy as np
import numpy.typing as npt

from app.engine.files import image_of, shape_of
from app.engine.scoring import camera_of_task
from app.shared.values import AlignTask, Item, PoseInPhoto
from core.colors import apply_colormap
from core.images import load_depth
from core.notices import collect_warnings
from core.progress import Progress
from core.scenes.casting import rays_of
from core.units import unit_of

LONGEST = 800
"""Pixels of the longer side of the picture."""

MOST = 60_000
"""Points that are shown at once."""

AROUND = 1.5
"""Diagonals of the posed shape from its middle, in which points are shown."""


def depth_picture(progress: Progress, image: Item, depth: str) -> npt.NDArray[np.uint8]:
    """The depth of a photo as colours uint8 [h, w, 4], what is near dark; where it is not known nothing is drawn."""
    height, width = image_of(image).shape[:2]
    with collect_warnings():
        values = load_depth(depth, (width, height))
    low, high = np.percentile(values[np.isfinite(values)], [2, 98])
    step = max(1, -(-max(values.shape) // LONGEST))
    values = values[::step, ::step]
    known = np.isfinite(values)
    rgb = apply_colormap(
        np.nan_to_num(values, nan=low).astype(np.float32), "viridis", float(low), float(max(high, low * 1.0001))
    )
    return np.dstack([rgb, np.where(known, 255, 0).astype(np.uint8)])


def depth_cloud(
    progress: Progress, task: AlignTask, pose: PoseInPhoto
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Measured points float32 [n, 3] around a posed shape, in its own frame and units, and the photo's colours uint8 [n, 3]."""
    depth, camera, shape = _depth(task), camera_of_task(task), shape_of(task.shape)
    height, width = depth.shape
    rays = rays_of(camera, (0, 0, width, height))
    there = rays / rays[..., 2:] * depth[..., None]
    known = np.isfinite(there).all(-1)
    own = pose.pose().inverse(there[known])
    near = np.linalg.norm(own - shape.center, axis=1) < AROUND * shape.diagonal
    points, colors = own[near], image_of(task.image)[known][near]
    chosen = np.random.default_rng(0).permutation(len(points))[:MOST]
    return points[chosen].astype(np.float32), colors[chosen]


def _depth(task: AlignTask) -> npt.NDArray[np.floating]:
    """In the units of the shape, of which what is guessed was said when the depth was opened."""
    height, width = image_of(task.image).shape[:2]
    with collect_warnings():
        camera, unit = camera_of_task(task), unit_of(task.shape.path, shape_of(task.shape).diagonal)
        return load_depth(task.depth, (width, height), unit, task.depth_scale or camera.depth_scale)
