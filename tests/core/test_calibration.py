"""Probabilities of answers: the models, what verdicts are made of them, and how calibration is measured."""

import json

import numpy as np
import pytest

from app.document.texts import sureness
from core import calibration
from core.alignment.verdict import NEAR, doubted
from core.alignment.verdict import judge as judge_pose
from core.benchmarks.calibration import (
    FEATURES,
    SCALED,
    auc,
    calibration_error,
    chance_error,
    fit_models,
    reliability,
)
from core.benchmarks.verdict_answers import KnownAnswer
from core.calibration import CAUTIOUS, REASONS, Logistic, fit, is_known, load, probability, save, verdict_of
from core.encoders.catalogue import load_encoder
from core.errors import CounterpointError
from core.matching.verdict import judge as judge_match
from core.parts.verdict import judge as judge_part

KINDS = {
    *(f"{word} to {into}" for word in ("alike", "alone", "joint", "guided", "part") for into in ("image", "shape")),
    "pose",
    "mask",
    "search by image",
    "search by shape",
}


@pytest.fixture(scope="module")
def known():
    """The fingerprint of the bundled encoder."""
    return load_encoder().fingerprint


def answers_like_that(count=4000, seed=0):
    """Features, of which the second says nothing and the third is sometimes not known, and what was right."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, 3)) * [2.0, 5.0, 0.1] + [1.0, 0.0, 3.0]
    odds = 1.5 * (rows[:, 0] - 1) / 2 + 0.8 * (rows[:, 2] - 3) / 0.1 - 0.5
    right = rng.random(count) < 1 / (1 + np.exp(-odds))
    rows[rng.random(count) < 0.1, 2] = np.nan
    return rows, right


def test_a_fit_finds_what_answers_depend_on_and_is_calibrated():
    model = fit(("a", "b", "c"), *answers_like_that())
    assert model.weights[0] == pytest.approx(1.5, abs=0.15) and model.weights[2] == pytest.approx(0.8, abs=0.15)
    assert 0 <= model.weights[1] < 0.1 and model.bias == pytest.approx(-0.5, abs=0.15)
    rows, right = answers_like_that(seed=1)
    said = np.array([model(dict(zip("abc", row, strict=True))) for row in rows])
    assert calibration_error(said, right) < 0.03
    assert auc(said[right], said[~right]) > 0.75


def test_what_is_better_is_never_less_probable():
    rows, right = answers_like_that()
    model = fit(("a", "b", "c"), -rows, right)  # the wrong way round: nothing can be learnt of it
    assert min(model.weights) == 0 and model({"a": 9.0, "b": 0.0, "c": 0.0}) >= model({"a": -9.0, "b": 0.0, "c": 0.0})


def test_few_answers_do_not_make_sure():
    model = fit(("a",), np.array([[0.0], [1.0]]), np.array([False, True]))
    assert 0.3 < model({"a": 0.0}) < model({"a": 1.0}) < 0.8


def test_doubts_name_what_is_bad_and_known():
    model = Logistic(("a", "b", "c"), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (1.0, 2.0, 0.1), 0.0)
    assert model.doubts({"a": -1.0, "b": -1.0, "c": -9.0}) == ["b", "a", "c"]
    assert model.doubts({"a": 2.0, "b": float("nan")}) == []


def test_models_are_kept_by_encoder(tmp_path):
    one, other = (Logistic(("a",), (0.0,), (1.0,), (w,), 2.0) for w in (1.0, 0.0))
    save(tmp_path / "v.json", "mine", {"pose": one}, {"pose": other})
    save(tmp_path / "v.json", "yours", {"mask": one}, {"pose": other, "mask": other})
    assert set(load(tmp_path / "v.json")) == {"mine", "yours", calibration.ANY}
    at = {"file": tmp_path / "v.json"}
    assert probability("pose", {"a": 1.0}, "mine", **at) == pytest.approx(1 / (1 + np.exp(-3)))
    assert probability("pose", {"a": 1.0}, "mine+adapter", **at) == probability("pose", {"a": 1.0}, "mine", **at)
    assert probability("pose", {"a": 1.0}, "nobody's", **at) == CAUTIOUS < calibration.GOOD
    assert probability("pose", {}, "mine", **at) == pytest.approx(1 / (1 + np.exp(-2)))  # not known: as usual
    assert is_known("mine+adapter", **at) and not is_known("other", **at)
    (tmp_path / "bad.json").write_text('{"any": 3}')
    with pytest.raises(CounterpointError, match="holds no models of verdicts"):
        load(tmp_path / "bad.json")


def test_the_bundled_models_are_those_of_the_bundled_encoder(known):
    every = load()
    assert set(every[known]) == set(every[calibration.ANY]) == KINDS, "run counterpoint train verdicts"
    for encoder, models in every.items():
        for kind, model in models.items():
            wanted = FEATURES[kind.split()[0]]
            assert set(model.names) == set(wanted) - (SCALED if encoder == calibration.ANY else set())
            assert min(model.weights) >= 0 and min(model.scale) > 0


def test_verdicts_by_probability():
    assert [verdict_of(p) for p in (0.8, 0.79, 0.25, 0.24)] == ["good", "unsure", "unsure", "none"]
    assert verdict_of(float("nan")) == "unsure"


def test_every_reason_has_words_in_the_window_too():
    for word, clause in REASONS.items():
        assert sureness("unsure", 0.5, [word]) == f"Unsure (50%): {clause}"
    assert sureness("good", None, []) == "Good"


GREAT = {
    "score": 0.0,
    "similarity": 0.9,
    "overlap": 0.97,
    "lead": 1.5,
    "mirror": 1.5,
    "spread": 0.0,
    "edges": 0.95,
    "mask": 0.95,
    "inliers": 0.95,
    "size": 6.0,
}


class TestPoses:
    def test_one_that_fits_without_rivals_is_good(self, known):
        doubt = doubted(GREAT, known)
        assert doubt.probability >= 0.8 and doubt.reasons == () and judge_pose(doubt.probability) == "good"

    @pytest.mark.parametrize(("near", "word"), [("lead", "rival"), ("mirror", "mirror")])
    def test_one_with_a_rival_near_is_never_good(self, known, near, word):
        doubt = doubted(GREAT | {near: NEAR / 2}, known)
        assert doubt.probability < 0.8 and doubt.reasons[0] == word
        assert judge_pose(0.6, doubt.reasons) == "rival"
        assert doubted(GREAT | {near: float("nan")}, known).reasons == ()  # all rivals are the same by symmetry

    @pytest.mark.parametrize(
        ("low", "value", "word"),
        [
            ("overlap", 0.45, "misfit"),
            ("score", -2.5, "other"),
            ("size", 3.1, "small"),
            ("similarity", 0.28, "similar"),
        ],
    )
    def test_one_beside_the_object_is_never_good(self, known, low, value, word):
        doubt = doubted(GREAT | {low: value}, known)
        assert doubt.probability < 0.8 and doubt.reasons[0] == word

    def test_one_that_does_not_fit(self, known):
        bad = doubted({name: -3.0 for name in GREAT} | {"lead": 0.1, "mirror": 0.1}, known)
        assert bad.probability < 0.25 and bad.reasons and judge_pose(bad.probability, bad.reasons) == "none"
        assert judge_pose(0.5, ("misfit", "rival")) == "misfit"

    def test_an_encoder_that_was_not_measured_is_never_good(self):
        doubt = doubted(GREAT, "stranger")
        assert doubt.probability <= CAUTIOUS and "encoder" in doubt.reasons


FINE = {"score": 1.0, "margin": 1.0, "cycle": 0.0, "object": 1.0, "support": 1.0, "views": 0.9, "pose": 4.0}


class TestMatches:
    def test_a_match_is_at_most_as_sure_as_the_pose_it_goes_through(self, known):
        sure, capped = (judge_match("guided to shape", FINE, known, most) for most in (1.0, 0.4))
        assert sure.verdict == "good" and capped.verdict == "unsure"
        assert capped.probability == 0.4 and capped.reasons[0] == "pose"

    def test_no_counterpart(self, known):
        lost = {name: value for name, value in FINE.items()} | {"support": 0.0, "object": 0.0, "cycle": -0.5}
        lost |= {"margin": 0.0, "score": 0.2, "pose": -4.0}
        outside = judge_match("guided to shape", lost, known, 1.0, "image")
        assert outside.verdict == "none" and outside.reasons == ("outside", "background")
        assert judge_match("guided to image", lost, known, 1.0, "shape").reasons[0] == "hidden"

    def test_a_part_is_at_most_as_sure_as_the_pose_too(self, known):
        fine = {"overlap": 1.0, "evidence": 1.0, "decided": 1.0, "marked": -1.0, "views": 0.9}
        sure, capped = (judge_part("shape", fine, known, most) for most in (1.0, 0.3))
        assert sure.probability > capped.probability == 0.3 and capped.reasons[0] == "pose"
        nothing = {name: 0.0 for name in fine} | {"marked": -9.0}
        assert judge_part("shape", nothing, known).reasons[0] == "nothing"


def test_reliability_and_its_error_by_hand():
    said = np.array([0.95, 0.95, 0.95, 0.95, 0.15, 1.0])
    right = np.array([True, True, True, False, False, True])
    rows = reliability(said, right)
    assert [(row["said"], row["number"]) for row in rows] == [("10 to 20 %", 1), ("90 to 100 %", 5)]
    assert rows[1]["right"] == pytest.approx(0.8) and rows[1]["mean"] == pytest.approx(0.96)
    assert calibration_error(said, right) == pytest.approx((1 * 0.15 + 5 * 0.16) / 6)


def test_few_answers_seem_badly_calibrated_by_chance():
    exact = [chance_error(np.full(number, 0.5)) for number in (10, 1000)]
    assert exact[0] == pytest.approx(np.sqrt(0.25 / 10 * 2 / np.pi), rel=0.25) and exact[1] < 0.03
    assert chance_error(np.array([0.0, 1.0])) == 0
    assert auc(np.array([0.9, 0.5]), np.array([0.5, 0.1])) == pytest.approx(3.5 / 4)
    assert np.isnan(auc(np.array([]), np.array([0.5])))


def test_pins_learn_from_the_poses_they_went_through():
    """Features that say nothing beside the pose's own."""
    rng, answers = np.random.default_rng(0), []
    for _ in range(300):
        fits = bool(rng.random() < 0.5)
        answers.append(KnownAnswer("pose", {"overlap": float(fits)}, fits))
        number = len(answers) - 1
        for _ in range(3):
            answers.append(
                KnownAnswer("guided to shape", {"cycle": 0.0}, fits and bool(rng.random() < 0.9), most=number)
            )
    models, others = fit_models(answers)
    for some in (models, others):
        model = some["guided to shape"]
        assert model.weights[model.names.index("pose")] > 1
    assert "score" in models["pose"].names and "score" not in others["pose"].names


def test_the_file_is_plain_numbers():
    content = json.loads(calibration.FILE.read_text())
    one = content[calibration.ANY]["pose"]
    assert len(one["names"]) == len(one["mean"]) == len(one["scale"]) == len(one["weights"])
