"""One known camera, written as every program writes it, is read as the same camera, or refused by a sentence."""

import json
import re

import cv2
import numpy as np
import pycolmap
import pytest
from PIL import Image

from core.errors import CounterpointError
from core.geometry.lens import FISHEYE, OPENCV, Lens
from core.interchange.cameras import load_camera
from core.notices import collect_warnings

FX, FY, CX, CY = 572.4114, 573.57043, 325.2611, 242.04899
K = np.array([[FX, 0, CX], [0, FY, CY], [0, 0, 1]])
SIZE = (640, 480)
NAMED = {"fx": FX, "fy": FY, "cx": CX, "cy": CY}
BENT = (-0.28, 0.1, 0.002, -0.001)
FOUR = np.eye(4)
FOUR[:3, :3] = K
LENS, KB4 = Lens(OPENCV, BENT), Lens(FISHEYE, (0.03, 0.01, 0.0, 0.0))


def text(rows):
    return "\n".join(" ".join(f"{v:.9e}" for v in row) for row in rows) + "\n"


def file_storage(path, **more):
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", K)
    for name, value in more.items():
        storage.write(name, value)
    storage.release()
    return path.read_text()


ROS = """image_width: 640
image_height: 480
camera_name: head
camera_matrix: {{rows: 3, cols: 3, data: [{K}]}}
distortion_model: {model}
distortion_coefficients: {{rows: 1, cols: {n}, data: [{D}]}}
rectification_matrix: {{rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}}
projection_matrix: {{rows: 3, cols: 4, data: [500, 0, 320, 0, 0, 500, 240, 0, 0, 0, 1, 0]}}
"""
NUMBERS = ", ".join(map(str, K.ravel()))
KALIBR = f"""cam0:
  camera_model: pinhole
  intrinsics: [{FX}, {FY}, {CX}, {CY}]
  distortion_model: equidistant
  distortion_coeffs: [0.03, 0.01, 0.0, 0.0]
  resolution: [640, 480]
"""
ORB = f"%YAML:1.0\n---\nCamera.fx: {FX}\nCamera.fy: {FY}\nCamera.cx: {CX}\nCamera.cy: {CY}\nCamera.k1: -0.28\nCamera.k2: 0.1\nCamera.p1: 0.002\nCamera.p2: -0.001\n"
CORNER = {"fl_x": FX, "fl_y": FY, "cx": CX + 0.5, "cy": CY + 0.5, "w": 640, "h": 480}
FRAME = {"file_path": "images/000003.png", "transform_matrix": np.eye(4).tolist()}

