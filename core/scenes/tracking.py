"""Things that move by themselves: their poses carried from photo to photo and refined, where the world does not carry them."""

from collections.abc import Mapping

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from core.geometry.pose import Pose, rotation_error
from core.registration.descent import COARSE, FINE, SEARCH, SceneViews, descend
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey

STILL = Pose(np.eye(3), np.zeros(3))

TURNED, NEARER = 40.0, 1.25
"""Degrees by which a thing may have turned since the photo beside, and how many times nearer or farther it may be: what descends
beyond has lost it."""


def starts(known: Mapping[int, Pose], number: int) -> list[Pose]:
    """Poses to start from in the photo ``number``, of those of the same thing in other photos, the likeliest first.

    That between its neighbours, where there are some on both sides, then those of the neighbours.

    Args:
        known: poses in the cameras of other photos by their numbers in the scene's order.
        number: of the photo.
    """
    before = max((one for one in known if one < number), default=None)
    after = min((one for one in known if one > number), default=None)
    near = sorted((one for one in (before, after) if one is not None), key=lambda one: abs(one - number))
    between = []
    if before is not None and after is not None:
        between.append(interpolated(known[before], known[after], (number - before) / (after - before)))
    return [*between, *(known[one] for one in near)]


def interpolated(one: Pose, other: Pose, share: float) -> Pose:
    """The pose at a share of the way from one to another: the rotation by the shortest turn, place and scale straight."""
    turn = Slerp([0, 1], Rotation.from_matrix([one.R, other.R]))(share).as_matrix()
    t = (1 - share) * np.asarray(one.t) + share * np.asarray(other.t)
    return Pose(turn, t, (1 - share) * np.asarray(one.s) + share * np.asarray(other.s))


def followed(
    key: str,
    photo: LoadedPhoto,
    thing: InstanceKey,
    start: Pose,
    others: Mapping[InstanceKey, Pose],
    solids: Mapping[int, Solid],
) -> Pose | None:
    """The pose that a photo shows of a thing, from one nearby: first it is looked for, then it descends. None where it was lost.

    Args:
        key: of the photo.
        photo: loaded.
        thing: which moves.
        start: its pose in the photo's camera.
        others: poses of further things in the camera, which hide it.
        solids: the shapes by number.
    """
    views = SceneViews({key: photo}, solids, {key: frozenset([thing])})
    solution = descend(views, {thing: start}, {key: STILL}, SEARCH + COARSE + FINE, hiding={key: others})
    pose, center = solution.objects[thing], solids[thing.object_id].center
    share = float(np.linalg.norm(pose(center)) / np.linalg.norm(start(center)))
    near = 1 / NEARER < share < NEARER and pose(center)[2] > 0
    return pose if near and rotation_error(pose.R, start.R) < TURNED else None
