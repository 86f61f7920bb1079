"""Poses as BOP's ``scene_gt.json`` and ``scene_camera.json`` (Hodan et al., 2018).

They are in millimetres, with photos and objects by their numbers.
"""

import csv
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CounterpointError
from core.files import check_file, read_json, write_json
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.interchange.camera_values import camera_of
from core.interchange.names import listed, number_of
from core.interchange.poses.matrix import drift, rotation_of
from core.interchange.poses.view import Entry, View, guarded, rigid
from core.notices import warn
from core.numbers import by_number, whole
from core.units import Unit

RESULTS = ("scene_id", "im_id", "obj_id", "score", "R", "t", "time")
"""The columns of the results of a method on BOP."""

MILLIMETRE = 0.001
UNKNOWN = Unit(MILLIMETRE, False, "The unit of the shape is not known: it is taken to be millimetres, as in BOP.")


def save(folder: str | Path, view: View) -> None:
    """Write a pose into a scene: a new one, or among what is there already.

    The same object in the same photo is replaced.

    The photo's and the object's number are those in their files' names. Without numbers the photo gets the first free
    one and the object 1; without a unit a shape is taken to be in millimetres, as BOP's are. Both are said, and that
    BOP has no lens.

    Raises:
        CounterpointError: the pose has a scale, or the folder holds something else.
    """
    rigid(view.pose, "BOP")
    folder = Path(folder)
    truth, cameras = _content(folder / "scene_gt.json", list), _content(folder / "scene_camera.json", dict)
    key, number, unit = _photo_key(view, cameras), _object(view), view.unit or UNKNOWN
    if not unit.known:
        warn(unit.reason)
    if view.lens is not None:
        warn(
            "BOP has no lens distortion: the pose is that of the undistorted photo, and cam_K is written without the lens."
        )
    entry = {
        "cam_R_m2c": view.pose.R.ravel().tolist(),
        "cam_t_m2c": (view.pose.t * (unit.metres / MILLIMETRE)).tolist(),
        "obj_id": number,
    }
    truth[key] = _with(truth.get(key, []), entry, key)
    before = cameras.get(key)
    if before is not None and not np.allclose(np.ravel(before.get("cam_K", [])), view.K.ravel(), rtol=1e-3):
        warn(f"The photo {key} of {folder.name} had other intrinsics, which are replaced; check the poses that it had.")
    about = {"cam_K": view.K.ravel().tolist(), "image": view.image, "size": list(view.size)}
    cameras[key] = ({"depth_scale": 1.0} | (before or {})) | about
    write_json(folder / "scene_gt.json", as_written(truth, folder / "scene_gt.json"), indent=1)
    write_json(folder / "scene_camera.json", as_written(cameras, folder / "scene_camera.json"), indent=1)


def load(path: str | Path) -> list[Entry]:
    """Of a scene's folder or its ``scene_gt.json``; cameras are those of ``scene_camera.json`` beside, where it is.

    Photos are called by their number as BOP writes it (``000003``), or as we called them. Translations are in
    millimetres.

    Raises:
        CounterpointError: the content is something else.
    """
    path = Path(path)
    file = path / "scene_gt.json" if os.path.isdir(path) else path
    truth, place = by_number(read_json(file), file.name), file.parent / "scene_camera.json"
    cameras = by_number(read_json(place), place.name) if place.is_file() else {}

    def read() -> list[Entry]:
        entries = []
        for key in sorted(truth, key=int):
            about = cameras.get(key)
            image = str(about.get("image", "")) if about else ""
            camera = _camera(about, place.name) if about else None
            for one in truth[key]:
                pose = Pose(rotation_of(one["cam_R_m2c"], file.name), np.array(one["cam_t_m2c"], float).reshape(3))
                off = drift(one["cam_R_m2c"])
                remark = (
                    f"The rotation in {file.name} is off by {off:.2g}; the nearest one is taken." if off > 1e-3 else ""
                )
                photo = image or f"{int(key):06d}"
                entries.append(Entry(pose, photo, camera, whole(one["obj_id"], "obj_id"), MILLIMETRE, remark))
        return entries

    return guarded(file, read)


