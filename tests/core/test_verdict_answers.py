"""Pictures whose truth is known are asked about, and models are fitted on the answers."""

import numpy as np
import pytest

from core.alignment.scorer import Hypothesis
from core.benchmarks.calibration import fit_models, probabilities, tables
from core.benchmarks.known_cases import render_cases
from core.benchmarks.verdict_answers import AnswerCollector, pose_is_right
from core.errors import CounterpointError
from core.geometry.pose import Pose, project
from core.geometry.symmetry import symmetries
from core.training.procedural import HELD_OUT, make_object
from tests.verb import verb


@pytest.fixture(scope="module")
def case():
    return next(render_cases([make_object(HELD_OUT[3], "chair")], None, 3, 0))


def test_a_case_shows_its_shape_where_its_pose_says(case):
    pixels = np.argwhere(case.visible)[::50][:, ::-1]
    places = case.point[pixels[:, 1], pixels[:, 0]]
    there, _ = project(case.pose, case.K, case.shape.to_own_frame(places))
    assert np.abs(there - pixels).max() < 0.6


def test_right_poses(case):
    turns = symmetries(case.shape)
    assert pose_is_right(Hypothesis(case.pose, 1.0, 1.0), case, turns)
    farther = Pose(case.pose.R, case.pose.t * 1.15)
    assert not pose_is_right(Hypothesis(farther, 1.0, 1.0), case, turns)


@pytest.mark.slow
def test_all_kinds_of_answers_come_of_one_picture(case, encoder):
    collector = AnswerCollector(encoder, pixels=4)
    collector.run([case], 1)
    collector.run_alike(1, 3)
    kinds = {answer.kind.split()[0] for answer in collector.answers}
    assert kinds >= {"alike", "alone", "joint", "guided", "pose", "mask"}
    traps = {answer.trap for answer in collector.answers}
    assert {"", "background"} <= traps
    assert all(not answer.right for answer in collector.answers if answer.trap)
    models, others = fit_models(collector.answers)
    assert models.keys() == others.keys() == {answer.kind for answer in collector.answers}
    said = probabilities(collector.answers, encoder.fingerprint)
    assert ((said >= 0) & (said <= 1)).all()
    assert "verdicts" in tables(collector.answers, said)


def test_verdicts_are_written_as_json_only(tmp_path):
    done = verb("train", "verdicts", "--data", "procedural", "-o", tmp_path / "out")
    assert done.returncode == 2 and "are JSON" in done.stderr
    done = verb("train", "verdicts", "--data", "spair:x", "-o", tmp_path / "v.json")
    assert done.returncode == 2 and "is not procedural" in done.stderr


def test_other_data_are_refused():
    from core.benchmarks import calibration
    from core.benchmarks.settings import EvaluateSettings

    with pytest.raises(CounterpointError, match="is not procedural"):
        calibration.evaluate(EvaluateSettings(data="navi:x"))