WRITTEN = {
    "named.json": (NAMED, None),
    "nested.json": (K.tolist(), None),
    "flat.json": (K.ravel().tolist(), None),
    "rows.json": ({"K": K.tolist()}, None),
    "cam_K.json": ({"cam_K": K.ravel().tolist(), "depth_scale": 0.1}, None),
    "phone.json": ({"w": 640, "h": 480, "fps": 30, "K": K.T.ravel().tolist()}, None),
    "columns.json": (K.T.tolist(), None),
    "camera.json": ({**NAMED, "depth_scale": 0.1, "width": 640, "height": 480}, None),
    "scene_camera.json": ({"3": {"cam_K": K.ravel().tolist(), "depth_scale": 0.1}, "4": {"cam_K": [900, 0, 300, 0, 900, 200, 0, 0, 1]}}, None),
    "projection.json": ({"P": np.hstack([K, np.zeros((3, 1))]).tolist()}, None),
    "open3d.json": ({"width": 640, "height": 480, "intrinsic_matrix": K.T.ravel().tolist()}, None),
    "open3d_view.json": ({"class_name": "PinholeCameraParameters", "extrinsic": np.eye(4).ravel().tolist(), "intrinsic": {"width": 640, "height": 480, "intrinsic_matrix": K.T.ravel().tolist()}}, None),
    "realsense.json": ({"width": 640, "height": 480, "ppx": CX, "ppy": CY, "fx": FX, "fy": FY, "model": "distortion.inverse_brown_conrady", "coeffs": [0, 0, 0, 0, 0]}, None),
    "arkit.json": ({"intrinsics": K.T.tolist()}, None),
    "camera_matrix.json": ({"camera_matrix": K.tolist(), "dist_coeffs": [list(BENT)], "distortion_model": "plumb_bob"}, LENS),
    "k1.json": ({**NAMED, "k1": BENT[0], "k2": BENT[1], "p1": BENT[2], "p2": BENT[3]}, LENS),
    "k3.json": ({**NAMED, "k1": -0.28, "k3": 0.05}, Lens(OPENCV, (-0.28, 0.0, 0.0, 0.0, 0.05))),
    "nested_lens.json": ({**NAMED, "distortion": {"k1": BENT[0], "k2": BENT[1], "p1": BENT[2], "p2": BENT[3]}}, LENS),
    "fisheye.json": ({**NAMED, "camera_model": "OPENCV_FISHEYE", "k1": 0.03, "k2": 0.01}, KB4),
    "realsense_kb4.json": ({"width": 640, "height": 480, "ppx": CX, "ppy": CY, "fx": FX, "fy": FY, "model": "Kannala Brandt4", "coeffs": [0.03, 0.01, 0, 0, 0]}, KB4),
    "transforms.json": ({**CORNER, "frames": [FRAME]}, None),
    "ngp.json": ({**CORNER, "k1": BENT[0], "k2": BENT[1], "p1": BENT[2], "p2": BENT[3], "aabb_scale": 16, "frames": [FRAME]}, LENS),
    "frames.json": ({"camera_model": "OPENCV", "w": 640, "h": 480, "frames": [FRAME | CORNER | {"k1": BENT[0], "k2": BENT[1], "p1": BENT[2], "p2": BENT[3]}, FRAME | CORNER | {"file_path": "images/000004.png", "fl_x": 900}]}, LENS),
    "nerf_fisheye.json": ({**CORNER, "camera_model": "OPENCV_FISHEYE", "k1": 0.03, "k2": 0.01, "frames": [FRAME]}, KB4),
    "shares.json": ({"fx": FX / 640, "fy": FY / 480, "cx": (CX + 0.5) / 640, "cy": (CY + 0.5) / 480}, None),
    "larger.json": ({"fx": 2 * FX, "fy": 2 * FY, "cx": 2 * CX + 0.5, "cy": 2 * CY + 0.5, "width": 1280, "height": 960}, None),
    "own.json": ({"image": "a.png", "width": 640, "height": 480, "K": K.tolist(), "lens": LENS.as_json(), "R": np.eye(3).tolist(), "t": [0, 0, 1]}, LENS),
    "cam_K.txt": (text(K), None),
    "commas.csv": ("\n".join(",".join(map(str, row)) for row in K), None),
    "columns.txt": (text(K.T), None),
    "one_line.txt": (text([K.ravel()]), None),
    "intrinsic_color.txt": (text(FOUR), None),
    "p.txt": (text(np.hstack([K, np.zeros((3, 1))])), None),
    "four.txt": (f"{FX} {FY} {CX} {CY}\n", None),
    "calib.txt": (f"{FX} {FY} {CX} {CY} " + " ".join(map(str, BENT)), LENS),
    "close.txt": (f"fx={FX}\nfy={FY}\ncx={CX}\ncy={CY}\nk1=-0.28\nk2=0.1\np1=0.002\np2=-0.001\n", LENS),
    "padded.json": ({"000003": {"cam_K": K.ravel().tolist()}, "000004": {"cam_K": [900, 0, 300, 0, 900, 200, 0, 0, 1]}}, None),
    "names.json": ({"a/000003.png": NAMED, "a/000004.png": {**NAMED, "fx": 900}}, None),
    "list.json": ([{"img_name": "000004", **NAMED, "fx": 900}, {"img_name": "000003", **NAMED}], None),
    "two_zeros.json": ({**NAMED, "dist": [-0.28, 0.1, 0]}, Lens(OPENCV, (-0.28, 0.1, 0.0, 0.0))),
    "params.json": ({**CORNER, "frames": [FRAME | {"distortion_params": [BENT[0], BENT[1], 0, 0, BENT[2], BENT[3]]}]}, LENS),
    "named.txt": (f"fx = {FX}\nfy = {FY}\ncx = {CX}\ncy = {CY}\n", None),
    "ros.yaml": (ROS.format(K=NUMBERS, model="plumb_bob", n=5, D="-0.28, 0.1, 0.002, -0.001, 0.0"), Lens(OPENCV, (*BENT, 0.0))),
    "ros_straight.yaml": (ROS.format(K=NUMBERS, model="plumb_bob", n=5, D="0, 0, 0, 0, 0"), None),
    "ros_fisheye.yaml": (ROS.format(K=NUMBERS, model="equidistant", n=4, D="0.03, 0.01, 0, 0"), KB4),
    "kalibr.yaml": (KALIBR, KB4),
    "orb.yaml": (ORB, LENS),
}  # fmt: skip


