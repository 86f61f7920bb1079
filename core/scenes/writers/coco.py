"""Scenes as COCO: what is seen of each thing as a run length, with its box, and the keypoints of shapes that have some."""

from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco

from core.files import make_folder, write_json
from core.progress import Progress
from core.scenes.casting import Silhouette, camera_in, silhouettes
from core.scenes.scene import Scene, ScenePhoto, SceneShape
from core.scenes.writers.pictures import place_picture
from core.scenes.writers.views import relative

Record = dict[str, Any]


def write(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Write ``path``, or ``annotations.json`` in it; photos stay where they are, and those of a video go to ``images``.

    Raises:
        CounterpointError: a photo with poses has no camera, or the file cannot be written.
    """
    file = path if path.suffix.lower() == ".json" else make_folder(path) / "annotations.json"
    images: list[Record] = []
    annotations: list[Record] = []
    for number, photo in enumerate(scene.photos, 1):
        progress(number / len(scene.photos), f"photo {number} of {len(scene.photos)}")
        if photo.camera is None and photo.key not in scene.by_photo:
            continue
        width, height = camera_in(photo).size or (0, 0)
        images.append({"id": number, "file_name": _name(photo, file.parent), "width": width, "height": height})
        for shown in silhouettes(scene, photo):
            if shown.seen.any():
                annotations.append(_annotation(scene, photo, shown, len(annotations) + 1, number))
    categories = [_category(shape) for _, shape in sorted(scene.shapes.items())]
    write_json(file, {"images": images, "categories": categories, "annotations": annotations})
    return [file]


def _annotation(scene: Scene, photo: ScenePhoto, shown: Silhouette, number: int, image: int) -> Record:
    run = coco.encode(np.asfortranarray(shown.mask(visible=True), np.uint8))
    width, height = shown.size
    return {
        "id": number,
        "image_id": image,
        "category_id": shown.thing.object_id,
        "iscrowd": 0,
        "area": int(shown.seen.sum()),
        "bbox": list(shown.box(visible=True) or ()),
        "segmentation": {"size": [height, width], "counts": run["counts"].decode()},
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


def _name(photo: ScenePhoto, folder: Path) -> str:
    if photo.frame is None:
        return relative(photo.path, folder)
    make_folder(folder / "images")
    return relative(place_picture(photo, folder / "images" / photo.key), folder)
