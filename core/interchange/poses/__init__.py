"""Poses in files: one module a format, and one reader for all of them.

Everywhere ``x_cam = R diag(s) x_shape + t`` with OpenCV axes. COLMAP and nerfstudio know cameras only: there the
shape's frame is the world, and a scale other than 1 is refused.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.errors import CounterpointError
from core.files import check_file, make_folder, read_json
from core.geometry.pose import Pose
from core.interchange.names import listed, matches, number_of, say_other_folder
from core.interchange.poses import bop, colmap, json, matrix, nerfstudio, scan2cad
from core.interchange.poses.view import Entry, View, guarded
from core.notices import warn
from core.units import Unit

__all__ = ["SAVERS", "Entry", "View", "load_entry", "load_pose", "read_entries", "save_view"]


SAVERS: dict[str, Callable[[Path, View], None]] = {
    "json": json.save,
    "matrix": matrix.save,
    "bop": lambda path, view: bop.save(make_folder(path), view),
    "scan2cad": scan2cad.save,
    "colmap": lambda path, view: colmap.save(make_folder(path), [view]),
    "nerfstudio": lambda path, view: nerfstudio.save(path, [view]),
}
"""How each of :data:`core.interchange.pose_formats.POSE_FORMATS` is written."""


def save_view(path: str | Path, view: View, file_format: str | None = None) -> None:
    """Write a pose as one of ``SAVERS``; by default a matrix for ``.txt`` and else JSON.

    Raises:
        CounterpointError: the format cannot say this pose, camera or lens, or the file cannot be written.
    """
    name = file_format or ("matrix" if str(path).lower().endswith(".txt") else "json")
    if name not in SAVERS:
        raise CounterpointError(f"Poses are written as {listed(list(SAVERS))}, not as {name}.")
    if name == "matrix" and view.lens is not None:
        warn(f"{Path(path).name} holds the pose alone: neither the intrinsics nor the lens of the photo.")
    SAVERS[name](Path(path), view)


def load_pose(
    path: str | Path, image_name: str | None = None, shape_name: str | None = None, unit: Unit | None = None
) -> Pose:
    """The pose of a shape in a photo, of any format that is written here, and of others' that say the same.

    Args:
        path: of the file with the pose.
        image_name: name of the photo's file, which chooses where the file holds several photos.
        shape_name: name of the shape's file, which chooses where the file holds several objects.
        unit: of the shape, for formats whose unit is fixed (BOP: millimetres).

    Raises:
        CounterpointError: no pose that is understood, or several and no name that chooses one.
    """
    return load_entry(path, image_name, shape_name, unit).pose


def load_entry(
    path: str | Path, image_name: str | None = None, shape_name: str | None = None, unit: Unit | None = None
) -> Entry:
    """The same with the photo's camera, where the file says it."""
    path = Path(path)
    entry = _chosen(read_entries(path), path.name, image_name, shape_name)
    if entry.remark:
        warn(entry.remark)
    if entry.unit is None:
        return entry
    if unit is None:
        warn(f"{path.name} says its unit and that of the shape is not known: it is taken to be the same.")
        return entry
    if not unit.known:
        warn(unit.reason)
    pose = Pose(entry.pose.R, entry.pose.t * (entry.unit / unit.metres), entry.pose.s)
    return replace(entry, pose=pose, unit=None)


def read_entries(path: Path) -> list[Entry]:
    """All that a file or a folder holds.

    Raises:
        CounterpointError: it is no file of poses that is understood.
    """
    if os.path.isdir(path):
        return bop.load(path) if (path / "scene_gt.json").exists() else colmap.load(path)
    if path.name in ("images.txt", "images.bin", "cameras.txt", "cameras.bin"):
        return colmap.load(check_file(path).parent)
    if path.suffix.lower() in (".pkl", ".pickle", ".pth", ".pt", ".mat", ".npz"):
        raise CounterpointError(
            f"{path.name} is no file of poses that is opened; save it as JSON or as 4 x 4 numbers in text."
        )
    if path.suffix.lower() == ".csv" and b"scene_id" in check_file(path).read_bytes()[:16]:
        return bop.load_results(path)
    if path.suffix.lower() != ".json":
        return matrix.load(path)
    content = read_json(path)
    if isinstance(content, dict):
        if "frames" in content:
            return nerfstudio.load(path)
        if "trs" in content or "aligned_models" in content:
            return guarded(path, lambda: scan2cad.read_entries(content, path.name))
        if content and all(str(key).isdecimal() for key in content):
            return bop.load(path)
    return guarded(path, lambda: json.read_entries(content, path.name))


def _chosen(entries: list[Entry], name: str, image_name: str | None, shape_name: str | None) -> Entry:
    """The entry that the names choose."""
    if not entries:
        raise CounterpointError(f"{name} holds no pose.")
    entries = _of_photo(entries, name, image_name)
    objects = {entry.object for entry in entries}
    number = number_of(shape_name) if shape_name else None
    if objects != {None} and (number in objects or len(objects) > 1 or number is not None):
        entries = [entry for entry in entries if entry.object == number]
        if not entries:
            raise CounterpointError(
                f"{name} has poses of the objects {listed(sorted(one for one in objects if one is not None))} and none of {shape_name or 'a shape without a name'}; "
                "name the shape by its number, as obj_000008.ply."
            )
    elif objects != {None}:
        warn(
            f"{name} holds the pose of the object {entries[0].object}; it is taken for {shape_name or 'a shape without a name'}."
        )
    if len(entries) > 1:
        raise CounterpointError(
            f"{name} has {len(entries)} poses of the same object in the photo; write the one that is meant alone."
        )
    return entries[0]


def _of_photo(entries: list[Entry], name: str, image_name: str | None) -> list[Entry]:
    photos = list(dict.fromkeys(entry.image for entry in entries))
    scores = {photo: _agrees(photo, image_name) if image_name else 0 for photo in photos}
    best = max(scores.values())
    meant = [photo for photo in photos if scores[photo] == best]
    if best and len(meant) > 1:
        raise CounterpointError(f"{name} has the photos {listed(meant)}; {image_name} may be several of them.")
    if not best and len(photos) > 1:
        raise CounterpointError(
            f"{name} has poses in the photos {listed(photos)} and none in {image_name or 'a photo without a name'}."
        )
    if not best and image_name and photos[0]:
        warn(f"{name} holds the pose in the photo {photos[0]}; it is taken for {Path(image_name).name}.")
    if best and image_name and not meant[0].isdecimal():
        say_other_folder(meant[0], image_name, name)
    return [entry for entry in entries if entry.image == meant[0]]


def _agrees(photo: str, image_name: str) -> int:
    """How much a photo of the file is the one that is meant; photos that have numbers only go by them."""
    if photo.isdecimal():
        return int(number_of(image_name) == int(photo))
    return matches(photo, image_name)
