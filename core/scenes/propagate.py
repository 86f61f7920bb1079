"""Poses of a few photos, the keyframes, carried to all photos of a scene.

Where cameras are known a pose is composed with them. Where they are not, each photo's camera is found from keypoints of
photos that are known (:mod:`core.scenes.localising`), which then are known themselves; what has too few keypoints starts
from its nearest neighbour and is refined by the descent on outlines and patches. A thing that the photo does not show where
the world puts it is followed from the photos beside it (:mod:`core.scenes.tracking`), and if that does not show it either it is
flagged as drifted; keyframes stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from core.errors import CounterpointError
from core.geometry.pose import Pose, rotation_error
from core.progress import Progress, silent
from core.registration.descent import COARSE, FINE, SceneViews, composed, descend
from core.registration.drawing import box_of, cut_window, draw
from core.registration.residuals import agreement
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey
from core.scenes.arrangements import MADE, Arrangement, Posed, arranged, in_world, near
from core.scenes.localising import Keypoints, Landmarks, keypoints_of, landmarks, localise
from core.scenes.scene import ObjectPose, PoseState, Scene, ScenePhoto
from core.scenes.solids import load_photo, load_solids, photos_with_cameras
from core.scenes.tracking import followed, starts

CLEARLY = 0.1
"""By how much a photo must agree better with a rarer place of a thing than with the most frequent one."""

BESIDE = 10.0
"""Degrees that the camera may have turned between two photos for what moves to be followed from one to the other."""


@dataclass(frozen=True)
class PropagateSettings:
    """How poses are carried.

    Attributes:
        neighbours: known photos that a photo is compared with, the nearest in their order.
        visible: share of a thing's silhouette that must be seen for it to get a pose.
        drift: a residual above this share of the thing's box says that it drifted, as does an ``agreement`` below its own.
        agreement: see :func:`core.registration.residuals.agreement`.
    """

    neighbours: int = 12
    visible: float = 0.1
    drift: float = 0.045
    agreement: float = 0.15


def propagate(
    scene: Scene,
    keyframes: Iterable[str],
    settings: PropagateSettings = PropagateSettings(),
    progress: Progress = silent,
    solids: Mapping[int, Solid] | None = None,
    done: Callable[[Scene], None] = lambda scene: None,
) -> Scene:
    """Carry the poses of keyframes to all photos of a scene.

    Photos without a camera are left out, and checked poses stay; photos that hold propagated poses are done again, unless these are all there is
    to do: a run that was stopped goes on from the scene that ``done`` was told last, with ``scene`` being that one.

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
    keys = [key for key in keyframes if scene.by_photo.get(key) and key in with_camera]
    if not keys:
        raise CounterpointError("No keyframe has a pose; pose the objects of one photo first, or choose another.")
    solids = solids or load_solids(scene, (thing.object_id for key in keys for thing in scene.by_photo[key]))
    work = _Propagation(scene, keys, settings, solids)
    open_ = [photo for key, photo in with_camera.items() if key not in keys and not _carried(scene, key)]
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
            if not work.follow(left[0]):
                return scene
            scene = scene.with_poses(work.pose(left[0]))
            done(scene)
            left = left[1:]
        open_ = left
    return scene


def _carried(scene: Scene, key: str) -> bool:
    poses = scene.by_photo.get(key, {})
    return bool(poses) and all(one.state in ("propagated", "drifted", "refined") for one in poses.values())


