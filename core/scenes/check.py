"""Whether a BOP scene is as bop_toolkit's loaders and scripts need it: every violation is one sentence."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CounterpointError
from core.geometry.shape import load_shape
from core.interchange.poses.matrix import COARSEST
from core.notices import collect_warnings
from core.numbers import by_number
from core.progress import Progress, silent
from core.scenes.check_masks import mask_findings
from core.scenes.finding import Finding
from core.scenes.models_info import size_doubt
from core.scenes.readers.bop import MODELS, PICTURES, data_set_of, scene_folders
from core.scenes.readers.photos import header_size

Table = dict[str, Any]

LOOSE = 1e-3
"""How far a rotation may be off without being told; beyond ``COARSEST`` it is none."""

SMALL = 5.0
"""A diameter in millimetres below which a model is hardly in millimetres."""

_INFO = ("bbox_obj", "bbox_visib", "px_count_all", "px_count_valid", "px_count_visib", "visib_fract")


def check_scenes(path: str | Path, progress: Progress = silent) -> list[Finding]:
    """Check a BOP scene, or all of a data set or split.

    Raises:
        CounterpointError: there is no scene of BOP.
    """
    path = Path(path)
    path = path.parent if path.name in ("scene_gt.json", "scene_camera.json") else path
    own = any((path / f"scene_{what}.json").is_file() for what in ("camera", "gt"))
    folders = [path] if own else scene_folders(path)
    if not folders:
        raise CounterpointError(f"{path} has no scene of BOP (scene_camera.json, scene_gt.json).")
    found: list[Finding] = []
    for number, folder in enumerate(folders):
        progress(number / len(folders), f"scene {folder.name}")
        found += check_scene(folder)
    objects = {object_id for folder in folders for object_id in _objects(folder)}
    found += _models(data_set_of(folders[0]), objects)
    progress(1.0, "Checked")
    return found


def check_scene(folder: Path) -> list[Finding]:
    """Check one scene's folder, without its models."""
    found: list[Finding] = []
    if not re.fullmatch(r"\d{6}", folder.name):
        found.append(Finding(str(folder), "", "a scene's folder is called by six digits.", False))
    cameras = _table(folder / "scene_camera.json", found)
    truth = _table(folder / "scene_gt.json", found)
    info = _table(folder / "scene_gt_info.json", found)
    if cameras is None:
        cameras = {}
        found.append(Finding(str(folder / "scene_camera.json"), "", "it is not there."))
    sizes = _pictures(folder, {*cameras, *(truth or {})}, found)
    found += [one for key, about in cameras.items() for one in _camera(folder / "scene_camera.json", key, about)]
    found += _depths(folder, cameras, sizes)
    if truth is None:
        return found
    for key, entries in truth.items():
        if key not in cameras:
            found.append(Finding(str(folder / "scene_gt.json"), key, "the photo is not in scene_camera.json."))
        if not isinstance(entries, list):
            found.append(Finding(str(folder / "scene_gt.json"), key, "it is no list of poses."))
            continue
        for number, entry in enumerate(entries):
            found += _pose(folder / "scene_gt.json", f"{key}/{number}", entry)
    found += _infos(folder, truth, info)
    return [*found, *mask_findings(folder, truth, info or {}, sizes)]


def _table(file: Path, found: list[Finding]) -> Table | None:
    """The content of a list by photo; None where the file is not there."""
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        found.append(Finding(str(file), "", f"it is no JSON ({error})."))
        return {}
    if not isinstance(content, dict):
        found.append(Finding(str(file), "", "it holds no photos by their numbers."))
        return {}
    found += [Finding(str(file), key, "the key is no number.") for key in content if not key.isdecimal()]
    try:
        return by_number({key: value for key, value in content.items() if key.isdecimal()}, file.name)
    except CounterpointError as error:
        found.append(Finding(str(file), "", str(error)))
        return {}


