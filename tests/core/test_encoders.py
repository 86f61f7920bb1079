"""Encoders behind one protocol, feature maps and their coordinates."""

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from core.benchmarks.classical import DenseSift
from core.encoders.base import encode_fitting
from core.encoders.catalogue import (
    BUILT_IN,
    TIMM_NAMES,
    BuiltIn,
    EncoderChoice,
    available,
    load_encoder,
    load_tunable,
)
from core.encoders.feature_map import check_box, cut_out, encode_image, encode_turned, square_frame, whole_image
from core.encoders.pocket import PocketEncoder
from core.errors import CounterpointError
from core.matching.prepare import matchable_image
from core.notices import collect_warnings


def test_pocket_gives_a_dense_map(encoder):
    encoded = encoder.encode(np.zeros((2, 224, 224, 3), np.uint8))
    assert encoded.descriptors.shape == (2, 56, 56, encoder.dim) and encoded.descriptors.dtype == torch.float32
    assert (
        encoded.foreground is not None and 0 <= float(encoded.foreground.min()) <= float(encoded.foreground.max()) <= 1
    )


def test_pocket_tells_object_from_background(encoder, toy_side):
    from core.geometry.camera import framing_camera, look_at
    from core.geometry.render import render

    shape = toy_side.shape
    camera = framing_camera(shape.normalised, look_at([1, 0.5, 1], [0, 1, 0]), 224, np.radians(35), 0.7)
    picture = render(toy_side.caster, camera)
    foreground = encoder.encode(picture.rgb[None]).foreground[0].numpy()
    mask = picture.hits.mask[2::4, 2::4]
    assert foreground[mask].mean() > foreground[~mask].mean() + 0.5


def test_random_twin_differs_and_is_repeatable():
    image = np.random.default_rng(0).integers(0, 255, (1, 96, 96, 3), np.uint8)
    first, second = (PocketEncoder(random=True).encode(image).descriptors for _ in range(2))
    torch.testing.assert_close(first, second)
    assert not torch.allclose(first, PocketEncoder().encode(image).descriptors)


@pytest.mark.parametrize(
    "model", ["vit_tiny_patch16_224", "vit_small_patch14_dinov2.lvd142m", "vit_small_patch16_dinov3.lvd1689m"]
)
def test_timm_models_load_local_weights(model, tmp_path):
    torch.manual_seed(0)
    net = timm.create_model(model, pretrained=False, num_classes=0, dynamic_img_size=True).eval()
    save_file(net.state_dict(), tmp_path / "weights.safetensors")
    encoder = load_encoder(EncoderChoice(model, str(tmp_path / "weights.safetensors"), layer=3))
    assert encoder.input_size % net.patch_embed.patch_size[0] == 0
    image = np.random.default_rng(0).integers(0, 255, (1, encoder.input_size, encoder.input_size, 3), np.uint8)
    with torch.inference_mode():
        got = encoder.encode(image).descriptors
    side = encoder.input_size // net.patch_embed.patch_size[0]
    assert got.shape == (1, side, side, encoder.dim)
    other = load_encoder(EncoderChoice(model, str(tmp_path / "weights.safetensors"), layer=5))
    assert other.fingerprint != encoder.fingerprint and not torch.allclose(other.encode(image).descriptors, got)


def test_short_names_exist_in_timm():
    assert all(timm.is_model(name.split(".")[0]) for name in TIMM_NAMES.values())
    assert available()[0].name == "pocket"


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (EncoderChoice("no_such_model"), "no model called"),
        (EncoderChoice("vit_tiny_patch16_224", "nowhere.safetensors"), "does not exist"),
        (EncoderChoice("pocket", layer=3), "one output"),
        (EncoderChoice("pocket", __file__), "does not hold weights"),
    ],
)
def test_wrong_choices_are_said(choice, words):
    with pytest.raises(CounterpointError, match=words):
        load_encoder(choice)


def test_no_network_is_said(monkeypatch):
    def offline(*args, **kwargs):
        raise OSError("offline")

    monkeypatch.setattr("socket.create_connection", offline)
    with pytest.raises(CounterpointError, match=r"cannot be fetched .* pocket encoder"):
        load_encoder(EncoderChoice("vit_giant_patch14_dinov2.lvd142m"))


