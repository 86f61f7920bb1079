"""The field of view of a photo whose camera is not known, estimated with the pose.

How much nearer parts appear larger tells how far away the camera was. Poses are made exact for several fields of view,
each from where the shape appears the same, and the one that the photo agrees with best wins.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.alignment.fine import FineSettings, refine
from core.alignment.rays import toward
from core.alignment.scorer import Hypothesis, PoseScorer, ranked
from core.arrays import Floats
from core.geometry.pose import Pose, intrinsics, project
from core.progress import Progress, silent

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
    """Estimate the field of view with the pose.

    Args:
        found: hypotheses for the scorer's camera, the best first.
        scorer: compares poses with the photo through a camera that was guessed.
        fine: how poses are made exact for each field of view.
        progress: is told which field of view is tried.
        tried: this many of the hypotheses are made exact.
        fields: degrees of the longer side that are tried.

    Returns:
        The field of view in degrees, a scorer with that camera, and the poses for it, the best first.
    """
    best: tuple[float, PoseScorer, list[Hypothesis]] | None = None
    for number, field in enumerate(fields):
        progress(number / len(fields), f"Trying a field of view of {field:.0f}°")
        K = intrinsics(scorer.photo.side.image_size, field)
        photo = replace(scorer.photo, K=K, assumed=True)
        other = PoseScorer(photo, scorer.shape, scorer.encoder, scorer.up_name)
        starts = [zoomed(one.pose, scorer.K, K, scorer.shape.shape.center) for one in found[:tried]]
        poses = ranked(refine(other(starts), other, fine))
        if best is None or poses[0].score > best[2][0].score:
            best = field, other, poses
    assert best is not None
    return best


def zoomed(pose: Pose, K: Floats, other: Floats, center: Floats) -> Pose:
    """Move a pose so that it looks the same through another camera, but for perspective.

    Args:
        pose: of the shape.
        K: intrinsics [3, 3] of its camera in pixels.
        other: intrinsics [3, 3] of the other camera in pixels.
        center: the point [3] of the shape's own frame that stays at its pixel.
    """
    pixel, depth = project(pose, K, center)
    before, after = (np.linalg.solve(camera, [*pixel, 1.0]) for camera in (K, other))
    R = toward(after) @ toward(before).T @ pose.R
    middle = after * float(depth) * other[0, 0] / K[0, 0]
    return Pose(R, middle - R @ (np.asarray(pose.s) * center), pose.s)
