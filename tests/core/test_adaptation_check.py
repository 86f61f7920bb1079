"""An adapted encoder that is worse than its base is refused, and it is said where and by how much."""

import dataclasses

import numpy as np
import pytest

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
from core.training.observing import Observer
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


def test_what_did_not_change_is_no_worse(base, item, pool):
    photo = OwnPhoto("p.png", take_picture(item, np.random.default_rng(5)).image)
    held_out, seen = compare(base, LoraNet(base).eval(), ["chair"], [pool], [photo])
    assert held_out.what == "held-out pictures of chair" and seen.what == "p.png"
    for one in (held_out, seen):
        assert one.before == pytest.approx(one.after, abs=6e-3) and one.before > 0.1 and not one.is_worse
    refuse_if_worse([held_out, seen])


def test_one_thing_that_is_worse_is_enough():
    refuse_if_worse([Compared("a", 0.5, 0.9), Compared("b", 0.5, 0.498)])
    with pytest.raises(CounterpointError, match=r"\(b\.png: 40\.0% instead of 50\.0%\)"):
        refuse_if_worse([Compared("a", 0.5, 0.9), Compared("b.png", 0.5, 0.4)])


def test_a_picture_that_is_one_of_the_views_is_found_again(base, pool):
    net = LoraNet(base).eval()
    alone = dataclasses.replace(pool, views=pool.views[:1], held_out=pool.views[:1])
    assert found_again([net], alone) > 0.9 and cycle_consistency([net], pool.views[0], alone) > 0.5
