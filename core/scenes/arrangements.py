"""Keyframes that show things standing to each other in the same way: their cameras follow from the poses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from core.geometry.pose import Pose, rotation_error
from core.registration.solids import Solid
from core.registration.things import InstanceKey


@dataclass(frozen=True)
class Tolerance:
    """How far poses of one place may differ.

    Attributes:
        degrees: of the rotation.
        share: of the distance from the camera.
    """

    degrees: float
    share: float


MADE = Tolerance(4.0, 0.03)
"""Of poses that a hand made: two things of one arrangement may differ so far in what they say of the camera."""

SAME = Tolerance(0.5, 0.004)
"""Of poses that are one: places of a thing that differ by more are told apart."""

Posed = Mapping[InstanceKey, Pose]


@dataclass
class Arrangement:
    """Photos of things that stand still.

    Attributes:
        cameras: of its photos in the world, which is the camera of its first keyframe, or what the scene says.
        keyframes: their poses in their own cameras.
    """

    cameras: dict[str, Pose] = field(default_factory=dict)
    keyframes: dict[str, Posed] = field(default_factory=dict)

    def worlds(self, within: Tolerance = SAME) -> dict[InstanceKey, list[Pose]]:
        """Where in the world keyframes say that things are: all that differ, the most frequent first."""
        found: dict[InstanceKey, list[tuple[Pose, int]]] = {}
        for key, poses in self.keyframes.items():
            for thing, pose in poses.items():
                here = in_world(self.cameras[key], pose)
                entries = found.setdefault(thing, [])
                for number, (other, count) in enumerate(entries):
                    if near(here, other, float(np.linalg.norm(pose.t)), within):
                        entries[number] = (other, count + 1)
                        break
                else:
                    entries.append((here, 1))
        return {thing: [pose for pose, _ in sorted(some, key=lambda one: -one[1])] for thing, some in found.items()}


def in_world(camera: Pose, pose: Pose) -> Pose:
    """The pose in the world of what has a pose in a photo's camera."""
    return Pose(camera.R.T @ pose.R, camera.R.T @ (pose.t - camera.t), pose.s)


def near(one: Pose, other: Pose, distance: float, within: Tolerance) -> bool:
    """Whether two poses are nearly the same, seen from a distance."""
    turned = rotation_error(one.R, other.R) < within.degrees
    return turned and float(np.linalg.norm(one.t - other.t)) < within.share * distance


def common_motion(
    first: Posed, second: Posed, solids: Mapping[int, Solid], within: Tolerance = MADE
) -> tuple[Pose, int]:
    """The motion ``x_second = R x_first + t`` that most things of two photos agree on, and how many do.

    Symmetries of the things are taken into account.
    """
    best, most = Pose(np.eye(3), np.zeros(3)), 0
    both = [thing for thing in first if thing in second]
    for thing in both:
        for turn in solids[thing.object_id].symmetry[:24]:
            R = second[thing].R @ turn[:3, :3] @ first[thing].R.T
            t = second[thing](turn[:3, 3]) - R @ first[thing].t
            agreed = [
                other
                for other in both
                if _follows(first[other], second[other], Pose(R, t), solids[other.object_id], within)
            ]
            if len(agreed) > most:
                best, most = Pose(R, t), len(agreed)
    return best, most


def cameras_of(
    poses: Posed, groups: Sequence[Arrangement], solids: Mapping[int, Solid]
) -> list[tuple[Arrangement, Pose]]:
    """The cameras that a photo has in arrangements if what is posed in it stands there as they say.

    Things that look the same after a turn are asked only where no other is known.
    """
    found: list[tuple[Arrangement, Pose]] = []
    for thing, pose in sorted(poses.items(), key=lambda one: len(solids[one[0].object_id].symmetry)):
        turns = solids[thing.object_id].symmetry[:24]
        if found and len(turns) > 1:
            break
        for group in groups:
            for world, turn in product(group.worlds().get(thing, ()), turns):
                R = pose.R @ turn[:3, :3] @ world.R.T
                camera = Pose(R, pose(turn[:3, 3]) - R @ world.t)
                distance = float(np.linalg.norm(pose.t))
                if not any(one is group and near(camera, other, distance, SAME) for one, other in found):
                    found.append((group, camera))
    return found


def _follows(first: Pose, second: Pose, motion: Pose, solid: Solid, within: Tolerance) -> bool:
    """Whether a thing moved as the camera's motion says."""
    middle = motion(first(solid.center))
    if np.linalg.norm(middle - second(solid.center)) > within.share * np.linalg.norm(middle):
        return False
    turns = solid.symmetry[:, :3, :3]
    return rotation_error(second.R, motion.R @ first.R, turns) < within.degrees


def arranged(
    keyframes: Mapping[str, Posed], solids: Mapping[int, Solid], within: Tolerance = MADE
) -> list[Arrangement]:
    """Group keyframes in which at least two things stand to each other in the same way."""
    found: list[Arrangement] = []
    for key, poses in keyframes.items():
        best: tuple[int, Arrangement, Pose] | None = None
        for one in found:
            for other, theirs in one.keyframes.items():
                motion, count = common_motion(theirs, poses, solids, within)
                if count >= 2 and (best is None or count > best[0]):
                    known = one.cameras[other]
                    best = count, one, Pose(motion.R @ known.R, motion.R @ known.t + motion.t)
        if best is None:
            found.append(Arrangement({key: Pose(np.eye(3), np.zeros(3))}, {key: poses}))
        else:
            best[1].cameras[key], best[1].keyframes[key] = best[2], poses
    return found
