"""Poses that are about ten degrees and five per cent of the distance off, brought near.

Things descend from where they are found by their silhouettes and edges in all photos and from where they stand, and each stays where the
photos agree with it best: what is searched may be led astray by what looks alike.
"""

from collections.abc import Mapping

from core.geometry.pose import Pose
from core.progress import Progress, silent, span
from core.registration.descent import COARSE, SceneViews, descend
from core.registration.things import InstanceKey
from core.scenes.placing import Photos

SEARCHED = 0.4
"""The share of the work that is the search."""


def brought_near(
    views: SceneViews,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    hiding: Mapping[str, Mapping[InstanceKey, Pose]],
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
    progress(0.0, "Looking for objects")
    photos = Photos(views, cameras, hiding)
    starts = photos.placed(objects), dict(objects)
    found, score = dict(objects), dict.fromkeys(objects, float("-inf"))
    for number, start in enumerate(starts):
        part = span(progress, *(SEARCHED + (1 - SEARCHED) * (number + end) / len(starts) for end in (0, 1)))
        there = descend(views, start, cameras, COARSE, hiding=hiding, progress=part).objects
        for poses in (start, there):
            for thing, pose in poses.items():
                agreed = photos.agreement(thing, poses)
                if agreed > score[thing]:
                    found[thing], score[thing] = pose, agreed
    return found
