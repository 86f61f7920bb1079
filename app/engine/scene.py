"""What the engine does with open scenes: it carries and refines poses, writes files and checks them."""

from dataclasses import replace

from app.engine.process import Report
from app.shared.results import SceneNotes
from core.notices import warn
from core.progress import Progress
from core.registration.things import InstanceKey
from core.scenes.check import check_scenes
from core.scenes.propagate import propagate
from core.scenes.readers.photos import header_size
from core.scenes.refine import Refined, RefineSettings, refine
from core.scenes.saving import save_scene
from core.scenes.scene import ObjectPose, PoseKey, Scene, ScenePhoto

Poses = dict[PoseKey, ObjectPose]


def propagate_poses(progress: Report, scene: Scene, keyframes: tuple[str, ...]) -> Poses:
    """The poses of keyframes in the other photos; those found so far are told after every photo."""
    start = _sized(scene)
    found = propagate(start, keyframes, progress=progress, done=lambda now: progress.tell(_changed(start, now)))
    return _changed(start, found)


def refine_poses(progress: Report, scene: Scene, things: tuple[InstanceKey, ...] | None, far: bool) -> Poses:
    """Poses that follow what the photos show, also from ``far`` off; those found so far are told too."""
    start = _sized(scene)

    def tell(now: Refined) -> None:
        progress.tell(_changed(start, now.scene))

    answer = refine(start, things, RefineSettings(far=far), progress=progress, done=tell)
    return _changed(start, answer.scene)


def write_scene(progress: Progress, scene: Scene, path: str | None, file_format: str | None) -> list[str]:
    """Write a scene without the poses that drifted, back to where it came from or elsewhere; returns the files."""
    sure = {at: one for at, one in scene.poses.items() if one.state != "drifted"}
    if len(sure) < len(scene.poses):
        warn(
            f"{len(scene.poses) - len(sure)} poses drifted and were left out; put them right, or mark them as checked."
        )
    return [str(one) for one in save_scene(_sized(replace(scene, poses=sure)), path, file_format, progress)]


def check_scene(progress: Progress, path: str) -> SceneNotes:
    """What bop_toolkit would stumble over in the files of a scene."""
    found = check_scenes(path, progress)
    return SceneNotes(
        tuple(one.sentence for one in found if one.error), tuple(one.sentence for one in found if not one.error)
    )


def _changed(start: Scene, now: Scene) -> Poses:
    return {at: one for at, one in now.poses.items() if start.poses.get(at) is not one}


def _sized(scene: Scene) -> Scene:
    """With the sizes of photos whose cameras were found by hand."""
    size = tuple(scene.info["size"]) if scene.layout == "video" else None

    def fitting(photo: ScenePhoto) -> ScenePhoto:
        if photo.camera is None or photo.camera.size is not None:
            return photo
        return replace(photo, camera=replace(photo.camera, size=size or header_size(photo.path)))

    return replace(scene, photos=tuple(map(fitting, scene.photos)))
