"""One known pose in every format and convention is read as the same pose, or refused by a sentence; what is written
opens elsewhere.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pycolmap
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from core.alignment.rig import load_rig
from core.alignment.start import check_start
from core.errors import CounterpointError
from core.geometry.lens import FISHEYE, OPENCV, Lens
from core.geometry.pose import Pose, project
from core.geometry.shape import make_shape
from core.interchange.cameras import load_camera
from core.interchange.names import nearest_name, number_of
from core.interchange.pose_formats import POSE_FORMATS
from core.interchange.poses import SAVERS, View, colmap, load_entry, load_pose, nerfstudio, save_view
from core.interchange.poses.matrix import from_matrix, to_matrix
from core.notices import collect_warnings
from core.units import METRE, Unit, unit_of

QUICK = settings(max_examples=25, deadline=None)
TRIPLE = st.tuples(*[st.floats(-50, 50)] * 3)
K = np.array([[572.4, 0, 325.3], [0, 573.6, 242.0], [0, 0, 1]])
R = Rotation.from_rotvec([0.4, -1.1, 0.7]).as_matrix()
POSE = Pose(R, np.array([102.1188, -88.9794, 1033.7719]))
MM = Unit(0.001, True, "")
FOUR = to_matrix(POSE)
LENSES = (
    None,
    Lens(OPENCV, (-0.3, 0.1, 0.001, 0.002)),
    Lens(OPENCV, (-0.3, 0.1, 0.0, 0.0, 0.05)),
    Lens(FISHEYE, (0.03, 0.01, 0.0, 0.0)),
)


def view_of(pose=POSE, image="000003.png", lens=None, shape="obj_000008.ply", unit=MM):
    return View(image, (640, 480), K, pose, lens, shape, unit)


def close(a: Pose, b: Pose, atol=1e-7) -> bool:
    return all(np.allclose(x, y, rtol=1e-7, atol=atol) for x, y in ((a.R, b.R), (a.t, b.t), (a.s, b.s)))


@st.composite
def a_pose(draw, scaled=False):
    turn = Rotation.from_rotvec(np.array(draw(st.tuples(*[st.floats(-3, 3)] * 3)))).as_matrix()
    s = np.array(draw(st.tuples(*[st.floats(0.1, 9)] * 3))) if scaled else np.ones(3)
    return Pose(turn, np.array(draw(TRIPLE)), s)


def test_the_table_has_every_format():
    assert [one.name for one in POSE_FORMATS] == list(SAVERS)


@QUICK
@given(a_pose(scaled=True), st.sampled_from(["json", "matrix", "scan2cad"]))
def test_with_scale(pose, file_format):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("pose.txt" if file_format == "matrix" else "pose.json")
        save_view(path, view_of(pose), file_format)
        assert close(load_pose(path, "000003.png"), pose)


@QUICK
@given(a_pose(), st.sampled_from([one.name for one in POSE_FORMATS]), st.sampled_from([1.0, 0.001, 0.0254]))
def test_every_format_is_read_back(pose, file_format, metres):
    with tempfile.TemporaryDirectory() as folder:
        suffix = next(one.suffix for one in POSE_FORMATS if one.name == file_format)
        path, unit = Path(folder) / f"out{suffix}", Unit(metres, True, "")
        save_view(path, view_of(pose, unit=unit), file_format)
        with collect_warnings() as said:
            entry = load_entry(path, "photos/000003.png", "models/obj_000008.ply", unit)
        assert close(entry.pose, pose) and not said
        if file_format != "matrix":
            np.testing.assert_allclose(entry.camera.K, K)
            assert entry.camera.size == (640, 480)


@pytest.mark.parametrize("lens", LENSES, ids=["none", "opencv", "k3", "fisheye"])
@pytest.mark.parametrize("file_format", [one.name for one in POSE_FORMATS])
def test_the_lens_is_kept_or_said(file_format, lens, tmp_path):
    suffix = next(one.suffix for one in POSE_FORMATS if one.name == file_format)
    with collect_warnings() as said:
        save_view(tmp_path / f"out{suffix}", view_of(lens=lens), file_format)
    entry = load_entry(tmp_path / f"out{suffix}", "000003.png", "obj_000008.ply", MM)
    assert close(entry.pose, POSE)
    if file_format in ("matrix", "bop"):
        assert bool(said) == (lens is not None)
    else:
        kept = entry.camera.lens
        assert not said and (kept is None) == (lens is None)
        if lens is not None:
            seen = np.array([[0.3, 0.2], [-0.4, 0.1]])
            np.testing.assert_allclose(kept.distort(seen), lens.distort(seen), atol=1e-12)


def test_own_json_is_read_whole(tmp_path):
    save_view(tmp_path / "pose.json", view_of(lens=LENSES[1]))
    again = load_entry(tmp_path / "pose.json")
    assert close(again.pose, POSE) and again.image == "000003.png"
    assert again.camera.lens == LENSES[1] and again.camera.size == (640, 480)


def test_axes_are_those_of_the_formats(tmp_path):
    """A point before an OpenCV camera lies at -z of nerfstudio's camera, and COLMAP counts pixels from the corner."""
    centred = np.array([[500.0, 0, 319.5], [0, 500, 239.5], [0, 0, 1]])
    view = View("a.png", (640, 480), centred, Pose(np.eye(3), np.array([0.0, 0, 4])))
    nerfstudio.save(tmp_path / "t.json", [view])
    to_world = np.array(json.loads((tmp_path / "t.json").read_text())["frames"][0]["transform_matrix"])
    assert np.allclose(to_world[:3, 3], [0, 0, -4]) and np.allclose(to_world[:3, 2], [0, 0, -1])
    colmap.save(tmp_path, [view])
    line = next(line for line in (tmp_path / "cameras.txt").read_text().splitlines() if not line.startswith("#"))
    assert line.split()[-2:] == ["320", "240"]
    assert np.allclose(project(view.pose, centred, np.zeros(3))[0], [319.5, 239.5])