def load_results(path: str | Path) -> list[Entry]:
    """Of a CSV file with the results of a method on BOP: scene_id, im_id, obj_id, score, R, t, time.

    The surest of each object first.

    Raises:
        CounterpointError: the content is something else, or of several scenes.
    """
    file = check_file(path)

    def read() -> list[Entry]:
        table = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(), skipinitialspace=True)
        rows = list(table)
        check_columns(list(table.fieldnames or ()), file.name)
        if not all(np.isfinite(float(row["score"])) for row in rows):
            raise CounterpointError(f"{file.name} has a score that is no number; give every pose one.")
        if any(len((row["R"] or "").split()) != 9 or len((row["t"] or "").split()) != 3 for row in rows):
            raise CounterpointError(f"{file.name} has a pose whose R has not nine numbers, or whose t has not three.")
        if len({row["scene_id"] for row in rows}) > 1:
            raise CounterpointError(f"{file.name} has poses of several scenes; give those of one.")
        best: dict[tuple[int, int], Entry] = {}
        for row in sorted(rows, key=lambda row: -float(row["score"])):
            R, t = (np.array(row[name].split(), float) for name in ("R", "t"))
            pose = Pose(rotation_of(R, file.name), t.reshape(3))
            key = int(row["im_id"]), int(row["obj_id"])
            if key in best:
                remark = f"{file.name} has several poses of the object in the photo; the one with the highest score is taken."
                best[key] = replace(best[key], remark=remark)
            else:
                best[key] = Entry(pose, f"{key[0]:06d}", None, key[1], MILLIMETRE)
        return list(best.values())

    return guarded(file, read)


def check_columns(names: list[str], file: str) -> None:
    """Refuse a table whose columns are not those of BOP's results.

    Raises:
        CounterpointError: one is missing.
    """
    if not set(RESULTS) <= {name.strip() for name in names}:
        raise CounterpointError(
            f"{file} has the columns {listed(names)}, and BOP's are {listed(RESULTS)}, divided by commas."
        )


def _camera(about: Any, name: str) -> PhotoCamera:
    camera = camera_of(about, name)
    width, height = about.get("size", (0, 0))
    return PhotoCamera(camera.K, (int(width), int(height)) if width and height else None, None, camera.depth_scale)


def _content(path: Path, kind: type) -> dict[str, Any]:
    """What a scene's file holds already; nothing where there is none."""
    if not path.exists():
        return {}
    content = by_number(read_json(path), path.name)
    if not isinstance(content, dict) or not all(
        str(key).isdecimal() and isinstance(v, kind) for key, v in content.items()
    ):
        raise CounterpointError(f"{path} is not as BOP writes it, so nothing is added to it; choose another folder.")
    return content


def _photo_key(view: View, cameras: dict[str, Any]) -> str:
    """The photo's number as it stands in the scene; one that belongs to another photo is not taken."""
    ours = [key for key, about in cameras.items() if about.get("image") == view.image]
    if ours:
        return ours[0]
    number = number_of(view.image)
    wanted = next((key for key in cameras if int(key) == number), str(number))
    if number is not None and not cameras.get(wanted, {}).get("image"):
        return wanted
    free = next(n for n in range(len(cameras) + 1) if str(n) not in cameras)
    why = "has no number in its name" if number is None else f"has a number that {cameras[wanted]['image']} has already"
    warn(f"{view.image} {why}: it is photo {free} of the scene.")
    return str(free)


def _object(view: View) -> int:
    number = number_of(view.shape) if view.shape else None
    if number is None:
        warn(f"{view.shape or 'The shape'} has no number in its name: it is object 1 of BOP.")
    return 1 if number is None else number


def _with(entries: list[Any], entry: dict[str, Any], key: str) -> list[Any]:
    """The entries of a photo with one replaced or added; unknown fields of what is replaced stay."""
    same = [i for i, one in enumerate(entries) if one.get("obj_id") == entry["obj_id"]]
    if not same:
        return [*entries, entry]
    if len(same) > 1:
        warn(f"The photo {key} shows object {entry['obj_id']} {len(same)} times: the nearest of them is replaced.")
    distance = [np.linalg.norm(np.subtract(entries[i].get("cam_t_m2c", (0, 0, 0)), entry["cam_t_m2c"])) for i in same]
    replaced = list(entries)
    chosen = same[int(np.argmin(distance))]
    replaced[chosen] = entries[chosen] | entry
    return replaced


def as_written(table: dict[str, Any], file: Path) -> dict[str, Any]:
    """A table in the order of its numbers, which are written as in the file that is there (``000003``)."""
    before = read_json(file) if file.is_file() else {}
    spelled = {str(int(key)): key for key in before}
    return {spelled.get(key, key): value for key, value in sorted(table.items(), key=lambda item: int(item[0]))}
