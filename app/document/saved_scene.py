"""What a project file keeps of an open scene: where it lies, and what differs from its files."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.document.scene import OpenScene
from app.shared.values import Intrinsics, Item, item_for
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import camera_matrix
from core.registration.things import InstanceKey
from core.scenes.kept_poses import KeptPoses, entry_of
from core.scenes.scene import ObjectPose, Scene, SceneShape


@dataclass(frozen=True)
class SavedCamera:
    """A photo's camera that is not in the scene's files."""

    photo: str
    K: Intrinsics
    size: tuple[int, int] | None = None
    lens: Lens | None = None


@dataclass(frozen=True)
class SavedShape:
    """A shape that was added, see :class:`core.scenes.scene.SceneShape`."""

    object_id: int
    file: Item
    name: str
    scale: float
    bounds: tuple[tuple[float, ...], tuple[float, ...]] | None = None


@dataclass(frozen=True)
class SavedScene:
    """An open scene.

    Attributes:
        root: what is opened.
        poses: those that differ from the files, which say no states, as the JSON of
            :mod:`core.scenes.kept_poses`.
        removed: (photo, object, instance) of those that are in the files alone.
    """

    root: Path
    photo: str
    thing: tuple[int, int] | None = None
    added: tuple[tuple[int, int], ...] = ()
    shapes: tuple[SavedShape, ...] = ()
    cameras: tuple[SavedCamera, ...] = ()
    poses: bytes = b"[]"
    removed: tuple[tuple[str, int, int], ...] = ()


def saved_scene(opened: OpenScene, on_disk: Scene) -> SavedScene:
    """What is kept of an open scene, whose files say ``on_disk``."""
    scene = opened.scene
    return SavedScene(
        scene.root.absolute(),
        opened.photo,
        None if opened.thing is None else (opened.thing.object_id, opened.thing.instance),
        tuple((one.object_id, one.instance) for one in opened.added),
        tuple(
            SavedShape(number, item_for(shape.path), shape.name, shape.scale, shape.bounds)
            for number, shape in scene.shapes.items()
            if number not in on_disk.shapes
        ),
        tuple(
            SavedCamera(photo.key, _numbers(photo.camera), photo.camera.size, photo.camera.lens)
            for photo, before in zip(scene.photos, on_disk.photos, strict=True)
            if photo.camera is not None and photo.camera is not before.camera
        ),
        _json(entry_of(at, one, scene) for at, one in scene.poses.items() if not _as_read(one, on_disk.poses.get(at))),
        tuple((key, *thing) for key, thing in on_disk.poses if (key, thing) not in scene.poses),
    )


def opened_again(saved: SavedScene, on_disk: Scene) -> OpenScene:
    """The open scene, of what was kept and what its files say now; what is of photos that are gone is left out.

    Raises:
        CounterpointError: what was kept is damaged.
    """
    try:
        return _opened_again(saved, on_disk)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CounterpointError(
            f"What the project says of the poses in {saved.root} is damaged and cannot be used; open the scene anew."
        ) from error


def _opened_again(saved: SavedScene, on_disk: Scene) -> OpenScene:
    shapes = {
        one.object_id: SceneShape(one.object_id, Path(one.file.path), one.name, one.scale, {}, one.bounds)
        for one in saved.shapes
    }
    cameras = {one.photo: PhotoCamera(camera_matrix(*one.K), one.size, one.lens) for one in saved.cameras}
    photos = tuple(
        replace(photo, camera=cameras[photo.key]) if photo.key in cameras else photo for photo in on_disk.photos
    )
    gone = {(key, InstanceKey(*thing)) for key, *thing in saved.removed}
    scene = replace(
        on_disk,
        photos=photos,
        shapes={**on_disk.shapes, **shapes},
        poses={at: one for at, one in on_disk.poses.items() if at not in gone},
    )
    kept = KeptPoses(
        Path(), {(one["image"], InstanceKey(one["obj_id"], one["instance"])): one for one in json.loads(saved.poses)}
    )
    scene = scene.with_poses({at: one for at, one in kept.poses(scene).items() if at[0] in scene.by_key})
    added = tuple(InstanceKey(*one) for one in saved.added)
    photo = saved.photo if saved.photo in scene.by_key else scene.photos[0].key
    opened = OpenScene(scene, photo, None if saved.thing is None else InstanceKey(*saved.thing), added)
    return opened if opened.thing in opened.things else replace(opened, thing=None).at(photo)


def _as_read(one: ObjectPose, on_disk: ObjectPose | None) -> bool:
    return one is on_disk and one.state == "read"


def _json(entries: Iterable[dict[str, Any]]) -> bytes:
    return json.dumps(list(entries), separators=(",", ":")).encode()


def _numbers(camera: PhotoCamera) -> Intrinsics:
    fx, fy, cx, cy = np.asarray(camera.K)[(0, 1, 0, 1), (0, 1, 2, 2)]
    return float(fx), float(fy), float(cx), float(cy)
