"""Refinement of a scene: world poses over all calibrated photos together, and cameras where they are uncertain.

What is solved is in :mod:`core.registration.solving`, how photos are looked at in :mod:`core.registration.descent`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from core.errors import CounterpointError
from core.geometry.pose import Pose, rotation_error
from core.notices import warn
from core.progress import Progress, silent, span
from core.registration.descent import FINE, RefineStage, SceneViews, composed, descend
from core.registration.drawing import box_of
from core.registration.solids import Solid
from core.registration.solving import Solution
from core.registration.things import InstanceKey
from core.registration.uncertainty import Uncertainty
from core.scenes.arrangements import in_world
from core.scenes.scene import ObjectPose, PoseKey, Scene
from core.scenes.shown import shown
from core.scenes.solids import load_photo, load_solids, photos_with_cameras
from core.scenes.starting import brought_near


@dataclass(frozen=True)
class RefineSettings:
    """How poses are refined.

    Attributes:
        stages: how closely photos are looked at, one after the other.
        far: whether poses may be about ten degrees and five per cent of the distance off, see :mod:`core.scenes.starting`.
        camera: standard deviations of the photos' cameras, (radians, units of the scene); None leaves cameras as they are.
        together: whether one pose in the world is sought for each thing; else one for each photo.
    """

    stages: tuple[RefineStage, ...] = FINE
    far: bool = False
    camera: tuple[float, float] | None = None
    together: bool = True


@dataclass(frozen=True)
class Refined:
    """A scene with refined poses, and how sure each is, at least.

    Attributes:
        scene: with all its poses.
        uncertainty: of the refined ones; photos that were refined together share it, in axes of the world, and each other
            photo has its own, in axes of its camera.
    """

    scene: Scene
    uncertainty: Mapping[PoseKey, Uncertainty] = field(default_factory=dict)


def refine(
    scene: Scene,
    things: Iterable[InstanceKey] | None = None,
    settings: RefineSettings = RefineSettings(),
    progress: Progress = silent,
    solids: Mapping[int, Solid] | None = None,
    done: Callable[[Refined], None] = lambda refined: None,
) -> Refined:
    """Refine the poses of a scene.

    Photos with cameras in the world are refined together; others each by itself. Depth counts where a photo has it.

    Args:
        scene: with poses to begin with.
        things: which are refined, all by default; checked ones stay as they are.
        settings: how.
        progress: is told of every round.
        solids: the shapes by number, if they are loaded.
        done: is told what there is after every step that can stand by itself: the photos together, and each other photo.

    Raises:
        CounterpointError: no photo has a camera, none with a camera has a pose of these things, or a thing has no shape.
    """
    chosen = frozenset(things if things is not None else scene.things())
    posed = [photo for key, photo in photos_with_cameras(scene).items() if chosen & set(scene.by_photo.get(key, {}))]
    if not posed:
        raise CounterpointError("No photo with a camera shows these objects with a pose; pose them in one photo first.")
    solids = solids or load_solids(scene, (thing.object_id for thing in scene.things()))
    work = _Refinement(scene, chosen, settings, solids)
    world = [photo.key for photo in posed if settings.together and photo.cam_from_world is not None]
    single = [photo.key for photo in posed if photo.key not in world]
    sure: dict[PoseKey, Uncertainty] = {}
    share = len(world) / len(posed)
    if world:
        sure = work.together(world, span(progress, 0.0, share))
        done(Refined(work.scene, sure))
    for number, key in enumerate(single):
        progress(share + (1 - share) * number / len(single), f"Refining poses of {key}")
        sure = {**sure, **work.alone(key)}
        done(Refined(work.scene, sure))
    work.say_doubts()
    return Refined(work.scene, sure)


@dataclass
class _Refinement:
    scene: Scene
    things: frozenset[InstanceKey]
    settings: RefineSettings
    solids: Mapping[int, Solid]
    refined: int = 0
    left: list[PoseKey] = field(default_factory=list)
    doubtful: list[PoseKey] = field(default_factory=list)

    def together(self, keys: list[str], progress: Progress) -> dict[PoseKey, Uncertainty]:
        cameras = {key: self._camera(key) for key in keys}
        seen: dict[InstanceKey, list[Pose]] = {}
        shown, hiding = {}, {}
        for key in keys:
            poses = self.scene.by_photo[key]
            mine = frozenset(thing for thing in poses if self._free(key, thing))
            shown[key] = mine
            hiding[key] = {thing: one.pose for thing, one in poses.items() if thing not in mine}
            for thing in mine:
                seen.setdefault(thing, []).append(in_world(cameras[key], poses[thing].pose))
        objects = {thing: typical(some, self.solids[thing.object_id]) for thing, some in seen.items()}
        return self._solve(objects, cameras, shown, hiding, progress)

    def alone(self, key: str) -> dict[PoseKey, Uncertainty]:
        poses = self.scene.by_photo[key]
        mine = frozenset(thing for thing in poses if self._free(key, thing))
        hiding = {thing: one.pose for thing, one in poses.items() if thing not in mine}
        objects = {thing: poses[thing].pose for thing in mine}
        return self._solve(objects, {key: Pose(np.eye(3), np.zeros(3))}, {key: mine}, {key: hiding}, silent)

    def _free(self, key: str, thing: InstanceKey) -> bool:
        return thing in self.things and self.scene.by_photo[key][thing].state != "checked"

    def _camera(self, key: str) -> Pose:
        camera = self.scene.by_key[key].cam_from_world
        assert camera is not None
        return camera

    def _solve(
        self,
        objects: dict[InstanceKey, Pose],
        cameras: dict[str, Pose],
        shown: dict[str, frozenset[InstanceKey]],
        hiding: dict[str, dict[InstanceKey, Pose]],
        progress: Progress,
    ) -> dict[PoseKey, Uncertainty]:
        if not objects:
            return {}
        photos = {}
        for key in cameras:
            photo = self.scene.by_key[key]
            assert photo.camera is not None
            photos[key] = load_photo(photo, photo.camera, self.scene.unit)
        views = SceneViews(photos, self.solids, shown)
        free = {key: self.settings.camera for key in cameras} if self.settings.camera and len(cameras) > 1 else None
        begin = 0.0
        if self.settings.far:
            begin = 0.7
            objects = brought_near(views, objects, cameras, hiding, span(progress, 0.0, begin))
        told = span(progress, begin, 1.0)
        solution = descend(views, objects, cameras, self.settings.stages, free, hiding=hiding, progress=told)
        self._keep(solution, views)
        sure, left = solution.uncertainty, set(self.left)
        shared = ((key, thing) for key, mine in views.shown.items() for thing in mine if thing in sure)
        return {at: sure[at[1]] for at in shared if at not in left}

    def _keep(self, solution: Solution, views: SceneViews) -> None:
        found, alone = {}, len(views.photos) == 1
        for key, mine in views.shown.items():
            for thing in mine:
                before = self.scene.by_photo[key][thing]
                pose = composed(solution.cameras[key], solution.objects[thing])
                residual = solution.residuals.get((key, thing), before.residual)
                sure = solution.uncertainty.get(thing)
                unsure = None if sure is None else sure.seen_from(solution.cameras[key])
                found[key, thing] = ObjectPose(pose, "refined", residual, before.info, unsure)
        found = self._judged(found, views)
        photos = self.scene.photos
        if self.settings.camera and not alone:
            photos = tuple(replace(p, cam_from_world=solution.cameras.get(p.key, p.cam_from_world)) for p in photos)
        self.scene = replace(self.scene, photos=photos).with_poses(found)

    def _judged(self, found: dict[PoseKey, ObjectPose], views: SceneViews) -> dict[PoseKey, ObjectPose]:
        """Those of refined poses that stay before the camera and in the photo; what the photos think of them is noted."""
        kept = {}
        for (key, thing), one in found.items():
            loaded, before = views.photos[key], {other: seen.pose for other, seen in self.scene.by_photo[key].items()}
            after = before | {other: new.pose for (photo, other), new in found.items() if photo == key}
            now = shown(loaded, thing, after, self.solids)
            if now is None and (
                box_of(self.solids[thing.object_id], one.pose, loaded.K) is None
                or shown(loaded, thing, before, self.solids) is not None
            ):
                self.left.append((key, thing))
                continue
            kept[key, thing] = one
            if now is not None and now.drifted:
                self.doubtful.append((key, thing))
        self.refined += len(kept)
        return kept

    def say_doubts(self) -> None:
        """Warn the user of poses that could not be refined, and of those that are not what their photos show."""
        if self.left:
            warn(
                f"{len(self.left)} poses were left as they were ({_photos(self.left)}): what the photos show does not hold them there."
            )
        if self.doubtful:
            warn(
                f"{len(self.doubtful)} of {self.refined} refined poses are not what their photos show ({_photos(self.doubtful)}): they "
                "began too far off, or the photos or cameras are not theirs; check them before you use them."
            )


def _photos(poses: Iterable[PoseKey]) -> str:
    keys = list(dict.fromkeys(key for key, _ in poses))
    return f"photos {', '.join(keys[:3])}" + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")


def typical(poses: list[Pose], solid: Solid) -> Pose:
    """The pose of several that is nearest to all others, symmetries taken into account."""
    turns = solid.symmetry[:, :3, :3]

    def distance(one: Pose, other: Pose) -> float:
        moved = np.linalg.norm(one(solid.center) - other(solid.center)) / solid.size
        return float(moved + np.radians(rotation_error(one.R, other.R, turns)))

    return min(poses, key=lambda one: sum(distance(one, other) for other in poses))
