"""Scenes whose numbers mean something else than the format says: read as they are meant, or it is said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.benchmarks.bop_results import evaluate
from core.benchmarks.settings import EvaluateSettings
from core.errors import CounterpointError
from core.notices import collect_warnings
from core.scenes.inspect import read_poses
from core.scenes.opening import open_scene
from core.scenes.regions import region_mask
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
                "scene_gt.json",
                "cam_t_m2c",
                lambda t: t * 1000,
                "9 poses of 9 that make their shape smaller than a pixel",
            ),
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


def coco(folder: Path, *annotations: dict, **image: object) -> tuple[Scene, str]:
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (64, 48)).save(folder / "a.png")
    images = [{"id": 1, "file_name": "a.png", "width": 64, "height": 48} | image]
    marks = [{"id": n, "image_id": 1, "category_id": 1} | one for n, one in enumerate(annotations)]
    content = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "a"}]}
    (folder / "c.json").write_text(json.dumps(content))
    return opened(folder)


def test_boxes_of_coco_that_no_photo_can_have_are_said(tmp_path):
    """Corners, shares of the photo, numbers that are none; sizes as text are no other sizes; ids that are there twice are lost."""
    assert "reach far out" in coco(tmp_path, {"bbox": [30, 30, 60, 47]})[1]
    assert "smaller than a pixel" in coco(tmp_path, {"bbox": [0.1, 0.1, 0.3, 0.3]})[1]
    scene, said = coco(tmp_path, {"bbox": [1, 1, -5, 3]}, {"bbox": [float("nan"), 1, 2, 3]})
    assert not scene.regions and "2 annotations" in said
    assert coco(tmp_path, {"bbox": [1, 1, 5, 3]}, {"id": None, "bbox": [1, 1, 5, 3]}, width="64", height=48.0)[1] == ""
    with pytest.raises(CounterpointError, match="several annotations of one id"):
        coco(tmp_path, {"bbox": [1, 1, 5, 3]}, {"id": 0, "bbox": [1, 1, 5, 3]})


def test_labels_of_yolo_that_would_be_lost_are_said(tmp_path):
    """Those without a photo; classes that are no whole numbers; and Roboflow's paths are found."""
    for name in ("images", "labels"):
        (tmp_path / "train" / name).mkdir(parents=True)
    Image.new("RGB", (64, 48)).save(tmp_path / "train" / "images" / "a.png")
    (tmp_path / "data.yaml").write_text("names: [a]\ntrain: ../train/images\n")
    (tmp_path / "train" / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "train" / "labels" / "b.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    scene, said = opened(tmp_path / "data.yaml")
    assert len(scene.regions) == 1 and "1 files of labels whose photos are not there: b.txt" in said
    (tmp_path / "train" / "labels" / "a.txt").write_text("0.5 0.5 0.5 0.2 0.2\n")
    with pytest.raises(CounterpointError, match="neither a class"):
        opened(tmp_path / "data.yaml")


def test_backslashes_of_instant_ngp_are_folders(tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "images" / "a.png")
    frame = {"file_path": "images\\a.png", "transform_matrix": np.eye(4).tolist()}
    (tmp_path / "transforms.json").write_text(json.dumps({"fl_x": 50, "w": 64, "h": 48, "frames": [frame]}))
    assert len(opened(tmp_path)[0].photos) == 1


def test_odd_values_of_bop_are_said_or_refused(tmp_path):
    """Numbers of objects that are not whole, counts of depth that are nothing, boxes in words, two pictures of a photo."""
    folder = made.bop(tmp_path / "a")
    (folder / "scene_gt_info.json").write_text(json.dumps({"3": [{"bbox_visib": ["a", "b", "c", "d"]}] * 3}))
    Image.new("RGB", made.SIZE).save(folder / "rgb" / "000003_copy.png")
    (folder / "mask_visib").mkdir()
    Image.fromarray(np.eye(48, 64, dtype=np.uint8)).save(folder / "mask_visib" / "000003_000000.png")
    scene, said = opened(folder)
    (region,) = scene.regions.values()
    mask = region_mask(region, made.SIZE)
    assert mask is not None and mask.sum() == 48  # 0 and 1
    assert len(scene.poses) == 9 and region.box is None and "several pictures of a number" in said
    for name, key, value, word in (
        ("scene_gt.json", "obj_id", 1.5, "no whole number"),
        ("scene_camera.json", "depth_scale", 0, "above zero"),
    ):
        folder = made.bop(tmp_path / key)
        content = json.loads((folder / name).read_text())
        (content["3"][0] if name == "scene_gt.json" else content["3"])[key] = value
        (folder / name).write_text(json.dumps(content))
        with pytest.raises(CounterpointError, match=word):
            open_scene(folder)


def test_cameras_that_cannot_be_are_said(tmp_path):
    """Sizes of nothing and numbers that are there twice (COLMAP), centres outside, and what a folder has twice."""
    (tmp_path / "images").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "images" / "a.png")
    (tmp_path / "images.txt").write_text("1 1 0 0 0 0 0 0 1 a.png\n")
    for camera, word in (
        ("1 PINHOLE 0 0 50 50 32 24\n", "not of their photos"),
        ("1 PINHOLE 64 48 50 50 320 24\n", "principal point"),
    ):
        (tmp_path / "cameras.txt").write_text(camera)
        assert word in opened(tmp_path)[1]
    (tmp_path / "cameras.txt").write_text(2 * "1 PINHOLE 64 48 50 50 32 24\n")
    with pytest.raises(CounterpointError, match="camera 1 twice"):
        open_scene(tmp_path)
    for name in ("cameras.txt", "images.txt"):
        (tmp_path / name).unlink()
    Image.new("RGB", (64, 48)).save(tmp_path / "b.png")
    for name in ("camera.json", "intrinsics.json"):
        (tmp_path / name).write_text(json.dumps({"fx": 50, "fy": 50, "cx": 32, "cy": 24}))
    said = opened(tmp_path)[1]
    assert "several files of cameras" in said and "also has photos in images" in said