@pytest.mark.parametrize("lens", LENSES, ids=["none", "opencv", "k3", "fisheye"])
@pytest.mark.parametrize("names", [["a.png", "b/c.jpg"], ["my photo.png", "b.png"]])
def test_what_is_written_opens_in_pycolmap(names, lens, tmp_path):
    poses = [POSE, Pose(R.T, np.array([0.1, 0.2, 3.0]))]
    colmap.save(tmp_path, [view_of(pose, name, lens) for pose, name in zip(poses, names, strict=True)])
    model = pycolmap.Reconstruction(str(tmp_path))
    images = {image.name: image for image in model.images.values()}
    assert set(images) == set(names) and len(list(tmp_path.glob("points3D.*"))) == 1
    for name, pose in zip(names, poses, strict=True):
        np.testing.assert_allclose(images[name].projection_center(), -pose.R.T @ pose.t, atol=1e-9)
        rays = np.array([[0.1, 0.2, 1.0], [-0.3, 0.1, 2.0]])
        pixels = view_of(lens=lens).camera.project(rays)[0]
        np.testing.assert_allclose(images[name].camera.img_from_cam(rays), pixels + 0.5, atol=1e-6)
    again = {view.image: view.pose for view in colmap.load_views(tmp_path)}
    assert all(close(again[name], pose) for name, pose in zip(names, poses, strict=True))


CAMERA = "1 PINHOLE 640 480 572.4 573.5 325.7 242.5\n"
IMAGES = {
    "comments": "# h\n\n1 1 0 0 0 0.1 0.2 2.0 1 a.png\n\n2 1 0 0 0 0.1 0.2 2.0 1 b.png\n\n",
    "no empty lines": "# h\n1 1 0 0 0 0.1 0.2 2.0 1 a.png\n2 1 0 0 0 0.1 0.2 2.0 1 b.png\n",
    "points": "1 1 0 0 0 0.1 0.2 2.0 1 a.png\n10.5 20.5 -1 11 21 7\n2 1 0 0 0 0.1 0.2 2.0 1 b.png\n100 200 -1 100 200 -1 100 200 -1 100 200 -1\n",
    "windows": "1 1 0 0 0 0.1 0.2 2.0 1 a.png\r\n\r\n2 1 0 0 0 1e-1 .2 2 1 b.png\r\n",
}


@pytest.mark.parametrize("kind", IMAGES)
def test_images_of_colmap_as_people_write_them(kind, tmp_path):
    (tmp_path / "cameras.txt").write_text(CAMERA)
    (tmp_path / "images.txt").write_bytes(IMAGES[kind].encode())
    rig = load_rig(tmp_path)
    assert sorted(rig) == ["a.png", "b.png"] and np.allclose(rig["b.png"].pose.t, [0.1, 0.2, 2])


