"""Poses go through every file format and come back as they were."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError
from core.geometry.pose import Pose, project
from core.interchange import poses
from core.interchange.poses import View

QUICK = settings(max_examples=40, deadline=None)
TRIPLE = st.tuples(*[st.floats(-50, 50)] * 3)


@st.composite
def a_view(draw, scaled=False):
    R = Rotation.from_rotvec(np.array(draw(st.tuples(*[st.floats(-3, 3)] * 3)))).as_matrix()
    s = np.array(draw(st.tuples(*[st.floats(0.1, 9)] * 3))) if scaled else np.ones(3)
    f, c = draw(st.floats(100, 3000)), draw(st.floats(10, 900))
    K = np.array([[f, 0, c], [0, 1.1 * f, c / 2], [0, 0, 1]])
    return View(draw(st.sampled_from(["a.png", "b/c.jpg"])), (640, 480), K, Pose(R, np.array(draw(TRIPLE)), s))


def same(a: View, b: View) -> bool:
    close = all(
        np.allclose(x, y, rtol=1e-7, atol=1e-7)
        for x, y in ((a.K, b.K), (a.pose.R, b.pose.R), (a.pose.t, b.pose.t), (a.pose.s, b.pose.s))
    )
    return close and a.image == b.image and a.size == b.size


@QUICK
@given(a_view(scaled=True))
def test_with_scale(view):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pose"
        poses.save_json(path, view)
        assert same(poses.load_json(path), view)
        poses.save_matrix(path, view.pose)
        for pose in (
            poses.load_matrix(path),
            poses.from_scan2cad(json.loads(json.dumps(poses.to_scan2cad(view.pose)))),
        ):
            assert same(View(view.image, view.size, view.K, pose), view)


@QUICK
@given(st.lists(a_view(), min_size=1, max_size=3))
def test_cameras(views):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        poses.save_colmap(path, views)
        poses.save_nerfstudio(path / "transforms.json", views)
        for read in (poses.load_colmap(path), poses.load_nerfstudio(path / "transforms.json")):
            assert len(read) == len(views) and all(map(same, read, views))
        one = [view for view in views if view.image == views[0].image]
        for view in one[1:]:
            object.__setattr__(view, "K", one[0].K)  # BOP has one camera for a photo
        poses.save_bop(path, [(number, view) for number, view in enumerate(one)])
        again = poses.load_bop(path)
        assert [number for number, _ in again] == list(range(len(one)))
        assert all(same(a, b) for (_, a), b in zip(again, one, strict=True))


def test_axes_are_those_of_the_formats(tmp_path):
    """A point before an OpenCV camera lies at -z of nerfstudio's camera, and COLMAP counts pixels from the corner."""
    K = np.array([[500.0, 0, 319.5], [0, 500, 239.5], [0, 0, 1]])
    view = View("a.png", (640, 480), K, Pose(np.eye(3), np.array([0.0, 0, 4])))
    poses.save_nerfstudio(tmp_path / "t.json", [view])
    to_world = np.array(json.loads((tmp_path / "t.json").read_text())["frames"][0]["transform_matrix"])
    assert np.allclose(to_world[:3, 3], [0, 0, -4]) and np.allclose(to_world[:3, 2], [0, 0, -1])
    poses.save_colmap(tmp_path, [view])
    assert (tmp_path / "cameras.txt").read_text().splitlines()[1].split()[-2:] == ["320", "240"]
    assert np.allclose(project(view.pose, K, np.zeros(3))[0], [319.5, 239.5])


def test_what_is_no_pose_is_refused(tmp_path):
    (tmp_path / "m.txt").write_text("1 0 0 0\n0 1 0 0\n0 0 -1 0\n0 0 0 1\n")
    (tmp_path / "short.txt").write_text("1 2 3\n")
    (tmp_path / "bad.json").write_text('{"R": 1}')
    (tmp_path / "scene_gt.json").write_text('{"0": [{"obj_id": 1}]}')
    (tmp_path / "scene_camera.json").write_text('{"0": {}}')
    (tmp_path / "cameras.txt").write_text("1 OPENCV 640 480 1 1 1 1 0 0 0 0\n")
    (tmp_path / "images.txt").write_text("\n")
    for read, what in (
        (poses.load_matrix, "m.txt"), (poses.load_matrix, "short.txt"), (poses.load_json, "bad.json"),
        (poses.load_bop, ""), (poses.load_nerfstudio, "bad.json"), (poses.load_colmap, ""), (poses.load_json, "none.json"),
    ):  # fmt: skip
        with pytest.raises(CounterpointError):
            read(tmp_path / what)
    with pytest.raises(CounterpointError):
        poses.from_scan2cad({"rotation": [1, 0, 0, 0], "translation": [0, 0, 0], "scale": [1, 0, 1]})
    stretched = View("a", (4, 4), np.eye(3), Pose(np.eye(3), np.zeros(3), np.array([1.0, 2, 1])))
    for write in (poses.save_colmap, poses.save_nerfstudio):
        with pytest.raises(CounterpointError, match="no scale"):
            write(tmp_path, [stretched])