def _pictures(folder: Path, keys: set[str], found: list[Finding]) -> dict[str, tuple[int, int]]:
    """The sizes of the photos by their keys."""
    sizes: dict[str, tuple[int, int]] = {}
    kinds = [name for name in PICTURES if (folder / name).is_dir()]
    if not kinds:
        found.append(Finding(str(folder), "", "it has neither rgb nor gray."))
        return sizes
    for key in sorted(keys, key=int):
        names = [folder / kind / f"{int(key):06d}{suffix}" for kind in kinds for suffix in (".png", ".jpg", ".tif")]
        file = next((name for name in names if name.is_file()), None)
        if file is None:
            found.append(Finding(str(folder / kinds[0]), key, f"there is no photo {int(key):06d}.png, .jpg or .tif."))
            continue
        size = header_size(file)
        if size is None:
            found.append(Finding(str(file), key, "it is no picture that can be read."))
        else:
            sizes[key] = size
    return sizes


def _numbers(values: Any, count: int) -> np.ndarray | None:
    """``count`` finite numbers float64 [count] in a flat list, or None."""
    if not isinstance(values, list) or len(values) != count:
        return None
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return None
    array = np.array(values, np.float64)
    return array if np.isfinite(array).all() else None


def _rotation(file: Path, key: str, name: str, values: Any) -> Iterator[Finding]:
    nine = _numbers(values, 9)
    if nine is None:
        yield Finding(str(file), key, f"{name} is not nine numbers, row by row.")
        return
    R = nine.reshape(3, 3)
    off = float(np.abs(R.T @ R - np.eye(3)).max())
    if off > COARSEST or np.linalg.det(R) < 0:
        yield Finding(
            str(file),
            key,
            f"{name} is no rotation: its columns are not at right angles and of length 1, or it mirrors.",
        )
    elif off > LOOSE:
        yield Finding(str(file), key, f"{name} is off a rotation by {off:.2g}.", False)


def _camera(file: Path, key: str, about: Any) -> Iterator[Finding]:
    about = about if isinstance(about, dict) else {}
    K = _numbers(about.get("cam_K"), 9)
    if K is None:
        yield Finding(str(file), key, "cam_K is not nine numbers, row by row.")
    elif K[0] <= 0 or K[4] <= 0 or np.abs(K[6:] - [0, 0, 1]).max() > 1e-9:
        yield Finding(str(file), key, "cam_K has no focal lengths above zero, or its last row is not 0 0 1.")
    scale = about.get("depth_scale")
    if not isinstance(scale, int | float) or not scale > 0:
        yield Finding(str(file), key, "depth_scale is no number above zero.")
    if "cam_R_w2c" in about or "cam_t_w2c" in about:
        yield from _rotation(file, key, "cam_R_w2c", about.get("cam_R_w2c"))
        if _numbers(about.get("cam_t_w2c"), 3) is None:
            yield Finding(str(file), key, "cam_t_w2c is not three numbers.")


def _depths(folder: Path, cameras: Table, sizes: dict[str, tuple[int, int]]) -> Iterator[Finding]:
    if not (folder / "depth").is_dir():
        return
    for key in cameras:
        file = next((f for s in (".png", ".tif") if (f := folder / "depth" / f"{int(key):06d}{s}").is_file()), None)
        if file is None:
            yield Finding(str(folder / "depth"), key, f"there is no depth {int(key):06d}.png.")
        elif key in sizes and header_size(file) != sizes[key]:
            yield Finding(str(file), key, "its size is not that of the photo.")


def _pose(file: Path, key: str, entry: Any) -> Iterator[Finding]:
    entry = entry if isinstance(entry, dict) else {}
    if not isinstance(entry.get("obj_id"), int):
        yield Finding(str(file), key, "obj_id is no whole number.")
    yield from _rotation(file, key, "cam_R_m2c", entry.get("cam_R_m2c"))
    t = _numbers(entry.get("cam_t_m2c"), 3)
    if t is None:
        yield Finding(str(file), key, "cam_t_m2c is not three numbers.")
    elif t[2] <= 0:
        yield Finding(str(file), key, f"cam_t_m2c is behind the camera (z is {t[2]:.6g}).")
    elif t[2] < SMALL:
        yield Finding(str(file), key, f"cam_t_m2c is {t[2]:.4g} mm from the camera: it seems to be in metres.", False)