def check(camera, lens, rtol=1e-7):
    np.testing.assert_allclose(camera.K, K, rtol=rtol, atol=1e-6)
    assert camera.size == SIZE and camera.lens == lens


@pytest.mark.parametrize("name", WRITTEN)
def test_every_layout_is_the_same_camera(name, tmp_path):
    content, lens = WRITTEN[name]
    (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    with collect_warnings() as said:
        camera = load_camera(tmp_path / name, SIZE, "000003.png")
    check(camera, lens)
    assert camera.K[0, 0] == pytest.approx(FX)
    assumed = ("column by column", "shares", "scaled", "taken", "baseline")
    expected = name in ("phone.json", "columns.json", "columns.txt", "open3d.json", "open3d_view.json", "arkit.json", "shares.json", "larger.json", "four.txt", "calib.txt")  # fmt: skip
    assert bool(said) == expected, said
    assert all(any(word in sentence for word in assumed) for sentence in said)
    assert camera.depth_scale == (0.1 if name in ("cam_K.json", "camera.json", "scene_camera.json") else None)


@pytest.mark.parametrize("suffix", [".yml", ".xml", ".yaml", ".json"])
def test_what_opencv_writes(suffix, tmp_path):
    path = tmp_path / f"calibration{suffix}"
    file_storage(path, distortion_coefficients=np.array([*BENT, 0.0]), avg_reprojection_error=0.3)
    check(load_camera(path, SIZE), Lens(OPENCV, (*BENT, 0.0)))
    file_storage(path, distortion_coefficients=np.array([[0.03], [0.01], [0.0], [0.0]]), fisheye_model=1)
    check(load_camera(path, SIZE), KB4)
    file_storage(path, distortion_coefficients=np.array(BENT))
    with collect_warnings() as said:
        check(load_camera(path, SIZE), LENS)
    assert "k1, k2, p1, p2" in said[0]


def test_numpy_files(tmp_path):
    np.save(tmp_path / "K.npy", K.T)
    np.savez(tmp_path / "calibration.npz", mtx=K, dist=np.array([[*BENT, 0.0]]))
    with collect_warnings() as said:
        check(load_camera(tmp_path / "K.npy", SIZE), None)
    check(load_camera(tmp_path / "calibration.npz", SIZE), Lens(OPENCV, (*BENT, 0.0)))
    assert len(said) == 1
    np.save(tmp_path / "pickled.npy", np.array([{"K": 1}], object), allow_pickle=True)
    with pytest.raises(CounterpointError):
        load_camera(tmp_path / "pickled.npy", SIZE)


@pytest.mark.parametrize("kind", ["text", "binary"])
@pytest.mark.parametrize(
    "model", [m for m in pycolmap.CameraModelId.__members__ if m not in ("INVALID", "EQUIRECTANGULAR")]
)
def test_every_model_of_colmap(model, kind, tmp_path):
    """A point of space is at the same pixel for COLMAP and for us (whose pixels are counted from the centre)."""
    whole = pycolmap.Reconstruction()
    camera = pycolmap.Camera.create_from_model_name(1, model, FX, *SIZE)
    params = np.array(camera.params)
    extra = list(camera.extra_params_idxs())
    params[extra] = (
        [0.6, 1.1] if model == "EUCM" else [0.9] if model == "FOV" else [0.02, 0.01, 0.001, 0.001] + [0.001] * 8
    )[: len(extra)]
    camera.params = params
    whole.add_camera_with_trivial_rig(camera)
    image = pycolmap.Image(name="images/my photo.png" if kind == "binary" else "a.png", camera_id=1, image_id=1)
    whole.add_image_with_trivial_frame(image, pycolmap.Rigid3d())
    (whole.write_text if kind == "text" else whole.write_binary)(str(tmp_path))
    read = load_camera(tmp_path, SIZE, "my photo.png")
    rays = np.concatenate([np.random.default_rng(0).uniform(-0.4, 0.4, (50, 2)), np.ones((50, 1))], axis=1)
    pixels, _ = read.project(rays)
    np.testing.assert_allclose(pixels + 0.5, camera.img_from_cam(rays), atol=1e-5)
    assert (read.lens is None) == (model in ("PINHOLE", "SIMPLE_PINHOLE"))


def test_colmap_chooses_by_the_photo(tmp_path):
    (tmp_path / "cameras.txt").write_text(
        "# two\n1 PINHOLE 640 480 500 500 320.5 240.5\n2 SIMPLE_RADIAL 640 480 600 320.5 240.5 0\n"
    )
    (tmp_path / "images.txt").write_text("1 1 0 0 0 0 0 0 1 a b.png\n2 1 0 0 0 0 0 0 2 c.png\n")
    assert load_camera(tmp_path, SIZE, "/photos/a b.png").K[0, 0] == 500
    found = load_camera(tmp_path / "cameras.txt", SIZE, "c.png")
    assert found.K[0, 0] == 600 and found.lens is None and found.K[0, 2] == 320
    with pytest.raises(CounterpointError, match=r"a b\.png"):
        load_camera(tmp_path, SIZE, "d.png")


def test_an_angle_needs_the_size(tmp_path):
    path = tmp_path / "angle.json"
    path.write_text(
        json.dumps({"camera_angle_x": 0.69, "frames": [{"file_path": "./r_0", "transform_matrix": np.eye(4).tolist()}]})
    )
    camera = load_camera(path, (800, 800), "r_0.png")
    assert camera.K[0, 0] == pytest.approx(400 / np.tan(0.345)) and camera.K[0, 2] == 399.5
    with pytest.raises(CounterpointError, match="add w and h"):
        load_camera(path)
    Image.new("RGB", (800, 800)).save(tmp_path / "r_0.png")
    assert load_camera(path).size == (800, 800)
    path.write_text(path.read_text().replace("./r_0", ".\\\\r_0"))  # as Windows parts folders
    assert load_camera(path).size == (800, 800)


REFUSED = {
    "last row": ([[FX, 0, CX], [0, FY, CY], [0, 0, 2]], "last row"),
    "a pose": (np.vstack([np.hstack([np.eye(3), [[0.1], [0.2], [2]]]), [0, 0, 0, 1]]).tolist(), "pose"),
    "a rotation": (cv2.Rodrigues(np.array([0.1, 0.2, 0.3]))[0].tolist(), "last row"),
    "negative": ([[-FX, 0, CX], [0, FY, CY], [0, 0, 1]], "above zero"),
    "skew": ([[FX, 8, CX], [0, FY, CY], [0, 0, 1]], "skew"),
    "outside": ({"fx": 1400, "fy": 1400, "cx": 960, "cy": 540}, "outside the picture"),
    "aspect": ({**NAMED, "width": 1920, "height": 1080}, "1920 x 1080"),
    "turned": ({**NAMED, "width": 480, "height": 640}, "turned"),
    "millimetres": ({"fx": 4.15, "fy": 4.15, "cx": 2.4, "cy": 1.8}, "pixels"),
    "tiny": ({"fx": 35, "fy": 35, "cx": 320, "cy": 240}, "no pixels"),
    "two others": (
        {"5": {"cam_K": K.ravel().tolist()}, "6": {"cam_K": (K * 1.1).ravel().tolist()[:8] + [1]}},
        "photos 5, 6",
    ),
    "a projection": ({"P": [[FX, 10, CX, 3], [20, FY, CY, 4], [0.1, 0.2, 1, 5]]}, "pose in it"),
    "unknown bend": ({**NAMED, "lens_distortion_polynomial": [0.1, 0.2]}, "lensdistortionpolynomial"),
    "inverse": ({**NAMED, "model": "Inverse Brown Conrady", "coeffs": [0.1, 0, 0, 0, 0]}, "Inverse Brown Conrady"),
    "omni": ({**NAMED, "camera_model": "omni"}, "omni"),
    "omni by its projection": (
        {**NAMED, "camera_model": "omni", "distortion_model": "radtan", "dist": [-0.3, 0.1, 0, 0]},
        "omni",
    ),
    "three coefficients": ({**NAMED, "dist": [-0.3, 0.1, 0.02]}, "3 distortion coefficients"),
    "affinity": ({**NAMED, "b1": 0.5}, "b1"),
    "cut out": (
        {
            "k": K.ravel().tolist(),
            "width": 640,
            "height": 480,
            "roi": {"x_offset": 100, "y_offset": 0, "width": 300, "height": 300},
        },
        "roi",
    ),
    "none of several": ({"left": NAMED, "right": {**NAMED, "fx": 900}}, "left, right"),
    "degrees": ({"camera_angle_x": 39.6, "w": 640, "h": 480, "frames": [FRAME]}, "radians"),
    "twice": ({**NAMED, "k1": -0.2, "dist": [0.3, 0, 0, 0]}, "twice"),
    "equirectangular": ({**CORNER, "camera_model": "EQUIRECTANGULAR", "frames": [FRAME]}, "EQUIRECTANGULAR"),
    "ten": (list(range(10)), "10 numbers"),
    "nothing": ({"a": 1}, "no intrinsics"),
    "words": ({"fx": "wide", "fy": 1, "cx": 1, "cy": 1}, "camera"),
    "null": (None, "camera"),
    "nan": ({"fx": float("nan"), "fy": 500, "cx": 320, "cy": 240}, "finite"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_camera_of_the_photo_is_refused(name, tmp_path):
    content, sentence = REFUSED[name]
    (tmp_path / "camera.json").write_text(json.dumps(content))
    with pytest.raises(CounterpointError, match=sentence):
        load_camera(tmp_path / "camera.json", SIZE, "000003.png")


def test_odd_files_are_refused(tmp_path):
    for name, content in (
        ("a.txt", "hello\n"), ("b.yaml", "{: -"), ("c.xml", "<opencv_storage><a"), ("d.pkl", "x"), ("e.txt", "1 2 3\n"), ("f.json", "{"),
        ("two.yaml", KALIBR + KALIBR.replace("cam0", "cam1")), ("cameras.txt", "1 NOSUCH 640 480 1\n"), ("h.yaml", "- 1\n- a\n"),
    ):  # fmt: skip
        (tmp_path / name).write_text(content)
        with pytest.raises(CounterpointError):
            load_camera(tmp_path / name, SIZE)
    (tmp_path / "shares.json").write_text(json.dumps({"fx": 0.9, "fy": 1.1, "cx": 0.5, "cy": 0.5}))
    with pytest.raises(CounterpointError, match="shares"):
        load_camera(tmp_path / "shares.json")


def test_what_looks_odd_is_said(tmp_path):
    path = tmp_path / "camera.json"
    path.write_text(json.dumps({**NAMED}))
    with collect_warnings() as said:
        load_camera(path, (1280, 960))
    assert "far from the middle" in said[0]
    for scale in (1.2, 0.8):  # of photos a fifth larger and smaller, without width and height
        path.write_text(json.dumps({"K": (np.diag([scale, scale, 1]) @ K).tolist()}))
        with collect_warnings() as said:
            load_camera(path, SIZE)
        assert "far from the middle" in said[0], scale
    path.write_text(json.dumps({"7": {"cam_K": K.ravel().tolist()}, "8": {"cam_K": K.ravel().tolist()}}))
    with collect_warnings() as said:
        check(load_camera(path, SIZE, "photo.png"), None)
    assert "share" in said[0]


LEFT_OVER = {
    "skew": ({"s": 12.0}, "skew"),
    "a share of skew": ({"alpha_c": 0.02}, "skew"),
    "no skew": ({"s": 0, "skew": 1e-9}, None),
    "a scale in a pose": ({"s": 1.2, "R": np.eye(3).tolist(), "t": [0, 0, 1]}, None),
    "fisheye elsewhere": ({"model": "iPhone 13", "lens_type": "fisheye"}, "equidistant"),
    "a prism": ({"model": "THIN_PRISM_FISHEYE"}, "PRISM"),
    "panorama": ({"projection_type": "equirectangular"}, "equirectangular"),
    "of Bouguet": ({"kc": [0.1, 0.1, 0, 0, 0]}, "kc"),
    "of omni": ({"xi": 1.2}, "xi"),
    "parameters": ({"model": "OPENCV", "params": [FX, FY, CX, CY, 0.1, 0, 0, 0]}, "params"),
    "parameters again": ({"model": "PINHOLE", "params": [FX, FY, CX, CY]}, None),
    "cut": ({"roi": [10, 10, 300, 300]}, "region of interest"),
    "a corner": ({"crop_x": 40}, "not used .cropx"),
    "smaller": ({"binning_x": 2, "binning_y": 2}, "binning"),
    "not smaller": ({"binning_x": 1, "fps": 30, "camera_name": "head", "rms": 0.3, "T_cam_imu": np.eye(4).tolist()}, None),
    "not square": ({"fy": 1.15 * FX}, "differ much"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_OVER)
def test_nothing_that_a_file_says_is_left_out_without_a_word(name, tmp_path):
    more, word = LEFT_OVER[name]
    (tmp_path / "camera.json").write_text(json.dumps(NAMED | more))
    with collect_warnings() as said:
        try:
            load_camera(tmp_path / "camera.json", SIZE)
        except CounterpointError as error:
            said = [str(error)]
    assert re.search(word, " ".join(said)) if word else not said, said
