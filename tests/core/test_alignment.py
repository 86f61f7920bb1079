"""Poses: what they mean, how they are measured, and that the sample's shape is found in its photo."""

import json
import shutil

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.transform import Rotation

from core.alignment.align import align
from core.alignment.coarse import PoseScorer
from core.alignment.fine import FineSettings, refine
from core.alignment.metrics import diameter, mspd_recall, mssd_recall, pose_errors
from core.alignment.overlay import overlay
from core.alignment.pins import Pins, poses_from_pins
from core.benchmarks import alignment as benchmark
from core.encoders.catalogue import EncoderChoice
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings
from core.geometry.pose import Pose, intrinsics, project, rotation_error, shape_rays
from core.geometry.shape import load_shape
from core.images import field_of_view, load_image
from core.matching.joint import view_set
from core.matching.prepare import image_side, shape_side
from core.parts.grabcut import box_mask
from core.parts.marking import outline_mask

NUMBERS = st.floats(-3, 3)


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[NUMBERS] * 3), st.tuples(*[NUMBERS] * 3), st.tuples(*[st.floats(0.2, 5)] * 3))
def test_a_pose_goes_there_and_back(turn, place, scale):
    pose = Pose(Rotation.from_rotvec(turn).as_matrix(), np.array(place), np.array(scale))
    points = np.random.default_rng(0).normal(size=(7, 3))
    np.testing.assert_allclose(pose.inverse(pose(points)), points, atol=1e-8)
    np.testing.assert_allclose(pose(points), (pose.R @ np.diag(pose.s) @ points.T).T + pose.t, atol=1e-9)


def test_poses_that_are_none_are_refused():
    for R, t, s in (
        (np.diag([1.0, 1, -1]), np.zeros(3), np.ones(3)),
        (2 * np.eye(3), np.zeros(3), np.ones(3)),
        (np.eye(3), np.array([np.nan, 0, 0]), np.ones(3)),
        (np.eye(3), np.zeros(3), np.array([1.0, 0, 1])),
    ):
        with pytest.raises(CounterpointError):
            Pose(R, t, s)


def test_rays_meet_what_is_projected(toy_side):
    shape, K = toy_side.shape, intrinsics((640, 480))
    pose = Pose(
        Rotation.from_rotvec([0.3, 2.0, -0.4]).as_matrix(), np.array([0.2, -0.1, 6.0]), np.array([1.0, 1.3, 0.8])
    )
    pixels = np.array([[320.0, 240.0], [340.0, 230.0], [300.0, 260.0]])
    origin, directions = shape_rays(pose, K, shape, pixels)
    points = shape.to_own_frame(origin + 2.5 * directions)
    back, depth = project(pose, K, points)
    np.testing.assert_allclose(back, pixels, atol=1e-6)
    assert (depth > 0).all()


def test_errors_of_poses():
    points = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0.5, 0], [0, -0.5, 0], [0, 0, 0.2]])
    truth = Pose(np.eye(3), np.array([0.0, 0, 5]))
    half_turn = Rotation.from_rotvec([0, 0, np.pi]).as_matrix()
    K = intrinsics((640, 480))
    plain = pose_errors(Pose(half_turn, truth.t), truth, points, K)
    assert plain.rotation == pytest.approx(180) and plain.adds < 1e-9 < plain.add and plain.mssd == pytest.approx(2)
    turns = np.stack([np.eye(4), np.block([[half_turn, np.zeros((3, 1))], [np.zeros((1, 3)), 1]])])
    symmetric = pose_errors(Pose(half_turn, truth.t), truth, points, K, turns)
    assert max(symmetric.rotation, symmetric.mssd, symmetric.mspd) < 1e-4
    moved = pose_errors(Pose(np.eye(3), np.array([0.1, 0, 5])), truth, points, K)
    assert moved.translation == pytest.approx(0.1) and moved.add == pytest.approx(0.1)
    assert diameter(points) == pytest.approx(2)
    assert mspd_recall(np.array([4.0, 26.0, 99.0]), 640) == pytest.approx((1 + 0.5 + 0) / 3)
    assert mssd_recall(np.array([0.0, 1.0]), np.array([1.0, 1.0])) == pytest.approx(0.5)
    assert rotation_error(np.eye(3), Rotation.from_rotvec([0.5, 0, 0]).as_matrix()) == pytest.approx(np.degrees(0.5))


@pytest.fixture(scope="module")
def scene(sample, encoder, toy_side):
    """The sample's photo, its shape with views, intrinsics and the true pose."""
    truth = {name: np.array(values) for name, values in sample["pose"].items()}
    image = load_image(sample["image"])
    return image_side(image, encoder, tuple(sample["box"])), toy_side, view_set(toy_side, "y"), truth, image


def test_the_sample_is_aligned(scene, sample, encoder):
    picture, shape, views, truth, image = scene
    mask = box_mask(image, encoder, tuple(sample["box"]))
    steps = []
    found = align(picture, shape, views, truth["K"], mask, watch=lambda step, poses: steps.append(poses[0]))
    true = Pose(truth["R"], truth["t"])
    vertices = shape.shape.vertices[::20]
    errors = pose_errors(found.best.pose, true, vertices, truth["K"])
    assert errors.rotation < 12 and errors.adds < 0.05 * diameter(vertices) and found.verdict == "good"
    assert len(steps) == FineSettings().steps and found.best.overlap > 0.8
    coarse = align(picture, shape, views, truth["K"], mask, fine=None)
    assert found.best.score >= coarse.best.score
    drawn = overlay(image, shape.shape, shape.caster, found.best.pose, truth["K"])
    changed = (drawn != image).any(axis=2)
    assert (changed & mask).sum() / (changed | mask).sum() > 0.75


