"""A BOP scene as a :class:`core.scenes.scene.Scene` with its truth, split where its things were moved.

LM-O's things were rearranged several times while it was taken, and it says no cameras: photos whose things stand to each
other in exactly the same way are one arrangement, and their cameras are what most things agree on: what stood still there is
written with one pose, so that these agree to the last digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.benchmarks.bop import BopScene
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose, nearest_rotation, rotation_error
from core.registration.drawing import box_of, cut_window, draw
from core.registration.solids import LoadedPhoto, Solid
from core.registration.things import InstanceKey
from core.scenes.arrangements import SAME, Arrangement, arranged
from core.scenes.readers.bop import read_table
from core.scenes.scene import ObjectPose, Scene, ScenePhoto, SceneShape
from core.units import Unit


@dataclass
class TrueScene:
    """A scene whose poses are its truth, the shapes loaded, and its arrangements."""

    scene: Scene
    solids: dict[int, Solid]
    arrangements: list[Arrangement]

    @classmethod
    def open(cls, root: str) -> "TrueScene":
        """Read a data set in the BOP layout, in millimetres."""
        data = BopScene.open(root)
        told = read_table(data.folder / "scene_camera.json", dict)
        truth = read_table(data.folder / "scene_gt.json", list)
        photos, poses = [], {}
        for key in data.photos():
            file = next((data.folder / "rgb").glob(f"{int(key):06d}.*"))
            photos.append(ScenePhoto(key, file, PhotoCamera(np.reshape(told[key]["cam_K"], (3, 3)).astype(float))))
            for entry in truth[key]:
                R = nearest_rotation(np.reshape(entry["cam_R_m2c"], (3, 3)).astype(float))
                pose = Pose(R, np.array(entry["cam_t_m2c"], float))
                poses[key, InstanceKey(entry["obj_id"])] = ObjectPose(pose)
        folder = Path(root) / "models"
        shapes = {n: SceneShape(n, folder / f"obj_{n:06d}.ply", f"obj_{n:06d}") for n in data.models}
        solids = {n: Solid(caster, turns=data.infos[n].symmetries) for n, caster in data.casters.items()}
        scene = Scene(Path(root), "bop", tuple(photos), shapes, poses, Unit(0.001, True, "BOP is in millimetres."))
        every = {key: {thing: one.pose for thing, one in some.items()} for key, some in scene.by_photo.items()}
        return cls(scene, solids, arranged(every, solids, SAME))

    def part(self, arrangement: Arrangement, cameras: bool = True) -> Scene:
        """The photos of one arrangement, with their cameras in the world or without."""
        photos = [photo for photo in self.scene.photos if photo.key in arrangement.cameras]
        if cameras:
            photos = [replace(photo, cam_from_world=arrangement.cameras[photo.key]) for photo in photos]
        poses = {at: one for at, one in self.scene.poses.items() if at[0] in arrangement.cameras}
        return replace(self.scene, photos=tuple(photos), poses=poses)

    def visible(self, key: str, photo: LoadedPhoto, side: int = 64) -> dict[InstanceKey, float]:
        """Which share of each thing's silhouette other posed things leave to be seen in a photo."""
        poses = {thing: one.pose for thing, one in self.scene.by_photo[key].items()}
        found = {}
        for thing, pose in poses.items():
            box = box_of(self.solids[thing.object_id], pose, photo.K)
            if box is not None:
                drawing = draw(thing, poses, self.solids, cut_window(photo, box, side, 0.05), photo.K)
                found[thing] = float(drawing.seen.sum() / max(drawing.own.sum(), 1))
        return found


def pose_error(found: Pose, truth: Pose, solid: Solid) -> tuple[float, float]:
    """Return degrees, and the distance of the shapes' middles as a share of their distance, of the nearest symmetric pose."""
    distance = float(np.linalg.norm(truth(solid.center)))
    errors = []
    for turn in solid.symmetry:
        moved = np.linalg.norm(found(solid.center) - truth(turn[:3, :3] @ solid.center + turn[:3, 3])) / distance
        errors.append((rotation_error(truth.R @ turn[:3, :3], found.R), float(moved)))
    return min(errors)


def standing(arrangement: Arrangement, solids: Mapping[int, Solid]) -> dict[InstanceKey, dict[str, Pose]]:
    """Return for each thing the photos in which it stands where it does most often, with its true poses there."""
    found: dict[InstanceKey, dict[str, Pose]] = {}
    for thing, worlds in arrangement.worlds().items():
        center = solids[thing.object_id].center
        for key, poses in arrangement.keyframes.items():
            if thing in poses:
                camera = arrangement.cameras[key]
                there = Pose(camera.R @ worlds[0].R, camera(worlds[0].t))
                turned, moved = pose_error(there, poses[thing], solids[thing.object_id])
                if turned < 5 and moved < 0.02 and np.isfinite(center).all():
                    found.setdefault(thing, {})[key] = poses[thing]
    return found
