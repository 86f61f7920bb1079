"""Refinement and propagation on a made scene: two painted shapes on a textured table, drawn from several sides."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError
from core.geometry.pose import Pose, project, rotation_error
from core.registration.descent import FINE, composed
from core.registration.pairs import Pairs
from core.registration.solving import Problem, solve
from core.registration.things import InstanceKey
from core.scenes.propagate import propagate
from core.scenes.refine import RefineSettings, refine
from core.scenes.scene import ObjectPose
from core.scenes.tracking import interpolated, starts
from tests.core.scenes.painted import THINGS, K, moving, painted


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The scene with its truth, and its shapes."""
    return painted(tmp_path_factory.mktemp("scene"))


def errors(scene, truth, solids):
    found = []
    for at, one in scene.poses.items():
        true, center = truth.poses[at].pose, solids[at[1].object_id].center
        gap = np.linalg.norm(one.pose(center) - true(center)) / np.linalg.norm(true(center))
        found.append((rotation_error(one.pose.R, true.R), gap))
    return np.array(found)


def test_disturbed_poses_come_back_over_all_photos_together(made):
    truth, solids = made
    poses = dict(truth.poses)
    for thing, axis in zip(THINGS, np.eye(3), strict=False):
        turn = Rotation.from_rotvec(np.radians(4) * axis).as_matrix()
        for photo in truth.photos:
            world = Pose(turn, 0.008 * axis[::-1] + (np.eye(3) - turn) @ np.zeros(3))
            there = truth.poses[photo.key, thing].pose
            inside = Pose(
                photo.cam_from_world.R.T @ there.R, photo.cam_from_world.R.T @ (there.t - photo.cam_from_world.t)
            )
            poses[photo.key, thing] = ObjectPose(
                composed(photo.cam_from_world, Pose(turn @ inside.R, inside.t + world.t))
            )
    start = replace(truth, poses=poses)
    told = []
    answer = refine(
        start, settings=RefineSettings(FINE), solids=solids, progress=lambda share, text: told.append(share)
    )
    before, after = errors(start, truth, solids), errors(answer.scene, truth, solids)
    assert np.median(before[:, 0]) > 3.5
    assert after[:, 0].max() < 1.0 and after[:, 1].max() < 0.005
    assert all(one.state == "refined" for one in answer.scene.poses.values())
    assert told == sorted(told)
    assert set(answer.uncertainty) == set(start.poses)
    said = np.median([sure.degrees for sure in answer.uncertainty.values()])
    assert 0.5 * said < np.median(after[:, 0]) < 2 * said
    for at, one in answer.scene.poses.items():
        assert one.uncertainty.degrees == answer.uncertainty[at].degrees
        assert one.uncertainty.distance == pytest.approx(answer.uncertainty[at].moved)
    for sure in answer.uncertainty.values():
        lengths, axes = sure.ellipsoid
        assert sure.degrees < 2 and (lengths < 0.01).all() and np.allclose(axes @ axes.T, np.eye(3))
    checked = start.with_poses(
        {at: replace(one, state="checked") for at, one in start.poses.items() if at[1] == THINGS[0]}
    )
    kept = refine(checked, [THINGS[0]], RefineSettings(FINE[:1]), solids=solids).scene
    assert all(kept.poses[at] is one for at, one in checked.poses.items() if at[1] == THINGS[0])


@pytest.mark.parametrize("cameras", [True, False])
def test_keyframes_are_carried_with_cameras_and_without(made, cameras):
    truth, solids = made
    keys = ["0", "4"]
    photos = truth.photos if cameras else tuple(replace(photo, cam_from_world=None) for photo in truth.photos)
    start = replace(truth, photos=photos, poses={at: one for at, one in truth.poses.items() if at[0] in keys})
    steps = []
    found = propagate(start, keys, solids=solids, done=steps.append)
    assert set(found.poses) == set(truth.poses) and len(steps) == 3
    assert all(found.poses[at] is start.poses[at] for at in start.poses)
    wrong = errors(found, truth, solids)
    assert wrong[:, 0].max() < 5 and wrong[:, 1].max() < 0.02
    again = propagate(steps[-1], keys, solids=solids, done=lambda scene: pytest.fail("nothing is left to do"))
    assert again.poses == steps[-1].poses
    with pytest.raises(CounterpointError, match="keyframe"):
        propagate(replace(start, poses={}), keys, solids=solids)