def test_map_coordinates_round_trip(encoder):
    image = np.random.default_rng(0).integers(0, 255, (90, 140, 3), np.uint8)
    feature_map = encode_image(encoder, image, (20, 10, 100, 60))
    pixels = np.random.default_rng(1).uniform(0, 90, (30, 2))
    np.testing.assert_allclose(feature_map.to_pixels(feature_map.to_cells(pixels)), pixels)
    assert feature_map.sample(pixels).norm(dim=1).numpy() == pytest.approx(1, abs=1e-5)


def test_cut_out_keeps_pixels_in_place():
    image = np.zeros((60, 80, 3), np.uint8)
    image[30, 50] = 255
    crop = cut_out(image, (45.5, 25.5, 55.5, 35.5), 40)  # 4 pixels a pixel; (50, 30) is the fifth of ten
    v, u = np.unravel_index(crop[..., 0].argmax(), (40, 40))
    assert 17 <= u <= 20 and 17 <= v <= 20
    large = np.zeros((800, 800, 3), np.uint8)
    large[300:320, 500:520] = 255
    small = cut_out(large, whole_image(large), 80)
    rows, columns = np.nonzero(small[..., 0] > 128)
    assert abs(rows.mean() - 30.5) < 0.6 and abs(columns.mean() - 50.5) < 0.6


def test_turned_maps_are_turned_back(encoder):
    image = np.zeros((64, 64, 3), np.uint8)
    image[8:24, 8:24] = 255
    for feature_map in encode_turned(encoder, image, size=64):
        difference = (feature_map.descriptors - feature_map.descriptors.mean((0, 1))).norm(dim=-1)
        h = difference.shape[0]
        assert difference[: h // 2, : h // 2].mean() > difference[h // 2 :, h // 2 :].mean()


def test_boxes_are_checked():
    image = np.zeros((100, 200, 3), np.uint8)
    assert check_box((50, 60, 10, 20), image) == (10, 20, 50, 60)
    assert check_box((-50, -50, 500, 500), image) == whole_image(image)
    assert square_frame((0, 0, 10, 20), 0.1) == (-7, -2, 17, 22)
    for bad in ((0, 0, 1, 1), (300, 0, 400, 50), (float("nan"), 0, 1, 1)):
        with pytest.raises(CounterpointError):
            check_box(bad, image)


def test_boxes_in_other_notations_are_said():
    encoder = load_encoder()
    image = np.zeros((100, 200, 3), np.uint8)
    with pytest.raises(CounterpointError, match=r"0\.1,0\.2,0\.5,0\.9 is given in shares .*\(200 x 100\)"):
        check_box((0.1, 0.2, 0.5, 0.9), image)
    odd = {(100, 60, 50, 30): "x, y, width and height", (150, 50, 400, 300): "lies outside", (10, 10, 190, 99): None}
    for box, said in odd.items():
        for _ in range(2):  # the second time its maps come from the cache
            with collect_warnings() as sentences:
                matchable_image(image, encoder, box)
            assert (said is None and not sentences) or said in " ".join(sentences), (box, sentences)


def test_a_batch_that_does_not_fit_is_halved(encoder):
    """A GPU with memory for three pictures: the same answers as from one with enough; not even one is told."""

    class Small:
        def __init__(self, most):
            self.most, self.calls = most, []

        def encode(self, images):
            self.calls.append(len(images))
            if len(images) > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return encoder.encode(images)

    images = np.random.default_rng(0).integers(0, 255, (8, 64, 64, 3)).astype(np.uint8)
    small = Small(3)
    parts, whole = encode_fitting(small, images), encoder.encode(images)
    assert small.calls == [8, 4, 2, 2, 4, 2, 2]
    assert torch.allclose(parts.descriptors, whole.descriptors, atol=1e-4)
    assert parts.foreground.shape == whole.foreground.shape
    with pytest.raises(torch.OutOfMemoryError):
        encode_fitting(Small(0), images)


def test_a_line_in_the_catalogue_is_enough_for_an_encoder(monkeypatch):
    monkeypatch.setitem(BUILT_IN, "sift", BuiltIn("RootSIFT on a grid", True, lambda choice, progress: DenseSift()))
    assert ("sift", "RootSIFT on a grid", True) in [(one.name, one.description, one.bundled) for one in available()]
    encoder = load_encoder(EncoderChoice("sift"))
    assert encode_image(encoder, np.zeros((64, 64, 3), np.uint8), size=64).descriptors.shape == (8, 8, encoder.dim)
    with pytest.raises(CounterpointError, match="nothing that can be tuned"):
        load_tunable(EncoderChoice("sift"))
    assert load_tunable(EncoderChoice("pocket", device="cpu")).name == "pocket"
