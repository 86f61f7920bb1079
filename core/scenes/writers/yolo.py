"""Scenes as YOLO has them: ``images``, a line a thing in ``labels``, and ``data.yaml`` with the names."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import yaml

from core.arrays import Floats
from core.files import make_folder, write_atomic
from core.progress import Progress
from core.scenes.casting import Silhouette
from core.scenes.readers.yolo import labels_of
from core.scenes.regions import region_box, region_mask
from core.scenes.scene import Region, Scene, ScenePhoto
from core.scenes.writers.marked import drawn_things, marked_regions, photo_size
from core.scenes.writers.pictures import place_picture
from core.scenes.writers.views import told_apart

Size = tuple[int, int]


def write_boxes(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Lines of class, middle and size of the box of what is seen, as shares of the photo.

    Raises:
        CounterpointError: a photo with poses has no camera, or something cannot be written.
    """
    return _write(scene, path, progress, _box, _box_of_region)


def write_polygons(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Lines of class and corners of the outline of what is seen; raises as :func:`write_boxes`."""
    return _write(scene, path, progress, _polygon, _polygon_of_region)


def _write(
    scene: Scene,
    path: Path,
    progress: Progress,
    line: Callable[[Silhouette], list[float]],
    line_of_region: Callable[[Region, Size], list[float]],
) -> list[Path]:
    root = path.parent if path.suffix.lower() in (".yaml", ".yml") else path
    told = scene.info if scene.layout == "yolo" else {}
    classes = _classes(scene)
    make_folder(root / "images"), make_folder(root / "labels")
    names = dict(zip((photo.key for photo in scene.photos), told_apart(list(map(_name, scene.photos))), strict=True))
    for number, photo in enumerate(scene.photos):
        progress(number / len(scene.photos), f"photo {number + 1} of {len(scene.photos)}")
        size = photo_size(scene, photo)
        if size is None:
            continue
        there = scene.layout == "yolo" and root.resolve() in photo.path.resolve().parents
        picture = photo.path if there else root / "images" / names[photo.key]
        if not there:
            make_folder(picture.parent)
            place_picture(photo, picture)
        lines = []
        for thing, one in marked_regions(scene, photo).items():
            values = one.info["line"].split()[1:] if there else map(_written, line_of_region(one, size))
            lines.append(" ".join([str(classes[thing.object_id]), *values]))
        for shown in drawn_things(scene, photo):
            lines.append(" ".join([str(classes[shown.thing.object_id]), *map(_written, line(shown))]))
        labels = labels_of(picture) if there else root / "labels" / f"{names[photo.key]}.txt"
        if lines or not there:
            write_atomic(make_folder(labels.parent) / labels.name, "".join(f"{one}\n" for one in lines).encode())
    return [_write_table(path, root, told, scene, classes), root / "images", root / "labels"]


def _classes(scene: Scene) -> dict[int, int]:
    """The class of each object: that of the labels, which objects are numbered after, or else their order."""
    known = sorted({*scene.shapes, *(thing.object_id for _, thing in scene.regions)})
    if scene.layout == "yolo":
        return {number: number - 1 for number in range(1, max([*known, *scene.names], default=0) + 1)}
    return {object_id: number for number, object_id in enumerate(known)}


def _write_table(path: Path, root: Path, told: Mapping[str, Any], scene: Scene, classes: dict[int, int]) -> Path:
    table = path if path != root else root / "data.yaml"
    names = {number: scene.name_of(object_id) for object_id, number in classes.items()}
    about: dict[str, Any] = {**told, "nc": len(names)} if "nc" in told else dict(told)
    if scene.root != table:
        splits = [one for split in ("train", "val", "test") for one in _as_list(told.get(split))]
        kept = splits and all(str(one).startswith("images/") for one in splits)
        about = {key: value for key, value in told.items() if kept or key not in ("train", "val", "test")}
        about |= {"path": str(root.absolute())} | ({} if kept else {"train": "images", "val": "images"})
    write_atomic(table, yaml.safe_dump({**about, "names": names}, sort_keys=False).encode())
    return table


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _name(photo: ScenePhoto) -> str:
    """Where a photo lies in the folder images, without its suffix."""
    if photo.key.isdigit():
        return f"{int(photo.key):06d}"
    parts = [part for part in Path(photo.key).with_suffix("").parts if part not in ("/", "..")]
    if parts[0] == "images":
        return "/".join(parts[1:])
    return "_".join(parts)


def _written(value: float) -> str:
    return f"{value:.9g}"


def _box(shown: Silhouette) -> list[float]:
    return _shares(shown.box(visible=True) or (0, 0, 0, 0), shown.size)


def _shares(box: Sequence[float], size: Size) -> list[float]:
    (x, y, width, height), (across, down) = box, size
    return [(x + width / 2) / across, (y + height / 2) / down, width / across, height / down]


def _box_of_region(region: Region, size: Size) -> list[float]:
    return _shares(region_box(region, size) or (0, 0, 0, 0), size)


def _polygon(shown: Silhouette) -> list[float]:
    return _outline(shown.mask(visible=True))


def _polygon_of_region(region: Region, size: Size) -> list[float]:
    """Its outline; of a box without a mask the corners."""
    mask = region_mask(region, size)
    if mask is not None and mask.any():
        return _outline(mask)
    x, y, width, height = region_box(region, size) or (0, 0, 0, 0)
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return (np.array(corners) / size).ravel().tolist()


def _outline(mask: npt.NDArray[np.bool_]) -> list[float]:
    """Through the middles of the outermost pixels, with those of holes and of several pieces joined to it, as shares."""
    pieces, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    joined: Floats = np.zeros((0, 2))
    for piece in sorted(pieces, key=cv2.contourArea, reverse=True):
        joined = _joined(joined, piece[:, 0].astype(np.float64))
    if len(joined) < 3:  # a piece one or two pixels large
        joined = np.concatenate([joined, np.repeat(joined[:1], 3 - len(joined), axis=0)])
    return ((joined + 0.5) / mask.shape[::-1]).ravel().tolist()


def _joined(outline: Floats, piece: Floats) -> Floats:
    """Two closed outlines [n, 2] and [m, 2] as one: there and back where they are nearest."""
    if len(outline) == 0:
        return piece
    gap = np.linalg.norm(outline[:, None] - piece[None], axis=-1)
    here, there = np.unravel_index(int(gap.argmin()), gap.shape)
    turned = np.roll(piece, -int(there), axis=0)
    return np.concatenate([outline[: here + 1], turned, turned[:1], outline[here:]])
