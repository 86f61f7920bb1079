"""The cutter: its pictures, its recipe, and what it makes of prompts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core.benchmarks import cutting
from core.encoders.feature_map import box_around
from core.errors import CounterpointError
from core.parts.consensus import believed, depth_share, overlap_matrix
from core.parts.cutter import SCALES, CutterSegmenter, sharpened
from core.parts.cutter_net import CutterNet, draw_prompts
from core.parts.prompts import Prompts
from core.parts.segmenters import load_segmenter
from core.parts.verdict import intersection_over_union
from core.training import cutter as recipe
from core.training.clicks import innermost, next_click
from core.training.cutter_data import CutterData, draw_examples, read_sources
from core.training.labelled import is_held_out, photo_names, read_labelled


def disc(size=96, center=(40, 50), radius=18):
    rows, columns = np.mgrid[:size, :size]
    return np.hypot(columns - center[0], rows - center[1]) < radius


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Bright discs on a dark noisy ground, in the layout of photos with outlines."""
    import cv2

    folder, rng = tmp_path_factory.mktemp("outlined"), np.random.default_rng(0)
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    for number in range(12):
        center, radius = rng.uniform(40, 120, 2), rng.uniform(20, 36)
        image = rng.integers(0, 90, (160, 160, 3)).astype(np.uint8)
        rows, columns = np.mgrid[:160, :160]
        image[np.hypot(columns - center[0], rows - center[1]) < radius] = rng.integers(150, 255, 3)
        cv2.imwrite(str(folder / "images" / f"{number:03}.png"), image)
        outline = (center + radius * np.stack([np.cos(angles), np.sin(angles)], 1)) / 160
        (folder / "labels" / f"{number:03}.txt").write_text("0 " + " ".join(f"{v:.5f}" for v in outline.ravel()))
    return folder


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """A short run on the discs; they are easy to tell from the ground."""
    out = tmp_path_factory.mktemp("run")
    settings = recipe.CutterRecipe(
        steps=40,
        warmup=4,
        rate=2e-3,
        ema_decay=0.8,
        log_every=1,
        size=48,
        batch=6,
        data=CutterData(count=30, size=48, laid=0),
    )
    recipe.train(out, read_sources([str(photos)]), settings, "cpu")
    return out


def test_what_is_learnt_cuts_out_what_was_not_seen(run, photos):
    held = next(name for name in photo_names(photos) if is_held_out(name))
    assert held not in json.loads((run / "cutter.json").read_text())["photos"]
    photo = read_labelled(photos, held)
    true = photo.mask(0)
    cutter = load_segmenter(str(run / "cutter.safetensors"), None, device="cpu")
    cutter.set_image(photo.image)
    box = box_around(true)
    found = cutter.predict(Prompts(box=box))
    whole = np.zeros_like(true)
    whole[round(box[1]) : round(box[3]), round(box[0]) : round(box[2])] = True
    assert len(found) == 3 and found[0].mask.shape == true.shape
    assert intersection_over_union(found[0].mask, true) > intersection_over_union(whole, true) + 0.05
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    last = {name: np.mean([line[name] for line in log[-5:]]) for name in ("mask", "overlap")}
    assert last["mask"] < 0.75 * log[0]["mask"] and last["overlap"] > 0.85


def test_clicks_and_strokes_are_obeyed(run, photos):
    photo = read_labelled(photos, photo_names(photos)[0])
    true = photo.mask(0)
    cutter = CutterSegmenter(run / "cutter.safetensors", device="cpu")
    cutter.set_image(photo.image)
    inside = innermost(true)
    u, v = (round(value) for value in inside)
    for one in cutter.predict(Prompts(add=[inside])):
        assert one.mask[v, u]
    for one in cutter.predict(Prompts(box=box_around(true), remove=[inside])):
        assert not one.mask[v, u]
    painted, erased = np.zeros_like(true), np.zeros_like(true)
    painted[2:8, 2:30], erased[v : v + 3, u - 5 : u + 5] = True, True
    for one in cutter.predict(Prompts(box=box_around(true), painted=painted, erased=erased)):
        assert one.mask[painted].all() and not one.mask[erased].any()
    for one in cutter.predict(Prompts(add=[inside], remove=[(inside[0] + 1, inside[1])])):
        assert one.mask[v, u] and not one.mask[v, u + 1]
    with pytest.raises(CounterpointError, match="Nothing says"):
        cutter.predict(Prompts())


def test_what_most_masks_agree_on_is_believed_and_the_next_is_another_meaning():
    disc_a, disc_b = disc(radius=18), disc(radius=17)
    part, elsewhere = disc(radius=6), disc(center=(75, 20), radius=12)
    masks = np.stack([part, disc_a, disc_b, disc(radius=19), part & disc(center=(41, 50), radius=6), elsewhere])
    overlap = overlap_matrix(masks)
    assert overlap[1, 2] == pytest.approx(intersection_over_union(disc_a, disc_b)) and overlap[0, 5] == 0
    chosen, expected = believed(masks, np.array([0.8, 0.75, 0.78, 0.7, 0.6, 0.3]), np.ones(6), 3)
    assert chosen[0] in (1, 2, 3)  # though the part has the best score
    assert chosen[1] in (0, 4) and len(set(chosen)) == 3
    assert expected[2] > expected[0] > expected[5]
    assert believed(np.zeros((2, 4, 4), bool), np.zeros(2), np.zeros(2), 2)[0] == [0, 1]