@dataclass
class _Propagation:
    """What is known while poses are carried."""

    scene: Scene
    keys: list[str]
    settings: PropagateSettings
    solids: Mapping[int, Solid]
    loaded: dict[str, LoadedPhoto] = field(default_factory=dict)
    keypoints: dict[str, Keypoints] = field(default_factory=dict)
    marks: dict[str, Landmarks] = field(default_factory=dict)

    def __post_init__(self) -> None:
        posed: dict[str, Posed] = {
            key: {thing: one.pose for thing, one in self.scene.by_photo[key].items()} for key in self.keys
        }
        told = {photo.key: photo.cam_from_world for photo in self.scene.photos}
        cameras = {key: pose for key, pose in told.items() if pose is not None}
        if all(key in cameras for key in self.keys):
            self.groups = [Arrangement({key: cameras[key] for key in self.keys}, posed)]
        else:
            self.groups = arranged(posed, self.solids)
        self.exact = cameras if all(key in cameras for key in self.keys) else {}
        self.order = {photo.key: number for number, photo in enumerate(self.scene.photos)}
        self.group_of: dict[str, Arrangement] = {}
        self.moving: set[InstanceKey] = set()
        self.seen: dict[InstanceKey, dict[str, Pose]] = {}
        for key, poses in posed.items():
            for thing, pose in poses.items():
                self.seen.setdefault(thing, {})[key] = pose

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

    def locate(self, photo: ScenePhoto) -> bool:
        """Find the camera of a photo: of several arrangements the one whose things the photo shows best."""
        if photo.key in self.exact:
            self._settle(photo.key, self.groups[0], self.exact[photo.key])
            return True
        loaded = self.photo(photo.key)
        size = (loaded.pixels.shape[1], loaded.pixels.shape[0])
        found = []
        for group in self.groups:
            nearest = sorted(group.cameras, key=lambda key: abs(self.order[key] - self.order[photo.key]))
            known = {key: self.known(key, group) for key in nearest[: self.settings.neighbours]}
            answer = localise(self.points(photo.key), loaded.K, size, known)
            if answer is not None:
                judged = self._judged(loaded, group, answer[0])
                found.append((sum(one.agreed for one in judged.values()), group, answer[0]))
        if not found:
            return False
        _, group, camera = max(found, key=lambda one: one[0])
        self._settle(photo.key, group, camera)
        return True

    def follow(self, photo: ScenePhoto) -> bool:
        """Start from the camera of the nearest photo, and let the photo's own camera descend."""
        distance = {key: abs(self.order[key] - self.order[photo.key]) for group in self.groups for key in group.cameras}
        nearest = min(distance, key=lambda key: distance[key])
        group = next(group for group in self.groups if nearest in group.cameras)
        objects = {thing: some[0] for thing, some in group.worlds().items()}
        things = frozenset(objects)
        views = SceneViews({photo.key: self.photo(photo.key)}, self.solids, {photo.key: things})
        start = {photo.key: group.cameras[nearest]}
        reach = float(np.mean([np.linalg.norm(composed(start[photo.key], pose).t) for pose in objects.values()]))
        solution = descend(views, objects, start, COARSE + FINE, {photo.key: (0.5, 0.5 * reach)}, things)
        self._settle(photo.key, group, solution.cameras[photo.key])
        return True

    def _settle(self, key: str, group: Arrangement, camera: Pose) -> None:
        group.cameras[key] = camera
        self.group_of[key] = group

    def pose(self, photo: ScenePhoto) -> dict[tuple[str, InstanceKey], ObjectPose]:
        """Where things are in a photo whose camera was found, each with its residual."""
        group = self.group_of[photo.key]
        loaded = self.photo(photo.key)
        judged = self._judged(loaded, group, group.cameras[photo.key])
        self._track(photo, loaded, judged)
        kept, found = self.scene.by_photo.get(photo.key, {}), {}
        for thing, one in judged.items():
            if thing in kept and kept[thing].state == "checked":
                continue
            info = kept[thing].info if thing in kept else {}
            state: PoseState = "drifted" if self._drifted(one) else "propagated"
            found[photo.key, thing] = ObjectPose(one.pose, state, one.residual, info)
        return found

    def _drifted(self, one: "_Candidate") -> bool:
        return one.agreed < self.settings.agreement or one.residual > self.settings.drift * one.side

    def _track(self, photo: ScenePhoto, loaded: LoadedPhoto, judged: "dict[InstanceKey, _Candidate]") -> None:
        """Follow what moves by itself from the photos beside this one, and remember where things are.

        A thing moves that keyframes have at several places, or that was followed before; one that the photo does not show where
        the world puts it may.
        """
        number, group = self.order[photo.key], self.group_of[photo.key]
        worlds = group.worlds(MADE)
        for thing, known in self.seen.items():
            one, moves = judged.get(thing), thing in self.moving or len(worlds.get(thing, ())) > 1
            if one is not None and not self._drifted(one) and not moves:
                continue
            others = {other: found.pose for other, found in judged.items() if other != thing}
            least = -np.inf if one is None else one.agreed + (0.0 if moves else CLEARLY)
            for start in starts(self._from_here(photo.key, group, known), number):
                pose = followed(photo.key, loaded, thing, start, others, self.solids)
                other = None if pose is None else self._candidate(loaded, thing, {**others, thing: pose})
                if other is not None and not self._drifted(other) and other.agreed > least:
                    judged[thing] = other
                    self.moving.add(thing)
                    break
        for thing, one in judged.items():
            if not self._drifted(one):
                self.seen.setdefault(thing, {})[photo.key] = one.pose

    def _from_here(self, key: str, group: Arrangement, known: Mapping[str, Pose]) -> dict[int, Pose]:
        """Where a thing would be in this photo if it stood as in others that were taken from nearly the same side, by their numbers.

        How photos of another arrangement stand to this one is not known; those of a video follow each other closely.
        """
        found, camera = {}, group.cameras[key]
        for other, pose in known.items():
            there, number = group.cameras.get(other), self.order[other]
            if there is not None and rotation_error(camera.R, there.R) < BESIDE:
                found[number] = composed(camera, in_world(there, pose))
            elif there is None and self.scene.form == "video" and abs(number - self.order[key]) == 1:
                found[number] = pose
        return found

    def _judged(self, loaded: LoadedPhoto, group: Arrangement, camera: Pose) -> dict[InstanceKey, "_Candidate"]:
        """For each thing that is visible the place, of those that keyframes say, that the photo shows best."""
        places = {thing: [composed(camera, one) for one in some] for thing, some in group.worlds().items()}
        poses = {thing: some[0] for thing, some in places.items()}
        found: dict[InstanceKey, _Candidate] = {}
        for thing, some in places.items():
            for pose in some:
                one = self._candidate(loaded, thing, {**poses, thing: pose})
                if one is not None and (thing not in found or one.better(found[thing])):
                    found[thing] = one
                    poses[thing] = pose
        return found

    def _candidate(
        self, loaded: LoadedPhoto, thing: InstanceKey, poses: Mapping[InstanceKey, Pose]
    ) -> "_Candidate | None":
        box = box_of(self.solids[thing.object_id], poses[thing], loaded.K)
        if box is None:
            return None
        drawing = draw(thing, poses, self.solids, cut_window(loaded, box, 96, 0.3), loaded.K)
        if drawing.seen.sum() < max(self.settings.visible * drawing.own.sum(), 40):
            return None
        return _Candidate(poses[thing], *agreement(drawing), float((box[2:] - box[:2]).max()))


@dataclass(frozen=True)
class _Candidate:
    """A pose of a thing in a photo, see :func:`core.registration.residuals.agreement`; ``side`` of its box in pixels."""

    pose: Pose
    agreed: float
    residual: float
    side: float

    def better(self, other: "_Candidate") -> bool:
        """Whether the photo shows this place rather than a more frequent one; clearly, where it is not just beside that."""
        beside = near(self.pose, other.pose, float(np.linalg.norm(other.pose.t)), MADE)
        return self.agreed > other.agreed + (0.0 if beside else CLEARLY)
