"""Poses changed by hand: what stays and what goes where the mouse went."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from core.geometry import handles
from core.geometry.pose import Pose, intrinsics, project

K = intrinsics((640, 480), 55)
numbers = st.floats(-1, 1)
vectors = st.tuples(numbers, numbers, numbers).map(np.array)
pixels = st.tuples(st.floats(0, 639), st.floats(0, 479)).map(np.array)
poses = st.builds(
    lambda turn, t, s: Pose(Rotation.from_rotvec(3 * turn).as_matrix(), t + [0, 0, 6.0], np.exp(0.5 * s)),
    vectors,
    vectors,
    vectors,
)


def at(pose, middle):
    return project(pose, K, middle)[0]


@settings(max_examples=30, deadline=None)
@given(pose=poses, middle=vectors, start=pixels, end=pixels)
def test_a_drag_takes_the_middle_along(pose, middle, start, end):
    went = handles.moved(pose, K, middle, start, end)
    assert np.allclose(at(went, middle) - at(pose, middle), end - start, atol=1e-6)
    assert np.allclose(went(middle)[2], pose(middle)[2])


@settings(max_examples=30, deadline=None)
@given(pose=poses, middle=vectors, start=pixels, end=pixels, axis=st.integers(0, 2), factor=st.floats(0.5, 2))
def test_what_a_handle_leaves_alone(pose, middle, start, end, axis, factor):
    along = handles.moved_along(pose, K, middle, axis, start, end)
    assert np.allclose(np.cross(along.t - pose.t, pose.R[:, axis]), 0, atol=1e-6)
    assert np.allclose(at(handles.pushed(pose, middle, factor), middle), at(pose, middle))
    for turned in (
        handles.turned_about(pose, middle, axis, 0.7),
        handles.arcball(pose, K, middle, 90.0, start, end),
        handles.scaled(pose, middle, np.roll([factor, 1, 1], axis)),
    ):
        assert np.allclose(turned(middle), pose(middle))
    about = handles.turned_about(pose, middle, axis, 0.7)
    assert np.allclose(about.R[:, axis], pose.R[:, axis])
    grown = handles.scaled(pose, middle, np.roll([factor, 1, 1], axis))
    assert np.allclose(grown.s / pose.s, np.roll([factor, 1, 1], axis)) and np.allclose(grown.R, pose.R)


def test_the_ball_turns_as_its_front_is_dragged():
    pose, middle = Pose(np.eye(3), np.array([0, 0, 5.0])), np.zeros(3)
    start = at(pose, middle)
    quarter = handles.arcball(pose, K, middle, 100.0, start, start + [100, 0])
    assert np.allclose(quarter.R @ [0, 0, -1], [1, 0, 0])  # what faced the camera has gone to the right
    rim = handles.arcball(pose, K, middle, 100.0, start + [150, 0], start + [0, 150])
    assert np.allclose(rim.R @ [1, 0, 0], [0, 1, 0])  # beside the ball it turns in the picture
    assert handles.arcball(pose, K, middle, 100.0, start, start) is pose


def test_an_axis_that_points_at_the_camera_cannot_run_away():
    pose, middle = Pose(np.eye(3), np.array([0, 0, 5.0])), np.zeros(3)
    went = handles.moved_along(pose, K, middle, 2, at(pose, middle), at(pose, middle) + 200)
    assert np.linalg.norm(went.t - pose.t) == pytest.approx(0, abs=1e-9)
