"""The engine's jobs about scenes that look at photos and poses, run in this process."""

import numpy as np
from PIL import Image

from app.engine import files
from app.engine.keep_last import keep_last
from app.engine.scene_inspection import inspect_scene
from app.engine.scene_pictures import draw_scene
from app.shared.values import item_for
from core.progress import silent
from core.scenes.opening import open_scene
from core.scenes.scene import InstanceKey
from tests.core.scenes import made


def test_a_place_of_the_photo_says_what_is_drawn_there(tmp_path):
    scene = open_scene(made.bop(tmp_path, 1))
    photo = scene.photos[0]
    poses = {thing: one.pose for thing, one in scene.by_photo[photo.key].items()}
    found = draw_scene(silent, photo.camera, dict(scene.shapes), poses, dict.fromkeys(poses, (9, 9, 9)), None)
    for thing, place in ((InstanceKey(1), poses[InstanceKey(1)].t), (InstanceKey(2), np.array([22.0, 29, 258]))):
        u, v = photo.camera.project(place)[0]
        assert found.thing_at(u, v, made.SIZE) == thing
        assert found.thing_at(u * 10, v * 10, (made.SIZE[0] * 10, made.SIZE[1] * 10)) == thing
    assert found.thing_at(0, 47, made.SIZE) is None and found.thing_at(-5, 99, made.SIZE) is None


def test_another_annotation_is_inspected(tmp_path):
    folder = made.bop(tmp_path, 2)
    scene, said = open_scene(folder), []
    found = inspect_scene(lambda share, words: said.append(share), scene, str(folder))
    assert len(found.rows) == 6 and set(found.others) == set(scene.poses) and said[-1] == 1.0
    assert max(row["ADD"] for row in found.rows) < 1e-6


def test_photos_are_read_ahead_within_bytes(tmp_path, monkeypatch):
    read, weights = [], []
    load = files.load_image
    monkeypatch.setattr(files, "load_image", lambda path: read.append(path) or load(path))
    for number in range(8):
        Image.new("RGB", (100, 100), (number, 0, 0)).save(tmp_path / f"{number}.png")
    items = [item_for(tmp_path / f"{number}.png") for number in range(8)]
    files.read_ahead(silent, tuple(items[:3]))
    assert files.open_image(silent, items[2])[0, 0, 0] == 2 and len(read) == 3

    @keep_last(70_000, key=lambda item: item, bytes_of=lambda pixels: weights.append(pixels.nbytes) or pixels.nbytes)
    def small(item):
        read.append(item)
        return load(item.path)

    del read[:]
    for item in (*items, *items[-2:]):
        small(item)
    assert len(read) == 8 and set(weights) == {30_000}  # two fit
    small(items[0])
    assert len(read) == 9
