"""The tables of cameras, poses, depth and rigs (resources/docs/files.md) are true: each row is tried with files made here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.alignment.depth import check_distance
from core.alignment.rig import load_rig
from core.alignment.start import check_start
from core.errors import CounterpointError
from core.geometry.lens import OPENCV, Lens
from core.geometry.pose import Pose
from core.geometry.shape import make_shape
from core.images import load_depth
from core.interchange.cameras import load_camera
from core.interchange.poses import View, load_pose, save_view
from core.notices import collect_warnings
from core.units import METRE, Unit

PAGE = (Path(__file__).parents[2] / "resources" / "docs" / "files.md").read_text(encoding="utf-8")
K = [[570.0, 0, 325], [0, 575, 242], [0, 0, 1]]
NAMED = {"fx": 570, "fy": 575, "cx": 325, "cy": 242}
POSE = Pose(np.eye(3), np.array([0.1, 0.05, 2.0]))
MM, SIZE = Unit(0.001, True, ""), (640, 480)
FOUR = np.vstack([np.hstack([np.eye(3), POSE.t[:, None]]), [0, 0, 0, 1]])
GL = np.diag([1.0, -1, -1, 1])
FRAME = {"file_path": "a.png", "transform_matrix": (np.linalg.inv(FOUR) @ GL).tolist()}
SCENE = {"fl_x": 570, "fl_y": 575, "cx": 325.5, "cy": 242.5, "w": 640, "h": 480, "frames": [FRAME]}
FLAT = np.ravel(K).tolist()
Try = Callable[[Path], Any]


def written(folder: Path, name: str, content: Any) -> Path:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder / name


def camera(content: Any, name: str = "camera.json") -> Try:
    return lambda folder: load_camera(written(folder, name, content), SIZE, "000003.png")


def pose(content: Any, name: str = "pose.json") -> Try:
    return lambda folder: load_pose(written(folder, name, content), "000003.png", "obj_000008.ply", MM)


def rows(matrix: Any) -> str:
    return "\n".join(" ".join(f"{v:.6f}" for v in row) for row in np.asarray(matrix))


def start(matrix: Any, mask: bool = False) -> Try:
    corners = np.stack(np.meshgrid(*[[-0.1, 0.1]] * 3), axis=-1).reshape(-1, 3)
    shape = make_shape(corners, np.array([[0, 1, 2], [1, 2, 3], [4, 5, 6], [5, 6, 7], [0, 1, 4], [2, 3, 6]]))
    there = np.zeros((480, 640), bool)
    there[:40, :40] = True
    whole = np.asarray(matrix, float)
    posed = Pose(whole[:3, :3], whole[:3, 3])
    return lambda folder: check_start(posed, np.array(K), SIZE, shape, "a.txt", there if mask else None)


def saved(file_format: str, lens: Lens | None = None, s: float = 1.0, image: str = "000003.png", shape: str = "obj_000008.ply", unit: Unit | None = MM) -> Try:  # fmt: skip
    view = View(image, SIZE, np.array(K), Pose(POSE.R, POSE.t, np.full(3, s)), lens, shape, unit)
    return lambda folder: save_view(folder / file_format, view, file_format)


def depth(values: Any, name: str = "z.npy") -> Try:
    def read(folder: Path) -> Any:
        np.save(folder / name, values) if name.endswith("npy") else Image.fromarray(values).save(folder / name)
        return load_depth(folder / name, values.shape[1::-1], METRE)

    return read


def rig(content: Any) -> Try:
    return lambda folder: load_rig(written(folder, "transforms.json", content))


def colmap(read: Try) -> Try:
    def try_it(folder: Path) -> Any:
        saved("colmap")(folder)
        return read(folder / "colmap")

    return try_it


PLAIN, COUNTS = np.full((6, 8), 1.5), np.full((6, 8), 1500, np.uint16)
BENT = Lens(OPENCV, (-0.3, 0.1, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0))
TWICE = {"cam_R_m2c": np.eye(3).ravel().tolist(), "cam_t_m2c": [0, 0, 900.0], "obj_id": 8}

TRIED: dict[str, tuple[str, list[Try]]] = {
    "JSON with fx, fy, cx, cy": ("read", [camera(NAMED), camera(K), camera(FLAT), camera(rows(K), "k.txt")]),
    "K column by column": ("said", [camera(np.transpose(K).tolist()), camera(rows(np.transpose(K)), "k.txt")]),
    "`scene_camera.json` of BOP": ("read", [camera({"3": {"cam_K": FLAT}, "4": {"cam_K": [9] * 9}} | {"4": {"cam_K": [900, 0, 320, 0, 900, 240, 0, 0, 1]}}), camera([{"name": "000003", **NAMED}, {"name": "4", **NAMED}])]),
    "COLMAP text and binary": ("read", [colmap(lambda folder: load_camera(folder, SIZE, "000003.png"))]),
    "YAML and XML of OpenCV": ("read", [camera(f"image_width: 640\nimage_height: 480\ncamera_matrix: {{data: {FLAT}}}\n", "c.yaml")]),
    "4 or 8 numbers in text": ("said", [camera("570 575 325 242", "k.txt"), camera("570 575 325 242 -0.1 0 0 0", "k.txt")]),
    "width and height of another size": ("said", [camera({"fx": 1140, "fy": 1150, "cx": 650, "cy": 484, "width": 1280, "height": 960}), camera({"fx": 0.9, "fy": 1.2, "cx": 0.5, "cy": 0.5})]),
    "another aspect": ("refused", [camera({**NAMED, "width": 640, "height": 360}), camera({**NAMED, "width": 480, "height": 640}), camera({**NAMED, "cx": 700}), camera({**NAMED, "fx": 4}), camera([[570, 9, 325], [0, 575, 242], [0, 0, 1]]), camera({**NAMED, "roi": {"x_offset": 5}})]),
    "principal point more than 5 %": ("said", [camera({**NAMED, "cx": 384, "cy": 288}), camera({**NAMED, "fy": 1000})]),
    "lens: OpenCV k1 .. k6": ("read", [camera({**NAMED, "k1": -0.1}), camera({**NAMED, "dist": [-0.1, 0, 0, 0, 0, 0, 0, 0.1]}), camera({**SCENE, "camera_model": "OPENCV_FISHEYE", "k1": 0.1})]),
    "four coefficients without the model's name": ("said", [camera({**NAMED, "dist": [0.1, 0, 0, 0]})]),
    "other distortion": ("refused", [camera({**NAMED, "model": "inverse_brown_conrady", "coeffs": [0.1, 0, 0, 0, 0]}), camera({**NAMED, "model": "omni"}), camera({**SCENE, "k4": 0.1}), camera({**NAMED, "k9": 0.1}), camera({**NAMED, "dist": [0.1, 0.1, 0.1]})]),
    "our six formats": ("read", [pose(rows(FOUR), "p.txt"), pose(FOUR.tolist()), pose({"rvec": [0, 0, 0.1], "tvec": [0, 0, 1]}), pose({"3": [TWICE]}, "scene_gt.json")]),
    "numbers that were rounded": ("said", [pose("1.00 0.01 0.00 0\n-0.02 1.00 0.00 0\n0 0 1.00 2\n0 0 0 1", "p.txt")]),
    "4 x 4 or 4 x 3 column by column": ("said", [pose(rows(FOUR.T), "p.txt"), pose(rows(FOUR[:3].T), "p.txt")]),
    "quaternions in text or JSON": ("refused", [pose("0 0 1 0 0 0 1", "p.txt"), pose({"R": [0, 0, 0, 1], "t": [0, 0, 1]}), pose({"rvec": [90, 0, 0], "tvec": [0, 0, 1]}), pose({"c2w": FOUR.tolist()}), pose({"trs": {}}), pose(np.diag([1.0, 1, -1, 1]).tolist())]),
    "the shape behind the camera": ("refused", [start(GL @ FOUR)]),
    "the shape beside the picture": ("said", [start(FOUR + np.eye(4, k=3) * 9), start(FOUR, mask=True)]),
    "BOP written": ("said", [saved("bop", image="photo.png"), saved("bop", shape="mug.ply"), saved("bop", unit=None)]),
    "scale in BOP, COLMAP, nerfstudio": ("refused", [saved("bop", s=2), saved("colmap", s=2), saved("nerfstudio", s=2)]),
    "lens in BOP or a plain matrix": ("said", [saved("bop", BENT), saved("matrix", BENT)]),
    "COLMAP written": ("read", [saved("colmap")]),
    "`.npy`, `.npz` (one array)": ("read", [depth(PLAIN), depth(PLAIN.astype(np.float32), "z.tif")]),
    "16-bit PNG and TIFF": ("read", [depth(COUNTS, "z.png"), depth(COUNTS), depth(COUNTS.astype(np.int64))]),
    "65535 of integers": ("said", [depth(np.where(np.eye(6, 8), 65535, COUNTS).astype(np.uint16)), depth(np.where(np.eye(6, 8), 1e10, PLAIN))]),
    "8-bit pictures and numbers": ("refused", [depth(np.full((6, 8), 9, np.uint8), "z.png"), depth(np.full((6, 8, 3), 9, np.uint8), "z.png"), depth(np.full((6, 8), 9, np.uint8))]),
    "depth that no change of units explains": ("refused", [lambda folder: check_distance(1.0, 3.0)]),
    "COLMAP text (": ("read", [colmap(load_rig), rig(SCENE)]),
    "names that are the same": ("read", [rig({**SCENE, "frames": [FRAME | {"file_path": f"{c}/a.png"} for c in "xy"]})]),
    "`applied_transform`": ("said", [rig({**SCENE, "applied_scale": 2}), rig({**SCENE, "rolling_shutter": [0, 0, 0.1]})]),
    "the same photo twice": ("refused", [rig({**SCENE, "frames": [FRAME, FRAME]}), rig({**SCENE, "frames": []}), rig({**SCENE, "frames": [FRAME, FRAME | {"file_path": ""}]}), rig({"fl_x": 1, "frames": [FRAME]}), rig({"camera_angle_x": 40, "w": 9, "h": 9, "frames": [FRAME]})]),
}  # fmt: skip

ELSEWHERE = ("a pose without scale, and depth",)
"""Rows that ``test_depth_files.py`` tries."""


def table() -> list[tuple[str, str]]:
    part = PAGE.split("## Cameras, poses, depth and rigs")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:2] == "| "]
    return [(left, right) for left, right in cells if right and right != "---"]


def test_every_row_is_tried() -> None:
    left = [row for row, _ in table() if not row.startswith((*TRIED, *ELSEWHERE))]
    gone = [key for key in TRIED if not any(row.startswith(key) for row, _ in table())]
    assert (left, gone) == ([], [])


@pytest.mark.parametrize("key", TRIED)
def test_a_row_is_true(key: str, tmp_path: Path) -> None:
    outcome, attempts = TRIED[key]
    for number, attempt in enumerate(attempts):
        folder = tmp_path / str(number)
        folder.mkdir()
        with collect_warnings() as said:
            try:
                attempt(folder)
                found = "said" if said else "read"
            except CounterpointError:
                found = "refused"
        assert found == outcome, (number, said)
    (right,) = {right for row, right in table() if row.startswith(key)}
    assert outcome in right or (outcome == "read" and right.startswith(("the photo's number", "told apart", "opens")))
