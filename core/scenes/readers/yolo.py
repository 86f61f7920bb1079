"""Scenes of YOLO: ``data.yaml`` with the names of classes, photos in ``images`` and their lines in ``labels``."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from core.errors import CounterpointError
from core.interchange.lying import say_meant_upright
from core.interchange.names import listed
from core.notices import warn
from core.orientation import may_be_meant_lying
from core.registration.things import InstanceKey
from core.scenes.plausible import BEYOND, say_odd_boxes
from core.scenes.readers.photos import header_size, photos_in, shapes_called
from core.scenes.scene import Outline, PoseKey, Region, Scene, ScenePhoto
from core.units import Unit

UNIT = Unit(1.0, False, "YOLO has no lengths: those of the shapes are taken to be metres.")


def recognises(path: Path) -> bool:
    """Whether ``path`` is such a file, or a folder with one, or with ``images`` and ``labels``."""
    return _table_of(path) is not None or _has_labels(path)


def read(path: Path) -> Scene:
    """Read the lines of each photo: a class and a box, or a class and the corners of an outline.

    Class n (from 0) is the object n + 1; lines of one class in a photo are its instances in the order of the file.

    Raises:
        CounterpointError: there are no photos, or a file is not as YOLO has it.
    """
    table = _table_of(path)
    root = path if table is None else table.parent
    said = {} if table is None else _said(table)
    files = _files(root, said)
    photos: list[ScenePhoto] = []
    regions: dict[PoseKey, Region] = {}
    broken: list[str] = []
    sizes: dict[str, tuple[int, int]] = {}
    for file, labels in files:
        size = header_size(file)
        if size is None:
            broken.append(file.name)
            continue
        photo = ScenePhoto(_relative(file, root), file)
        photos.append(photo)
        sizes[photo.key] = size
        if labels.is_file():
            regions |= {(photo.key, thing): one for thing, one in _lines(labels, size, "kpt_shape" in said).items()}
    if not photos:
        raise CounterpointError(f"{root} has no photos that are read with labels for YOLO (images/ and labels/).")
    if broken:
        warn(f"{root} has {len(broken)} files that are no photos, which are left out: {listed(broken, 3)}.")
    say_meant_upright((file.name for file, labels in files if labels.is_file() and may_be_meant_lying(file)), str(root))
    names = _names(said)
    _say_odd(root, [labels for _, labels in files], regions, sizes)
    missing = sorted({thing.object_id - 1 for _, thing in regions} - set(names))
    if names and missing:
        warn(f"{root} does not name the classes {listed(missing)} that its labels have.")
    called = {number + 1: name for number, name in names.items()}
    shapes = shapes_called(root, called)
    return Scene(table or root, "yolo", tuple(photos), shapes, {}, UNIT, said, regions, called)


def _table_of(path: Path) -> Path | None:
    files = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
    return next((file for file in files if file.suffix.lower() in (".yaml", ".yml") and _is_table(file)), None)


def _is_table(file: Path) -> bool:
    if not file.is_file():
        return False
    text = file.read_text("utf-8", "replace")
    return "names" in text and ("train" in text or "val" in text)


def _has_labels(path: Path) -> bool:
    return (
        path.is_dir() and bool(photos_in(path / "images")) and next((path / "labels").glob("*.txt"), None) is not None
    )


def _said(file: Path) -> dict[str, Any]:
    try:
        said = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CounterpointError(f"{file} cannot be read as YAML ({error}).") from error
    if not isinstance(said, dict):
        raise CounterpointError(f"{file} does not say names and photos as YOLO has them.")
    return said


def _names(said: dict[str, Any]) -> dict[int, str]:
    names = said.get("names") or {}
    if isinstance(names, list):
        names = dict(enumerate(names))
    return {int(number): str(name) for number, name in names.items() if str(number).isdigit()}


def _files(root: Path, said: dict[str, Any]) -> list[tuple[Path, Path]]:
    """Photos of all splits with where their labels are: ``images`` in their paths becomes ``labels``."""
    base = root / str(said.get("path") or "")
    base = base if base.is_dir() else root
    places = [place for split in ("train", "val", "test") for place in _listed_places(said.get(split))] or ["images"]
    photos: dict[Path, None] = {}
    for place in places:
        near = place.removeprefix("../")  # Roboflow's paths count from a folder beside
        folder = next((one for one in (base / place, root / place, base / near, root / near) if one.exists()), None)
        if folder is None:
            warn(f"{place} of {root} is not there and is left out.")
        elif folder.suffix.lower() == ".txt":
            names = folder.read_text("utf-8").split("\n")
            photos |= dict.fromkeys(base / name.strip() for name in names if name.strip())
        else:
            photos |= dict.fromkeys(photos_in(folder))
    return [(photo, labels_of(photo)) for photo in photos if photo.is_file()]


def _listed_places(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def labels_of(photo: Path) -> Path:
    """Where the lines of a photo are: the last ``images`` of its path becomes ``labels``."""
    parts = list(photo.parts)
    last = max((i for i, part in enumerate(parts) if part == "images"), default=None)
    if last is not None:
        parts[last] = "labels"
    return Path(*parts).with_suffix(".txt")


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if root in file.parents else file.as_posix()


def _say_odd(root: Path, files: list[Path], regions: dict[PoseKey, Region], sizes: dict[str, tuple[int, int]]) -> None:
    """Warn of photos that share their lines, of lines without a photo, and of boxes that no photo can have."""
    known = set(files)
    alone = sorted({file for place in {one.parent for one in files} for file in place.glob("*.[tT][xX][tT]")} - known)
    alone = [file for file in alone if file.stem not in ("classes", "train", "val", "test") and file.stat().st_size]
    if alone:
        warn(
            f"{root} has {len(alone)} files of labels whose photos are not there: {listed([file.name for file in alone], 3)}."
        )
    shared = [file for file, count in Counter(files).items() if count > 1 and file.is_file()]
    if shared:
        warn(
            f"{root} has photos of one name that share their labels ({listed([file.name for file in shared], 3)}); "
            "give each photo a name of its own."
        )
    say_odd_boxes(
        root, regions, sizes, "YOLO's numbers are the middle, width and height, as shares of the photo, not corners."
    )


def _kind(values: Any, keypoints: bool) -> str:
    """What the numbers behind a class are: "box" (with a confidence, or keypoints behind it) or "outline" (with one, or without)."""
    count = len(values)
    seen = (
        values[6::3] if count > 6 and (count - 4) % 3 == 0 else np.array([0.5])
    )  # of a keypoint: 0 none, 1 hidden, 2 seen
    if keypoints or count < 6 or np.isin(seen, (0, 1, 2)).all():
        return "box"
    return "outline"


def _lines(file: Path, size: tuple[int, int], keypoints: bool) -> dict[InstanceKey, Region]:
    """What the lines of one photo mark; raises where one is not a class and shares of the photo."""
    found: dict[InstanceKey, Region] = {}
    seen: Counter[int] = Counter()
    for number, line in enumerate(file.read_text("utf-8-sig", "replace").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            number_of_class, values = float(words[0]), np.array(words[1:], np.float64)
            name = int(number_of_class) if number_of_class.is_integer() else -1
        except (ValueError, OverflowError):
            name, values = -1, np.zeros(0)
        outline = _kind(values, keypoints) == "outline"
        values = values[: len(values) // 2 * 2] if outline else values  # a confidence stands behind the corners
        places = values if outline else values[:4]
        if name < 0 or len(places) < 4 or not (np.abs(places - 0.5) <= BEYOND + 0.5).all():
            raise CounterpointError(
                f"Line {number} of {file} is neither a class with a box nor one with an outline, as shares of the photo."
            )
        thing = InstanceKey(name + 1, seen[name])
        seen[name] += 1
        found[thing] = _outline(values, size, line) if outline else _box(values, size, line)
    return found


def _box(values: Any, size: tuple[int, int], line: str) -> Region:
    (x, y), (width, height) = values[:2] * size, values[2:4] * size
    return Region((x - width / 2, y - height / 2, width, height), info={"line": line})


def _outline(values: Any, size: tuple[int, int], line: str) -> Region:
    corners = values.reshape(-1, 2) * size
    (x, y), (right, down) = corners.min(0), corners.max(0)
    outline = Outline(tuple((float(u), float(v)) for u, v in corners))
    return Region((x, y, right - x, down - y), outline, info={"line": line})
