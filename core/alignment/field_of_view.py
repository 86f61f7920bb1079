"""The field of view of a photo whose camera is not known, estimated with the pose.

How much nearer parts appear larger tells how far away the camera was. Poses are made exact for several fields of view, each from where
the shape appears the same, and the one that the photo agrees with best wins.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.alignment.fine import FineSettings, refine
from core.alignment.rays import toward
from core.alignment.scorer import Hypothesis, Photo, PoseScorer, ranked
from core.geometry.pose import Pose, intrinsics, project
from core.progress import Progress, silent

Floats = npt.NDArray[np.floating]

FIELDS = (20.0, 30.0, 40.0, 50.0, 60.0, 70.0)
"""Degrees that the longer side of the photo may span."""


def estimate_field_of_view(
    found: list[Hypothesis],
    scorer: PoseScorer,
    fine: FineSettings = FineSettings(),
    progress: Progress = silent,
    tried: int = 2,
    fields: Sequence[float] = FIELDS,
) -> tuple[float, PoseScorer, list[Hypothesis]]:
    """The field of view in degrees, what judges poses with it, and the first ``tried`` poses for it, the best first."""
    best: tuple[float, PoseScorer, list[Hypothesis]] | None = None
    for number, field in enumerate(fields):
        progress(number / len(fields), f"Trying a field of view of {field:.0f}°")
        photo = scorer.photo
        K = intrinsics(photo.side.image_size, field)
        other = PoseScorer(Photo(photo.pixels, photo.side, K, photo.mask, photo.depth), scorer.shape, scorer.encoder, scorer.up_name)  # fmt: skip
        starts = [zoomed(one.pose, scorer.K, K, scorer.shape.shape.center) for one in found[:tried]]
        poses = ranked(refine(other(starts), other, fine))
        if best is None or poses[0].score > best[2][0].score:
            best = field, other, poses
    assert best is not None
    return best


def zoomed(pose: Pose, K: Floats, other: Floats, center: Floats) -> Pose:
    """The pose that looks the same through the camera ``other``, but for perspective: ``center`` [3] stays at its pixel."""
    pixel, depth = project(pose, K, center)
    before, after = (np.linalg.solve(camera, [*pixel, 1.0]) for camera in (K, other))
    R = toward(after) @ toward(before).T @ pose.R
    middle = after * float(depth) * other[0, 0] / K[0, 0]
    return Pose(R, middle - R @ (np.asarray(pose.s) * center), pose.s)