def test_a_mask_whose_middle_was_clicked_is_likelier():
    masks = np.zeros((2, 20, 20), bool)
    masks[0, 3:8, 3:8] = masks[1, 3:18, 3:18] = True
    assert [depth_share(mask, (5, 5)) for mask in masks] == [1, pytest.approx(3 / 8, abs=0.03)]
    assert depth_share(masks[0], (12, 12)) == 0
    masks[0, 14:19, 0:3] = True  # another piece
    assert depth_share(masks[0], (5, 5)) == 1
    for click, first in (((5, 5), 0), ((10, 10), 1)):
        depths = np.array([depth_share(mask, click) for mask in masks])
        assert believed(masks, np.full(2, 0.7), depths, 1)[0] == [first]


def test_one_click_is_looked_at_in_squares_of_all_sizes(run, photos):
    photo = read_labelled(photos, photo_names(photos)[1])
    cutter = CutterSegmenter(run / "cutter.safetensors", device="cpu")
    wide = np.zeros((160, 1280, 3), np.uint8)
    wide[:, 900:1060] = photo.image
    cutter.set_image(wide)
    true = np.zeros(wide.shape[:2], bool)
    true[:, 900:1060] = photo.mask(0)
    assert len(cutter.predict(Prompts([innermost(true)]))) == 3
    sides = sorted(view.side for view in cutter._views.values())
    assert np.allclose(sides, np.sort(SCALES) * 1280)
    first = cutter.predict(Prompts([innermost(true)]))[0].mask
    assert intersection_over_union(first, true) > 0.5  # an eighth of the photo's length


def test_a_run_goes_on_where_it_was(photos, tmp_path):
    short = {"warmup": 1, "size": 32, "batch": 2, "save_every": 2, "log_every": 1, "data": CutterData(6, 32, laid=0)}
    pictures, masks = draw_examples(tmp_path / "pictures", read_sources([str(photos)]), short["data"])
    again = draw_examples(tmp_path / "pictures", read_sources([str(photos)]), short["data"])
    assert pictures.shape == (6, 32, 32, 3) and masks.shape == (6, 32, 4) and (again[0] == pictures).all()
    settings = recipe.CutterRecipe(steps=4, **short)

    def log(folder, resume):
        learner = recipe.CutterLearner(settings, pictures, masks)
        recipe.run_in_folder(folder, learner, {"cutter": learner.net}, settings, "cpu", resume)
        return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]

    whole = log(tmp_path / "run", False)
    state = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert len(whole) == 4 and state["step"] == 4


def test_weights_that_do_not_fit_are_said(tmp_path, run):
    alone = tmp_path / "cutter.safetensors"
    alone.write_bytes((run / "cutter.safetensors").read_bytes())
    with pytest.raises(CounterpointError, match="does not describe a cutter"):
        CutterSegmenter(alone, device="cpu")
    with pytest.raises(CounterpointError, match="does not hold weights"):
        recipe.load_start(CutterNet(), Path(__file__))
    with pytest.raises(CounterpointError, match="no shapes"):
        read_sources([str(tmp_path)])


def test_prompts_are_drawn_where_they_are():
    nan = float("nan")
    box = torch.tensor([[7.5, 15.5, 31.5, 47.5], [nan] * 4])
    add = torch.tensor([[[nan, nan]], [[41.5, 9.5]]])
    drawn = draw_prompts(64, box, add, torch.zeros(2, 0, 2))
    assert drawn.shape == (2, 8, 16, 16) and drawn.isfinite().all()
    assert drawn[0, 0].sum() == 6 * 8 and drawn[0, 0, 4:12, 2:8].min() == 1 and drawn[1, 0].sum() == 0
    assert (drawn[0, 1] == 1).all() and (drawn[1, 1] == 0).all() and drawn[0, 2:].abs().max() == 0
    assert np.unravel_index(int(drawn[1, 2].argmax()), (16, 16)) == (2, 10)


def test_the_next_click_is_in_the_largest_error():
    true = disc()
    add, adds = next_click(true, np.zeros_like(true))
    assert adds and true[round(add[1]), round(add[0])]
    too_much = true.copy()
    too_much[:30, 60:] = True
    remove, adds = next_click(true, too_much)
    assert not adds and remove[1] < 30 and remove[0] > 60
    assert next_click(true, true) is None


def test_edges_are_drawn_to_those_of_the_picture():
    true = disc()
    picture = np.repeat(np.where(true, 220, 30).astype(np.uint8)[..., None], 3, axis=2)
    rough = np.asarray(disc(radius=21), np.float32)
    assert intersection_over_union(sharpened(picture, rough, 4.0) > 0.5, true) > intersection_over_union(
        rough > 0.5, true
    )


def test_evaluate_cutting_leaves_out_what_was_learnt(run, photos, encoder):
    from core.benchmarks.settings import EvaluateSettings

    with pytest.warns(UserWarning, match="left out"):
        tables = cutting.evaluate(
            EvaluateSettings(data=f"coco:{photos}", count=2, cutter=str(run / "cutter.safetensors"))
        )
    rows = next(iter(tables.values()))
    held = sum(is_held_out(name) for name in photo_names(photos))
    assert [row["method"] for row in rows] == ["GrabCut and descriptors", "cutter", "the box itself"]
    assert rows[1]["objects"] == min(2, held) and 0 < rows[1]["box"] <= 1
