"""Poses of a few photos, the keyframes, carried to all photos of a scene.

What has a pose in a photo keeps it; every other thing of the keyframes is looked for there, in keyframes too.

Where cameras are known a pose is composed with them. Where they are not, each photo's camera is found from keypoints of
photos that are known (:mod:`core.scenes.localising`), which then are known themselves; what has too few keypoints starts
from its nearest neighbour and is refined by the descent on outlines and patches. A thing that the photo does not show where
the world puts it is followed from the photos beside it (:mod:`core.scenes.tracking`), and if that does not show it either it is
flagged as drifted. In a keyframe it is left out instead: whoever posed the others there may have seen that it is not there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import CounterpointError
from core.geometry.pose import Pose, rotation_error
from core.progress import Progress, silent
from core.registration.descent import COARSE, FINE, SceneViews, composed, descend
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey
from core.scenes.arrangements import MADE, Arrangement, Posed, arranged, cameras_of, in_world, near
from core.scenes.localising import Keypoints, Landmarks, keypoints_of, landmarks, localise
from core.scenes.scene import ObjectPose, PoseState, Scene, ScenePhoto
from core.scenes.shown import Shown, shown
from core.scenes.solids import load_photo, load_solids, photos_with_cameras
from core.scenes.tracking import followed, starts

CARRIED: tuple[PoseState, ...] = ("propagated", "drifted")
"""States of poses that come from another photo: they are carried no further."""

CLEARLY = 0.1
"""By how much a photo must agree better with a rarer place of a thing than with the most frequent one."""

BESIDE = 10.0
"""Degrees that the camera may have turned between two photos for what moves to be followed from one to the other."""


@dataclass(frozen=True)
class PropagateSettings:
    """How poses are carried.

    Attributes:
        neighbours: known photos that a photo is compared with, the nearest in their order.
    """

    neighbours: int = 12


def propagate(
    scene: Scene,
    keyframes: Iterable[str],
    settings: PropagateSettings = PropagateSettings(),
    progress: Progress = silent,
    solids: Mapping[int, Solid] | None = None,
    done: Callable[[Scene], None] = lambda scene: None,
) -> Scene:
    """Carry the poses of keyframes to all photos of a scene.

    Photos without a camera are left out, and so are those in which nothing is missing: a run that was stopped goes on from the scene that
    ``done`` was told last, with ``scene`` being that one.

    Args:
        scene: with poses in the keyframes and cameras (intrinsics) in all photos.
        keyframes: keys of the photos whose poses are right.
        settings: how poses are carried.
        progress: is told of every photo.
        solids: the shapes by number, if they are loaded.
        done: is told the scene after every photo.

    Raises:
        CounterpointError: no photo has a camera, no keyframe a pose, or a thing has no shape.
    """
    with_camera = photos_with_cameras(scene)
    sources = {key: _sources(scene, key) for key in keyframes if key in with_camera and _sources(scene, key)}
    if not sources:
        raise CounterpointError("No keyframe has a pose; pose the objects of one photo first, or choose another.")
    wanted = frozenset(thing for poses in sources.values() for thing in poses)
    work = _Propagation(scene, sources, settings, solids or load_solids(scene, (thing.object_id for thing in wanted)))
    open_ = [photo for key, photo in with_camera.items() if wanted - scene.by_photo.get(key, {}).keys()]
    open_.sort(key=lambda photo: photo.key not in sources)
    count = len(open_)
    while open_:
        left: list[ScenePhoto] = []
        for number, photo in enumerate(open_):
            progress(1 - (len(open_) - number + len(left)) / count, f"Carrying poses to {photo.key}")
            if work.locate(photo):
                scene = scene.with_poses(work.pose(photo))
                done(scene)
            else:
                left.append(photo)
        if len(left) == len(open_):
            if work.follow(left[0]):
                scene = scene.with_poses(work.pose(left[0]))
                done(scene)
            left = left[1:]
        open_ = left
    return scene


def _sources(scene: Scene, key: str) -> Posed:
    """The poses of a keyframe that are carried."""
    return {thing: one.pose for thing, one in scene.by_photo.get(key, {}).items() if one.state not in CARRIED}


@dataclass
class _Propagation:
    """What is known while poses are carried; ``sources`` are the poses of keyframes."""

    scene: Scene
    sources: Mapping[str, Posed]
    settings: PropagateSettings
    solids: Mapping[int, Solid]
    loaded: dict[str, LoadedPhoto] = field(default_factory=dict)
    keypoints: dict[str, Keypoints] = field(default_factory=dict)
    marks: dict[str, Landmarks] = field(default_factory=dict)

    def __post_init__(self) -> None:
        told = {photo.key: photo.cam_from_world for photo in self.scene.photos}
        cameras = {key: pose for key, pose in told.items() if pose is not None}
        if all(key in cameras for key in self.sources):
            self.groups = [Arrangement({key: cameras[key] for key in self.sources}, dict(self.sources))]
            self.exact = cameras
        else:
            self.groups, self.exact = arranged(self.sources, self.solids), {}
        self.order = {photo.key: number for number, photo in enumerate(self.scene.photos)}
        self.found: dict[str, tuple[Arrangement, Pose]] = {}
        self.moving: set[InstanceKey] = set()
        self.seen: dict[InstanceKey, dict[str, Pose]] = {}
        for (key, thing), one in sorted(self.scene.poses.items()):
            if one.state != "drifted" and thing.object_id in self.solids:
                self.seen.setdefault(thing, {})[key] = one.pose

    def photo(self, key: str) -> LoadedPhoto:
        if key not in self.loaded:
            photo = self.scene.by_key[key]
            assert photo.camera is not None
            if len(self.loaded) > 2 * self.settings.neighbours:
                self.loaded.pop(next(iter(self.loaded)))
            self.loaded[key] = load_photo(photo, photo.camera, self.scene.unit)
        return self.loaded[key]

    def points(self, key: str) -> Keypoints:
        if key not in self.keypoints:
            self.keypoints[key] = keypoints_of(self.photo(key))
        return self.keypoints[key]

    def known(self, key: str, group: Arrangement) -> Landmarks:
        if key not in self.marks:
            poses = group.keyframes.get(key, {})
            self.marks[key] = landmarks(self.points(key), self.photo(key), group.cameras[key], poses, self.solids)
        return self.marks[key]

    def here(self, key: str) -> Posed:
        """What has a pose in a photo and keeps it."""
        known = self.scene.by_photo.get(key, {})
        return {thing: one.pose for thing, one in known.items() if thing.object_id in self.solids}

    def helpful(self, key: str) -> list[Arrangement]:
        """Arrangements of things that are missing in a photo."""
        return [group for group in self.groups if group.worlds().keys() - self.here(key).keys()]

    def locate(self, photo: ScenePhoto) -> bool:
        """Find the camera of a photo, in the arrangement whose things the photo shows best: by what is posed in it, or by keypoints."""
        key, loaded = photo.key, self.photo(photo.key)
        if key in self.exact:
            self._settle(key, self.groups[0], self.exact[key])
            return True
        groups = self.helpful(key)
        known = [(group, group.cameras[key]) for group in groups if key in group.cameras]
        best = self._best(photo, known or cameras_of(self.here(key), groups, self.solids))
        if best is None or (best[0] and all(one.drifted for one in best[0].values())):
            size = (loaded.pixels.shape[1], loaded.pixels.shape[0])
            for group in groups:
                if key not in group.cameras:
                    nearest = sorted(group.cameras, key=lambda other: abs(self.order[other] - self.order[key]))
                    marks = {other: self.known(other, group) for other in nearest[: self.settings.neighbours]}
                    answer = localise(self.points(key), loaded.K, size, marks)
                    known += [] if answer is None else [(group, answer[0])]
            best = self._best(photo, known) or best
        if best is None:
            return False
        self._settle(key, *best[1:])
        return True

    def _best(
        self, photo: ScenePhoto, cameras: Sequence[tuple[Arrangement, Pose]]
    ) -> tuple[dict[InstanceKey, Shown], Arrangement, Pose] | None:
        """Of several cameras the one with which the photo shows best what is missing in it."""
        tried = [(self._judged(photo.key, group, camera), group, camera) for group, camera in cameras]
        return max(tried, key=lambda one: sum(judged.agreed for judged in one[0].values()), default=None)

    def follow(self, photo: ScenePhoto) -> bool:
        """Start from the camera of the nearest photo, and let the photo's own camera descend."""
        distance = {
            (abs(self.order[key] - self.order[photo.key]), key): group
            for group in self.helpful(photo.key)
            for key in group.cameras
            if key != photo.key
        }
        if not distance:
            return False
        nearest = min(distance)
        group = distance[nearest]
        objects = {thing: some[0] for thing, some in group.worlds().items()}
        things = frozenset(objects)
        views = SceneViews({photo.key: self.photo(photo.key)}, self.solids, {photo.key: things})
        start = {photo.key: group.cameras[nearest[1]]}
        reach = float(np.mean([np.linalg.norm(composed(start[photo.key], pose).t) for pose in objects.values()]))
        solution = descend(views, objects, start, COARSE + FINE, {photo.key: (0.5, 0.5 * reach)}, things)
        self._settle(photo.key, group, solution.cameras[photo.key])
        return True

    def _settle(self, key: str, group: Arrangement, camera: Pose) -> None:
        if key not in self.sources:  # the camera of a keyframe is that of its own arrangement
            group.cameras[key] = camera
        self.found[key] = group, camera

    def pose(self, photo: ScenePhoto) -> dict[tuple[str, InstanceKey], ObjectPose]:
        """Where the things are that are missing in a photo whose camera was found, each with its residual."""
        judged = self._judged(photo.key, *self.found[photo.key])
        self._track(photo, judged)
        found = {}
        for thing, one in judged.items():
            state: PoseState = "drifted" if one.drifted else "propagated"
            if state == "propagated" or photo.key not in self.sources:
                found[photo.key, thing] = ObjectPose(one.pose, state, one.residual)
        if found and photo.key in self.sources:
            self._join(photo.key, {thing: one.pose for (_, thing), one in found.items()})
        return found

    def _join(self, key: str, found: Posed) -> None:
        """A keyframe that stood by itself is one of the arrangement whose things were found in it."""
        group, camera = self.found[key]
        if any(one is not group and one.cameras.keys() == {key} for one in self.groups):
            self.groups = [one for one in self.groups if one is group or one.cameras.keys() != {key}]
            group.cameras[key], group.keyframes[key] = camera, {**self.sources[key], **found}
            self.marks.pop(key, None)

    def _track(self, photo: ScenePhoto, judged: dict[InstanceKey, Shown]) -> None:
        """Follow what moves by itself from the photos beside this one, and remember where things are.

        A thing moves that keyframes have at several places, or that was followed before; one that the photo does not show where
        the world puts it may.
        """
        number, loaded, here = self.order[photo.key], self.photo(photo.key), self.here(photo.key)
        group, camera = self.found[photo.key]
        worlds = group.worlds(MADE)
        for thing, known in self.seen.items():
            if thing in here:
                continue
            one, moves = judged.get(thing), thing in self.moving or len(worlds.get(thing, ())) > 1
            if one is not None and not one.drifted and not moves:
                continue
            others = {**here, **{other: found.pose for other, found in judged.items() if other != thing}}
            least = -np.inf if one is None else one.agreed + (0.0 if moves else CLEARLY)
            for start in starts(self._from_here(photo.key, group, camera, known), number):
                pose = followed(photo.key, loaded, thing, start, others, self.solids)
                other = None if pose is None else shown(loaded, thing, {**others, thing: pose}, self.solids)
                if other is not None and not other.drifted and other.agreed > least:
                    judged[thing] = other
                    self.moving.add(thing)
                    break
        for thing, one in judged.items():
            if not one.drifted:
                self.seen.setdefault(thing, {})[photo.key] = one.pose

    def _from_here(self, key: str, group: Arrangement, camera: Pose, known: Mapping[str, Pose]) -> dict[int, Pose]:
        """Where a thing would be in this photo if it stood as in others that were taken from nearly the same side, by their numbers.

        How photos of another arrangement stand to this one is not known; those of a video follow each other closely.
        """
        found = {}
        for other, pose in known.items():
            there, number = group.cameras.get(other), self.order[other]
            if there is not None and rotation_error(camera.R, there.R) < BESIDE:
                found[number] = composed(camera, in_world(there, pose))
            elif there is None and self.scene.layout == "video" and abs(number - self.order[key]) == 1:
                found[number] = pose
        return found

    def _judged(self, key: str, group: Arrangement, camera: Pose) -> dict[InstanceKey, Shown]:
        """For each visible thing that is missing in a photo the place, of those that keyframes say, that the photo shows best."""
        loaded, here, worlds = self.photo(key), self.here(key), group.worlds()
        places = {thing: [composed(camera, one) for one in some] for thing, some in worlds.items() if thing not in here}
        poses = {**{thing: some[0] for thing, some in places.items()}, **here}
        found: dict[InstanceKey, Shown] = {}
        for thing, some in places.items():
            for pose in some:
                one = shown(loaded, thing, {**poses, thing: pose}, self.solids)
                if one is not None and (thing not in found or _better(one, found[thing])):
                    found[thing] = one
                    poses[thing] = pose
        return found


def _better(one: Shown, other: Shown) -> bool:
    """Whether the photo shows the one place rather than a more frequent other; clearly, where it is not just beside that."""
    beside = near(one.pose, other.pose, float(np.linalg.norm(other.pose.t)), MADE)
    return one.agreed > other.agreed + (0.0 if beside else CLEARLY)