def _infos(folder: Path, truth: Table, info: Table | None) -> Iterator[Finding]:
    file = str(folder / "scene_gt_info.json")
    if info is None:
        yield Finding(file, "", "it is not there.", False)
        return
    for key in truth:
        abouts, entries = info.get(key), truth[key]
        if not isinstance(abouts, list) or len(abouts) != len(entries):
            count = len(abouts) if isinstance(abouts, list) else 0
            yield Finding(file, key, f"it has {count} entries, and scene_gt.json {len(entries)}.")
            continue
        for number, about in enumerate(abouts):
            missing = [name for name in _INFO if name not in about]
            if missing:
                yield Finding(file, f"{key}/{number}", f"it has no {', '.join(missing)}.")
            else:
                yield from _info(file, f"{key}/{number}", about)
    for key in info:
        if key not in truth:
            yield Finding(file, key, "the photo is not in scene_gt.json.", False)


def _info(file: str, key: str, about: Table) -> Iterator[Finding]:
    counts = [about[name] for name in ("px_count_all", "px_count_valid", "px_count_visib")]
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        yield Finding(file, key, "px_count_all, px_count_valid and px_count_visib are not all whole numbers from 0 on.")
        return
    whole, valid, visible = counts
    if max(valid, visible) > whole:
        yield Finding(file, key, f"of {whole} pixels {valid} are valid and {visible} visible.")
    share = about["visib_fract"]
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        yield Finding(file, key, f"visib_fract is {share}, not within 0 and 1.")
    elif whole and abs(share - visible / whole) > 1e-3:
        yield Finding(
            file, key, f"visib_fract is {share:.4g}, and {visible} of {whole} pixels are {visible / whole:.4g}."
        )
    for name in ("bbox_obj", "bbox_visib"):
        box = _numbers(about[name], 4)
        if box is None or (visible and (box[2:] < 0).any()):
            yield Finding(file, key, f"{name} is not x, y, width and height.")


def _objects(folder: Path) -> set[int]:
    truth = _table(folder / "scene_gt.json", []) or {}
    entries = [entry for one in truth.values() if isinstance(one, list) for entry in one if isinstance(entry, dict)]
    return {entry["obj_id"] for entry in entries if isinstance(entry.get("obj_id"), int)}


def _models(place: Path, objects: set[int]) -> Iterator[Finding]:
    folder = next((place / name for name in MODELS if (place / name).is_dir()), None)
    if folder is None:
        yield Finding(str(place / "models"), "", "it is not there.")
        return
    file = folder / "models_info.json"
    unreadable: list[Finding] = []
    info = _table(file, unreadable)
    yield from unreadable
    if info is None:
        yield Finding(str(file), "", "it is not there, so that there are neither diameters nor symmetries.")
    for number in sorted(objects):
        model, about = folder / f"obj_{number:06d}.ply", None if info is None else info.get(str(number))
        if not model.is_file():
            yield Finding(str(folder), str(number), f"there is no model obj_{number:06d}.ply.")
        elif isinstance(about, dict):
            yield from _size(model, about)
        if info is not None:
            yield from _model(str(file), str(number), about)


def _size(model: Path, about: dict[str, Any]) -> Iterator[Finding]:
    try:
        with collect_warnings():
            doubt = size_doubt(load_shape(model), about)
    except CounterpointError as error:
        yield Finding(str(model), "", str(error))
        return
    if doubt:
        yield Finding(str(model), "", doubt)


def _model(file: str, key: str, about: Any) -> Iterator[Finding]:
    size = about.get("diameter") if isinstance(about, dict) else None
    if not isinstance(size, int | float) or not size > 0:
        yield Finding(file, key, "diameter is no number above zero.")
        return
    if size < SMALL:
        yield Finding(file, key, f"the diameter is {size:.4g} mm: the model seems to be in metres.", False)
    if any(_numbers(one, 16) is None for one in about.get("symmetries_discrete", [])):
        yield Finding(file, key, "symmetries_discrete has one that is not 16 numbers.")
    for one in about.get("symmetries_continuous", []):
        if _numbers(one.get("axis"), 3) is None or _numbers(one.get("offset"), 3) is None:
            yield Finding(file, key, "symmetries_continuous has one without axis and offset of three numbers each.")
