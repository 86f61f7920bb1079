"""The object without a box: places in a photo that look like a shape."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import trimesh

from core.alignment.guided import ObjectInPhoto, guided, search_poses
from core.alignment.locate import Located, box_overlap, locate, look_at_photo
from core.alignment.photo import camera_of
from core.alignment.seek import Wanted, around_pose, ranked_by_poses, seek
from core.alignment.templates import template_set
from core.calibration import GOOD, SOUGHT
from core.encoders.catalogue import load_encoder
from core.errors import Cancelled, CounterpointError
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape
from core.images import load_image
from core.matching.match import match
from core.matching.prepare import matchable_image, matchable_shape
from core.notices import collect_warnings

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"
TRUE = json.loads((SAMPLE / "sample.json").read_text())
UP = np.array([0.0, 1, 0])


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


@pytest.fixture(scope="module")
def shape(encoder):
    return matchable_shape(load_shape(SAMPLE / "toy.glb"), encoder)


@pytest.fixture(scope="module")
def templates(encoder, shape):
    return template_set(shape.caster, encoder)


@pytest.fixture
def wanted(encoder, shape, templates):
    def make(image, name):
        camera = camera_of((image.shape[1], image.shape[0]), None, None)[0]
        return Wanted(image, camera, name, shape, templates, encoder, "y")

    return make


def test_the_object_of_the_sample_is_found_without_its_box(templates, encoder):
    places = locate(load_image(SAMPLE / "toy.jpg"), templates, encoder, UP)
    scores = [place.score for place in places]
    assert scores == sorted(scores, reverse=True) and len(places) > 1
    assert box_overlap(places[0].box, [TRUE["box"]])[0] >= 0.65
    assert box_overlap(places[0].box, [place.box for place in places[1:]]).max() < 0.4


@pytest.mark.parametrize("size", [(240, 320), (30, 400), (8, 8)])
def test_noise_shows_nothing_and_that_is_said(wanted, size):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    for image in (noise, np.full_like(noise, 120)):
        with pytest.raises(CounterpointError, match=r"noise\.png has no box .* nothing in it looks like toy"):
            seek(wanted(image, "noise.png"))


def test_looking_for_the_object_can_be_cancelled(wanted, tmp_path, monkeypatch):
    def cancel(share, doing):
        raise Cancelled

    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path))
    with pytest.raises(Cancelled):
        seek(wanted(np.zeros((60, 80, 3), np.uint8), "black.png"), progress=cancel)


@pytest.mark.parametrize("extents", [(1, 0.004, 0.004), (1, 1, 0)])
def test_places_of_a_rod_and_of_a_sheet_are_finite(extents, encoder, tmp_path):
    """From some sides they fill no cell of a template, or show nothing at all."""
    x, y, z = extents
    corners = [[0, 0, 0], [x, 0, z], [x, y, z], [0, y, 0]]
    trimesh.Trimesh(corners, [[0, 1, 2], [0, 2, 3]], process=False).export(tmp_path / "thin.ply")
    made = template_set(Raycaster(load_shape(tmp_path / "thin.ply")), encoder)
    for place in locate(load_image(SAMPLE / "toy.jpg"), made, encoder, UP):
        assert np.isfinite([*place.box, place.score]).all() and place.box[0] < place.box[2]


def test_a_click_says_which_place_is_meant(wanted):
    """Two of the object in one photo: without a click one of them, with one the other, too."""
    one = cv2.resize(load_image(SAMPLE / "toy.jpg"), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    pair = np.concatenate([one, one], axis=1)
    x0, y0, x1, y1 = np.array(TRUE["box"]) / 2
    for shift in (0.0, float(one.shape[1])):
        click = ((x0 + x1) / 2 + shift, (y0 + y1) / 2)
        with collect_warnings() as said:
            box = seek(wanted(pair, "pair.jpg"), [click])
        assert box_overlap(box, [(x0 + shift, y0, x1 + shift, y1)])[0] >= 0.4
        assert any("pair.jpg has no box" in sentence and "was looked for" in sentence for sentence in said)
    with collect_warnings() as said:
        seek(wanted(pair, "pair.jpg"))
    assert any("pair.jpg has 2 places that look about as much like toy" in sentence for sentence in said)
    with collect_warnings() as said:
        seek(wanted(one, "one.jpg"))
    assert len(said) == 1, "there is one place only"


def test_overlap_and_places_that_hold_pixels():
    assert box_overlap((0, 0, 2, 2), [(0, 0, 2, 2), (1, 0, 3, 2), (2, 0, 4, 2)]) == pytest.approx([1, 1 / 3, 0])
    place = Located((0.0, 0.0, 2.0, 2.0), 0.5)
    assert place.holds([]) and place.holds([(1.0, 1.0)]) and not place.holds([(1.0, 1.0), (3.0, 1.0)])


def test_the_place_on_which_a_pose_agrees_comes_first(wanted):
    image = load_image(SAMPLE / "toy.jpg")
    height, width = image.shape[:2]
    there = Located(tuple(map(float, TRUE["box"])), 0.3)
    beside = [Located((0.02 * width, y * height, 0.2 * width, (y + 0.3) * height), 0.31) for y in (0.05, 0.6)]
    assert ranked_by_poses([*beside, there], wanted(image, "toy.jpg"))[0] == there


def test_what_goes_through_a_sought_object_is_never_good(shape, templates, encoder):
    image = load_image(SAMPLE / "toy.jpg")
    camera = camera_of((image.shape[1], image.shape[0]), None, None)[0]
    photo = ObjectInPhoto(image, camera, None, "toy.jpg")
    with collect_warnings() as said:
        found = search_poses(photo, shape, encoder, "y", lambda: templates)
    assert len(said) == 1 and "was looked for" in said[0]
    assert all(one.probability < GOOD and one.reasons[0] == SOUGHT for one in found)
    place = (499.0, 353.0, 1038.0, 696.0)
    assert box_overlap(around_pose(place, found, camera, shape), [TRUE["box"]])[0] >= 0.85
    assert around_pose((0.0, 0.0, 90.0, 90.0), found, camera, shape) == (0.0, 0.0, 90.0, 90.0)
    assert around_pose(place, [replace(found[0], probability=0.1)], camera, shape) == place
    side = matchable_image(image, encoder)
    answer = match(side, shape, tuple(map(float, TRUE["at"])), guided(side, shape, camera, found))
    assert answer.verdict != "good" and answer.reasons[0] == SOUGHT


@pytest.mark.parametrize(
    ("height", "width", "sizes"), [(480, 640, 3), (40000, 400, 1), (400, 4000, 2), (12, 100000, 1)]
)
def test_strips_are_looked_at_in_few_squares(monkeypatch, height, width, sizes):
    """A strip of 40,000 x 400 pixels had 5,600 of them, and one of 100,000 x 12 had 17,000."""
    monkeypatch.setattr(
        "core.alignment.locate._described", lambda image, frames, encoder: torch.rand(len(frames), 14, 14, 4)
    )
    found = look_at_photo(np.zeros((height, width, 3), np.uint8), None)
    assert len(found) == sizes
    for squares in found:
        assert 1 < len(squares.frames) <= 400
        assert squares.frames.min() == -0.5
        assert np.allclose(squares.frames[:, 2:].max(0), [width - 0.5, height - 0.5])
