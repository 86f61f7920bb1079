"""How sure poses are: what is said beside what comes out of many draws of the noise."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.geometry.pose import Pose, camera_matrix, project, rotation_error
from core.registration.pairs import Pairs
from core.registration.solving import Problem, solve
from core.registration.things import InstanceKey

THING = InstanceKey(1)
K = camera_matrix(500.0, 500.0, 320.0, 240.0)
STILL = Pose(np.eye(3), np.zeros(3))
AROUND = {
    str(angle): Pose(Rotation.from_euler("y", angle, degrees=True).as_matrix(), np.array([0, 0, 4.0]))
    for angle in (0, 35, 70, 105, 140, 175)
}


def solved(photos, points, noise, empty=()):
    """What is found where ``noise(photo)`` [n, 2] is added to the pixels."""
    seen = {(key, THING): Pairs.exact(points, project(AROUND[key], K, points)[0] + noise(key)) for key in photos}
    seen |= {(key, THING): Pairs.none() for key in empty}
    objects, size = {THING: STILL}, {THING: 1.0}
    cameras, Ks = {key: AROUND[key] for key in [*photos, *empty]}, dict.fromkeys([*photos, *empty], K)
    return solve(Problem(objects, {THING: np.zeros(3)}, size, cameras, Ks, seen), 6)


def said_and_measured(draws):
    said = np.array([(one.uncertainty[THING].degrees, one.uncertainty[THING].moved) for one in draws])
    poses = [one.objects[THING] for one in draws]
    wrong = np.array([(rotation_error(pose.R, np.eye(3)), np.linalg.norm(pose.t)) for pose in poses])
    return np.sqrt(np.mean(said**2, axis=0)), np.sqrt(np.mean(wrong**2, axis=0))


@pytest.mark.parametrize("photos", [6, 2])
def test_pairs_that_err_each_by_itself(photos):
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.5, 0.5, (40, 3))
    draws = [solved(list(AROUND)[:photos], points, lambda key: rng.normal(size=(40, 2))) for _ in range(24)]
    said, measured = said_and_measured(draws)
    assert (said / measured > 0.8).all() and (said / measured < 2).all()


def test_pairs_of_a_photo_that_err_together():
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.5, 0.5, (40, 3))
    turns = np.array([[0, -1], [1, 0]])

    def noise(key):
        middle = project(AROUND[key], K, points)[0] - [320, 240]
        return 1.5 * rng.normal(size=2) + 0.01 * rng.normal() * middle @ turns + 0.2 * rng.normal(size=(40, 2))

    said, measured = said_and_measured([solved(list(AROUND), points, noise) for _ in range(24)])
    assert (said / measured > 0.6).all() and (said / measured < 2).all()


def test_what_a_single_photo_shows_of_one_side_of_an_outline():
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.5, 0.5, (80, 3)) * [1, 1, 0.1]
    bent = np.where(points[:, :1] > 0, [[2.0, 0.0]], [[0.0, 0.0]])
    straight = solved(["0"], points, lambda key: 0.2 * rng.normal(size=(80, 2))).uncertainty[THING]
    crooked = solved(["0"], points, lambda key: bent + 0.2 * rng.normal(size=(80, 2))).uncertainty[THING]
    assert crooked.degrees > 1.5 * straight.degrees


def test_too_few_pairs_say_nothing():
    few = solved(["0"], np.array([[0.3, 0, 0], [0, 0.3, 0], [0, 0, 0.3]]), lambda key: np.zeros((3, 2)))
    assert few.uncertainty[THING].degrees > 1000 and few.uncertainty[THING].ellipsoid[0].min() > 100


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("photos", [2, 4])
def test_photos_that_show_nothing_do_not_count(photos):
    rng = np.random.default_rng(0)
    points, noise = rng.uniform(-0.5, 0.5, (40, 3)), rng.normal(size=(40, 2))
    keys = list(AROUND)
    one = solved(keys[:photos], points, lambda key: noise * (1 + int(key) / 100))
    more = solved(keys[:photos], points, lambda key: noise * (1 + int(key) / 100), keys[photos:])
    assert np.allclose(one.uncertainty[THING].covariance, more.uncertainty[THING].covariance, rtol=1e-3)
