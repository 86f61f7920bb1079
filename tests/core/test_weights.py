"""The bundled weights give the descriptors that they always gave, and files of adapters keep their names."""

import numpy as np
import pytest
import torch
from safetensors import safe_open

from core.encoders.catalogue import EncoderChoice, load_tunable
from core.encoders.lora import LoraNet, save_lora
from core.encoders.pocket import PocketEncoder
from core.encoders.points import PocketPointEncoder
from core.encoders.residual_head import ResidualHead, save_head
from core.fields.from_points import field_from_points
from core.fields.lifting import LiftSettings, lift
from core.training.procedural import HELD_OUT, make_object


@pytest.mark.parametrize(
    ("name", "fingerprint", "cells", "vector"),
    [
        (
            "pocket",
            "pocket-1597b5af81625c2d",
            ([-0.4263, 0.1124, -0.0124, 0.1784, 0.1997, 0.0048], [-0.4245, 0.2214, 0.121, 0.1116, 0.1981, -0.0959]),
            [2.1053, -2.2873, 1.9292, -0.7389],
        ),
        (
            "pocket-0.1",
            "pocket-7e813256e27eb627",
            ([0.0747, -0.0302, -0.045, 0.0355, -0.0145, -0.0331], [0.164, -0.0575, -0.0615, -0.0146, 0.035, -0.0437]),
            [6.6312, 1.1721, 1.2575, 4.3522],
        ),
    ],
)
def test_the_bundled_image_weights_give_the_same_descriptors(name, fingerprint, cells, vector):
    u = np.linspace(0, 1, 96)
    waves = (np.sin(12 * u)[:, None] * np.cos(9 * u)[None] / 2 + 0.5) * 255
    image = np.stack([np.outer(u, u) * 255, np.outer(1 - u, u) * 200, waves], axis=-1).astype(np.uint8)
    encoder = PocketEncoder(device="cpu", name=name)
    assert encoder.name == name and encoder.fingerprint == fingerprint
    found = encoder.encode(image[None])
    unit = torch.nn.functional.normalize(found.descriptors[0], dim=-1).numpy()
    assert unit[5, 7, :6] == pytest.approx(cells[0], abs=2e-3)
    assert unit[17, 20, :6] == pytest.approx(cells[1], abs=2e-3)
    assert found.vectors is not None
    assert found.vectors[0, :4].numpy() == pytest.approx(vector, abs=0.02)


@pytest.mark.parametrize(
    ("name", "token", "vector"),
    [
        ("pocket", [-7.0285, 1.922, -0.6739, -4.5283, -1.0317, 1.3752], [-1.408, 0.8603, -0.7624, 0.6112]),
        ("pocket-0.1", [0.0421, 0.8553, -0.0883, 0.2425, 0.0053, 0.9945], [0.0717, -0.0705, -1.9495, 0.269]),
    ],
)
def test_the_bundled_point_weights_give_the_same_descriptors(name, token, vector):
    number = np.arange(2048)
    z, angle = 1 - (2 * number + 1) / 2048, number * 2.399963
    normal = np.stack([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z], axis=1)
    found = PocketPointEncoder(device="cpu", name=name).encode(normal * 0.2887, normal)
    assert found.descriptors[3, :6].numpy() == pytest.approx(token, abs=0.02)
    assert found.vector[:4].numpy() == pytest.approx(vector, abs=0.02)


def test_the_point_encoder_speaks_the_language_of_its_image_encoder():
    """On a shape that neither was taught, the points' field is that of the views more than any other way round."""
    item = make_object(HELD_OUT[12], "chair")
    matched = []
    for name in ("pocket", "pocket-0.1"):
        views = lift(item.shape, PocketEncoder(device="cpu", name="pocket"), LiftSettings(800, 4, (20.0,), 160))
        points = field_from_points(item.shape, PocketPointEncoder(device="cpu", name=name), 800)
        matched.append(float((views.descriptors.float() * points.descriptors.float()).sum(-1).mean()))
    assert matched[0] > 0.5 > matched[1]


def test_files_of_adapters_keep_the_names_within_them(tmp_path):
    """What was saved by earlier versions is still read."""
    save_head(tmp_path / "head.safetensors", ResidualHead(128), "base")
    with safe_open(tmp_path / "head.safetensors", "pt") as file:
        assert set(file.keys()) == {
            *("layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"),
            *("coordinates.weight", "coordinates.bias"),
        }
        assert file.metadata() == {"kind": "geometry adapter", "base": "base", "sizes": "[128, 256, 128]"}
    base = load_tunable(EncoderChoice("pocket-0.1", device="cpu"))
    save_lora(tmp_path / "lora.safetensors", LoraNet(base), base.fingerprint)
    with safe_open(tmp_path / "lora.safetensors", "pt") as file:
        names = set(file.keys())
        assert file.metadata() == {"kind": "equivariance adapter", "base": base.fingerprint, "fused": "half"}
    assert {"conv.weight", "conv.bias", "net.lateral.0.weight", "net.descriptor.bias"} <= names
    parts = ("net.lateral", "net.smooth", "net.descriptor", "net.backbone.stages_3", "conv")
    assert all(name.startswith(parts) for name in names)
