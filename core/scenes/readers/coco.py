"""Scenes of COCO: one file of annotations, the photos that it names, and shapes that are called as its categories."""

from collections import Counter
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from core.errors import CounterpointError
from core.files import read_json
from core.interchange.coco import id_key
from core.interchange.lying import say_meant_upright
from core.interchange.names import listed
from core.notices import warn
from core.orientation import may_be_meant_lying
from core.registration.things import InstanceKey
from core.scenes.plausible import say_odd_boxes
from core.scenes.readers.photos import header_size, other_size, shapes_called
from core.scenes.scene import PoseKey, Region, Scene, ScenePhoto
from core.units import Unit

UNIT = Unit(1.0, False, "COCO has no lengths: those of the shapes are taken to be metres.")

Record = dict[str, Any]

_MARKS = (b'"annotations"', b'"images"')


def recognises(path: Path) -> bool:
    """Whether ``path`` is such a file, or a folder with one (also in its folder ``annotations``)."""
    return bool(_files(path))


def read(path: Path) -> Scene:
    """Read the images whose photos are there and what is marked in them.

    A category is an object of its number; what is marked of one category in a photo are its instances, in the order of the
    file.

    Raises:
        CounterpointError: there are several files, it is no COCO, or none of its photos is there.
    """
    files = _files(path)
    if len(files) > 1:
        raise CounterpointError(
            f"{path} has several files of annotations ({listed([file.name for file in files])}); open one of them."
        )
    (file,) = files
    content = read_json(file)
    images, annotations, categories = (_records(content, key, file) for key in ("images", "annotations", "categories"))
    photos = _photos(file, images)
    names = {id_key(one.get("id")): str(one.get("name") or one["id"]) for one in categories}
    if not all(_is_number(number) for number in names):
        raise CounterpointError(f"{file} has categories whose ids are no numbers ({listed(list(map(str, names)), 3)}).")
    regions = _regions(file, annotations, photos, {id_key(image.get("id")) for image in images})
    sizes = {photo.key: _told_size(photo) for photo in photos.values()}
    say_odd_boxes(file.name, regions, sizes, "COCO's numbers are the corner, width and height, in pixels.")
    missing = sorted({thing.object_id for _, thing in regions} - set(names))
    if missing:
        warn(f"{file.name} does not name the categories {listed(missing)} that its annotations have.")
    about = {key: value for key, value in content.items() if key not in ("images", "annotations")}
    shapes = shapes_called(file.parent, names) or shapes_called(file.parent.parent, names)
    return Scene(file, "coco", tuple(photos.values()), shapes, {}, UNIT, about, regions, names)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".json" and _is_coco(path) else []
    return [file for place in (path, path / "annotations") for file in sorted(place.glob("*.json")) if _is_coco(file)]


def _is_coco(file: Path) -> bool:
    content = file.read_bytes()
    return all(mark in content for mark in _MARKS)


def _records(content: Any, key: str, file: Path) -> list[Record]:
    found = content.get(key, []) if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise CounterpointError(f"{file} is not as COCO writes it: '{key}' is no list of records.")
    return found


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _photos(file: Path, images: list[Record]) -> dict[Any, ScenePhoto]:
    """The photos that are there by the ids of their images."""
    found: dict[Any, ScenePhoto] = {}
    missing, other, turned = [], [], []
    seen = set()
    for image in images:
        name, number = (
            str(image.get("file_name") or image.get("coco_url") or "").replace("\\", "/"),
            id_key(image.get("id")),
        )
        if image.get("id") is None or number in seen:
            raise CounterpointError(f"{file} has an image without an id of its own ({name}).")
        seen.add(number)
        place = _place(file, name) if name else None
        size = None if place is None else header_size(place)
        if place is None or size is None:
            missing.append(name)
            continue
        if [_whole(image.get(name), size[axis]) for axis, name in enumerate(("width", "height"))] != list(size):
            other.append(f"{name} ({other_size(place, size, (image.get('width'), image.get('height')))})")
            continue
        if may_be_meant_lying(place, size if image.get("width") else None):
            turned.append(name)
        found[number] = ScenePhoto(name, place, info=image)
    if len({photo.key for photo in found.values()}) < len(found):
        raise CounterpointError(f"{file} has two images of one name, so that they cannot be told apart.")
    if not found and not other:
        raise CounterpointError(f"None of the photos of {file} is there ({listed(missing, 3)}); put them beside it.")
    if missing:
        warn(
            f"{file.name} has {len(missing)} images whose photos are not there, which are left out: {listed(missing, 3)}."
        )
    if other:
        warn(
            f"{file.name} has {len(other)} photos of another size than it says, which are left out: {listed(other, 3)}."
        )
    say_meant_upright(turned, file.name)
    return found


def _place(file: Path, name: str) -> Path | None:
    """Beside the file or above it, in ``images``, or in a folder that the file is called after (``instances_val2017``)."""
    called = file.stem.split("_")[-1]
    folders = [above / folder for above in (file.parent, file.parent.parent) for folder in ("", "images", called)]
    names = dict.fromkeys((name, name.rsplit("/", 1)[-1]))  # the folders of another machine
    return next((place for one in names for folder in folders if (place := folder / one).is_file()), None)


def _regions(
    file: Path, annotations: list[Record], photos: dict[Any, ScenePhoto], listed_ids: set[Any]
) -> dict[PoseKey, Region]:
    regions: dict[PoseKey, Region] = {}
    seen: Counter[tuple[str, int]] = Counter()
    broken = lost = 0
    twice = [
        number
        for number, count in Counter(id_key(one["id"]) for one in annotations if one.get("id") is not None).items()
        if count > 1
    ]
    if twice:
        raise CounterpointError(f"{file} has several annotations of one id ({listed(twice, 3)}); give each its own.")
    for one in annotations:
        photo = photos.get(id_key(one.get("image_id")))
        if photo is None:
            lost += id_key(one.get("image_id")) not in listed_ids
            continue
        category, box, mask = id_key(one.get("category_id")), _box(one.get("bbox")), one.get("segmentation") or None
        if not _is_number(category) or (box is None and mask is None):
            broken += 1
            continue
        thing = InstanceKey(category, seen[photo.key, category])
        seen[photo.key, category] += 1
        regions[photo.key, thing] = Region(box, mask, info=one)
    if lost:
        warn(f"{file.name} has {lost} annotations of no image that it lists (image_id), which are left out.")
    if broken:
        warn(
            f"{file.name} has {broken} annotations without a category, or with neither box nor mask, which are left out."
        )
    return regions


def _box(values: Any) -> tuple[float, float, float, float] | None:
    if not isinstance(values, list) or len(values) != 4 or not all(isinstance(one, (int, float)) for one in values):
        return None
    x, y, width, height = values
    return (x, y, width, height) if np.isfinite(values).all() and min(width, height) >= 0 else None


def _told_size(photo: ScenePhoto) -> tuple[int, int]:
    """(width, height) of a photo, which is as its file says where that says it."""
    about = photo.info
    if about.get("width") is not None and about.get("height") is not None:
        return int(float(about["width"])), int(float(about["height"]))
    return header_size(photo.path) or (1, 1)


def _whole(value: Any, default: int) -> float:
    """A size that may be written as text; ``default`` where nothing is said."""
    try:
        return default if value is None else float(value)
    except (TypeError, ValueError):
        return -1.0
