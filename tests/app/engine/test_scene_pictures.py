"""The engine's jobs about scenes that look at photos and poses, run in this process."""

import numpy as np

from app.engine.keep_last import keep_last
from app.engine.scene_inspection import inspect_scene
from app.engine.scene_pictures import draw_scene
from core.progress import silent
from core.registration.things import InstanceKey
from core.scenes.opening import open_scene
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


def test_photos_are_kept_within_bytes(tmp_path):
    read = []

    @keep_last(70_000, key=lambda item: item, bytes_of=lambda pixels: pixels.nbytes)
    def small(item):
        read.append(item)
        return np.zeros((100, 100, 3), np.uint8)

    for number in (0, 1, 1, 0, 2, 3, 2, 0):  # two fit
        small(number)
    assert read == [0, 1, 2, 3, 0]
