"""Poses that are about ten degrees and five per cent of the distance off, brought near.

Shifted silhouettes find what is far off, and are led astray by what looks alike: things descend from where these find them and
from where they stand, and each stays where the photos agree with it best.
"""

from collections.abc import Mapping

import numpy as np

from core.geometry.pose import Pose
from core.progress import Progress, silent, span
from core.scenes.descent import COARSE, SEARCH, SceneViews, composed, descend
from core.scenes.drawing import box_of, cut_window, draw
from core.scenes.scene import InstanceKey
from core.scenes.shifting import score_here

SIDE, MARGIN = 96, 0.25
"""Of the windows in which starts are compared: pixels, and a fraction of the box around it."""

Hiding = Mapping[str, Mapping[InstanceKey, Pose]]


def brought_near(
    views: SceneViews,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    hiding: Hiding,
    progress: Progress = silent,
) -> dict[InstanceKey, Pose]:
    """Return poses in the world near which the photos show things.

    Args:
        views: photos and what they show.
        objects: poses in the world to begin with.
        cameras: of the photos.
        hiding: poses in photos of further things, which only hide.
        progress: is told of every round.
    """
    found, score = dict(objects), dict.fromkeys(objects, -np.inf)
    ways = (SEARCH + COARSE, COARSE)
    for number, stages in enumerate(ways):
        part = span(progress, number / len(ways), (number + 1) / len(ways))
        there = descend(views, objects, cameras, stages, hiding=hiding, progress=part).objects
        for thing, pose in there.items():
            agreed = _agreement(views, thing, there, cameras, hiding)
            if agreed > score[thing]:
                found[thing], score[thing] = pose, agreed
    return found


def _agreement(
    views: SceneViews,
    thing: InstanceKey,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    hiding: Hiding,
) -> float:
    """How well the photos that show a thing agree with it, the sum of :func:`core.scenes.shifting.score_here`."""
    total = 0.0
    for key, shown in views.shown.items():
        photo = views.photos[key]
        poses = {other: composed(cameras[key], pose) for other, pose in objects.items()} | dict(hiding.get(key, {}))
        box = box_of(views.solids[thing.object_id], poses[thing], photo.K) if thing in shown else None
        height, width = photo.pixels.shape[:2]
        if box is not None and (box[:2] < [width, height]).all() and (box[2:] > 0).all():
            total += score_here(draw(thing, poses, views.solids, cut_window(photo, box, SIDE, MARGIN), photo.K))
    return total
