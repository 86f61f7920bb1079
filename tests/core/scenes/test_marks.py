"""Masks and boxes that files mark in photos are read, kept as they stand there, and written beside what poses show."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco

from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.notices import collect_warnings
from core.registration.things import InstanceKey
from core.scenes.casting import silhouettes
from core.scenes.check import check_scenes
from core.scenes.opening import open_scene
from core.scenes.regions import region_box, region_mask
from core.scenes.saving import save_scene
from core.scenes.scene import ObjectPose, SceneShape
from tests.core.scenes import made

quick = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
words = st.dictionaries(
    st.text("abc", min_size=1, max_size=3).map("own_".__add__), st.integers() | st.text(max_size=3), max_size=2
)
boxes = st.tuples(*[st.integers(1, 30)] * 4).map(lambda b: [b[0], b[1], b[2], min(b[3], 16)])
kinds = st.sampled_from(["box", "polygon", "runs", "compressed"])
marks = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([3, 7]), boxes, kinds, words), min_size=1, max_size=5)


def filled(box):
    mask = np.zeros(made.SIZE[::-1], np.uint8)
    x, y, width, height = box
    mask[y : y + height, x : x + width] = 1
    return mask


def segmentation(box, kind):
    x, y, width, height = box
    if kind == "box":
        return []
    if kind == "polygon":
        return [[x, y, x + width, y, x + width, y + height, x, y + height]]
    if kind == "compressed":
        return {"size": list(made.SIZE[::-1]), "counts": coco.encode(np.asfortranarray(filled(box)))["counts"].decode()}
    flat = filled(box).T.ravel()
    ends = np.flatnonzero(np.diff(flat)) + 1
    return {"size": list(made.SIZE[::-1]), "counts": np.diff([0, *ends.tolist(), flat.size]).tolist()}


def document(folder, given, extra):
    for number in range(2):
        Image.new("RGB", made.SIZE, (90 * number, 9, 9)).save(folder / f"p{number}.png")
    images = [{"id": 5 + n, "file_name": f"p{n}.png", "width": 64, "height": 48, **extra} for n in range(2)]
    found = [
        {"id": 11 + i, "image_id": 5 + photo, "category_id": category, "iscrowd": 0, "bbox": box, "area": box[2] * box[3],
         "segmentation": segmentation(box, kind), **own}
        for i, (photo, category, box, kind, own) in enumerate(given)
    ]  # fmt: skip
    categories = [{"id": 3, "name": "cup", "supercategory": "x"}, {"id": 7, "name": "saw"}]
    content = {"info": {"year": 2026}, "images": images, "categories": categories, "annotations": found}
    (folder / "marks.json").write_text(json.dumps(content))
    return content


@quick
@given(marks, words)
def test_coco_comes_back_as_it_was(given, extra):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        content = document(folder, given, extra)
        scene = open_scene(folder)
        assert scene.layout == "coco" and scene.names == {3: "cup", 7: "saw"}
        for (photo, category, box, kind, _), (at, one) in zip(
            sorted(given, key=lambda m: m[0]),
            sorted(scene.regions.items(), key=lambda r: r[1].info["image_id"]),
            strict=True,
        ):
            assert at[0] == f"p{photo}.png" and at[1].object_id == category and list(one.box) == box
            mask = region_mask(one, made.SIZE)
            assert mask is None if kind == "box" else (mask == filled(box)).all()
            assert region_box(replace(one, box=None), made.SIZE) == (None if kind == "box" else tuple(map(float, box)))
        save_scene(scene)
        after = json.loads((folder / "marks.json").read_text())
        assert {**after, "annotations": 0} == {**content, "annotations": 0}
        by_id = lambda many: {one["id"]: one for one in many}  # noqa: E731
        assert by_id(after["annotations"]) == by_id(content["annotations"])


def line(box, kind):
    x, y, width, height = box
    corners = [x, y, x + width, y, x + width, y + height, x, y + height]
    values = [x + width / 2, y + height / 2, width, height] if kind == "box" else corners
    return " ".join(f"{v / s:.9g}" for v, s in zip(values, made.SIZE * 4, strict=False))


@quick
@given(marks)
def test_yolo_comes_back_as_it_was_and_goes_to_coco(given):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "in"
        for split in ("train", "val"):
            (folder / "images" / split).mkdir(parents=True)
            (folder / "labels" / split).mkdir(parents=True)
        written = {}
        for number, split in enumerate(("train", "val")):
            Image.new("RGB", made.SIZE, (90 * number, 9, 9)).save(folder / "images" / split / f"p{number}.png")
            own = [(c, box, kind) for photo, c, box, kind, _ in given if photo == number]
            file = folder / "labels" / split / f"p{number}.txt"
            file.write_text("".join(f"{c} {line(box, kind)}\n" for c, box, kind in own))
            written[file] = file.read_text()
        table = {
            "path": ".",
            "train": "images/train",
            "val": "images/val",
            "names": [f"n{i}" for i in range(8)],
            "own": 1,
        }
        (folder / "data.yaml").write_text(yaml.safe_dump(table))
        with collect_warnings() as said:
            scene = open_scene(folder)
        assert not said and scene.layout == "yolo" and len(scene.photos) == 2 and len(scene.regions) == len(given)
        save_scene(scene)
        assert all(file.read_text() == text for file, text in written.items())
        after = yaml.safe_load((folder / "data.yaml").read_text())
        assert after == {**table, "names": dict(enumerate(table["names"]))}
        save_scene(scene, Path(place) / "seg", "yolo-seg")
        save_scene(scene, Path(place) / "out", "coco")
        again, theirs = open_scene(Path(place) / "seg"), open_scene(Path(place) / "out")
        assert again.info["val"] == "images/val" and again.by_key.keys() == scene.by_key.keys()
        for (at, one), (other_at, other), third in zip(
            scene.regions.items(), again.regions.items(), theirs.regions.values(), strict=True
        ):
            mask = region_mask(one, made.SIZE)
            assert at == other_at and np.allclose(third.box, one.box, atol=1e-6)
            if mask is not None:
                assert (region_mask(third, made.SIZE) == mask).all()
                assert (region_mask(other, made.SIZE) == mask).all()
            else:
                assert np.allclose(other.box, one.box, atol=1e-5)


def test_masks_of_bop_are_read_and_drawn_anew_where_a_pose_says_more(tmp_path):
    folder = made.bop(tmp_path / "a")
    save_scene(open_scene(folder))
    scene = open_scene(folder)
    shown = {one.thing: one for one in silhouettes(scene, scene.photos[0])}
    assert len(scene.regions) == len(scene.poses)
    for thing, one in scene.regions_by_photo["3"].items():
        assert one.drawn and (region_mask(one, made.SIZE) == shown[thing].mask(visible=True)).all()
        assert region_box(one, made.SIZE) == shown[thing].box(visible=True)
    save_scene(
        replace(scene, poses={at: one for at, one in scene.poses.items() if at != ("3", InstanceKey(2))}),
        tmp_path / "coco",
        "coco",
    )
    found = open_scene(tmp_path / "coco")
    assert len(found.regions) == sum(bool(one.seen.any()) for p in scene.photos for one in silhouettes(scene, p)) - 1
    assert found.shapes == {} and found.names[2] == "obj_000002"
    key = next(photo.key for photo in found.photos if photo.path.samefile(scene.photos[0].path))
    mask = region_mask(found.regions[key, InstanceKey(1)], made.SIZE)
    assert (mask == shown[InstanceKey(1)].mask(visible=True)).all() and (key, InstanceKey(2)) not in found.regions
    with collect_warnings() as said:
        save_scene(found, tmp_path / "b", "bop")
    assert any(f"{len(found.regions)} are not in it" in one for one in said)


def marked_folder(folder, layout):
    """A cup and a saw in two photos, as COCO or YOLO mark them."""
    folder.mkdir()
    document(folder, [(0, 3, [1, 2, 9, 8], "runs", {}), (1, 7, [5, 6, 7, 8], "polygon", {})], {})
    if layout == "yolo":
        scene, folder = open_scene(folder), folder / "yolo"
        save_scene(scene, folder, "yolo-seg")
        table = yaml.safe_load((folder / "data.yaml").read_text())
        (folder / "data.yaml").write_text(yaml.safe_dump({**table, "names": ["cup", "saw"], "nc": 2}))
    return folder


@pytest.mark.parametrize("layout", ["coco", "yolo"])
def test_a_shape_that_is_added_is_a_category_of_its_own(tmp_path, layout):
    made.models(tmp_path / "shapes")
    folder = marked_folder(tmp_path / "in", layout)
    before = open_scene(folder)
    assert before.layout == layout
    scene, number = before.with_shape(SceneShape(0, tmp_path / "shapes" / "obj_000001.ply", "cup", 1000.0))
    scene, unposed = scene.with_shape(SceneShape(0, tmp_path / "shapes" / "obj_000002.ply", "cup", 1000.0))
    assert {number, unposed} & before.names.keys() == set() and number != unposed
    first, camera = scene.photos[0], PhotoCamera(made.K, made.SIZE)
    pose = Pose(np.eye(3), np.array([0.005, 0.002, 0.2]))
    scene = replace(scene, photos=(replace(first, camera=camera), *scene.photos[1:]),
                    poses={(first.key, InstanceKey(number)): ObjectPose(pose, "made")})  # fmt: skip
    (drawn,) = silhouettes(scene, scene.photos[0])
    save_scene(scene)
    again = open_scene(folder)
    assert again.names == {**before.names, number: "cup 2", unposed: "cup 3"}
    assert again.regions.keys() == {*before.regions, (first.key, InstanceKey(number))}
    for at, one in before.regions.items():
        assert again.regions[at].box == one.box and again.regions[at].info == one.info
    new = again.regions[first.key, InstanceKey(number)]
    assert np.allclose(region_box(new, made.SIZE), drawn.box(visible=True), atol=1e-6)
    if layout == "yolo":
        table = yaml.safe_load((folder / "data.yaml").read_text())
        assert table["nc"] == 4 and table["names"] == {0: "cup", 1: "saw", 2: "cup 2", 3: "cup 3"}
    save_scene(again)
    assert open_scene(folder).names == again.names
    with collect_warnings():
        (place,) = save_scene(scene, tmp_path / "bop", "bop")
        assert [one.sentence for one in check_scenes(place) if one.error] == []
        bop = open_scene(place)
    assert [thing.object_id for _, thing in bop.poses] == [number]


def test_coco_of_other_tools_is_read(tmp_path):
    content = document(tmp_path, [(0, 3, [1, 2, 3, 4], "box", {}), (1, 7, [1, 2, 3, 4], "polygon", {})], {})
    content["images"][0] |= {"id": "5", "file_name": "C:\\data\\p0.png"}
    content["images"][1] |= {"file_name": "train/p1.png"}
    content["annotations"][0]["image_id"] = 5.0
    content["annotations"].append({**content["annotations"][1], "id": 99, "image_id": 1234})
    (tmp_path / "marks.json").write_text(json.dumps(content))
    with collect_warnings() as said:
        scene = open_scene(tmp_path)
    assert [photo.path.name for photo in scene.photos] == ["p0.png", "p1.png"] and len(scene.regions) == 2
    assert [one for one in said if "1 annotations of no image" in one]
    (tmp_path / "p1.png").rename(tmp_path / "elsewhere.png")  # what is left out stays in the file
    with collect_warnings():
        save_scene(open_scene(tmp_path))
    after = json.loads((tmp_path / "marks.json").read_text())
    assert after["images"] == content["images"] and after["annotations"] == content["annotations"]
    content["categories"][0]["id"] = "cup"
    (tmp_path / "marks.json").write_text(json.dumps(content))
    with pytest.raises(CounterpointError, match="no numbers"):
        open_scene(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("1 0.5 0.5 200 100\n", "shares of the photo"), ("1 0.5 0.5\n", "Line 1"), ("cat 0 0 1 1\n", "neither a class")],
)
def test_lines_that_are_none_are_named(tmp_path, text, words):
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    Image.new("RGB", made.SIZE).save(tmp_path / "images" / "a.png")
    (tmp_path / "labels" / "a.txt").write_text(text)
    with pytest.raises(CounterpointError, match=words):
        open_scene(tmp_path)


def test_photos_of_another_size_and_missing_ones_are_left_out(tmp_path):
    content = document(tmp_path, [(0, 3, [1, 2, 3, 4], "box", {})], {})
    content["images"][1]["width"] = 640
    content["images"].append({"id": 9, "file_name": "gone.png", "width": 1, "height": 1})
    (tmp_path / "marks.json").write_text(json.dumps(content))
    with collect_warnings() as said:
        scene = open_scene(tmp_path / "marks.json")
    assert [photo.key for photo in scene.photos] == ["p0.png"]
    assert any("p1.png (64 x 48, not 640 x 48)" in one for one in said) and any("gone.png" in one for one in said)
    content["images"][0]["width"] = 640
    (tmp_path / "marks.json").write_text(json.dumps(content))
    with collect_warnings(), pytest.raises(CounterpointError, match="no photo that can be worked on"):
        open_scene(tmp_path / "marks.json")
