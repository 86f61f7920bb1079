"""Procedural objects and their pictures: known parts, known places, the same on every run."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from core.errors import CounterpointError
from core.images import save_image
from core.training.categories import CATEGORIES
from core.training.pictures import PictureSettings, Surface, cut_photo, take_picture
from core.training.procedural import HELD_OUT, make_object, training_seed


@pytest.mark.parametrize("category", [*CATEGORIES, "assembly", "blob"])
def test_objects_are_whole_and_repeatable(category):
    one, again = make_object(3, category), make_object(3, category)
    assert np.array_equal(one.shape.vertices, again.shape.vertices)
    assert one.shape.diagonal > 0 and np.isfinite(one.shape.vertices).all()
    assert len(one.face_part) == len(one.shape.faces) and len(one.local) == len(one.shape.vertices)
    assert one.face_part.max() >= 2 and np.abs(one.local).max() <= 1.1
    assert not np.array_equal(one.shape.vertices[:10], make_object(4, category).shape.vertices[:10])
    assert trimesh.Trimesh(one.shape.vertices, one.shape.faces).area > 0


def test_left_and_right_and_front_and_back_are_told_apart():
    item = make_object(5, "quadruped")
    centers = item.shape.normalised[item.shape.faces].mean(axis=1)
    by_part = [centers[item.face_part == part].mean(axis=0) for part in range(item.face_part.max() + 1)]
    front_left, front_right, back_left, back_right = by_part[1:5]
    assert front_left[0] > 0 > front_right[0] and back_left[0] > 0 > back_right[0]
    assert front_left[2] > back_left[2] and front_right[2] > back_right[2]


def test_held_out_seeds_are_never_trained_on():
    assert not any(training_seed(n) in HELD_OUT for n in (0, 1, HELD_OUT.start, HELD_OUT.start + 5, 2**40))


@pytest.mark.parametrize("seed", range(6))
def test_a_picture_knows_what_each_pixel_shows(seed):
    item = make_object(seed)
    picture = take_picture(item, np.random.default_rng(seed), PictureSettings(size=96))
    again = take_picture(item, np.random.default_rng(seed), PictureSettings(size=96))
    assert np.array_equal(picture.image, again.image)
    rows, columns = np.nonzero(picture.mask)
    assert len(rows) > 50
    pixels, depth = picture.camera.project(picture.point[rows, columns])
    assert np.abs(pixels - np.stack([columns, rows], axis=1)).max() < 0.05 and (depth > 0).all()
    assert (picture.part[picture.mask] >= 0).all() and (picture.part[~picture.mask] == -1).all()
    rays = picture.point[rows, columns] - picture.camera.center
    facing = np.sum((picture.normal[rows, columns] @ picture.camera.R) * rays, axis=1)
    assert (facing <= 1e-5).all()


def test_the_same_surface_looks_alike_and_others_do_not():
    item, settings = make_object(2, "car"), PictureSettings(size=64, plain=0, worn=0, occluded=0)
    same = [Surface(11).color(item, *_spots(item)) for _ in range(2)]
    assert np.array_equal(*same) and np.abs(same[0] - Surface(12).color(item, *_spots(item))).mean() > 0.05
    assert take_picture(item, np.random.default_rng(0), settings).image.std() > 5


def test_photos_of_the_user_become_surfaces_and_backgrounds(tmp_path):
    save_image(tmp_path / "red.png", np.full((80, 120, 3), (255, 0, 0), np.uint8))
    item, looks = make_object(2, "car"), PictureSettings(size=64, plain=0, worn=0, occluded=0)
    settings = replace(looks, photos=str(tmp_path))
    made, without = (
        [take_picture(item, np.random.default_rng(i), s).image.astype(int) for i in range(12)]
        for s in (settings, looks)
    )
    red, few = (np.mean([(p[..., 0] > p[..., 1] + 100) for p in pictures]) for pictures in (made, without))
    assert red > few + 0.15
    assert np.array_equal(made[3], take_picture(item, np.random.default_rng(3), settings).image)
    (tmp_path / "red.png").rename(tmp_path / "red.txt")
    with pytest.raises(CounterpointError, match="no photos"):
        cut_photo(f"{tmp_path}/.", 32, np.random.default_rng(0))


def _spots(item):
    face = np.arange(0, len(item.shape.faces), 7)
    bary = np.full((len(face), 3), 1 / 3)
    return face, bary, item.shape.normalised[item.shape.faces[face]].mean(axis=1)
