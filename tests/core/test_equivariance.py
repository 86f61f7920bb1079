"""Encoders tuned by multiview equivariance: the loss by hand, the files, and that consistency rises."""

import copy
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from core.benchmarks.settings import EvaluateSettings
from core.encoders.catalogue import EncoderChoice, load_encoder, load_tunable
from core.encoders.lora import LoraEncoder, LoraNet, LoraQV, save_lora
from core.encoders.residual_head import ResidualHead, save_head
from core.errors import Cancelled, CounterpointError
from core.progress import silent
from core.training.equivariance import AdaptSettings, adapt, consistency, place_loss
from core.training.losses import smooth_ap
from core.training.observing import Observer, PhotoCorrespondence, describe
from core.training.procedural import make_object, training_seed

TINY = "vit_tiny_patch16_224"


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    """A small ViT with made weights, as a user gives them."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("vit") / "tiny.safetensors"
    save_file(timm.create_model(TINY, num_classes=0).state_dict(), file)
    return EncoderChoice(TINY, str(file), 5, "cpu")


def exact_ap(similar, distance, near, far):
    """Average precision with ranks counted, not smoothed."""
    found = []
    for row, gap in zip(similar, distance, strict=True):
        plus, minus = row[gap < near], row[gap > far]
        if len(plus):
            among = [1 + (plus > one).sum() for one in plus]
            found.append(np.mean([a / (a + (minus > one).sum()) for a, one in zip(among, plus, strict=True)]))
    return np.mean(found)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_smooth_ap_is_average_precision_when_it_is_sharp(seed):
    rng = np.random.default_rng(seed)
    similar, distance = rng.permutation(np.linspace(-1, 1, 60)).reshape(5, 12), rng.uniform(0, 0.2, (5, 12))
    distance[:, 0] = 0
    smooth = smooth_ap(torch.from_numpy(similar), torch.from_numpy(distance), 0.05, 0.1, 1e-4)
    assert 1 - float(smooth) == pytest.approx(exact_ap(similar, distance, 0.05, 0.1), abs=1e-6)


def test_smooth_ap_by_hand():
    similar, distance = torch.tensor([[0.9, 0.5, 0.7]]), torch.tensor([[0.0, 0.0, 0.5]])
    # the positives rank first of 1 and third of 3 (second among positives): (1 + 2/3) / 2
    assert float(smooth_ap(similar, distance, 0.01, 0.1, 1e-4)) == pytest.approx(1 - 5 / 6, abs=1e-5)
    assert float(smooth_ap(similar, torch.full((1, 3), 0.5), 0.01, 0.1, 0.01)) == 0
    unit, points = torch.eye(4), torch.arange(4.0)[:, None] * torch.ones(1, 3)
    perfect = float(place_loss(unit, points, unit, points, AdaptSettings()))
    shuffled = float(place_loss(unit, points, unit.roll(1, 0), points, AdaptSettings()))
    assert perfect < 1e-6 < 0.3 < shuffled


@pytest.mark.parametrize("loss", ["smoothap", "infonce"])
def test_a_small_vit_learns(vit, loss):
    """LoRA and the convolution of a ViT with made weights, on the same few pictures: the loss falls."""
    base = load_tunable(vit)
    base.photo_size = base.input_size = 64
    tuning, chosen, rng = (
        LoraNet(base).eval(),
        AdaptSettings(loss=loss, pictures=12, held_out=2),
        np.random.default_rng(0),
    )
    (pool,) = Observer(tuning, base).pools(
        [make_object(training_seed(3), "chair")], chosen.pictures, chosen.held_out, chosen.seed, rng, silent
    )
    optimizer, losses = torch.optim.AdamW(tuning.trainable().values(), 3e-3), []
    for _ in range(15):
        optimizer.zero_grad()
        rng = np.random.default_rng(1)
        asked = describe(tuning, pool.pictures[:3], 60, rng)
        value = place_loss(*asked, *describe(tuning, pool.views[:3], 60, rng), chosen)
        value.backward()
        optimizer.step()
        losses.append(float(value.detach()))
    assert losses[-1] < 0.95 * losses[0]


def test_what_was_learnt_is_a_file_of_its_own(vit, tmp_path):
    base, told = load_tunable(vit), []
    base.photo_size = base.input_size = 64
    item, photo = make_object(training_seed(3), "chair"), np.zeros((90, 120, 3), np.uint8)
    right = PhotoCorrespondence(photo, (10, 10, 80, 80), (40, 40), 0, tuple(item.shape.vertices[0]))
    chosen = AdaptSettings(steps=4, pictures=12, queries=2, views=2, places=40, measure_every=2, held_out=2, minutes=5)
    curve = adapt([item], base, tmp_path / "tuned.safetensors", chosen, watch=told.append, known=[right])
    assert told == curve and [one.step for one in curve] == [0, 2, 4, 4] and np.isnan(curve[0].loss)
    tuned = load_encoder(EncoderChoice(vit.name, vit.weights, vit.layer, "cpu", str(tmp_path / "tuned.safetensors")))
    assert isinstance(tuned, LoraEncoder) and tuned.fingerprint != base.fingerprint and tuned.dim == 2 * base.dim
    assert (tmp_path / "tuned.safetensors").stat().st_size < 0.2 * sum(4 * p.numel() for p in base.net.parameters())


def test_a_tuning_says_what_the_base_says_until_it_is_trained(vit, tmp_path):
    for choice in (vit, EncoderChoice(device="cpu")):
        base = load_tunable(choice)
        tuning = LoraNet(base)
        picture = np.random.default_rng(0).integers(0, 255, (1, 64, 64, 3)).astype(np.uint8)
        before = base.encode(picture).descriptors
        torch.testing.assert_close(
            tuning.finish(tuning.begin(picture)).descriptors.detach(), before, atol=1e-5, rtol=1e-4
        )
        with torch.no_grad():
            for parameter in tuning.trainable().values():
                parameter += 0.01 * torch.randn_like(parameter)
        save_lora(tmp_path / "t.safetensors", tuning, base.fingerprint, fused=False)
        again = LoraEncoder(base, tmp_path / "t.safetensors")
        after = tuning.finish(tuning.begin(picture)).descriptors.detach()
        assert not torch.allclose(after, before, atol=1e-3)
        torch.testing.assert_close(again.encode(picture).descriptors, after, atol=0.05, rtol=0.05)
        torch.testing.assert_close(base.encode(picture).descriptors, before)
        save_lora(tmp_path / "half.safetensors", tuning, base.fingerprint)
        half = LoraEncoder(base, tmp_path / "half.safetensors")
        both, unit = half.encode(picture).descriptors, torch.nn.functional.normalize
        assert both.shape[-1] == half.dim == 2 * base.dim
        torch.testing.assert_close(both[..., : base.dim], unit(before, dim=-1) * 0.5**0.5, atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(both[..., base.dim :], unit(after, dim=-1) * 0.5**0.5, atol=0.02, rtol=0.05)
    lora = [module for module in LoraNet(load_tunable(vit)).modules() if isinstance(module, LoraQV)]
    assert len(lora) == 4


def test_files_of_other_encoders_are_refused(vit, tmp_path):
    save_lora(tmp_path / "t.safetensors", LoraNet(load_tunable(vit)), load_tunable(vit).fingerprint)
    with pytest.raises(CounterpointError, match="does not fit pocket"):
        load_encoder(EncoderChoice(device="cpu", adapter=str(tmp_path / "t.safetensors")))
    save_head(tmp_path / "g.safetensors", ResidualHead(128), "other")
    with pytest.raises(CounterpointError, match="was trained on other"):
        load_encoder(EncoderChoice(device="cpu", adapter=str(tmp_path / "g.safetensors")))


def test_consistency_of_the_pocket_encoder_is_far_from_chance():
    base = load_tunable(EncoderChoice(device="cpu"))
    tuning, chosen = LoraNet(base), AdaptSettings(pictures=12, held_out=4)
    item = make_object(training_seed(3), "chair")
    (pool,) = Observer(tuning, base).pools(
        [item], chosen.pictures, chosen.held_out, chosen.seed, np.random.default_rng(0), silent
    )
    assert len(pool.pictures) <= 12 and len(pool.views) == 24 and len(pool.held_out) <= 4
    for seen in (pool.pictures[0], pool.views[0]):
        assert (seen.pixels > 0).all() and (seen.pixels < 1).all()
        assert np.abs(item.caster.closest(seen.points.astype(float)).distance).max() < 1e-3
    assert consistency(tuning, pool) > 0.1  # a random place is rarely that near


def test_a_stopped_run_keeps_the_best_so_far(vit, tmp_path):
    base = load_tunable(vit)
    base.photo_size = base.input_size = 64
    chosen = AdaptSettings(
        pictures=12, queries=2, views=2, places=40, measure_every=1, held_out=4, rate=3e-3, minutes=5
    )
    curve: list = []

    def progress(share: float, text: str) -> None:
        if len(curve) > 1 and curve[-1].consistency > curve[0].consistency:
            raise Cancelled

    adapt([make_object(training_seed(3), "chair")], base, tmp_path / "t.safetensors", chosen, progress, curve.append)
    assert (tmp_path / "t.safetensors").exists() and len(curve) < chosen.steps

    def at_once(share: float, text: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        adapt([make_object(training_seed(3), "chair")], base, tmp_path / "u.safetensors", chosen, at_once)
    assert not (tmp_path / "u.safetensors").exists()


class TestPublished:
    """Checkpoints in the layout of the published code, with made numbers."""

    @pytest.fixture
    def checkpoint(self, tmp_path):
        torch.manual_seed(1)
        content = {"state_dict": {"refine_conv": torch.nn.Conv2d(192, 192, 3, padding=1).state_dict()}}
        for number in range(8):
            content |= {f"w_a_{number:03d}": torch.randn(4, 192) / 20, f"w_b_{number:03d}": torch.randn(192, 4) / 20}
        torch.save(content, tmp_path / "made.ckpt")
        return content, tmp_path / "made.ckpt"

    def test_they_compute_what_the_published_code_does(self, vit, checkpoint):
        content, file = checkpoint
        tuned = load_encoder(EncoderChoice(vit.name, vit.weights, None, "cpu", str(file)))
        base = load_tunable(EncoderChoice(vit.name, vit.weights, -1, "cpu"))
        picture = np.random.default_rng(0).integers(0, 255, (1, 64, 64, 3)).astype(np.uint8)
        net = copy.deepcopy(base.net)
        for number, block in enumerate(net.blocks[-4:]):
            old = block.attn.qkv
            a_q, a_v = content[f"w_a_{2 * number:03d}"], content[f"w_a_{2 * number + 1:03d}"]
            b_q, b_v = content[f"w_b_{2 * number:03d}"], content[f"w_b_{2 * number + 1:03d}"]
            change = torch.cat([b_q @ a_q, torch.zeros(192, 192), b_v @ a_v])
            old.weight.data += change
        conv = torch.nn.Conv2d(192, 192, 3, padding=1)
        conv.load_state_dict(content["state_dict"]["refine_conv"])
        with torch.inference_mode():
            expected = conv(base.finish(net, base.begin(net, picture)).descriptors.permute(0, 3, 1, 2))
        got = tuned.encode(picture).descriptors.permute(0, 3, 1, 2)
        torch.testing.assert_close(got, expected, atol=2e-4, rtol=1e-3)

    def test_what_does_not_fit_is_said(self, vit, checkpoint, tmp_path):
        with pytest.raises(CounterpointError, match="last block"):
            load_encoder(EncoderChoice(vit.name, vit.weights, 5, "cpu", str(checkpoint[1])))
        with pytest.raises(CounterpointError, match="last block"):
            LoraEncoder(load_tunable(EncoderChoice(device="cpu")), checkpoint[1])
        (tmp_path / "bad.ckpt").write_bytes(b"no checkpoint")
        with pytest.raises(CounterpointError, match="no checkpoint of 3DCorrEnhance"):
            load_encoder(EncoderChoice(vit.name, vit.weights, None, "cpu", str(tmp_path / "bad.ckpt")))
        with pytest.raises(CounterpointError, match="no published adapter"):
            load_encoder(EncoderChoice(vit.name, vit.weights, None, "cpu", "3dcorrenhance"))


def test_nothing_to_adapt_to(vit, tmp_path):
    with pytest.raises(CounterpointError, match="nothing to adapt"):
        adapt([], load_tunable(vit), tmp_path / "t.safetensors")


def test_adaptation_is_measured_on_photos_with_poses():
    from core.benchmarks import adaptation

    with pytest.raises(CounterpointError, match="is not bop:PATH"):
        adaptation.evaluate(EvaluateSettings(data="procedural"))


@pytest.mark.slow
def test_adaptation_is_measured_on_real_photos():
    lmo = Path(__file__).parents[3] / "shared" / "data" / "lmo"
    if not lmo.exists():
        pytest.skip("shared/ is not here")
    from core.benchmarks import adaptation

    chosen = AdaptSettings(steps=2, views=2, measure_every=2, held_out=2, pictures=12)
    settings = EvaluateSettings(encoder=EncoderChoice(device="cpu"), data=f"bop:{lmo}", count=1)
    row, mean = adaptation.evaluate(settings, adapting=chosen)["found within 10 % of the diameter"]
    assert row["photos"] > 10 and mean["joint"] == row["joint"] and 0 < row["adapted joint"] < 1
