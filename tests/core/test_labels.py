"""Labels go through every file format and come back as they were."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from core.errors import CounterpointError
from core.geometry.shape import load_shape, make_shape
from core.images import load_image
from core.interchange.image_labels import from_coco, load_image_labels, save_image_labels
from core.interchange.labels import Labels
from core.interchange.shape_labels import load_shape_labels, load_split, save_shape_labels, save_split
from tests.conftest import ball

COLOR = st.from_regex("#[0-9a-f]{6}", fullmatch=True)
NAME = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
ALWAYS = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

BALL = make_shape(*ball(5))
CLOUD = make_shape(ball(4)[0])


@st.composite
def labels_of(draw, shape, exclusive=False):
    names = draw(st.lists(NAME, min_size=1, max_size=4))
    colors = draw(st.lists(COLOR, min_size=len(names), max_size=len(names)))
    if exclusive:
        index = draw(arrays(np.int32, shape, elements=st.integers(0, len(names))))
        masks = np.stack([index == number for number in range(1, len(names) + 1)])
    else:
        masks = draw(arrays(bool, (len(names), *shape)))
    return Labels(names, colors, masks)


def same(a: Labels, b: Labels) -> bool:
    return a.names == b.names and a.colors == b.colors and np.array_equal(a.masks, b.masks)


@pytest.mark.parametrize("suffix", [".ply", ".glb", ".npz", ".json"])
@ALWAYS
@given(labels=labels_of((len(BALL.faces),)))
def test_labels_of_a_mesh_come_back(suffix, labels):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"labels{suffix}"
        save_shape_labels(path, BALL, labels)
        assert same(load_shape_labels(path, len(BALL.faces)), labels)


@pytest.mark.parametrize("suffix", [".ply", ".npz", ".json"])
@ALWAYS
@given(labels=labels_of((len(CLOUD.vertices),)))
def test_labels_of_a_cloud_come_back(suffix, labels):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"labels{suffix}"
        save_shape_labels(path, CLOUD, labels)
        assert same(load_shape_labels(path, len(CLOUD.vertices)), labels)


@ALWAYS
@given(labels=labels_of((len(BALL.faces),)))
def test_split_parts_come_back(labels):
    with tempfile.TemporaryDirectory() as folder:
        assert same(load_split(save_split(folder, BALL, labels)), labels)


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@ALWAYS
@given(labels=labels_of((7, 9)))
def test_labels_of_an_image_come_back(suffix, labels):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"labels{suffix}"
        save_image_labels(path, labels, "a.png")
        assert same(load_image_labels(path, (7, 9), "a.png"), labels)


@ALWAYS
@given(labels=labels_of((7, 9), exclusive=True))
def test_an_index_mask_comes_back(labels):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.png"
        save_image_labels(path, labels)
        assert same(load_image_labels(path, (7, 9)), labels)


def test_more_parts_than_a_palette_holds(tmp_path):
    index = np.arange(300).reshape(15, 20)
    labels = Labels([f"p{i}" for i in range(299)], ["#010203"] * 299, np.stack([index == i for i in range(1, 300)]))
    save_image_labels(tmp_path / "many.png", labels)
    assert same(load_image_labels(tmp_path / "many.png"), labels)


def test_what_other_programs_read(tmp_path):
    """The PLY has colours on its faces, the GLB at its corners, the PNG a palette."""
    half = BALL.normalised[BALL.faces].mean(axis=1)[:, 0] > 0
    labels = Labels(["one", "other"], ["#ff0000", "#0000ff"], np.stack([half, ~half]))
    save_shape_labels(tmp_path / "a.ply", BALL, labels)
    ply = trimesh.load(tmp_path / "a.ply", process=False)
    assert np.array_equal(
        ply.visual.face_colors[:, :3] == [255, 0, 0],
        np.repeat(half[:, None], 3, 1) | (~half[:, None] & [False, True, False]),
    )
    save_shape_labels(tmp_path / "a.glb", BALL, labels)
    again = load_shape(tmp_path / "a.glb")
    assert np.array_equal(again.colors[again.faces[:, 0]], labels.rgb())
    corners = again.vertices[again.faces]
    assert np.allclose(corners, BALL.vertices[BALL.faces], atol=1e-6)  # the same faces in the same order
    files = save_split(tmp_path / "parts", BALL, labels)
    assert [f.name for f in files] == ["one.ply", "other.ply"]
    assert len(load_shape(files[0]).faces) == half.sum()
    picture = Labels(["red"], ["#ff0000"], np.eye(4, dtype=bool)[None])
    save_image_labels(tmp_path / "m.png", picture)
    assert (load_image(tmp_path / "m.png")[np.eye(4, dtype=bool)] == [255, 0, 0]).all()


def test_labels_that_others_wrote(tmp_path):
    Image.fromarray(np.array([[0, 3], [7, 3]], np.uint8)).save(tmp_path / "index.png")
    assert load_image_labels(tmp_path / "index.png").names == ["Part 3", "Part 7"]
    document = {
        "images": [
            {"id": 5, "file_name": "x/a.jpg", "width": 8, "height": 6},
            {"id": 6, "file_name": "b.jpg", "width": 2, "height": 2},
        ],
        "categories": [{"id": 1, "name": "leg"}, {"id": 2, "name": "seat"}],
        "annotations": [
            {"id": 1, "image_id": 5, "category_id": 2, "segmentation": [[1, 1, 5, 1, 5, 4, 1, 4]]},
            {"id": 2, "image_id": 6, "category_id": 1, "segmentation": {"size": [2, 2], "counts": [1, 2, 1]}},
        ],
    }
    (tmp_path / "c.json").write_text(json.dumps(document))
    first = load_image_labels(tmp_path / "c.json", (6, 8), "a.jpg")
    assert first.names == ["seat"] and first.masks[0, 2, 3] and not first.masks[0, 5, 7]
    second = load_image_labels(tmp_path / "c.json", None, "b.jpg")
    assert second.masks.tolist() == [[[False, True], [True, False]]]
    with pytest.raises(CounterpointError, match="none is called"):
        load_image_labels(tmp_path / "c.json", None, "other.jpg")


def test_labels_of_something_else_are_refused(tmp_path):
    labels = Labels(["a"], ["#ffffff"], np.ones((1, len(BALL.faces)), bool))
    for suffix in (".ply", ".glb", ".npz", ".json"):
        save_shape_labels(tmp_path / f"l{suffix}", BALL, labels)
        with pytest.raises(CounterpointError, match="belongs to another"):
            load_shape_labels(tmp_path / f"l{suffix}", 7)
        whole = (tmp_path / f"l{suffix}").read_bytes()
        (tmp_path / f"cut{suffix}").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(CounterpointError):
            load_shape_labels(tmp_path / f"cut{suffix}")
    with pytest.raises(CounterpointError, match="Parts overlap"):
        save_image_labels(tmp_path / "o.png", Labels(["a", "b"], ["#ffffff"] * 2, np.ones((2, 3, 3), bool)))
    with pytest.raises(CounterpointError, match="are written as"):
        save_shape_labels(tmp_path / "a.stl", BALL, labels)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=12))
def test_a_run_length_encoding_that_lies_is_refused(counts):
    segmentation = {"size": [3, 4], "counts": counts}
    document = {
        "images": [{"id": 1, "file_name": "a", "width": 4, "height": 3}],
        "categories": [{"id": 1, "name": "p"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": segmentation}],
    }
    try:
        assert from_coco(document, "f").masks.shape == (1, 3, 4)
    except CounterpointError:
        pass
