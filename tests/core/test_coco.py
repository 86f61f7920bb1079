"""COCO as annotation tools write it: the same pixels as pycocotools reads, and what cannot be used is left out with a
word.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco
from pycocotools.coco import COCO

from core.errors import CounterpointError
from core.interchange.image_labels import load_image_labels
from core.notices import collect_warnings

HEIGHT, WIDTH = 60, 80
BOX = [30, 20, 60, 20, 60, 40, 30, 40]
REGION = np.zeros((HEIGHT, WIDTH), bool)
REGION[20:40, 30:60] = True


def runs(mask: np.ndarray, compressed: bool) -> dict[str, Any]:
    if compressed:
        found = coco.encode(np.asfortranarray(mask, np.uint8))
        return {"size": list(mask.shape), "counts": found["counts"].decode()}
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat, prepend=~flat[:1] if flat[0] else flat[:1]))
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return {"size": list(mask.shape), "counts": counts}


def document(*segmentations: Any, **more: Any) -> dict[str, Any]:
    annotations = [
        {"id": i + 1, "image_id": 1, "category_id": 7, "segmentation": s, "iscrowd": 0}
        for i, s in enumerate(segmentations)
    ]
    return {
        "images": [{"id": 1, "file_name": "b.png", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 7, "name": "x"}],
        "annotations": annotations,
    } | more


def read(content: Any, folder: Path, name: str = "b.png", shape: Any = (HEIGHT, WIDTH)) -> tuple[Any, list[str]]:
    (folder / "labels.json").write_text(json.dumps(content))
    with collect_warnings() as warnings:
        return load_image_labels(folder / "labels.json", shape, name), warnings


GOOD = {
    "a polygon": [BOX],
    "two halves": [[30, 20, 45, 20, 45, 40, 30, 40], [45, 20, 60, 20, 60, 40, 45, 40]],
    "a flat list": BOX,
    "pairs": [[[30, 20], [60, 20], [60, 40], [30, 40]]],
    "a list of pairs": [[30, 20], [60, 20], [60, 40], [30, 40]],
    "compressed": runs(REGION, True),
    "uncompressed": runs(REGION, False),
    "bare runs": runs(REGION, False)["counts"],
    "floats": {"size": [60.0, 80.0], "counts": [float(n) for n in runs(REGION, False)["counts"]]},
}


@pytest.mark.parametrize("name", GOOD)
def test_each_way_to_write_a_region(name: str, tmp_path: Path) -> None:
    labels, warnings = read(document(GOOD[name]), tmp_path)
    assert labels.names == ["x"] and np.array_equal(labels.masks[0], REGION) and not warnings


ODD = {
    "a line": ([[5, 5, 20, 20]], "fewer than three points"),
    "nothing": ([], "box only"),
    "null": (None, "box only"),
    "an odd number": ([[1, 2, 3, 4, 5, 6, 7]], "no list of numbers"),
    "not finite": ([[1, 2, float("nan"), 4, 5, 6]], "no list of numbers"),
    "texts": ([["1", "2", "3", "4", "5", "6"]], "no list of numbers"),
    "outside": ([[200, 200, 300, 200, 300, 300]], "outside the image"),
    "a point": ([[5, 5, 5, 5, 5, 5]], "fewer than three points"),
    "another size": (runs(np.ones((HEIGHT, WIDTH + 1), bool), True), "another size"),
    "runs that lie": ({"size": [HEIGHT, WIDTH], "counts": [1, 2, 3]}, "damaged"),
    "damaged runs": ({"size": [HEIGHT, WIDTH], "counts": "zz"}, "damaged"),
    "a number": (5, "unknown kind"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_used_is_left_out_and_the_rest_used(name: str, tmp_path: Path) -> None:
    segmentation, reason = ODD[name]
    labels, warnings = read(document(segmentation, [BOX]), tmp_path)
    assert np.array_equal(labels.masks[0], REGION) and len(warnings) == 1 and reason in warnings[0], warnings
    with pytest.raises(CounterpointError, match="no masks"):
        read(document(segmentation), tmp_path)


def test_a_line_beside_a_polygon_of_one_annotation(tmp_path: Path) -> None:
    labels, warnings = read(document([[5, 5, 20, 20], BOX]), tmp_path)
    assert np.array_equal(labels.masks[0], REGION) and "1 polygons of fewer" in warnings[0]
    without = document([BOX])
    without["annotations"].append({"id": 2, "image_id": 1, "category_id": 7, "bbox": [0, 0, 5, 5]})
    labels, warnings = read(without, tmp_path)
    assert np.array_equal(labels.masks[0], REGION) and "without a segmentation" in warnings[0]


def test_polygons_are_filled_as_pycocotools_fills_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        count = int(rng.integers(3, 9))
        points = rng.normal([40, 30], [45, 35], (count, 2)).round(2)
        content = document([points.ravel().tolist()])
        (tmp_path / "c.json").write_text(json.dumps(content))
        second = COCO(tmp_path / "c.json")
        expected = second.annToMask(second.loadAnns(1)[0]).astype(bool)
        if expected.any():
            assert np.array_equal(read(content, tmp_path)[0].masks[0], expected)


def test_far_points_of_a_polygon_cost_nothing(tmp_path: Path) -> None:
    labels, _ = read(document([[-1e12, 20, 1e12, 20, 1e12, 40, -1e12, 40]]), tmp_path)
    assert np.array_equal(
        labels.masks[0], (np.arange(HEIGHT) >= 20)[:, None] & (np.arange(HEIGHT) < 40)[:, None] & np.ones(WIDTH, bool)
    )


@pytest.mark.parametrize(
    ("color", "expected"),
    [([255, 0, 128], "#ff0080"), ([1.0, 0.0, 0.5], "#ff0080"), ("#ff0080", "#ff0080"), ("ff0080", "#ff0080"), ("red", "#ff0000"), ("#f00", "#ff0000"), ([255, 0, 128, 255], "#ff0080")],
)  # fmt: skip
def test_colours_of_categories(color: Any, expected: str, tmp_path: Path) -> None:
    labels, _ = read(document([BOX], categories=[{"id": 7, "name": "x", "color": color}]), tmp_path)
    assert labels.colors == [expected]


@pytest.mark.parametrize("color", ["no colour", [1, 2], {}, [999, 0, 0], None, ["a", "b", "c"]])
def test_a_colour_that_is_none_does_not_matter(color: Any, tmp_path: Path) -> None:
    labels, _ = read(document([BOX], categories=[{"id": 7, "name": "x", "color": color}]), tmp_path)
    assert np.array_equal(labels.masks[0], REGION) and labels.colors[0].startswith("#")


def test_ids_names_and_sizes_of_all_kinds(tmp_path: Path) -> None:
    content = document([BOX])
    content["annotations"][0] |= {"image_id": 1.0, "category_id": "7"}
    assert np.array_equal(read(content, tmp_path)[0].masks[0], REGION)
    content = document([BOX])
    del content["categories"]
    labels, warnings = read(content, tmp_path)
    assert labels.names == ["Category 7"] and "7" in warnings[0]
    content = document([BOX], [[0, 0, 9, 0, 9, 9]])
    content["annotations"][1]["category_id"] = 8
    content["categories"] = [{"id": 7, "name": "leg"}, {"id": 8, "name": "leg"}, {"id": 9, "name": "seat"}]
    labels, warnings = read(content, tmp_path)
    assert labels.names == ["leg (7)", "leg (8)"] and "leg" in warnings[0]
    content = document([BOX])
    del content["images"][0]["width"]
    labels, warnings = read(content, tmp_path)
    assert np.array_equal(labels.masks[0], REGION) and "how large" in warnings[0]
    content = document(runs(REGION, True))
    content["annotations"][0]["iscrowd"] = 1
    labels, warnings = read(content, tmp_path)
    assert np.array_equal(labels.masks[0], REGION) and "iscrowd" in warnings[0]


def test_a_photo_of_another_size(tmp_path: Path) -> None:
    labels, warnings = read(document([BOX]), tmp_path, shape=(120, 160))
    assert labels.shape == (120, 160) and np.array_equal(labels.masks[0, ::2, ::2], REGION) and "scaled" in warnings[0]
    with pytest.raises(CounterpointError, match="80 x 60 pixels and the image 90 x 60"):
        read(document([BOX]), tmp_path, shape=(60, 90))


def two(*names: str) -> dict[str, Any]:
    content = document([BOX])
    content["images"] = [{"id": n, "file_name": name, "width": WIDTH, "height": HEIGHT} for n, name in enumerate(names)]
    content["annotations"] = [
        {"id": n, "image_id": n, "category_id": 7, "segmentation": [[0, 0, n + 5, 0, n + 5, 4, 0, 4]]}
        for n in range(len(names))
    ]
    return content


@pytest.mark.parametrize(
    ("names", "wanted", "number"),
    [
        (("cam0/0001.png", "cam1/0001.png"), "cam1/0001.png", 1),
        (("cam0/0001.png", "cam1/0001.png"), "/data/rig/cam0/0001.png", 0),
        (("a\\cam0\\0001.png", "a\\cam1\\0001.png"), "/x/a/cam1/0001.png", 1),
        (("0001.png", "cam1/0001.png"), "0001.png", 0),
        (("cam0/0001.png", "cam1/0002.png"), "0002.png", 1),
        (("x/cam/0001.png", "y/cam/0001.png"), "y/cam/0001.png", 1),
    ],
)
def test_the_image_is_found_by_its_folders(names: tuple[str, ...], wanted: str, number: int, tmp_path: Path) -> None:
    labels, _ = read(two(*names), tmp_path, wanted)
    assert labels.masks.sum() == (number + 5) * 4


def test_images_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    for wanted in ("0001.png", "cam7/0001.png"):
        with pytest.raises(CounterpointError, match=r"'cam0/0001.png', 'cam1/0001.png'"):
            read(two("cam0/0001.png", "cam1/0001.png"), tmp_path, wanted)
    content = two("a.png", "b.png")
    content["images"][1]["id"] = 0
    with pytest.raises(CounterpointError, match="the id 0"):
        read(content, tmp_path, "a.png")
    labels, warnings = read(two("cam0/0001.png"), tmp_path, "cam1/0001.png")
    assert labels.masks.any() and "cam0/0001.png" in warnings[0]
    labels, warnings = read(two("a.png"), tmp_path, "b.png")
    assert labels.masks.any() and "'a.png'" in warnings[0] and "'b.png'" in warnings[0]


@pytest.mark.parametrize("content", [[], {}, 5, "text", {"images": []}, {"images": [], "annotations": []}, {"images": {}, "annotations": 5}, {"shapes": [], "imagePath": "b.png"}])  # fmt: skip
def test_other_json_is_refused(content: Any, tmp_path: Path) -> None:
    with pytest.raises(CounterpointError, match=r"labels\.json"):
        read(content, tmp_path)


OTHERS = {
    "labelme": {"version": "5.0", "shapes": [], "imagePath": "b.png", "imageData": None},
    "VIA": {"b.png12": {"filename": "b.png", "regions": []}},
    "Supervisely": {"size": {"height": 60, "width": 80}, "objects": []},
    "GeoJSON": {"type": "FeatureCollection", "features": []},
    "Label Studio": [{"id": 1, "data": {"image": "b.png"}, "annotations": []}],
    "results": [{"image_id": 1, "category_id": 7, "segmentation": [BOX], "score": 0.9}],
}


@pytest.mark.parametrize("name", OTHERS)
def test_labels_of_other_tools_are_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(CounterpointError, match=name):
        read(OTHERS[name], tmp_path)


def test_yolo_and_xml_are_refused_by_name(tmp_path: Path) -> None:
    for name, tool in (("b.txt", "YOLO"), ("b.xml", "Pascal VOC and CVAT")):
        (tmp_path / name).write_text("0 0.5 0.5 0.2 0.2")
        with pytest.raises(CounterpointError, match=tool):
            load_image_labels(tmp_path / name, (HEIGHT, WIDTH))


def test_annotations_of_no_image_and_images_without_any_are_said(tmp_path: Path) -> None:
    lost = document([BOX])
    del lost["annotations"][0]["image_id"]
    labels, warnings = read(lost, tmp_path)
    assert not len(labels.masks) and "1 annotations of no image" in warnings[0] and "no labels" in warnings[1]
    panoptic = document()
    panoptic["annotations"] = [{"image_id": 1, "file_name": "b.png", "segments_info": []}]
    with pytest.raises(CounterpointError, match="panoptic"):
        read(panoptic, tmp_path)
    lvis = document([BOX])
    lvis["images"] = [{"id": i, "coco_url": f"x/{name}.png", "width": WIDTH, "height": HEIGHT} for i, name in ((1, "b"), (2, "c"))]  # fmt: skip
    assert read(lvis, tmp_path)[0].masks.sum() == REGION.sum()


def test_any_value_in_any_place_gives_labels_or_a_sentence(tmp_path: Path) -> None:
    """Each value of a document in turn becomes something else."""
    good = document([BOX], runs(REGION, True), runs(REGION, False))
    places: list[tuple[Any, ...]] = []

    def walk(value: Any, at: tuple[Any, ...]) -> None:
        places.append(at)
        for key in value if isinstance(value, dict) else range(min(len(value), 3)) if isinstance(value, list) else ():
            walk(value[key], (*at, key))

    walk(good, ())
    for at in places[1:]:
        for other in (None, [], {}, "x", -1, 1e300, float("nan"), True, [[]], [None], {"a": 1}, 10**30):
            content = json.loads(json.dumps(good))
            inner = content
            for key in at[:-1]:
                inner = inner[key]
            inner[at[-1]] = other
            try:
                assert read(content, tmp_path)[0].masks.ndim == 3
            except CounterpointError as error:
                assert str(error).endswith((".", ").")), error