def test_a_stretched_shape_needs_nine_degrees_of_freedom(scene, sample, encoder):
    from core.geometry.shape import make_shape

    picture, shape, _, truth, image = scene
    own = shape.shape
    squeezed = make_shape(own.vertices * [1.0, 1.25, 1.0], own.faces, colors=own.colors)
    side = shape_side(squeezed, encoder, LiftSettings(samples=6000))
    mask = box_mask(image, encoder, tuple(sample["box"]))
    scorer = PoseScorer(picture, side, truth["K"], mask)
    start = scorer(Pose(truth["R"], truth["t"]))
    (rigid,) = refine([start], scorer, mask, FineSettings(dof=6))
    (free,) = refine([start], scorer, mask, FineSettings(dof=9))
    assert free.overlap > rigid.overlap
    s = free.pose.s
    assert s[1] < 0.97 * (s[0] * s[2]) ** 0.5  # it found out that the shape is too tall


def test_pins_have_the_last_word(scene, sample, encoder):
    picture, shape, views, truth, image = scene
    true = Pose(truth["R"], truth["t"])
    rng = np.random.default_rng(0)
    points = shape.shape.vertices[rng.choice(len(shape.shape.vertices), 5, replace=False)]
    pixels = project(true, truth["K"], points)[0]
    (exact,) = poses_from_pins(Pins(pixels, points), truth["K"], (1280, 960))
    assert rotation_error(exact.R, true.R) < 0.01 and np.allclose(exact.t, true.t, atol=1e-3)
    three = poses_from_pins(Pins(pixels[:3], points[:3]), truth["K"], (1280, 960))
    assert 1 <= len(three) <= 4 and min(rotation_error(pose.R, true.R) for pose in three) < 0.1
    mask = box_mask(image, encoder, tuple(sample["box"]))
    pins = Pins(pixels, points)
    found = align(picture, shape, views, truth["K"], mask, fine=FineSettings(steps=20), pins=pins)
    assert pins.error(found.best.pose, truth["K"]) < 4 and rotation_error(found.best.pose.R, true.R) < 3
    for few, words in (
        (Pins(pixels[:2], points[:2]), "three pins"),
        (Pins(pixels, np.outer(np.arange(5), [1, 2, 3])), "on a line"),
    ):
        with pytest.raises(CounterpointError, match=words):
            poses_from_pins(few, truth["K"], (1280, 960))


def test_what_cannot_be_aligned_is_said(scene):
    picture, shape, views, truth, _ = scene
    K, size = truth["K"], (1280, 960)
    full = outline_mask([(600, 400), (900, 400), (900, 700)], size)
    for camera, mask, words in (
        (K, np.zeros((960, 1280), bool), "empty"),
        (K, np.ones((4, 4), bool), "1280 x 960"),
        (np.diag([-1.0, 1, 1]), full, "above zero"),
        (np.array([[9e9, 0, 640], [0, 9e9, 480], [0, 0, 1]]), full, "do not belong"),
    ):
        with pytest.raises(CounterpointError, match=words):
            align(picture, shape, views, camera, mask)


def test_poses_are_measured_on_data_in_the_bop_layout(sample, tmp_path):
    """The sample written as BOP does it: z up, in millimetres."""
    shape = load_shape(sample["shape"])
    standing = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    (tmp_path / "models").mkdir()
    mesh = trimesh.Trimesh(1000 * shape.vertices @ standing.T, shape.faces, vertex_colors=shape.colors, process=False)
    mesh.export(tmp_path / "models" / "obj_000001.ply")
    scene = tmp_path / "test" / "000001"
    (scene / "rgb").mkdir(parents=True)
    shutil.copy(sample["image"], scene / "rgb" / "000003.jpg")
    pose = sample["pose"]
    R, t = np.array(pose["R"]) @ standing.T, 1000 * np.array(pose["t"])
    (scene / "scene_gt.json").write_text(
        json.dumps({"3": [{"obj_id": 1, "cam_R_m2c": R.ravel().tolist(), "cam_t_m2c": t.tolist()}]})
    )
    (scene / "scene_camera.json").write_text(json.dumps({"3": {"cam_K": np.ravel(pose["K"]).tolist()}}))
    tables = benchmark.evaluate(EncoderChoice(), f"bop:{tmp_path}", 1)
    for rows in tables.values():
        assert [row["objects"] for row in rows] == [1] * 4
        last = rows[-1]
        assert last["rot < 20"] == 1 and last["ADD-S < 0.1"] == 1 and last["MSPD"] > 0.2
    with pytest.raises(CounterpointError, match="not bop:PATH"):
        benchmark.evaluate(EncoderChoice(), "procedural", 1)


def test_the_field_of_view_from_exif(tmp_path):
    image = Image.new("RGB", (40, 30))
    image.save(tmp_path / "plain.jpg")
    exif = image.getexif()
    exif.get_ifd(0x8769)[41989] = 36
    image.save(tmp_path / "phone.jpg", exif=exif)
    assert field_of_view(tmp_path / "plain.jpg") is None
    assert field_of_view(tmp_path / "phone.jpg") == pytest.approx(2 * np.degrees(np.arctan(0.5)))
