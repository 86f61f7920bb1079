"""Scenes as YOLO has them: ``images``, a line a thing in ``labels``, and ``data.yaml`` with the names."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import yaml

from core.files import make_folder, write_atomic
from core.progress import Progress
from core.scenes.casting import Silhouette, camera_in, silhouettes
from core.scenes.scene import Scene
from core.scenes.writers.pictures import place_picture

Floats = npt.NDArray[np.floating]


def write_boxes(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Lines of class, middle and size of the box of what is seen, as shares of the photo.

    Raises:
        CounterpointError: a photo with poses has no camera, or something cannot be written.
    """
    return _write(scene, path, progress, _box)


def write_polygons(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Lines of class and corners of the outline of what is seen; raises as :func:`write_boxes`."""
    return _write(scene, path, progress, _polygon)


def _write(scene: Scene, path: Path, progress: Progress, line: Callable[[Silhouette], list[float]]) -> list[Path]:
    classes = {object_id: number for number, object_id in enumerate(sorted(scene.shapes))}
    images, labels = make_folder(path / "images"), make_folder(path / "labels")
    for number, photo in enumerate(scene.photos):
        progress(number / len(scene.photos), f"photo {number + 1} of {len(scene.photos)}")
        if photo.camera is None and photo.key not in scene.by_photo:
            continue
        camera_in(photo)
        name = f"{int(photo.key):06d}" if photo.key.isdigit() else "_".join(Path(photo.key).with_suffix("").parts)
        place_picture(photo, images / name)
        lines = [
            f"{classes[shown.thing.object_id]} " + " ".join(f"{value:.9g}" for value in line(shown))
            for shown in silhouettes(scene, photo)
            if shown.seen.any()
        ]
        write_atomic(labels / f"{name}.txt", "".join(f"{one}\n" for one in lines).encode())
    names = {number: scene.shapes[object_id].name for object_id, number in classes.items()}
    about = {"path": str(path.absolute()), "train": "images", "val": "images", "names": names}
    write_atomic(path / "data.yaml", yaml.safe_dump(about, sort_keys=False).encode())
    return [path / "data.yaml", images, labels]


def _box(shown: Silhouette) -> list[float]:
    x, y, width, height = shown.box(visible=True) or (0, 0, 0, 0)
    across, down = shown.size
    return [(x + width / 2) / across, (y + height / 2) / down, width / across, height / down]


def _polygon(shown: Silhouette) -> list[float]:
    """The outline through the middles of the outermost pixels, with those of holes and of several pieces joined to it."""
    pieces, _ = cv2.findContours(shown.mask(visible=True).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    joined: Floats = np.zeros((0, 2))
    for piece in sorted(pieces, key=cv2.contourArea, reverse=True):
        joined = _joined(joined, piece[:, 0].astype(np.float64))
    if len(joined) < 3:  # a piece one or two pixels large
        joined = np.concatenate([joined, np.repeat(joined[:1], 3 - len(joined), axis=0)])
    return ((joined + 0.5) / shown.size).ravel().tolist()


def _joined(outline: Floats, piece: Floats) -> Floats:
    """Two closed outlines [n, 2] and [m, 2] as one: there and back where they are nearest."""
    if len(outline) == 0:
        return piece
    gap = np.linalg.norm(outline[:, None] - piece[None], axis=-1)
    here, there = np.unravel_index(int(gap.argmin()), gap.shape)
    turned = np.roll(piece, -int(there), axis=0)
    return np.concatenate([outline[: here + 1], turned, turned[:1], outline[here:]])
