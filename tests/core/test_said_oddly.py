"""Tables and documents that mean something else than they seem to: said, or refused in words."""

import json
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pytest

from core.errors import CounterpointError
from core.files import read_json
from core.images import load_depth
from core.interchange.coco import from_coco
from core.interchange.names import matches
from core.interchange.poses import load_entry
from core.interchange.poses.colmap import read_cameras
from core.notices import collect_warnings

SQUARE = [10.0, 10, 30, 10, 30, 20, 10, 20]
HOLE = [15.0, 12, 20, 12, 20, 18, 15, 18]


def coco(segmentation: list[list[float]], name: str = "photo.png") -> dict[str, object]:
    image = {"id": 1, "file_name": name, "width": 64, "height": 48}
    mark = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": segmentation}
    return {"images": [image], "annotations": [mark], "categories": [{"id": 1, "name": "a"}]}


def test_holes_in_polygons_are_said() -> None:
    """COCO fills all polygons of an annotation; exporters of other formats write the rims of holes among them."""
    for segmentation, count in (([SQUARE, HOLE], 1), ([SQUARE, [v + 25 for v in HOLE]], 0), ([SQUARE, SQUARE], 0)):
        with collect_warnings() as said:
            from_coco(coco(segmentation), "a.json", "photo.png")
        assert len(said) == count and all("1 polygons lie inside others" in one for one in said)


def test_accents_are_one_however_they_are_written(tmp_path: Path) -> None:
    together, apart = (unicodedata.normalize(form, "été.png") for form in ("NFC", "NFD"))
    assert matches(together, apart) == 1
    with collect_warnings() as said:
        from_coco(coco([SQUARE], apart), "a.json", together)
    assert not said


def test_what_json_says_twice_is_refused(tmp_path: Path) -> None:
    """Programs take the first or the last."""
    (tmp_path / "a.json").write_text('{"3": {"fx": 500, "fx": 600}}')
    with pytest.raises(CounterpointError, match="'fx' twice"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text('{"fx": 500, "fx": 500}')
    assert read_json(tmp_path / "a.json") == {"fx": 500}


@pytest.mark.parametrize(
    ("key", "value"), [("convention", "OpenGL"), ("coordinate_system", "blender"), ("pose_type", "c2w"), ("frame", "camera_to_world")]
)  # fmt: skip
def test_other_axes_in_words_are_refused(tmp_path: Path, key: str, value: str) -> None:
    pose = {"R": np.eye(3).tolist(), "t": [0, 0, 1]}
    (tmp_path / "a.json").write_text(json.dumps(pose | {key: value}))
    with pytest.raises(CounterpointError, match=value):
        load_entry(tmp_path / "a.json")
    (tmp_path / "a.json").write_text(json.dumps(pose | {key: "opencv"}))
    assert load_entry(tmp_path / "a.json").pose.t[2] == 1


def test_small_things(tmp_path: Path) -> None:
    (tmp_path / "cameras.txt").write_text("# one\n1 PINHOLE 64 48 50 50 32 24\n", encoding="utf-8-sig")
    (tmp_path / "images.txt").write_text("1 1 0 0 0 0 0 0 1 a.png\n\n", encoding="utf-8-sig")
    assert read_cameras(tmp_path)[1].size == (64, 48)
    np.save(
        tmp_path / "d.npy", np.full((48, 64), 1.5, np.float16)
    )  # numpy complained: 1e9 is more than such numbers hold
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_depth(tmp_path / "d.npy", (64, 48)).max() == 1.5
