"""The residual head: its losses by hand, its training until the loss falls, and its place on an encoder."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from core.encoders.catalogue import EncoderChoice, load_encoder
from core.encoders.residual_head import ResidualHead, ResidualHeadEncoder, load_head, save_head
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings, lift
from core.training.adapter import AdapterSettings, train, triplet_loss
from core.training.procedural import make_object, training_seed


def test_the_triplet_loss_by_hand():
    settings = AdapterSettings(margin=0.3)
    base = F.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.01], [1.0, 0.1], [0.0, 1.0]]), dim=1)
    places = torch.tensor([[0.0, 0, 0], [0.01, 0, 0], [0.5, 0, 0], [0.9, 0, 0]])
    unit = F.normalize(torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]]), dim=1)
    # of place 0 the positive is 1 (0.8) and the negative 2 (0.6; 3 does not look alike); of place 1 they are 0 (0.8) and 2 (0.96)
    expected = ((0.3 + 0.6 - 0.8) + (0.3 + 0.96 - 0.8)) / 2
    assert float(triplet_loss(unit, base, places, settings)) == pytest.approx(expected, abs=1e-5)
    assert float(triplet_loss(unit, base, places[:, [0]].repeat(1, 3) * 0, settings)) == 0  # no negatives


@pytest.fixture(scope="module")
def trained(encoder, tmp_path_factory):
    file = tmp_path_factory.mktemp("adapter") / "a.safetensors"
    items = [make_object(training_seed(number)) for number in range(2)]
    return file, *train(items, encoder, file, AdapterSettings(steps=150, pictures=4))


def test_the_loss_falls(trained):
    file, adapter, losses = trained
    assert np.mean(losses[-20:]) < 0.7 * np.mean(losses[:5])
    assert json.loads(file.with_suffix(".json").read_text())["objects"] == 2
    again, about = load_head(file)
    for name, value in adapter.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert about["base"].startswith("pocket-")


def test_base_and_adapter_count_half_each(trained, encoder):
    file = trained[0]
    adapted = load_encoder(EncoderChoice(adapter=str(file)))
    images = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    base, both = encoder.encode(images), adapted.encode(images)
    assert both.descriptors.shape[-1] == adapted.dim == encoder.dim + 128
    torch.testing.assert_close(both.descriptors.norm(dim=-1), torch.ones(both.descriptors.shape[:-1]))
    torch.testing.assert_close(both.descriptors[..., : encoder.dim], F.normalize(base.descriptors, dim=-1) * 0.5**0.5)
    torch.testing.assert_close(both.foreground, base.foreground)
    assert adapted.fingerprint != encoder.fingerprint and adapted.input_size == encoder.input_size


def test_another_base_is_refused(tmp_path, encoder):
    save_head(tmp_path / "a.safetensors", ResidualHead(128), "another")
    with pytest.raises(CounterpointError, match="does not fit"):
        ResidualHeadEncoder(encoder, tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(b"no such thing")
    with pytest.raises(CounterpointError, match="no adapter"):
        ResidualHeadEncoder(encoder, tmp_path / "b.safetensors")


def test_voxels_share_a_descriptor(sample, encoder, toy_side):
    settings = dict(samples=1500, azimuths=2, elevations=(20.0,), resolution=64)
    fine, coarse = (lift(toy_side.shape, encoder, LiftSettings(**settings, voxels=n)) for n in (0, 4))
    different = [len(np.unique(f.descriptors.float().numpy().round(3), axis=0)) for f in (fine, coarse)]
    assert different[1] <= 64 < different[0]