@pytest.mark.parametrize("cameras", [True, False])
def test_what_is_missing_in_a_photo_is_carried_to_it_and_what_is_there_stays(made, cameras):
    truth, solids = made
    photos = truth.photos if cameras else tuple(replace(photo, cam_from_world=None) for photo in truth.photos)
    there = {"0": THINGS, "2": THINGS[:1], "3": THINGS[1:]}
    poses = {at: replace(one, state="checked") for at, one in truth.poses.items() if at[1] in there.get(at[0], ())}
    start, steps = replace(truth, photos=photos, poses=poses), []
    found = propagate(start, there, solids=solids, done=steps.append)
    assert set(found.poses) == set(truth.poses) and len(steps) == 4
    assert all(found.poses[at] is one for at, one in poses.items())
    assert {one.state for at, one in found.poses.items() if at not in poses} == {"propagated"}
    wrong = errors(found, truth, solids)
    assert wrong[:, 0].max() < 2 and wrong[:, 1].max() < 0.01
    lost = replace(found, poses={at: one for at, one in found.poses.items() if at != ("1", THINGS[1])})
    again = propagate(lost, there, solids=solids)  # by an earlier run
    assert all(again.poses[at] is one for at, one in lost.poses.items()) and set(again.poses) == set(truth.poses)


@pytest.mark.parametrize("keys", [["0"], ["0", "4"]])
def test_a_thing_that_moves_by_itself_is_followed(tmp_path, keys):
    truth, solids = moving(tmp_path)
    start = replace(truth, poses={at: one for at, one in truth.poses.items() if at[0] in keys})
    found = propagate(start, keys, solids=solids)
    assert {one.state for at, one in found.poses.items() if at[0] not in keys} == {"propagated"}
    wrong = errors(found, truth, solids)
    assert set(found.poses) == set(truth.poses) and wrong[:, 0].max() < 4 and wrong[:, 1].max() < 0.02


def test_poses_between_two_are_on_the_way():
    one, other = (Pose(Rotation.from_euler("y", a, degrees=True).as_matrix(), np.array([a, 0, 1.0])) for a in (0, 40))
    half = interpolated(one, other, 0.25)
    assert rotation_error(half.R, one.R) == pytest.approx(10) and half.t[0] == 10
    assert [len(starts(known, 3)) for known in ({}, {1: one}, {1: one, 9: other})] == [0, 1, 3]


def test_what_stands_elsewhere_is_flagged(made):
    truth, solids = made
    moved = {
        at: replace(one, pose=Pose(one.pose.R, one.pose.t + [0.0, 0.12, 0.0])) if at[1] == THINGS[1] else one
        for at, one in truth.poses.items()
        if at[0] == "0"
    }
    alone = {("1", THINGS[0]): truth.poses["1", THINGS[0]]}  # whoever posed this one saw that the other is not there
    found = propagate(replace(truth, poses={**moved, **alone}), ["0", "1"], solids=solids)
    states = {at[1]: one.state for at, one in found.poses.items() if at[0] == "2"}
    assert states == {THINGS[0]: "propagated", THINGS[1]: "drifted"} and ("1", THINGS[1]) not in found.poses


def test_cameras_are_solved_with_the_objects_by_pairs():
    rng = np.random.default_rng(3)
    thing, keys = InstanceKey(1), ["a", "b", "c"]
    pose = Pose(np.eye(3), np.zeros(3))
    turns = [Rotation.from_euler("y", angle, degrees=True).as_matrix() for angle in (0, 40, 80)]
    cameras = {key: Pose(R, np.array([0, 0, 3.0])) for key, R in zip(keys, turns, strict=True)}
    points = rng.uniform(-0.5, 0.5, (20, 3))
    seen = {}
    for key in keys:
        pixels = project(cameras[key], K, points)[0]
        pixels[:2] += 60  # wrong pairs
        seen[key, thing] = Pairs.exact(points, pixels)
    off = {
        key: Pose(Rotation.from_rotvec([0, 0, 0.03]).as_matrix() @ camera.R, camera.t)
        for key, camera in cameras.items()
    }
    start = {**cameras, "b": off["b"]}
    turn = Rotation.from_rotvec([0.1, 0.05, -0.05]).as_matrix()
    problem = Problem(
        {thing: Pose(turn, np.array([0.05, 0, 0.1]))},
        {thing: np.zeros(3)},
        {thing: 1.0},
        start,
        {key: K for key in keys},
        seen,
        free={"b": (0.05, 0.1)},
    )
    found = solve(problem, 60)
    assert rotation_error(found.objects[thing].R, pose.R) < 0.05 and np.abs(found.objects[thing].t).max() < 1e-3
    assert rotation_error(found.cameras["b"].R, cameras["b"].R) < 0.05
    assert found.cameras["a"] is cameras["a"]
    assert found.uncertainty[thing].degrees < 0.7
