"""Parts cut out of a photo by points, boxes and strokes."""

import hashlib

import numpy as np
import pytest
import torch

from core.errors import CounterpointError
from core.geometry.camera import Camera
from core.geometry.raycasting import Raycaster
from core.geometry.shape import load_shape
from core.images import load_image
from core.parts import sam
from core.parts.grabcut import GrabCutSegmenter
from core.parts.prompts import Prompts


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.fixture(scope="module")
def photo(sample):
    return load_image(sample["image"])


@pytest.fixture(scope="module")
def truth(sample, photo):
    """The toy's silhouette, from the photo's true pose."""
    shape, pose = load_shape(sample["shape"]), sample["pose"]
    R, t = np.array(pose["R"]), np.array(pose["t"])
    center = shape.to_own_frame(np.zeros((1, 3)))[0]
    camera = Camera(np.array(pose["K"]), R, (R @ center + t) / shape.diagonal, photo.shape[1], photo.shape[0])
    return Raycaster(shape).view(camera).mask


@pytest.fixture(scope="module")
def cutter(encoder, photo):
    cutter = GrabCutSegmenter(encoder)
    cutter.set_image(photo)
    return cutter


def test_a_box_cuts_out_the_object(cutter, sample, truth):
    found = cutter.predict(Prompts(box=tuple(sample["box"])))
    assert len(found) == 3 and [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    assert iou(found[0].mask, truth) > 0.75


def test_a_box_may_begin_at_any_corner():
    """From right to left it had no pixels, which ended in a division by zero."""
    assert Prompts(box=(90, 10, 20, 60)).box == Prompts(box=(20, 60, 90, 10)).box == (20, 10, 90, 60)


def test_points_add_and_remove(cutter, sample, truth):
    u, v = sample["at"]
    one = cutter.predict(Prompts(add=[(u, v)]))[0].mask
    assert one[round(v), round(u)]
    rows, columns = np.nonzero(one)
    far = int(np.argmax(np.hypot(rows - v, columns - u)))
    off = (float(columns[far]), float(rows[far]))
    less = cutter.predict(Prompts(add=[(u, v)], remove=[off]))[0].mask
    assert not less[rows[far], columns[far]] and less[round(v), round(u)]


def test_strokes_say_what_belongs(cutter, photo, sample):
    x0, y0 = (round(x) for x in sample["box"][:2])
    painted, erased = np.zeros(photo.shape[:2], bool), np.zeros(photo.shape[:2], bool)
    painted[y0 + 120 : y0 + 140, x0 + 80 : x0 + 160] = True
    erased[y0 - 40 : y0 - 20, x0 - 200 : x0 - 100] = True
    mask = cutter.predict(Prompts(painted=painted, erased=erased))[0].mask
    assert mask[painted].mean() > 0.95 and not mask[erased].any()


def test_prompts_that_say_nothing_are_refused(cutter, photo):
    for prompts, words in (
        (Prompts(), "Nothing says"),
        (Prompts(add=[(-9, 5)]), "outside"),
        (Prompts(remove=[(5, 5)]), "Nothing"),
        (Prompts(box=(5000, 5000, 6000, 6000)), "no pixel"),
    ):
        with pytest.raises(CounterpointError, match=words):
            cutter.predict(prompts)


def test_without_an_encoder_colours_decide(photo, sample, truth):
    cutter = GrabCutSegmenter()
    cutter.set_image(photo)
    assert iou(cutter.predict(Prompts(box=tuple(sample["box"])))[0].mask, truth) > 0.6


@pytest.fixture
def made_sam(tmp_path, monkeypatch):
    """A small net of segment-anything's own classes, in a file that counts as published."""
    import segment_anything
    from segment_anything.build_sam import _build_sam

    torch.manual_seed(0)
    build = lambda: _build_sam(32, 2, 2, [1])  # noqa: E731
    monkeypatch.setitem(segment_anything.sam_model_registry, "vit_b", build)
    file = tmp_path / "sam_vit_b_01ec64.pth"
    torch.save(build().state_dict(), file)
    monkeypatch.setitem(sam.CHECKPOINTS, "vit_b", (file.name, hashlib.sha256(file.read_bytes()).hexdigest()))
    return file


def test_segment_anything_takes_all_kinds_of_prompts(made_sam, photo):
    small = photo[200:700:2, 500:1100:2]
    cutter = sam.SamSegmenter(made_sam, "cpu")
    assert cutter.name == "sam-vit_b"
    cutter.set_image(small)
    painted = np.zeros(small.shape[:2], bool)
    painted[60:70, 60:120] = True
    for prompts in (
        Prompts(add=[(50, 60)], remove=[(5, 5)]),
        Prompts(box=(10, 10, 200, 180)),
        Prompts(painted=painted),
    ):
        found = cutter.predict(prompts)
        assert len(found) == 3 and all(c.mask.shape == small.shape[:2] for c in found)
        assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    twin = cutter.another()
    twin.set_image(np.ascontiguousarray(small[:100, :120]))
    assert twin.predict(Prompts(add=[(5, 5)]))[0].mask.shape == (100, 120)
    assert cutter.predict(Prompts(add=[(5, 5)]))[0].mask.shape == small.shape[:2]  # each keeps its own image


def test_checkpoints_of_unknown_origin_are_not_opened(made_sam, tmp_path):
    other = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, other)
    with pytest.raises(CounterpointError, match="none of the published"):
        sam.SamSegmenter(other)
    with pytest.raises(CounterpointError, match="does not exist"):
        sam.SamSegmenter(tmp_path / "nowhere.pth")


def test_what_is_taken_away_beside_what_was_pointed_at_is_out(cutter):
    """Three pixels of the small picture around a point, and holes in a part, were in whatever a minus said."""
    for gap in (1, 3, 8, 50):
        for found in cutter.predict(Prompts(add=[(640, 480)], remove=[(640 + gap, 480)])):
            assert found.mask[480, 640] and not found.mask[480, 640 + gap], gap
    with pytest.raises(CounterpointError, match="both added and removed"):
        cutter.predict(Prompts(add=[(640, 480)], remove=[(640.2, 480)]))
