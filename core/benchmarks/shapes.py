"""Correspondence between shapes: points of one shape are found on another of its category."""

import numpy as np
import torch

from core.benchmarks.held_out import category_pair
from core.encoders.base import ImageEncoder, PointEncoder
from core.fields.field import FeatureField
from core.fields.from_points import field_from_points
from core.fields.lifting import LiftSettings, lift
from core.geometry.sampling import sample_surface
from core.progress import Progress, silent
from core.training.procedural import Object3D


def measure_shapes(
    count: int, encoder: ImageEncoder | None, points: PointEncoder | None = None, progress: Progress = silent
) -> dict[str, float]:
    """Match surface points with another object of the category; both objects are held out.

    Args:
        count: the number of pairs of objects.
        encoder: describes the shapes by views.
        points: describes them by their points instead; without both encoders the match is a random point.
        progress: is told of every pair.

    Returns:
        ``points``, the number of points, and ``part_accuracy``, the part of them whose match lies on the same part of
        the object.
    """
    right = []
    rng = np.random.default_rng(6)
    for number in range(count):
        progress(number / count, f"shapes {number + 1} of {count}")
        one, other = category_pair(number, 3000)
        sampled = [sample_surface(item.shape, 4000) for item in (one, other)]
        asked = rng.choice(4000, 200, replace=False)
        part = one.face_part[sampled[0].face[asked]]
        known = np.isin(part, other.face_part)
        if encoder is None and points is None:
            best = rng.integers(4000, size=200)
        else:
            fields = [_described(item, encoder, points) for item in (one, other)]
            similarity = fields[0].descriptors[torch.from_numpy(asked)].float() @ fields[1].descriptors.float().T
            best = similarity.argmax(1).numpy()
        right.append((other.face_part[sampled[1].face[best]] == part)[known])
    every = np.concatenate(right)
    return {"points": float(len(every)), "part_accuracy": float(every.mean())}


def _described(item: Object3D, encoder: ImageEncoder | None, points: PointEncoder | None) -> FeatureField:
    if points is not None:
        return field_from_points(item.shape, points, 4000)
    assert encoder is not None
    return lift(item.shape, encoder, LiftSettings(4000), caster=item.caster)
