"""The point encoder: in the space of the image encoder, whatever axis is up, and fast."""

import time

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from core.encoders.catalogue import EncoderChoice, load_point_encoder, need_point_encoder
from core.encoders.feature_map import encode_image
from core.encoders.points import PocketPointEncoder
from core.errors import CounterpointError
from core.fields.from_points import encode_shape, field_from_points
from core.geometry.sampling import sample_surface
from core.geometry.shape import make_shape
from core.geometry.viewpoints import UP_AXES, upright_rotation
from core.training.pictures import PictureSettings, take_picture
from core.training.procedural import HELD_OUT, make_object


@pytest.fixture(scope="module")
def points():
    return PocketPointEncoder()


def test_tokens_lie_in_the_space_of_pixels(points, encoder):
    """A pixel's best place among the tokens is nearer than a random one, in plain pictures of held-out chairs and
    animals.
    """
    found, chance = [], []
    for number, name in enumerate(("chair", "quadruped", "plane", "drill", "mug", "car")):
        item = make_object(HELD_OUT[200 + number], name)
        rng = np.random.default_rng(number)
        picture = take_picture(item, rng, PictureSettings(plain=1, any_roll=0, fill=(0.7, 0.9)))
        field = field_from_points(item.shape, points, 3000)
        rows, columns = np.nonzero(picture.mask)
        chosen = rng.choice(len(rows), 40)
        pixels = np.stack([columns, rows], axis=1)[chosen]
        queries = encode_image(encoder, picture.image, size=224).sample(pixels)
        best = (queries @ field.descriptors.float().T).argmax(1).numpy()
        truth = picture.point[rows[chosen], columns[chosen]]
        found.append(np.linalg.norm(field.points.position[best] - truth, axis=1))
        chance.append(np.linalg.norm(field.points.position[rng.integers(3000, size=40)] - truth, axis=1))
    assert np.median(found) < 0.6 * np.median(chance)


@pytest.mark.parametrize("up", UP_AXES)
def test_the_up_axis_of_the_file_makes_no_difference(points, up):
    item = make_object(HELD_OUT[3], "chair")
    turn = upright_rotation(up)
    np.testing.assert_allclose(turn @ UP_AXES[up], [0, 1, 0], atol=1e-9)
    assert np.linalg.det(turn) == pytest.approx(1)
    turned = make_shape(item.shape.vertices @ turn, item.shape.faces)
    plain, other = encode_shape(item.shape, points), encode_shape(turned, points, up)
    assert F.cosine_similarity(plain.vector, other.vector, dim=0) > 0.97
    assert np.abs(other.places).max() <= 0.51


def test_small_point_clouds_are_fine(points):
    rng = np.random.default_rng(0)
    cloud = make_shape(rng.normal(size=(50, 3)), np.zeros((0, 3), int))
    field = field_from_points(cloud, points, 100)
    assert len(field) == 50 and torch.isfinite(field.descriptors.float()).all()


def test_it_is_quick_and_repeatable(points):
    sampled = sample_surface(make_object(HELD_OUT[3], "chair").shape, 2048)
    first = points.encode(sampled.position, sampled.normal)
    begin = time.perf_counter()
    again = points.encode(sampled.position, sampled.normal)
    assert time.perf_counter() - begin < 3  # 0.1 s when idle
    assert torch.equal(first.descriptors, again.descriptors) and first.descriptors.shape == (256, 128)


def test_which_weights_have_a_point_encoder(tmp_path):
    assert load_point_encoder(EncoderChoice("dinov2")) is None
    image = tmp_path / "pocket_image.safetensors"
    assert load_point_encoder(EncoderChoice(weights=str(image))) is None
    with pytest.raises(CounterpointError, match="no point encoder"):
        need_point_encoder(EncoderChoice(weights=str(image)))
    (tmp_path / "pocket_point.safetensors").write_bytes(b"no weights")
    broken = need_point_encoder(EncoderChoice(weights=str(image)))
    with pytest.raises(CounterpointError, match="does not hold"):
        broken.encode(np.zeros((300, 3)), np.zeros((300, 3)))
