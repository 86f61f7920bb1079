import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError
from core.geometry.pose import Pose, camera_matrix, project, rotation_error
from core.scenes.focal import PhotoPairs, solve_camera
from core.scenes.vanishing import focal_of_edges, focal_of_vanishing, vanishing_point

SIZE = (640, 480)


def pairs(rng, focal, count, k1=0.0, noise=1.0, flat=False, frontal=False, depth=4.0):
    points = rng.uniform(-1, 1, (count, 3)) * [1.6, 1.2, 0.0 if flat else 1.0]
    turn = 0.02 if frontal else 1.0
    pose = Pose(Rotation.from_rotvec(turn * rng.normal(size=3)).as_matrix(), np.array([0.05, -0.05, depth]))
    K = camera_matrix(focal, focal, 319.5, 239.5)
    xy = (project(pose, K, points)[0] - K[:2, 2]) / focal
    pixels = xy * (1 + k1 * (xy**2).sum(1, keepdims=True)) * focal + K[:2, 2]
    return PhotoPairs(pixels + noise * rng.normal(size=pixels.shape), points), pose


def test_focal_length_comes_with_the_pose_and_says_how_sure_it_is():
    rng = np.random.default_rng(0)
    errors, sigmas = [], []
    for _ in range(12):
        one, pose = pairs(rng, 572.0, 8)
        found = solve_camera([one], SIZE)
        errors.append(abs(found.focal / 572 - 1))
        sigmas.append(found.focal_sigma / 572)
        if found.focal_determined:
            assert rotation_error(found.poses[0].R, pose.R) < 5
    assert np.median(errors) < 0.03
    assert 0.3 < np.median(errors) / np.median(sigmas) < 1.5  # a median of |x| is 0.67 standard deviations


def test_photos_of_one_camera_say_more_together_and_distortion_is_found():
    rng = np.random.default_rng(1)
    photos = [pairs(rng, 500.0, 30, k1=-0.25, noise=0.5, depth=3.0)[0] for _ in range(3)]
    one, all_ = solve_camera(photos[:1], SIZE), solve_camera(photos, SIZE)
    assert all_.focal_sigma < one.focal_sigma
    assert all_.k1_determined and abs(all_.k1 / -0.25 - 1) < 0.1
    assert abs(all_.focal / 500 - 1) < 0.02
    straight = solve_camera([pairs(rng, 500.0, 30, noise=0.5)[0] for _ in range(3)], SIZE)
    assert not straight.k1_determined and straight.k1 == 0


def test_a_plane_seen_from_the_front_determines_no_focal_length():
    rng = np.random.default_rng(2)
    found = solve_camera([pairs(rng, 572.0, 12, flat=True, frontal=True)[0]], SIZE)
    assert not found.focal_determined and "do not determine" in found.sentence
    with pytest.raises(CounterpointError, match="four"):
        solve_camera([PhotoPairs(np.zeros((3, 2)), np.zeros((3, 3)))], SIZE)


def test_three_edges_of_a_box_say_the_focal_length():
    K = camera_matrix(572.0, 572.0, 319.5, 239.5)
    pose = Pose(Rotation.from_euler("xyz", [35, 40, 10], degrees=True).as_matrix(), np.array([0, 0, 4.0]))
    points = []
    for axis in np.eye(3):
        sides = [np.roll(axis, 1) * a + np.roll(axis, 2) * b for a in (-1, 1) for b in (-1, 1)]
        lines = np.array([project(pose, K, np.array([side - axis, side + axis]))[0] for side in sides])
        points.append(vanishing_point(lines))
    focal = focal_of_vanishing(np.array(points), K[:2, 2])
    assert focal == pytest.approx(572, rel=1e-6)
    assert focal_of_vanishing(np.array(points[:2]), K[:2, 2]) == pytest.approx(572, rel=1e-6)
    assert focal_of_vanishing(np.array([[1, 0, 0], [0, 1, 0], [319.5, 239.5, 1.0]]), K[:2, 2]) is None


def box_edges(rng, turn, focal=572.0, noise=1.0):
    """Two edges in each direction of a box with sides of 1, seen by SIZE."""
    pose = Pose(turn, np.array([0, 0, 3.0]))
    K, edges = camera_matrix(focal, focal, 319.5, 239.5), []
    for axis in np.eye(3):
        ends = [
            [side - axis / 2, side + axis / 2]
            for side in (np.roll(axis, 1) / 2, (np.roll(axis, 2) - np.roll(axis, 1)) / 2)
        ]
        pixels = project(pose, K, np.array(ends).reshape(-1, 3))[0].reshape(-1, 2, 2)
        edges.append(pixels + noise * rng.normal(size=pixels.shape))
    return edges


def test_edges_that_people_click_say_the_focal_length_and_how_sure_it_is():
    rng = np.random.default_rng(3)
    turn = Rotation.from_euler("xyz", [35, 40, 10], degrees=True).as_matrix()
    found = [focal_of_edges(box_edges(rng, turn), SIZE) for _ in range(60)]
    errors = np.array([one.focal / 572 - 1 for one in found if one.focal is not None])
    said = np.array([one.sigma / 572 for one in found if one.focal is not None])
    assert len(errors) > 50 and np.median(np.abs(errors)) < 0.05
    assert 0.3 < np.median(np.abs(errors)) / np.median(said) < 1.5
    field, sigma = found[0].field_of_view
    assert abs(field - 58.4) < 6 and sigma < 6 and "field of view" in found[0].sentence
    frontal = focal_of_edges(box_edges(rng, np.eye(3))[:2], SIZE)
    assert frontal.focal is None and "do not determine" in frontal.sentence
    with pytest.raises(CounterpointError, match="shorter"):
        focal_of_edges([np.zeros((2, 2, 2))] * 2, SIZE)
    with pytest.raises(CounterpointError, match="two directions"):
        focal_of_edges(box_edges(rng, turn)[:1], SIZE)
