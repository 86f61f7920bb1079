"""Scenes as COCO: what is seen of each thing as a run length, with its box, and the keypoints of shapes that have some."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from core.files import make_folder, read_json, write_json
from core.interchange.coco import id_key
from core.progress import Progress
from core.registration.things import InstanceKey
from core.scenes.casting import Silhouette, camera_in
from core.scenes.regions import region_box, region_mask
from core.scenes.scene import Region, Scene, ScenePhoto, SceneShape
from core.scenes.writers.marked import drawn_things, marked_regions, photo_size
from core.scenes.writers.pictures import named_picture

Record = dict[str, Any]


def write(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Write ``path``, or ``annotations.json`` in it; photos stay where they are.

    Of a picture of a video, and of a photo that lies turned in its file (EXIF), an upright one is made in ``images``.

    Raises:
        CounterpointError: a photo with poses has no camera, or the file cannot be written.
    """
    file = path if path.suffix.lower() == ".json" else make_folder(path) / "annotations.json"
    images: list[Record] = []
    annotations: list[Record] = []
    told = scene.info if scene.layout == "coco" else {}
    for number, photo in enumerate(scene.photos, 1):
        progress(number / len(scene.photos), f"photo {number} of {len(scene.photos)}")
        size = photo_size(scene, photo)
        if size is None:
            continue
        about: Record = dict(photo.info) if scene.layout == "coco" else {}
        image: Record = {"id": number} | about | {"width": size[0], "height": size[1]}
        if scene.root != file or not about.get("file_name"):
            image["file_name"] = named_picture(photo, file.parent)
        images.append(image)
        marked = marked_regions(scene, photo)
        annotations += [_marked(scene, thing, region, size, image["id"]) for thing, region in marked.items()]
        for shown in drawn_things(scene, photo):
            annotations.append(_annotation(scene, photo, shown, image["id"]))
    _number(annotations)
    if scene.root == file and told:
        before = read_json(file)
        images, annotations = _among(before["images"], images), _among(before["annotations"], annotations)
    categories = _categories(scene, told.get("categories") or [], {one["category_id"] for one in annotations})
    write_json(file, {**told, "images": images, "categories": categories, "annotations": annotations})
    return [file]


def _number(annotations: list[Record]) -> None:
    """Give a number to those that have none yet."""
    free = max((one["id"] for one in annotations if isinstance(one.get("id"), int)), default=0)
    for one in annotations:
        if one.get("id") is None:
            free += 1
            one["id"] = free


def _among(before: list[Record], now: list[Record]) -> list[Record]:
    """What stood in the file, in its order, with what is written anew in its place, and what is new behind it."""
    known = {id_key(one["id"]) for one in before if one.get("id") is not None}
    ours = {id_key(one["id"]): one for one in now}
    kept = [ours.get(id_key(one.get("id")), one) for one in before]
    return [*kept, *(one for number, one in ours.items() if number not in known)]


def _marked(scene: Scene, thing: InstanceKey, region: Region, size: tuple[int, int], image: int) -> Record:
    """What a file marked by hand, as it stands there where that was COCO."""
    if scene.layout == "coco":
        return dict(region.info)
    record: Record = {"id": None, "image_id": image, "category_id": thing.object_id, "iscrowd": 0}
    mask = region_mask(region, size)
    box = region_box(region, size)
    area = int(mask.sum()) if mask is not None else (box[2] * box[3] if box else 0)
    return record | {"area": area, "bbox": list(box or ()), "segmentation": [] if mask is None else _runs(mask)}


def _categories(scene: Scene, told: list[Record], used: set[int]) -> list[Record]:
    """Those that there were, then those of shapes and of marked things that are not among them."""
    named = {one.get("id") for one in told}
    shapes = [_category(shape) for number, shape in sorted(scene.shapes.items()) if number not in named]
    bare = sorted(used - named - set(scene.shapes))
    return [*told, *shapes, *({"id": n, "name": scene.name_of(n), "supercategory": "object"} for n in bare)]


def _runs(mask: npt.NDArray[np.bool_]) -> Record:
    run = coco.encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(mask.shape), "counts": run["counts"].decode()}


def _annotation(scene: Scene, photo: ScenePhoto, shown: Silhouette, image: int) -> Record:
    return {
        "id": None,
        "image_id": image,
        "category_id": shown.thing.object_id,
        "iscrowd": 0,
        "area": int(shown.seen.sum()),
        "bbox": list(shown.box(visible=True) or ()),
        "segmentation": _runs(shown.mask(visible=True)),
    } | _keypoints(scene, photo, shown)


def _category(shape: SceneShape) -> Record:
    category: Record = {"id": shape.object_id, "name": shape.name, "supercategory": "object"}
    names = list(shape.info.get("keypoints") or {})
    return category | ({"keypoints": names, "skeleton": []} if names else {})


def _keypoints(scene: Scene, photo: ScenePhoto, shown: Silhouette) -> Record:
    """Keypoints (``info["keypoints"]`` of the shape: points of its file by name) in pixels; whole numbers are middles.

    2 is one that is seen, 1 one that is hidden, 0 one outside the photo.
    """
    shape = scene.shapes[shown.thing.object_id]
    points = np.array(list((shape.info.get("keypoints") or {}).values()), np.float64).reshape(-1, 3)
    if len(points) == 0:
        return {}
    there = scene.by_photo[photo.key][shown.thing].pose(points / shape.scale)
    pixels, _ = camera_in(photo).project(there)
    seen, depth = shown.mask(visible=True), shown.depth()
    near = 0.02 * float(np.ptp(points, axis=0).max() or 1.0) / shape.scale
    written: list[float] = []
    for (u, v), far in zip(pixels, np.linalg.norm(there, axis=1), strict=True):
        column, row = (int(np.rint(x)) if np.isfinite(x) else -1 for x in (u, v))
        if not (0 <= column < shown.size[0] and 0 <= row < shown.size[1]):
            written += [0, 0, 0]
        else:
            visible = bool(seen[row, column]) and far <= depth[row, column] + near
            written += [float(u), float(v), 2 if visible else 1]
    return {"keypoints": written, "num_keypoints": sum(value > 0 for value in written[2::3])}
