"""Cameras and poses whose files say a thing twice, in words, or with its unit: read as it is meant, or refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.cameras import read_pins
from core.errors import CounterpointError
from core.geometry.lens import Lens
from core.interchange.cameras import load_camera
from core.interchange.poses import load_pose
from core.scenes.bop_results import read_results
from core.units import METRE, parse_unit

PLAIN = {"fx": 600, "fy": 600, "cx": 320, "cy": 240}
ORB = "Camera.type: PinHole\n" + "".join(f"Camera1.{key}: {value}\n" for key, value in PLAIN.items())
TURN = [[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]
POSE: dict[str, Any] = {"R": TURN, "t": [10, 20, 800]}
FOUR = [[*row, t] for row, t in zip(TURN, (10, 20, 800), strict=True)] + [[0, 0, 0, 1]]
HEAD = "scene_id,im_id,obj_id,score,R,t,time\n"
LINE = "2,3,8,{score},0 -1 0 1 0 0 0 0 1,{t},0.1\n"


def written(folder: Path, name: str, content: Any) -> Path:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder / name


@pytest.mark.parametrize(
    ("name", "content", "lens"),
    [
        ("c.json", {**PLAIN, "distortion_model": "plumb_bob", "dist": "0.1, 0.02 0 0 0"}, (0.1, 0.02, 0, 0, 0)),
        ("c.json", {**PLAIN, "distortion": "radtan", "k1": 0.1}, (0.1, 0, 0, 0)),
        ("c.yaml", ORB + "Camera1.k1: 0.1\n", (0.1, 0, 0, 0)),
        ("c.ini", "[camera]\n" + "".join(f"{key}={value}\n" for key, value in PLAIN.items()), None),
    ],
)
def test_cameras_in_words(tmp_path, name, content, lens):
    camera = load_camera(written(tmp_path, name, content), (640, 480))
    assert np.allclose(camera.K[[0, 1, 0, 1], [0, 1, 2, 2]], list(PLAIN.values()))
    assert camera.lens == (None if lens is None else Lens("opencv", lens))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("c.yaml", ORB + "Camera1.k1: 0.1\n" + ORB.replace("600", "500").replace("1.", "2."), "several cameras"),
        ("c.json", {**PLAIN, "distortion": "division"}, "not understood"),
        ("c.json", {**PLAIN, "lambda": -0.1}, "not understood"),
        ("c.json", {"lens": 35, "sensor_width": 36}, "has no intrinsics"),
        ("c.yaml", "K1: [[600, 0, 320], [0, 600, 240], [0, 0, 1]]\n", "has no intrinsics"),
        ("c.txt", "[camera\nfx: 600\n- fy", "no camera that can be read"),
    ],
)
def test_cameras_that_are_refused(tmp_path, name, content, why):
    """Of two cameras the second one's focal length had gone with the first one's lens, without a word."""
    with pytest.raises(CounterpointError, match=why):
        load_camera(written(tmp_path, name, content), (640, 480))


def test_poses_that_are_said_twice(tmp_path):
    assert np.allclose(load_pose(written(tmp_path, "a.json", {**POSE, "pose": FOUR})).t, (10, 20, 800))
    assert np.allclose(load_pose(written(tmp_path, "b.json", {"pose": POSE})).R, TURN)
    for other in (np.eye(4).tolist(), np.linalg.inv(FOUR).tolist()):
        with pytest.raises(CounterpointError, match="not the same"):
            load_pose(written(tmp_path, "c.json", {**POSE, "pose": other}))


def test_units_of_poses(tmp_path):
    """The unit by any of its usual names, written out or not; turns in degrees are refused."""
    for key, unit, metres in (
        ("translation_unit", "mm", 0.8),
        ("units", "Millimeters", 0.8),
        ("unit_t", "metres", 800),
    ):
        assert np.isclose(load_pose(written(tmp_path, "u.json", {**POSE, key: unit}), unit=METRE).t[2], metres)
    for more in ({"unit": "mm", "t_unit": "m"}, {"unit": "furlong"}, {"rotation_unit": "degrees"}):
        with pytest.raises(CounterpointError):
            load_pose(written(tmp_path, "u.json", {**POSE, **more}), unit=METRE)
    assert parse_unit("inches") == parse_unit("in") and parse_unit("feet") == 0.3048


def test_results_of_bop_are_numbers(tmp_path):
    """A score that is none stood before all others."""
    whole = HEAD + LINE.format(score="nan", t="10 20 800") + LINE.format(score=0.5, t="1 2 3")
    for bad in (whole, HEAD + LINE.format(score=1, t="nan 0 1"), HEAD.replace(",", ";") + LINE):
        file = written(tmp_path, "results.csv", bad)
        for read in (load_pose, read_results):
            with pytest.raises(CounterpointError, match=r"number|columns"):
                read(file)
    with pytest.raises(CounterpointError, match="nine numbers"):
        load_pose(written(tmp_path, "r.csv", HEAD.replace("R,t", "t,R") + LINE.format(score=1, t="10 20 800")))


def test_pins_that_are_no_numbers_are_refused(tmp_path):
    """JSON of Python has NaN; the lens was blamed for it."""
    pins = [{"pixel": [float("nan"), 2], "point": [0, 0, 0]}, {"pixel": [1, 2], "point": [1, 0, 0]}]
    with pytest.raises(CounterpointError, match="not finite"):
        read_pins(str(written(tmp_path, "pins.json", pins)))
