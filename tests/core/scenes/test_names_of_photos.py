"""Photos whose names are nearly the same stay apart in every format, each with what is marked in it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.images import load_image
from core.scenes.opening import open_scene
from core.scenes.saving import save_scene
from tests.core.scenes import made

PLACE = Pose(np.eye(3), np.zeros(3))
NAMES = [
    ("a_png.rf.1.png", "a_png.rf.2.png"),  # Roboflow's
    ("a.png", "a.jpg"),
    ("A.png", "a.png"),
    ("images/a.png", "a.png"),
    ("x/a.png", "x_a.png"),
    ("a.tif", "a.png"),
]


@pytest.mark.parametrize("names", NAMES)
def test_photos_stay_apart(tmp_path: Path, names: tuple[str, str]) -> None:
    posed = [(n, n + 1, 0, Pose(np.eye(3), np.array([0.01 * n, 0, 0.3]))) for n in (0, 1)]
    known = made.scene(tmp_path / "in", [PhotoCamera(made.K, made.SIZE)] * 2, [PLACE] * 2, posed)
    photos = []
    for number, (photo, name) in enumerate(zip(known.photos, names, strict=True)):
        file = tmp_path / "in" / name
        file.parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (*made.SIZE[::-1], 3), np.uint8)
        Image.fromarray(pixels).save(file)
        photos.append(replace(photo, key=name, path=file))
    keys = {old.key: new.key for old, new in zip(known.photos, photos, strict=True)}
    poses = {(keys[key], thing): one for (key, thing), one in known.poses.items()}
    known = replace(known, photos=tuple(photos), poses=poses)
    for layout in ("bop", "coco", "yolo", "nerfstudio", "colmap"):
        save_scene(known, tmp_path / layout, layout)
        again = open_scene(tmp_path / layout)
        assert len(again.photos) == 2
        for number, photo in enumerate(photos):
            (same,) = (one for one in again.photos if np.array_equal(load_image(one.path), load_image(photo.path)))
            marked = [thing.object_id for key, thing in again.regions if key == same.key]
            assert marked == ([number + 1] if layout in ("bop", "coco", "yolo") else []), layout
