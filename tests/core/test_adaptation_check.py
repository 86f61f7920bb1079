"""An adapted encoder that is worse than its base is refused, and it is said where and by how much."""

import dataclasses

import numpy as np
import pytest
import torch

from core.encoders.catalogue import EncoderChoice, load_tunable
from core.encoders.lora import LoraNet
from core.errors import CounterpointError
from core.progress import silent
from core.training.adaptation_check import (
    Compared,
    OwnPhoto,
    compare,
    cycle_consistency,
    found_again,
    refuse_if_worse,
)
from core.training.equivariance import AdaptSettings, place_loss
from core.training.observing import Observer, describe
from core.training.pictures import take_picture
from core.training.procedural import make_object, training_seed


@pytest.fixture(scope="module")
def base():
    encoder = load_tunable(EncoderChoice(device="cpu"))
    encoder.photo_size = encoder.input_size = 96
    return encoder


@pytest.fixture(scope="module")
def item():
    return make_object(training_seed(3), "chair")


@pytest.fixture(scope="module")
def pool(base, item):
    net = LoraNet(base).eval()
    (pool,) = Observer(net, base).pools([item], 12, 4, 0, np.random.default_rng(0), silent)
    return pool


@pytest.fixture(scope="module")
def spoiled(base, pool):
    """An adapted network that learnt the opposite: descriptors of one place differ, those of others are alike."""
    net, rng, settings = LoraNet(base).eval(), np.random.default_rng(0), AdaptSettings()
    optimizer = torch.optim.Adam(net.trainable().values(), 0.01)
    for _ in range(12):
        queries, keys = describe(net, pool.pictures[:3], 80, rng), describe(net, pool.views[::6], 80, rng)
        optimizer.zero_grad()
        (-place_loss(*queries, *keys, settings)).backward()
        optimizer.step()
    return net


def test_what_did_not_change_is_no_worse(base, item, pool):
    photo = OwnPhoto("p.png", take_picture(item, np.random.default_rng(5)).image)
    held_out, seen = compare(base, LoraNet(base).eval(), ["chair"], [pool], [photo])
    assert held_out.what == "held-out pictures of chair" and seen.what == "p.png"
    for one in (held_out, seen):
        assert one.before == pytest.approx(one.after, abs=1e-3) and one.before > 0.1 and not one.is_worse
    refuse_if_worse([held_out, seen])


def test_a_spoiled_encoder_is_worse_on_pictures_and_in_photos(base, item, pool, spoiled):
    photo = OwnPhoto("p.png", take_picture(item, np.random.default_rng(5)).image, (20.0, 20.0, 200.0, 200.0))
    compared = compare(base, spoiled, ["chair"], [pool], [photo])
    assert compared[0].is_worse
    with pytest.raises(CounterpointError, match=r"held-out pictures of chair: \d+\.\d% instead of \d+\.\d%"):
        refuse_if_worse(compared)


def test_one_thing_that_is_worse_is_enough():
    refuse_if_worse([Compared("a", 0.5, 0.9), Compared("b", 0.5, 0.498)])
    with pytest.raises(CounterpointError, match=r"\(b\.png: 40\.0% instead of 50\.0%\)"):
        refuse_if_worse([Compared("a", 0.5, 0.9), Compared("b.png", 0.5, 0.4)])


def test_a_picture_that_is_one_of_the_views_is_found_again(base, pool):
    net = LoraNet(base).eval()
    alone = dataclasses.replace(pool, views=pool.views[:1], held_out=pool.views[:1])
    assert found_again([net], alone) > 0.9 and cycle_consistency([net], pool.views[0], alone) > 0.5