def test_names_with_blanks_and_numbers(tmp_path):
    (tmp_path / "cameras.txt").write_text(CAMERA)
    (tmp_path / "images.txt").write_text("1 1 0 0 0 0.1 0.2 2.0 1 my photo 1.png\n\n2 1 0 0 0 0 0 1 1 0002\n\n")
    assert sorted(load_rig(tmp_path)) == ["0002", "my photo 1.png"]
    (tmp_path / "images.txt").write_text("1 1 0 0 0 0.1 0.2 2.0 1 a.png\n\nnonsense here\n")
    with pytest.raises(CounterpointError, match="no image"):
        load_rig(tmp_path)


def test_a_rig_with_equal_names_in_different_folders(tmp_path):
    frames = [
        {"file_path": f"cam{n}/1.png", "transform_matrix": (np.eye(4) + np.diag([n] * 3, 1)).tolist()} for n in (0, 0)
    ]
    frames[1] = {
        "file_path": "./cam1/1.png",
        "transform_matrix": [[1, 0, 0, 5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    }
    inner = {"fl_x": 572.4, "fl_y": 573.6, "cx": 325.8, "cy": 242.5, "w": 640, "h": 480}
    (tmp_path / "rig.json").write_text(json.dumps(inner | {"frames": frames}))
    rig = load_rig(tmp_path / "rig.json")
    assert sorted(rig) == ["cam0/1.png", "cam1/1.png"]
    assert nearest_name(list(rig), "/data/cam1/1.png") == "cam1/1.png" and nearest_name(list(rig), "1.png") is None
    assert close(load_pose(tmp_path / "rig.json", "cam1/1.png"), rig["cam1/1.png"].pose)
    with pytest.raises(CounterpointError, match="several"):
        load_pose(tmp_path / "rig.json", "1.png")


def test_what_moved_the_world_is_said(tmp_path):
    content = {
        "fl_x": 500,
        "cx": 320,
        "cy": 240,
        "w": 640,
        "h": 480,
        "frames": [{"file_path": "a.png", "transform_matrix": np.eye(4).tolist()}],
    }
    content |= {
        "applied_transform": [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, -1, 0]],
        "applied_scale": 0.5,
        "orientation_override": "up",
    }
    (tmp_path / "t.json").write_text(json.dumps(content))
    with collect_warnings() as said:
        nerfstudio.load_views(tmp_path / "t.json")
    assert len(said) == 3 and "applied_transform" in said[0]


ROUNDED = np.round(FOUR, 4)
WRITTEN = {
    "rounded.txt": ("\n".join(" ".join(f"{v:.4f}" for v in row) for row in FOUR), 2e-4),
    "two.txt": ("\n".join(" ".join(f"{v:.2f}" for v in row) for row in FOUR), 2e-2),
    "three.txt": ("\n".join(" ".join(f"{v:.4f}" for v in row) for row in FOUR[:3]), 2e-4),
    "line.txt": (" ".join(f"{v:.9e}" for v in FOUR[:3].ravel()), 1e-6),
    "columns.txt": ("\n".join(" ".join(f"{v:.9e}" for v in row) for row in FOUR.T), 1e-6),
    "list.txt": (str(FOUR.tolist()), 1e-6),
    "commas.csv": ("\n".join(",".join(map(repr, row)) for row in FOUR.tolist()), 1e-9),
    "nested.json": (json.dumps(ROUNDED.tolist()), 2e-4),
    "pose.json": (json.dumps({"pose": FOUR.tolist()}), 1e-9),
    "ob_in_cam.json": (json.dumps({"ob_in_cam": FOUR.ravel().tolist()}), 1e-9),
    "rt.json": (json.dumps({"R": R.ravel().tolist(), "t": [[v] for v in POSE.t]}), 1e-9),
    "words.json": (json.dumps({"rotation": np.round(R, 5).tolist(), "translation": POSE.t.tolist()}), 2e-5),
    "wide.txt": ("\n".join(" ".join(f"{v:.9e}" for v in row) for row in FOUR[:3].T), 1e-6),
    "list.json": (
        json.dumps(
            [{"image": "000004.png", "pose": np.eye(4).tolist()}, {"image": "000003.png", "pose": FOUR.tolist()}]
        ),
        1e-9,
    ),
    "photos.json": (
        json.dumps(
            {"000003.png": {"R": R.tolist(), "t": POSE.t.tolist()}, "000004.png": {"R": R.T.tolist(), "t": [0, 0, 1]}}
        ),
        1e-9,
    ),
    "metres.json": (json.dumps({"R": R.tolist(), "t": (POSE.t / 1000).tolist(), "unit": "m"}), 1e-9),
    "objects.json": (
        json.dumps(
            [
                {"obj_id": 8, "cam_R_m2c": R.ravel().tolist(), "cam_t_m2c": POSE.t.tolist()},
                {"obj_id": 9, "cam_R_m2c": R.T.ravel().tolist(), "cam_t_m2c": [0, 0, 1]},
            ]
        ),
        1e-9,
    ),
    "rvec.json": (json.dumps({"rvec": [0.4, -1.1, 0.7], "tvec": [[v] for v in POSE.t]}), 1e-9),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_others_write_is_the_same_pose(name, tmp_path):
    content, atol = WRITTEN[name]
    (tmp_path / name).write_text(content)
    with collect_warnings() as said:
        pose = load_pose(tmp_path / name, "000003.png", "obj_000008.ply", MM)
    np.testing.assert_allclose(pose.R, R, atol=atol)
    np.testing.assert_allclose(pose.t, POSE.t, atol=max(atol, 1e-4))
    np.testing.assert_allclose(pose.R @ pose.R.T, np.eye(3), atol=1e-9)
    assert (pose.s == 1).all() and bool(said) == (name in ("two.txt", "columns.txt", "wide.txt"))
    save_view(tmp_path / "bop", view_of(pose), "bop")


@QUICK
@given(a_pose(), st.integers(3, 9))
def test_any_number_of_digits(pose, digits):
    again = from_matrix(np.round(to_matrix(pose), digits))
    assert (again.s == 1).all() and np.abs(again.R - pose.R).max() < 3 * 10.0**-digits


def test_a_scale_is_no_rounding():
    for factor in (1.5, 2.0, 1.01, 0.99, 3.0):
        found = from_matrix(np.diag([factor, factor, factor, 1.0]))
        assert np.allclose(found.s, factor) and np.allclose(found.R, np.eye(3))
    assert np.allclose(from_matrix(to_matrix(Pose(R, POSE.t, np.full(3, 1.0005)))).s, 1.0005)


REFUSED = {
    "mirror.txt": ("1 0 0 0\n0 1 0 0\n0 0 -1 5\n0 0 0 1\n", "mirrors"),
    "shear.txt": ("1 0.3 0 0\n0 1 0 0\n0 0 1 5\n0 0 0 1\n", "shears"),
    "flat.txt": ("1 0 0 0\n0 0 0 0\n0 0 1 5\n0 0 0 1\n", "flattens"),
    "row.txt": ("1 0 0 0\n0 1 0 0\n0 0 1 5\n0 0 1 1\n", "last row"),
    "short.txt": ("1 2 3\n", "4 x 4"),
    "quaternion.txt": ("0.1 0.2 2.0 0 0 0 1\n", "quaternion"),
    "tum.txt": ("17.5 0.1 0.2 2.0 0 0 0 1\n", "quaternion"),
    "words.txt": ("a b c\n", "no poses"),
    "bad.json": ('{"R": 1, "t": 2}', "rotation of 1 numbers"),
    "quaternion.json": ('{"R": [0, 0, 0, 1], "t": [0, 0, 1]}', "4 numbers"),
    "degrees.json": ('{"rvec": [30, 0, 0], "tvec": [0, 0, 1]}', "radians"),
    "c2w.json": (json.dumps({"c2w": FOUR.tolist()}), "leads from the camera"),
    "nothing.json": ('{"a": 1}', "no pose"),
    "text.json": ('"hello"', "no pose"),
    "scene_gt.json": ('{"0": [{"obj_id": 1}]}', "no poses"),
    "annotation.json": ('{"aligned_models": [], "trs": {}}', "scan"),
    "trs.json": (
        '{"K": [500, 0, 1, 0, 500, 1, 0, 0, 1], "size": [4, 4], "trs": {"rotation": [3, 0, 0, 0], "translation": [0, 0, 0], "scale": [1, 1, 1]}}',
        "length",
    ),
    "equi.json": (
        '{"camera_model": "EQUIRECTANGULAR", "w": 4, "h": 4, "fl_x": 1, "frames": [{"file_path": "a", "transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}]}',
        "EQUIRECTANGULAR",
    ),
    "pose.pkl": ("x", "JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_pose_is_refused(name, tmp_path):
    content, sentence = REFUSED[name]
    (tmp_path / name).write_text(content)
    with pytest.raises(CounterpointError, match=sentence):
        load_pose(tmp_path / name)


def test_a_scale_is_refused_where_there_is_none(tmp_path):
    stretched = view_of(Pose(np.eye(3), np.ones(3), np.array([1.0, 2, 1])))
    for file_format in ("bop", "colmap", "nerfstudio"):
        with pytest.raises(CounterpointError, match="no scale"):
            save_view(tmp_path / file_format, stretched, file_format)
    with collect_warnings() as said:
        save_view(tmp_path / "bop", view_of(Pose(R, POSE.t, np.full(3, 1.001))), "bop")
    assert "left out" in said[0]


def test_bop_is_in_millimetres_under_the_numbers_of_the_files(tmp_path):
    save_view(tmp_path, view_of(Pose(R, POSE.t / 1000), unit=METRE), "bop")
    truth, cameras = (json.loads((tmp_path / f"scene_{name}.json").read_text()) for name in ("gt", "camera"))
    assert list(truth) == ["3"] == list(cameras) and truth["3"][0]["obj_id"] == 8
    np.testing.assert_allclose(truth["3"][0]["cam_t_m2c"], POSE.t)
    np.testing.assert_allclose(truth["3"][0]["cam_R_m2c"], R.ravel())
    np.testing.assert_allclose(cameras["3"]["cam_K"], K.ravel())
    assert close(load_pose(tmp_path, "000003.png", "obj_000008.ply", METRE), Pose(R, POSE.t / 1000))
    assert close(load_pose(tmp_path / "scene_gt.json", "000003.png", "obj_000008.ply", MM), POSE)


def test_bop_keeps_what_is_there(tmp_path):
    """Of others: unknown fields, other photos, other objects, keys as they were written."""
    old = {"cam_R_m2c": np.eye(3).ravel().tolist(), "cam_t_m2c": [0.0, 0.0, 500.0]}
    there = {"000003": [old | {"obj_id": 1}, old | {"obj_id": 8, "note": "by hand"}], "7": [old | {"obj_id": 8}]}
    (tmp_path / "scene_gt.json").write_text(json.dumps(there))
    (tmp_path / "scene_camera.json").write_text(
        json.dumps(
            {
                "000003": {"cam_K": K.ravel().tolist(), "depth_scale": 0.1, "view_level": 2},
                "7": {"cam_K": K.ravel().tolist()},
            }
        )
    )
    with collect_warnings() as said:
        save_view(tmp_path, view_of(), "bop")
        save_view(tmp_path, view_of(shape="obj_000005.ply"), "bop")
    truth, cameras = (json.loads((tmp_path / f"scene_{name}.json").read_text()) for name in ("gt", "camera"))
    assert truth["7"] == there["7"] and truth["000003"][0] == there["000003"][0] and not said
    assert [one["obj_id"] for one in truth["000003"]] == [1, 8, 5] and truth["000003"][1]["note"] == "by hand"
    np.testing.assert_allclose(truth["000003"][1]["cam_t_m2c"], POSE.t)
    assert cameras["000003"]["depth_scale"] == 0.1 and cameras["000003"]["view_level"] == 2
    (tmp_path / "scene_gt.json").write_text("[1]")
    with pytest.raises(CounterpointError, match="nothing is added"):
        save_view(tmp_path, view_of(), "bop")


def test_bop_says_what_it_assumes(tmp_path):
    with collect_warnings() as said:
        save_view(tmp_path, view_of(image="table.png", shape="mug.obj", unit=None), "bop")
        save_view(tmp_path, view_of(image="chair.png", shape="mug.obj"), "bop")
    assert any("no number" in one and "photo 0" in one for one in said) and any("photo 1" in one for one in said)
    assert any("object 1" in one for one in said) and any("millimetres" in one for one in said)
    assert close(load_pose(tmp_path, "chair.png", "mug.obj", MM), POSE)
    with collect_warnings() as said:
        save_view(tmp_path, view_of(image="a_0.png", shape="obj_1.ply"), "bop")
    assert "has already" in said[0] and len(json.loads((tmp_path / "scene_gt.json").read_text())) == 3


def test_the_pose_is_chosen_by_the_names(tmp_path):
    for image, shape, x in (
        ("000003.png", "obj_000008.ply", 1.0),
        ("000003.png", "obj_000005.ply", 2.0),
        ("000004.png", "obj_000008.ply", 3.0),
    ):
        save_view(tmp_path, view_of(Pose(R, np.array([x, 0, 900.0])), image, shape=shape), "bop")
    for file in ("scene_camera.json",):
        content = {key: {"cam_K": one["cam_K"]} for key, one in json.loads((tmp_path / file).read_text()).items()}
        (tmp_path / file).write_text(json.dumps(content))
    assert load_pose(tmp_path, "rgb/000003.png", "obj_000005.ply", MM).t[0] == 2
    assert load_pose(tmp_path, "4.jpg", "obj_000008.ply", MM).t[0] == 3
    for image, shape, sentence in (
        ("000009.png", "obj_000008.ply", "000003, 000004"),
        ("000003.png", "obj_000001.ply", "objects 5, 8"),
        (None, "obj_000008.ply", "without a name"),
        ("000003.png", "mug.ply", "objects 5, 8"),
    ):
        with pytest.raises(CounterpointError, match=sentence):
            load_pose(tmp_path, image, shape, MM)
    save_view(tmp_path / "one.json", view_of())
    with collect_warnings() as said:
        load_pose(tmp_path / "one.json", "other.png")
    assert "000003.png" in said[0]


def box(scale=100.0, offset=(0.0, 0, 0)):
    corners = np.stack(np.meshgrid(*[[-0.5, 0.5]] * 3), axis=-1).reshape(-1, 3) * scale + offset
    return make_shape(corners, np.array([[0, 1, 2], [1, 2, 3], [4, 5, 6], [5, 6, 7], [0, 1, 4], [2, 3, 6]]))


def test_other_conventions_are_not_taken_for_ours():
    gl = np.diag([1.0, -1.0, -1.0])
    check_start(POSE, K, (640, 480), box(), "pose.txt")
    with pytest.raises(CounterpointError, match="OpenGL"):
        check_start(Pose(gl @ R, gl @ POSE.t), K, (640, 480), box(), "pose.txt")
    with pytest.raises(CounterpointError, match="camera to shape"):
        check_start(Pose(R.T, -R.T @ POSE.t), K, (640, 480), box(), "pose.txt")
    with collect_warnings() as said:
        check_start(Pose(R, POSE.t / 1000), K, (640, 480), box(), "pose.txt")
        check_start(POSE, K, (640, 480), box(0.1), "metres.txt")
    assert len(said) == 2 and all("unit" in one for one in said)
    with collect_warnings() as said:
        check_start(Pose(R, np.array([5000.0, 0, 1000])), K, (640, 480), box(), "pose.txt")
    assert "outside the picture" in said[0]
    mask = np.zeros((480, 640), bool)
    u, v = project(POSE, K, np.zeros((1, 3)))[0][0].astype(int)
    mask[v - 20 : v + 20, u - 20 : u + 20] = True
    for pose, word in ((POSE, None), (Pose(R, POSE.t / 10), "unit"), (Pose(R, POSE.t * 10), "unit")):
        with collect_warnings() as said:
            check_start(pose, K, (640, 480), box(), "pose.txt", mask)
        assert bool(said) == bool(word) and all(word in one for one in said), (word, said)
    with collect_warnings() as said:
        check_start(POSE, K, (640, 480), box(), "pose.txt", np.roll(mask, 300, axis=1))
    assert "beside the object" in said[0]
    far = Pose(np.eye(3), np.array([-5e5, -4e6, -700.0]))  # a shape far from its origin, which lies behind
    with collect_warnings() as said:
        check_start(far, K, (640, 480), box(100, (5e5, 4e6, 1800)), "utm.txt")
    assert not said


def test_units_of_shapes(tmp_path):
    for name in ("a.glb", "a.gltf"):
        assert unit_of(name, 200.0).metres == 1.0 and unit_of(name, 200.0).known
    assert unit_of("a.stl", 250.0).metres == 0.001 and not unit_of("a.stl", 250.0).known
    assert unit_of("a.stl", 0.25).metres == 1.0 and "--unit" in unit_of("a.stl", 0.25).reason
    assert unit_of("a.stl", 250.0, 0.0254).metres == 0.0254
    said = {"# Units: inches\r": 0.0254, "# This file uses centimeters as units for": 0.01, "comment unit mm": 0.001}
    for line, metres in (said | {"# 8 units": 0.001, "# the unit cube": 0.001, "# units: parsec": 0.001}).items():
        (tmp_path / "a.obj").write_text(f"{line}\nv 0 0 0\n", newline="")
        unit = unit_of(tmp_path / "a.obj", 30.0)
        assert unit.metres == metres and not unit.known and ("comment" in unit.reason) == (line in said), line
    (tmp_path / "a.obj").write_text("# This file uses centimeters as units\n")
    assert unit_of(tmp_path / "a.obj", 0.25).metres == 1.0  # Maya says that of whatever was modelled
    (tmp_path / "models_info.json").write_text(
        json.dumps({"8": {"diameter": 261.0, "size_x": 230.0, "size_y": 75.0, "size_z": 208.0}})
    )
    for diagonal, metres in ((319.0, 0.001), (0.319, 1.0), (31.9, 0.01)):
        unit = unit_of(tmp_path / "obj_000008.ply", diagonal)
        assert unit.known and unit.metres == metres
    for diagonal, metres, words in ((366.9, 0.001, "15% larger"), (12.6, 0.001, "another size than the models_info")):
        unit = unit_of(tmp_path / "obj_000008.ply", diagonal)
        assert not unit.known and unit.metres == metres and words in unit.reason


def test_results_of_bop(tmp_path):
    turn, place = " ".join(map(str, R.ravel())), " ".join(map(str, POSE.t))
    rows = [f"2,3,8,0.5,{turn},1 2 900,-1", f"2,3,8,0.9,{turn},{place},-1", f"2,4,8,0.9,{turn},0 0 800,0.2"]
    (tmp_path / "method_lmo-test.csv").write_text("\n".join(["scene_id,im_id,obj_id,score,R,t,time", *rows]))
    with collect_warnings() as said:
        assert close(load_pose(tmp_path / "method_lmo-test.csv", "000003.png", "obj_000008.ply", MM), POSE)
    assert "highest score" in said[0]
    (tmp_path / "blanks.csv").write_bytes(
        "\n".join(["\ufeffscene_id, im_id, obj_id, score, R, t, time", rows[1]]).encode()
    )
    assert close(load_pose(tmp_path / "blanks.csv", "000003.png", "obj_000008.ply", MM), POSE)
    with collect_warnings() as said:
        load_pose(tmp_path / "blanks.csv", "000003.png", "mug.ply", MM)
    assert "object 8" in said[0]
    with pytest.raises(CounterpointError, match="000003, 000004"):
        load_pose(tmp_path / "method_lmo-test.csv", "photo.png", "obj_000008.ply", MM)


@pytest.mark.parametrize(
    ("name", "number"),
    [("000003.png", 3), ("rgb/000003-v2.png", 3), ("obj_000008_fine2.ply", 8), ("scene_000002_000003.png", 3), ("a\\b4\\7.png", 7), ("mug.ply", None)],
)  # fmt: skip
def test_numbers_of_photos_and_objects(name, number):
    assert number_of(name) == number


def test_a_model_without_photos_is_no_rig(tmp_path):
    model = pycolmap.Reconstruction()
    model.add_camera_with_trivial_rig(pycolmap.Camera.create_from_model_name(1, "PINHOLE", 500.0, 640, 480))
    model.write_binary(str(tmp_path))
    with pytest.raises(CounterpointError, match="no photo with a pose"):
        load_rig(tmp_path)
    (tmp_path / "images.bin").unlink()
    with pytest.raises(CounterpointError, match=r"no images\.bin"):
        load_rig(tmp_path)


def test_a_photo_of_the_same_name_in_another_folder_is_said(tmp_path):
    save_view(tmp_path / "t.json", view_of(image="cam0/1.png"), "nerfstudio")
    for photo, words in (("/x/cam0/1.png", False), ("1.png", False), ("/x/cam1/1.png", True)):
        with collect_warnings() as said:
            load_pose(tmp_path / "t.json", photo)
        with collect_warnings() as also:
            load_camera(tmp_path / "t.json", None, photo)
        for one in (said, also):
            assert bool(one) == words and all("another folder" in sentence for sentence in one), photo
