"""The numbers of the benchmarks, against encoders of which one knows how good they are."""

import numpy as np
import pytest
import torch

from core.benchmarks import pairs, surface
from core.benchmarks.bootstrap import spread_of_share
from core.benchmarks.classical import DenseSift
from core.encoders.base import Encoded
from core.geometry.raycasting import Raycaster
from core.geometry.shape import make_shape
from core.images import load_image
from core.training.procedural import HELD_OUT, make_object


class Oracle:
    """Knows where each pixel of the pictures it is told of lies; descriptors turn slowly with the place."""

    name, fingerprint, dim, input_size, photo_size = "oracle", "oracle", 384, 224, 224

    def __init__(self, pictures):
        rng = np.random.default_rng(0)
        self._waves, self._pictures = rng.normal(size=(3, 192)) * 12, {p.image.tobytes(): p for p in pictures}

    def encode(self, images):
        known = [self._pictures[np.ascontiguousarray(image).tobytes()].point for image in images]
        phase = np.stack(known) @ self._waves
        return Encoded(torch.from_numpy(np.concatenate([np.sin(phase), np.cos(phase)], axis=-1)).float())


@pytest.fixture(scope="module")
def items():
    return [make_object(HELD_OUT[i]) for i in range(6)]


def test_view_to_view_is_perfect_for_who_knows_and_poor_for_who_guesses(items):
    tested = pairs.view_pairs(items, 20)
    assert len(tested) >= 3
    oracle = Oracle([p for pair in tested for p in (pair.a, pair.b)])
    knows, guesses = pairs.measure_views(tested, oracle), pairs.measure_views(tested, None)
    assert knows["pck@0.05"] > 0.97 and knows["pcdp@0.05"] > 0.95 and knows["ape"] < 0.02 and knows["mirrored"] < 0.02
    assert guesses["pck@0.1"] < 0.4 and guesses["ape"] > 0.1


def test_instances_ask_only_for_parts_that_both_show():
    tested = pairs.instance_pairs(6, 20)
    assert tested
    for pair in tested:
        asked = pair.a.part[pair.pixels[:, 1], pair.pixels[:, 0]]
        assert np.isin(asked, pair.b.part[pair.b.mask]).all()
    assert 0.02 < pairs.measure_instances(tested, None)["part_accuracy"] < 0.8


def test_render_cases_lie_on_the_surface_and_chance_is_poor(items):
    cases = surface.render_cases(items[:2], 20)
    for case in cases:
        assert case.target.caster.closest(case.truth).distance.max() < 1e-3
    chance = surface.by_chance(cases)
    assert np.median(chance.errors) > 0.15 and len(chance.errors) == 20 * len(cases)


def test_flat_shapes_have_a_diameter():
    square = make_shape(np.array([[0, 0, 0], [3, 0, 0], [3, 4, 0], [0, 4, 0.0]]), np.array([[0, 1, 2], [0, 2, 3]]))
    assert surface.Target.of(square, Raycaster(square), "y").diameter == pytest.approx(1)


def test_the_pocket_encoder_beats_chance_on_a_render(items, encoder):
    cases = surface.render_cases([make_object(HELD_OUT[40], "chair")], 25)
    alone, joint = surface.measure(cases, encoder, samples=4000)
    assert np.median(joint.errors) < np.median(surface.by_chance(cases).errors) - 0.1
    assert len(alone.errors) == len(joint.errors) == len(alone.verdicts)
    assert sum(len(joint.only(v).errors) for v in ("good", "unsure", "none")) == len(joint.errors)


def test_dense_sift_follows_the_picture(sample):
    picture = load_image(sample["image"])[300:532, 500:732]
    before, after = (DenseSift().encode(p[None]).descriptors[0] for p in (picture[:224, :224], picture[8:, 8:]))
    assert before.shape == (28, 28, 384)
    near = torch.nn.functional.cosine_similarity(before[9:-8, 9:-8], after[8:-9, 8:-9], dim=-1)
    far = torch.nn.functional.cosine_similarity(before[9:-8, 9:-8], after[8:-9, 8:-9].flip(0, 1), dim=-1)
    assert near.mean() > 0.95 > far.mean() + 0.05


def test_retrieval_counts_what_is_first_and_what_is_of_the_kind():
    from core.benchmarks import retrieval

    kinds = np.array(["mug", "mug", "car", "car", "car"])
    scores = np.array([[0.9, 0.5, 0.1, 0.0, 0.2], [0.1, 0.2, 0.8, 0.3, 0.9]])
    row = retrieval.row("made", scores, np.array([0, 2]), kinds)
    assert row["recall@1"] == 0.5 and row["recall@5"] == 1 and row["kind@1"] == 1 and row["kind mAP"] == 1
    others = retrieval.row("made", scores, np.array([0, 2]), kinds, leave_out=True)
    # of the mug's four others the mug is first; of the car's, cars are at places 1, 2 and mugs after them
    assert others["kind@1"] == 1 and others["kind mAP"] == pytest.approx(1) and "recall@1" not in others
    ranked = np.array([[False, True, False, True]])
    assert retrieval.average_precision(ranked)[0] == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_the_spread_of_a_share_knows_that_answers_of_one_picture_go_together():
    right, rng = np.repeat([True, False], 500), np.random.default_rng(0)
    alone = spread_of_share(right, np.arange(1000))
    assert abs(alone - np.sqrt(0.25 / 1000)) < 0.001
    together = spread_of_share(right, np.repeat(np.arange(10), 100))
    assert abs(together - np.sqrt(0.25 / 10)) < 0.01
    mixed = rng.permutation(1000)
    assert spread_of_share(right[mixed], np.repeat(np.arange(10), 100)[mixed]) == pytest.approx(together)
    assert spread_of_share(np.ones(9, bool), np.arange(9)) == 0
