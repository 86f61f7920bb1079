"""Scenes whose numbers mean something else than the format says: read as they are meant, or it is said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.benchmarks.bop_results import evaluate
from core.benchmarks.settings import EvaluateSettings
from core.notices import collect_warnings
from core.scenes.inspect import read_poses
from core.scenes.opening import open_scene
from core.scenes.scene import Scene
from tests.core.scenes import made


def opened(path: Path) -> tuple[Scene, str]:
    with collect_warnings() as said:
        return open_scene(path), " ".join(said)


def changed(folder: Path, name: str, key: str, change: Any) -> None:
    """A value of every entry of a table of BOP."""
    content = json.loads((folder / name).read_text())
    for entries in content.values():
        for entry in entries if isinstance(entries, list) else [entries]:
            entry[key] = change(np.array(entry[key], float)).tolist()
    (folder / name).write_text(json.dumps(content))


def test_poses_and_cameras_of_another_convention(tmp_path):
    """Metres for millimetres, axes of OpenGL, K of another size, photos that are turned by EXIF; a right scene is silent."""
    assert opened(made.bop(tmp_path / "right"))[1] == ""
    for number, (name, key, change, words) in enumerate(
        [
            ("scene_gt.json", "cam_t_m2c", lambda t: t / 1000, "9 poses of 9 that put the camera into the shape"),
            ("scene_gt.json", "cam_t_m2c", lambda t: t * [1, -1, -1], "9 poses of 9 that put their shape behind"),
            (
                "scene_camera.json",
                "cam_K",
                lambda K: K * [4, 1, 4, 1, 4, 4, 1, 1, 1],
                "3 cameras whose principal point",
            ),
        ]
    ):
        folder = made.bop(tmp_path / str(number))
        changed(folder, name, key, change)
        assert words in opened(folder)[1]
    folder = made.bop(tmp_path / "turned", 1)
    (file,) = (folder / "rgb").iterdir()
    exif = Image.Exif()
    exif[274] = 6
    Image.open(file).save(file.with_suffix(".jpg"), exif=exif)
    file.unlink()
    assert "turned upright by their EXIF data (000003.jpg)" in opened(folder)[1]


def results(path: Path, *poses: tuple[int, int, str]) -> Path:
    """A file of BOP's results with (photo, object, t) of scene 7."""
    lines = [f"7,{photo},{number},0.5,1 0 0 0 1 0 0 0 1,{t},0.1" for photo, number, t in poses]
    path.write_text("\n".join(["scene_id,im_id,obj_id,score,R,t,time", *lines]))
    return path


@pytest.mark.parametrize(
    ("poses", "words"),
    [
        ([(3, 1, "5 2 200")], ""),
        ([(3, 1, ".005 .002 .2")], "seem to be in metres"),
        ([(3, 1, "5 2 -200")], "1 poses of 1 that put the object behind the camera"),
        ([(3, 1, "5 2 200"), (99, 1, "5 2 200")], "1 poses in photos that the data has not (99)"),
        ([(3, 1, "5 2 200"), (3, 9, "5 2 200")], "1 poses of objects that the data shows nowhere (9)"),
    ],
)
def test_results_that_cannot_be_of_the_data_are_said(tmp_path, poses, words):
    """Their recall was 0 without a word."""
    folder = made.bop(tmp_path, 1)
    file = results(tmp_path / "results.csv", *poses)
    with collect_warnings() as said:
        evaluate(EvaluateSettings(data=f"bop:{folder}", results=str(file)))
    told = [sentence for sentence in said if "no depth" not in sentence]
    assert words in " ".join(told) if words else not told
    if "(99)" in words:
        with collect_warnings() as said:
            read_poses(file, open_scene(folder))
        assert "1 poses in photos that the scene has not (99)" in " ".join(said)


SEEN = " .3 .3 1 .6 .6 0"
"""Two keypoints that nothing but their third numbers tells from corners."""


@pytest.mark.parametrize(
    ("line", "box", "drawn", "words"),
    [
        ("0 .1 .1 .5 .1 .5 .5 .93", (10, 5, 40, 20), True, ""),  # a confidence behind the corners
        ("0 .5 .5 .2 .4" + SEEN, (40, 15, 20, 20), False, ""),  # keypoints without kpt_shape
        ("0 .5 .5 .2 .4 .93", (40, 15, 20, 20), False, ""),
        ("\ufeff0 .5 .5 .2 .4", (40, 15, 20, 20), False, ""),
        ("0 .1 .1 .9 .9", (-35, -17.5, 90, 45), False, "not corners"),
    ],
)
def test_lines_of_yolo(tmp_path, line, box, drawn, words):
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (100, 50)).save(tmp_path / "images" / "p.png")
    (tmp_path / "labels" / "p.txt").write_text(line, encoding="utf-8")
    scene, said = opened(tmp_path)
    (region,) = scene.regions.values()
    assert np.allclose(region.box, box) and (region.mask is not None) == drawn
    assert words in said if words else not said


def test_photos_that_share_their_lines_are_said(tmp_path):
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for suffix in ("png", "jpg"):
        Image.new("RGB", (100, 50)).save(tmp_path / "images" / f"p.{suffix}")
    (tmp_path / "labels" / "p.txt").write_bytes(b"0 .5 .5 .2 .4")
    assert "share their labels (p.txt)" in opened(tmp_path)[1]
