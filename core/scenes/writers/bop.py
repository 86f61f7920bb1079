"""Scenes as BOP has them, complete: poses, visibility, masks and cameras, added to what is there.

What stands in the files and is not ours stays: photos that the scene does not have, fields that BOP does not know, and
numbers, boxes and masks of photos in which no pose changed.
"""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.files import make_folder, write_atomic, write_json
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.interchange.names import number_of
from core.interchange.poses.bop import as_written
from core.interchange.poses.view import rigid
from core.notices import warn
from core.progress import Progress
from core.registration.things import InstanceKey
from core.scenes.casting import Silhouette, camera_in, silhouettes
from core.scenes.readers.bop import MILLIMETRES, data_set_of, read_table, rotations
from core.scenes.scene import ObjectPose, Scene, ScenePhoto
from core.scenes.writers.bop_models import write_models
from core.scenes.writers.pictures import place_depth, place_picture, png_of

Record = dict[str, Any]

EXACT = 1e-6
"""A pose that differs by less from what stands in the file, in millimetres, is not written anew."""

STEP = 100
"""Photos after which the lists are written, so that a run that was stopped can go on."""


def write(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Write into a scene's folder, or make one in a data set's folder.

    Raises:
        CounterpointError: a pose has a scale, a photo with poses has no camera, the folder has other photos of the same
            numbers, or something cannot be written.
    """
    for one in scene.poses.values():
        rigid(one.pose, "BOP")
    place, folder = _place(scene, path)
    if not scene.unit.known:
        warn(scene.unit.reason)
    lenses = [photo.key for photo in scene.photos if photo.camera is not None and photo.camera.lens is not None]
    if lenses:
        warn(f"BOP has no lens: {len(lenses)} photos stay as they are, distorted, and so are their masks and boxes; "
             "scene_camera.json has their lenses in a field of its own (lens), which other programs do not read.")  # fmt: skip
    make_folder(folder)
    tables = _Tables(folder)
    numbers = _numbers(scene, tables.cameras)
    write_models(scene, place, folder)
    posed: dict[str, dict[InstanceKey, ObjectPose]] = {}
    for (key, thing), pose in scene.poses.items():  # in the order of the data set, which by_photo has not
        posed.setdefault(key, {})[thing] = pose
    for count, photo in enumerate(scene.photos):
        progress(count / len(scene.photos), f"photo {count + 1} of {len(scene.photos)}")
        _write_photo(scene, photo, posed.get(photo.key, {}), folder, numbers[photo.key], tables)
        if count % STEP == STEP - 1:
            tables.write()
    tables.write()
    _write_camera(scene, place)
    return [folder]


class _Tables:
    """The lists of a scene's folder, which are changed in memory and written together."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.cameras: dict[str, Record] = read_table(folder / "scene_camera.json", dict)
        self.truth: dict[str, list[Record]] = read_table(folder / "scene_gt.json", list)
        self.info: dict[str, list[Record]] = read_table(folder / "scene_gt_info.json", list)

    def write(self) -> None:
        """The poses last, so that there is none without its visibility."""
        for name, content in (("scene_camera", self.cameras), ("scene_gt_info", self.info), ("scene_gt", self.truth)):
            file = self.folder / f"{name}.json"
            write_json(file, as_written(content, file))


def _place(scene: Scene, path: Path) -> tuple[Path, Path]:
    """The folder of the data set, and that of the scene."""
    if path.name in ("scene_gt.json", "scene_camera.json"):
        path = path.parent
    if path.name.isdigit() or (path / "scene_camera.json").is_file() or (path / "scene_gt.json").is_file():
        return data_set_of(path), path
    return path, path / str(scene.info.get("split") or "test") / f"{int(scene.info.get('scene_id') or 0):06d}"


def _numbers(scene: Scene, cameras: dict[str, Record]) -> dict[str, str]:
    """What each photo is called in the lists: its own number, or of photos without numbers the first that is free."""
    if all(photo.key.isdigit() for photo in scene.photos) and scene.layout in ("bop", "video"):
        return {photo.key: photo.key if scene.layout == "bop" else str(int(photo.key)) for photo in scene.photos}
    ours = {about["image"]: key for key, about in cameras.items() if about.get("image")}
    free = (str(n) for n in range(len(cameras) + len(scene.photos) + 1) if str(n) not in cameras)
    own = [number_of(photo.key) for photo in scene.photos]
    if None not in own and len(set(own)) == len(own) and not cameras:
        return {photo.key: str(n) for photo, n in zip(scene.photos, own, strict=True)}
    return {photo.key: ours.get(photo.key) or next(free) for photo in scene.photos}


def _write_photo(
    scene: Scene, photo: ScenePhoto, posed: dict[InstanceKey, ObjectPose], folder: Path, number: str, tables: _Tables
) -> None:
    name = f"{int(number):06d}"
    kind = "gray" if photo.path.parent.name == "gray" else "rgb"
    if folder.resolve() not in photo.path.resolve().parents:
        make_folder(folder / kind)
        place_picture(photo, folder / kind / name)
    if posed:
        camera_in(photo)
    if photo.camera is not None:
        _note_camera(scene, photo, photo.camera, folder, number, tables)
    if not posed and not tables.truth.get(number):
        return
    before, about = tables.truth.get(number, []), tables.info.get(number, [])
    entries, matched = _entries(scene, before, posed)
    masks = [folder / what / f"{name}_{i:06d}.png" for what in ("mask", "mask_visib") for i in range(len(entries))]
    if entries == before and len(about) == len(entries) and all(mask.is_file() for mask in masks):
        return
    if entries == before and scene.root == folder and not scene.shapes:
        return
    tables.truth[number] = entries
    shown = {one.thing: one for one in silhouettes(scene, photo)} if posed else {}
    infos = []
    for i, (thing, (pose, was)) in enumerate(matched.items()):
        kept = about[was] if was is not None and was < len(about) else pose.info
        infos.append(_info(shown.get(thing), {key: value for key, value in kept.items() if key != "scene_gt"}))
        _write_masks(shown.get(thing), folder, f"{name}_{i:06d}")
    tables.info[number] = infos
    for what in ("mask", "mask_visib"):
        for stale in (folder / what).glob(f"{name}_*.png"):
            if (number_of(stale.stem.split("_")[1]) or 0) >= len(entries):
                stale.unlink()


Matched = dict[InstanceKey, tuple[ObjectPose, int | None]]
"""Things of a photo in the order of the list, each with the place where it stood in it before."""


def _entries(scene: Scene, before: list[Record], posed: dict[InstanceKey, ObjectPose]) -> tuple[list[Record], Matched]:
    """The list of a photo's poses: those that stood there first, in their order; fields of others stay."""
    places: dict[InstanceKey, int] = {}
    for number, entry in enumerate(before):
        object_id = int(entry["obj_id"])
        places[InstanceKey(object_id, sum(thing.object_id == object_id for thing in places))] = number
    order = [thing for thing in places if thing in posed] + [thing for thing in posed if thing not in places]
    entries, matched = [], {}
    for thing in order:
        was = places.get(thing)
        old = before[was] if was is not None else {}
        entries.append(_entry(scene, thing, posed[thing], old))
        matched[thing] = posed[thing], was
    return entries, matched


def _entry(scene: Scene, thing: InstanceKey, posed: ObjectPose, old: Record) -> Record:
    t = posed.pose.t * (scene.unit.metres / MILLIMETRES.metres)
    made = {"cam_R_m2c": posed.pose.R.ravel().tolist(), "cam_t_m2c": t.tolist(), "obj_id": thing.object_id}
    rest = dict(posed.info.get("scene_gt") or {})
    if old and _same(old, posed.pose.R, t):
        return rest | old
    return rest | old | made


def _same(old: Record, R: Any, t: Any) -> bool:
    """Whether an entry says this pose; its rotation may have fewer digits than a rotation needs."""
    told = np.array(old["cam_R_m2c"], np.float64).reshape(1, 3, 3)
    near = rotations(told, "scene_gt.json", silently=True)[0]
    return bool(np.abs(near - R).max() < EXACT and np.abs(np.ravel(old["cam_t_m2c"]) - t).max() < EXACT)


def _info(shown: Silhouette | None, kept: Record) -> Record:
    """What ``scene_gt_info.json`` says of a thing, as ``calc_gt_info.py`` of bop_toolkit computes it.

    A box is (x, y, width, height) with a width that is the difference of the outermost columns, and -1 where nothing is
    seen.
    """
    if shown is None:
        return kept
    whole, visible = int(shown.whole.sum()), int(shown.seen.sum())
    return kept | {
        "bbox_obj": _box(shown, False) if visible else [-1] * 4,
        "bbox_visib": _box(shown, True) if visible else [-1] * 4,
        "px_count_all": whole,
        "px_count_valid": shown.measured,
        "px_count_visib": visible,
        "visib_fract": visible / whole if whole else 0.0,
    }


def _box(shown: Silhouette, visible: bool) -> list[int]:
    found = shown.box(visible)
    assert found is not None
    return [found[0], found[1], found[2] - 1, found[3] - 1]


def _write_masks(shown: Silhouette | None, folder: Path, name: str) -> None:
    if shown is None:
        return
    for what, visible in (("mask", False), ("mask_visib", True)):
        pixels = shown.mask(visible).astype(np.uint8) * 255
        file = make_folder(folder / what) / f"{name}.png"
        write_atomic(file, png_of(Image.fromarray(pixels)))


def _note_camera(
    scene: Scene, photo: ScenePhoto, camera: PhotoCamera, folder: Path, number: str, tables: _Tables
) -> None:
    """The photo's entry in ``scene_camera.json``."""
    old = tables.cameras.get(number, {})
    carried = dict(photo.info) if scene.layout == "bop" else {"image": photo.key}
    scale = camera.depth_scale
    if photo.depth is not None and folder.resolve() not in photo.depth.resolve().parents:
        make_folder(folder / "depth")
        scale = place_depth(scene, photo, folder / "depth" / f"{int(number):06d}.png")
    entry: Record = {"depth_scale": 1.0} | carried | old
    if not np.array_equal(np.ravel(entry.get("cam_K", [])), camera.K.ravel()):
        entry["cam_K"] = camera.K.ravel().tolist()
    if scale is not None and entry["depth_scale"] != scale:
        entry["depth_scale"] = scale
    if camera.lens is not None:
        entry["lens"] = camera.lens.as_json()
    else:
        entry.pop("lens", None)
    tables.cameras[number] = entry | _world(scene, photo.cam_from_world, entry)


def _world(scene: Scene, pose: Pose | None, entry: Record) -> Record:
    if pose is None:
        return {}
    t = pose.t * (scene.unit.metres / MILLIMETRES.metres)
    if "cam_R_w2c" in entry and _same({"cam_R_m2c": entry["cam_R_w2c"], "cam_t_m2c": entry["cam_t_w2c"]}, pose.R, t):
        return {}
    return {"cam_R_w2c": pose.R.ravel().tolist(), "cam_t_w2c": t.tolist()}


def _write_camera(scene: Scene, place: Path) -> None:
    """``camera.json`` of a data set that has none: the first photo's camera."""
    camera = next((photo.camera for photo in scene.photos if photo.camera and photo.camera.size), None)
    if camera is None or camera.size is None or (place / "camera.json").exists() or not (place / "models").is_dir():
        return
    K, (width, height) = camera.K, camera.size
    focal = {"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2]}
    write_json(
        place / "camera.json", focal | {"width": width, "height": height, "depth_scale": camera.depth_scale or 1.0}
    )
