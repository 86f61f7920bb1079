"""Scenes in the layout of BOP (Hodan et al., ECCV 2018): a data set, a split, or one scene's folder; millimetres."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.arrays import Floats
from core.errors import CounterpointError
from core.files import read_json
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.interchange.camera_values import matrix_of
from core.interchange.names import listed, number_of
from core.interchange.poses.matrix import COARSEST
from core.interchange.poses.view import guarded
from core.notices import warn
from core.numbers import by_number, whole
from core.registration.things import InstanceKey
from core.scenes.readers.photos import photos_in, sized
from core.scenes.scene import ObjectPose, PoseKey, Region, Scene, ScenePhoto, SceneShape
from core.units import Unit

MILLIMETRES = Unit(0.001, True, "Lengths of BOP are in millimetres.")

PICTURES = ("rgb", "gray")
"""Folders of a scene with its photos."""

MODELS = ("models", "models_cad", "models_eval", "models_fine", "models_reconst")
"""Folders of a data set with its models, the one that is taken first."""

_SIGNS = ("scene_camera.json", "scene_gt.json")
_OWN = ("obj_id", "cam_R_m2c", "cam_t_m2c")
_LATER = "scene_camera_*.json"
"""Of data sets with several sensors a scene (BOP-H3, BOP-Industrial)."""


def recognises(path: Path) -> bool:
    """Whether ``path`` is a scene's folder or file, or has such folders below it."""
    return path.name in _SIGNS or (path.is_dir() and (_is_scene(path) or bool(scene_folders(path))))


def scene_folders(path: Path) -> list[Path]:
    """The folders of the scenes of a data set or a split, by name."""
    found = {sign.parent for pattern in ("*", "*/*") for name in _SIGNS for sign in path.glob(f"{pattern}/{name}")}
    return sorted(found)


def read(path: Path) -> Scene:
    """Read one scene.

    Raises:
        CounterpointError: there are several, or a file of it is not as BOP writes it.
    """
    folder = path.parent if path.name in _SIGNS else path
    if not _is_scene(folder):
        scenes = scene_folders(folder)
        if len(scenes) > 1:
            names = listed([scene.relative_to(folder).as_posix() for scene in scenes])
            raise CounterpointError(
                f"{folder} has {len(scenes)} scenes ({names}); open one of them, as {scenes[0].as_posix()}."
            )
        folder = scenes[0]
    cameras, truth, info = (read_table(folder / f"scene_{name}.json", kind) for name, kind in _FILES.items())
    place = data_set_of(folder)
    photos = _photos(folder, cameras, sorted({*cameras, *truth}, key=int))
    known = {photo.key for photo in photos}
    lost = [key for key in truth if key not in known and truth[key]]
    if lost:
        warn(f"{folder / 'scene_gt.json'} has poses in {len(lost)} photos that are not there: {listed(lost)}.")
    shapes = models_of(place)
    poses = guarded(folder / "scene_gt.json", lambda: _poses(folder, truth, info, known))
    missing = sorted({thing.object_id for _, thing in poses} - set(shapes))
    if missing:
        warn(f"{place} has no models of the objects {listed(missing)} that {folder.name} has poses of.")
    about = {"split": folder.parent.name, "scene_id": number_of(folder.name)} if place != folder.parent else {}
    return Scene(folder, "bop", photos, shapes, poses, MILLIMETRES, about, _regions(folder, poses, truth, photos))


_FILES: dict[str, type] = {"camera": dict, "gt": list, "gt_info": list}


def data_set_of(folder: Path) -> Path:
    """The folder of the data set that a scene's folder belongs to: the nearest above it with models, or two up."""
    above = list(folder.absolute().parents)[:3]
    return next((one for one in above if _models_folder(one)), above[min(1, len(above) - 1)])


def models_of(place: Path) -> dict[int, SceneShape]:
    """The models of a data set by their numbers, with what ``models_info.json`` says of them."""
    folder = _models_folder(place)
    if folder is None:
        return {}
    if folder.name not in MODELS[:1]:
        warn(f"{place} has no folder models; those in {folder.name} are taken.")
    info = (
        by_number(read_json(folder / "models_info.json"), "models_info.json")
        if (folder / "models_info.json").is_file()
        else {}
    )
    if not isinstance(info, dict):
        raise CounterpointError(f"{folder / 'models_info.json'} does not say diameter and symmetries as BOP has them.")
    shapes = {}
    for file in sorted(folder.glob("obj_*.ply")):
        number = number_of(file.name)
        if number is not None:
            about = info.get(str(number)) or {}
            shapes[number] = SceneShape(number, file, file.stem, 1.0, about, _bounds(about))
    return shapes


