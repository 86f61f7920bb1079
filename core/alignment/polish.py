"""Poses brought onto the photo to the pixel: by outlines and pieces of the surface instead of the object's mask.

A mask that a net cut out of a box is rarely exact at its rim, and its errors make a pose too large or turn it. So the last
steps are those of :mod:`core.registration`: lines across the drawn outline (SRT3D) and pieces found by their colours, where the photo's
colours are those of the shape at all.
"""

from dataclasses import replace

import numpy as np

from core.alignment.fine import FineSettings
from core.alignment.scorer import Hypothesis, PoseScorer, ranked
from core.geometry.pose import Pose
from core.registration.descent import FINE, SceneViews, descend
from core.registration.drawing import box_of, cut_window, draw
from core.registration.shifting import score_here
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey

POLISHED = 3
"""So many of the best hypotheses are polished."""

ALIKE = 0.9
"""A polished pose is kept where its similarity is at least this share of what it was before."""

AROUND = 0.5
"""Of the square of the feature map that the photo is looked at beyond it, to each side."""

THING = InstanceKey(0)


def can_polish(scorer: PoseScorer, settings: FineSettings) -> bool:
    """Whether the photo can say more of the poses: the shape is rigid, free, and has a surface."""
    return settings.dof == 6 and not settings.locked and not scorer.shape.shape.is_point_cloud


def polished(found: list[Hypothesis], scorer: PoseScorer) -> list[Hypothesis]:
    """Bring the best of some poses onto the photo.

    Args:
        found: hypotheses about one photo, the best first.
        scorer: compares poses of the shape with the photo.

    Returns:
        As many hypotheses, the best first. Those that would agree clearly worse with the features stay as they were.
    """
    best = found[:POLISHED]
    photo = _around(scorer)
    ends = [_descended(one.pose, photo, scorer) for one in best]
    kept = [
        end if np.isfinite(end.pose.t).all() and end.similarity >= ALIKE * one.similarity else one
        for one, end in zip(best, scorer(ends), strict=True)
    ]
    return ranked(kept + found[POLISHED:])


def _descended(pose: Pose, photo: LoadedPhoto, scorer: PoseScorer) -> Pose:
    """Where a pose ends; without the shape's colours if the photo's are others."""
    solid = Solid(scorer.shape.caster)
    box = box_of(solid, pose, photo.K)
    if box is None:
        return pose
    drawing = draw(THING, {THING: pose}, {0: solid}, cut_window(photo, box, FINE[0].side, FINE[0].margin), photo.K)
    solid = replace(solid, colored=score_here(drawing) >= 0)
    views = SceneViews({"": photo}, {0: solid}, {"": frozenset([THING])})
    return descend(views, {THING: pose}, {"": Pose(np.eye(3), np.zeros(3))}, FINE).objects[THING]


def _around(scorer: PoseScorer) -> LoadedPhoto:
    """The part of the photo around the object."""
    photo = scorer.photo
    x0, y0, x1, y1 = photo.side.map.frame
    height, width = photo.mask.shape
    margin = AROUND * max(x1 - x0, y1 - y0)
    left, top = (int(np.clip(np.floor(low - margin), 0, n - 1)) for low, n in ((x0, width), (y0, height)))
    right, bottom = (int(np.clip(np.ceil(high + margin) + 1, 1, n)) for high, n in ((x1, width), (y1, height)))
    K = np.array(scorer.K, np.float64)
    K[:2, 2] -= [left, top]
    depth = None if photo.depth is None else photo.depth[top:bottom, left:right]
    return LoadedPhoto(photo.pixels[top:bottom, left:right], K, depth)
