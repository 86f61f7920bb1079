"""Procedural objects and their pictures: known parts, known places, the same on every run."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from core.errors import CounterpointError
from core.geometry.render import render
from core.geometry.shape import make_shape
from core.images import save_image
from core.training.categories import CATEGORIES
from core.training.photos import photo_files
from core.training.pictures import PictureSettings, Surface, take_picture
from core.training.procedural import HELD_OUT, make_object, training_seed
from core.training.scene import Object3D

STATISTICS = (0.3415, 0.1399, 0.4943, 0.2385, 0.062, 0.2941, 0.3305)
"""Of the pixels of 1500 pictures in [0, 1]: mean and deviation on the object and off it, step to the next column,
spread of the channels; and
the share of the object."""

CLEAN = PictureSettings(size=64, plain=0, worn=0, occluded=0)


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
    assert np.linalg.norm(picture.normal[picture.mask], axis=1) == pytest.approx(1, abs=1e-4)
    distance = np.linalg.norm(rays, axis=1)
    assert picture.depth[rows, columns] == pytest.approx(distance - distance.mean(), abs=1e-4)
    for values in (picture.point, picture.normal, picture.depth, picture.local):
        assert not values[~picture.mask].any()


def test_pictures_vary_as_those_that_the_bundled_weights_learnt_from():
    """Means over pictures; the numbers were measured when each picture was drawn by itself in numpy, as for those
    weights.
    """
    found = []
    for seed in range(240):
        picture = take_picture(make_object(seed), np.random.default_rng(seed), replace(CLEAN, worn=0.5, occluded=0.3))
        pixels, mask = picture.image / 255.0, picture.mask
        if mask.sum() > 20 and not mask.all():
            inside, outside = pixels[mask], pixels[~mask]
            steps, color = np.abs(np.diff(pixels, axis=1)).mean(), np.ptp(pixels, axis=2).mean()
            found.append([inside.mean(), inside.std(), outside.mean(), outside.std(), steps, color, mask.mean()])
    assert np.mean(found, axis=0) == pytest.approx(STATISTICS, rel=0.1)


def test_plain_pictures_look_as_the_program_draws_shapes():
    for seed in range(4):
        item, settings = make_object(seed), PictureSettings(size=64, plain=1)
        picture = take_picture(item, np.random.default_rng(seed), settings)
        ground = np.median(picture.image[~picture.mask]) / 255
        drawn = render(item.caster, picture.camera, "plain", supersample=2, background=float(ground)).rgb.astype(int)
        assert np.quantile(np.abs(drawn - picture.image), 0.99) <= 1


def test_the_same_surface_looks_alike_and_others_do_not():
    item = make_object(2, "car")
    one, again, other = (take_picture(item, np.random.default_rng(0), CLEAN, Surface(seed)) for seed in (11, 11, 12))
    assert np.array_equal(one.image, again.image) and one.image.std() > 5
    differs = np.abs(one.image.astype(int) - other.image).max(axis=2)
    assert np.array_equal(one.mask, other.mask)
    assert differs[one.mask].mean() > 10 and not differs[~one.mask].any()


def test_an_object_wears_its_own_colours():
    ball = trimesh.creation.icosphere(3)
    green = np.tile(np.array([[10, 230, 20]], np.uint8), (len(ball.vertices), 1))
    shape = make_shape(ball.vertices, ball.faces, colors=green)
    item = Object3D(shape, "ball", np.zeros(len(ball.faces), np.int32), (2 * shape.normalised).astype(np.float32))
    shares = []
    for own in (0.0, 1.0):
        pictures = [take_picture(item, np.random.default_rng(i), replace(CLEAN, own=own)) for i in range(30)]
        colors = [picture.image[picture.mask].mean(axis=0) for picture in pictures]
        shares.append(np.mean([color[1] > 1.5 * max(color[0], color[2]) for color in colors]))
    assert 0.3 < shares[0] < shares[1] and shares[1] > 0.75  # a few pictures are grey


def test_photos_of_the_user_become_surfaces_and_backgrounds(tmp_path):
    save_image(tmp_path / "red.png", np.full((80, 120, 3), (255, 0, 0), np.uint8))
    item = make_object(2, "car")
    settings = replace(CLEAN, photos=str(tmp_path))
    made, without = (
        [take_picture(item, np.random.default_rng(i), s).image.astype(int) for i in range(12)]
        for s in (settings, CLEAN)
    )
    red, few = (np.mean([(p[..., 0] > p[..., 1] + 100) for p in pictures]) for pictures in (made, without))
    assert red > few + 0.15
    assert np.array_equal(made[3], take_picture(item, np.random.default_rng(3), settings).image)
    (tmp_path / "red.png").rename(tmp_path / "red.txt")
    with pytest.raises(CounterpointError, match="no photos"):
        photo_files(f"{tmp_path}/.")


def test_point_clouds_cannot_be_photographed():
    points = np.random.default_rng(0).normal(size=(40, 3))
    item = Object3D(
        make_shape(points, np.zeros((0, 3), int)), "cloud", np.zeros(40, np.int32), points.astype(np.float32)
    )
    with pytest.raises(CounterpointError, match="give a mesh"):
        take_picture(item, np.random.default_rng(0))