def _bounds(about: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """The box of a model, where all of it is said."""
    try:
        low = tuple(float(about[f"min_{axis}"]) for axis in "xyz")
        return low, tuple(a + float(about[f"size_{axis}"]) for a, axis in zip(low, "xyz", strict=True))
    except (KeyError, TypeError, ValueError):
        return None


def _models_folder(place: Path) -> Path | None:
    return next((place / name for name in MODELS if next((place / name).glob("obj_*.ply"), None)), None)


def _is_scene(folder: Path) -> bool:
    if any((folder / name).is_file() for name in _SIGNS):
        return True
    later = next(folder.glob(_LATER), None)
    if later is not None:
        raise CounterpointError(
            f"{folder} has several sensors ({later.name}), which are not understood; "
            "make a folder with scene_camera.json, scene_gt.json and rgb of one of them."
        )
    return False


def read_table(file: Path, kind: type) -> dict[str, Any]:
    """What a file of a scene says by photo; nothing where there is no file.

    Raises:
        CounterpointError: it holds something else.
    """
    if not file.exists():
        return {}
    content = by_number(read_json(file), file.name)
    if not isinstance(content, dict) or not all(
        str(key).isdecimal() and isinstance(value, kind) for key, value in content.items()
    ):
        raise CounterpointError(f"{file} is not as BOP writes it: photos by their numbers.")
    return content


def _photos(folder: Path, cameras: dict[str, Any], named: list[str]) -> tuple[ScenePhoto, ...]:
    """The photos that have a picture, by number; with the cameras of those that have one."""
    pictures = _by_number([folder / name for name in PICTURES])
    if not pictures:
        raise CounterpointError(f"{folder} has no photos (rgb/000000.png or gray/000000.png).")
    depths = _by_number([folder / "depth"])
    keys = {int(key): key for key in named}
    without = [keys[number] for number in keys if number not in pictures]
    if without:
        warn(
            f"{folder} has {len(without)} photos in its lists without a picture, which are left out: {listed(without)}."
        )
    read = guarded(folder / "scene_camera.json", lambda: {key: _camera(about) for key, about in cameras.items()})
    found, bare = [], []
    for number, file in sorted(pictures.items()):
        key = keys.get(number, str(number))
        about = cameras.get(key)
        camera, place = read.get(key, (None, None))
        if camera is None:
            bare.append(file.name)
        found.append(ScenePhoto(key, file, camera, place, depths.get(number), None, about or {}))
    if bare:
        warn(f"{folder} has {len(bare)} photos without a camera in scene_camera.json: {listed(bare)}.")
    return sized(found, str(folder))


def _by_number(folders: list[Path]) -> dict[int, Path]:
    """The pictures of the first of the folders that has some of a number; that one has several is said."""
    found: dict[int, Path] = {}
    for folder in reversed(folders):
        own: dict[int, Path] = {}
        several: dict[int, str] = {}
        for file in photos_in(folder):
            number = number_of(file.name)
            if number in own:
                several[number] = file.name
            if number is not None:
                own[number] = file
        if several:
            warn(
                f"{folder} has several pictures of a number; of each the last by its name is taken: {listed(list(several.values()), 3)}."
            )
        found |= own
    return found


def _camera(about: Any) -> tuple[PhotoCamera | None, Pose | None]:
    """The intrinsics and the place of a photo's camera, of its entry in ``scene_camera.json``."""
    if not about:
        return None, None
    if "cam_K" not in about:
        raise CounterpointError("scene_camera.json has an entry without cam_K, which is not understood.")
    lens = Lens.from_json(about["lens"]) if about.get("lens") else None
    scale = about.get("depth_scale")
    if scale is not None and not 0 < float(scale) < np.inf:
        raise CounterpointError(f"scene_camera.json has a depth_scale of {scale}; it must be above zero.")
    camera = PhotoCamera(matrix_of(about["cam_K"], "cam_K"), None, lens, None if scale is None else float(scale))
    if "cam_R_w2c" not in about and "cam_t_w2c" not in about:
        return camera, None
    R = rotations(np.array([about["cam_R_w2c"]], np.float64), "scene_camera.json")[0]
    return camera, Pose(R, np.array(about["cam_t_w2c"], np.float64).reshape(3))


def _poses(folder: Path, truth: dict[str, Any], info: dict[str, Any], known: set[str]) -> dict[PoseKey, ObjectPose]:
    """The poses in the order of the file; several things of one object are numbered in it."""
    keys: list[PoseKey] = []
    entries, abouts = [], []
    for photo in sorted(truth, key=int):
        if photo not in known:
            continue
        about = info.get(photo, [])
        if about and len(about) != len(truth[photo]):
            warn(f"scene_gt_info.json of {folder.name} has {len(about)} entries for the photo {photo}, and "
                 f"scene_gt.json {len(truth[photo])}; what it says of this photo is left out.")  # fmt: skip
            about = []
        seen: Counter[int] = Counter()
        for number, entry in enumerate(truth[photo]):
            object_id = whole(entry["obj_id"], "obj_id")
            keys.append((photo, InstanceKey(object_id, seen[object_id])))
            seen[object_id] += 1
            entries.append(entry)
            rest = {key: value for key, value in entry.items() if key not in _OWN}
            abouts.append((dict(about[number]) if about else {}) | ({"scene_gt": rest} if rest else {}))
    if not keys:
        return {}
    R = rotations(np.array([np.ravel(entry["cam_R_m2c"]) for entry in entries], np.float64), "scene_gt.json")
    t = np.array([np.ravel(entry["cam_t_m2c"]) for entry in entries], np.float64).reshape(-1, 3)
    return {
        key: ObjectPose(Pose(R[i], t[i]), "read", None, about)
        for i, (key, about) in enumerate(zip(keys, abouts, strict=True))
    }


def _regions(
    folder: Path, poses: dict[PoseKey, ObjectPose], truth: dict[str, Any], photos: tuple[ScenePhoto, ...]
) -> dict[PoseKey, Region]:
    """What ``mask_visib`` and ``scene_gt_info.json`` say is seen of posed things; BOP's boxes end with the last pixel."""
    masks = {file.name: file for file in photos_in(folder / "mask_visib")}
    found = {}
    for photo in photos:
        seen: Counter[int] = Counter()
        for number, entry in enumerate(truth.get(photo.key, [])):
            object_id = whole(entry["obj_id"], "obj_id")
            at = photo.key, InstanceKey(object_id, seen[object_id])
            seen[object_id] += 1
            mask = masks.get(f"{int(photo.key):06d}_{number:06d}.png")
            box = poses[at].info.get("bbox_visib")
            if box is not None and _is_box(box) and min(box[2:]) >= 0:
                found[at] = Region((box[0], box[1], box[2] + 1, box[3] + 1), mask, drawn=True)
            elif mask is not None:
                found[at] = Region(None, mask, drawn=True)
    return found


def _is_box(values: Any) -> bool:
    """Whether a value is a box of four finite numbers."""
    return (
        isinstance(values, list)
        and len(values) == 4
        and all(isinstance(one, int | float) and np.isfinite(one) for one in values)
    )


def rotations(values: Floats, name: str, silently: bool = False) -> Floats:
    """The rotations [n, 3, 3] nearest to n times nine numbers that were rounded or have drifted; far ones are said unless ``silently``.

    Raises:
        CounterpointError: one is none: it mirrors, or is off by more than ``COARSEST``.
    """
    linear = values.reshape(-1, 3, 3)
    off = np.abs(np.swapaxes(linear, 1, 2) @ linear - np.eye(3)).max((1, 2))
    if not np.max(off) <= COARSEST or (np.linalg.det(linear) < 0).any():
        raise CounterpointError(f"A rotation in {name} is none: its columns must be at right angles, of length 1, and not mirror.")  # fmt: skip
    if np.max(off) > 1e-3 and not silently:
        warn(
            f"{int((off > 1e-3).sum())} rotations in {name} are off by up to {np.max(off):.2g}; the nearest are taken."
        )
    U, _, V = np.linalg.svd(linear)
    return np.asarray(U @ V)
