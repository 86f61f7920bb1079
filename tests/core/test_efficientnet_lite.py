"""The trunk that stands here is timm's."""

import numpy as np
import timm
import torch

from core.encoders.efficientnet_lite import CHANNELS, EfficientNetLite, folded
from core.encoders.pocket import PocketEncoder


def test_the_trunk_is_that_of_timm():
    torch.manual_seed(0)
    theirs = timm.create_model("tf_efficientnet_lite0", features_only=True, out_indices=(1, 2, 3, 4)).eval()
    for norm in theirs.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(norm.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(norm.running_var, 0.5, 2)
            torch.nn.init.uniform_(norm.weight, 0.5, 2)
    ours = EfficientNetLite().eval()
    ours.load_state_dict(theirs.state_dict())  # every name and shape
    picture = torch.randn(2, 3, 97, 128)  # of an odd length, which "same" pads unevenly
    with torch.inference_mode():
        maps, expected = ours(picture), theirs(picture)
        first = EfficientNetLite(stages=5).eval()
        first.load_state_dict(theirs.state_dict(), strict=False)
        assert [len(first(picture)), *(one.shape[1] for one in maps)] == [3, *CHANNELS]
    for one, other in zip(maps, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    with torch.inference_mode():
        quick = folded(ours)
        assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in quick.modules())
        assert any(isinstance(module, torch.nn.BatchNorm2d) for module in ours.modules())
        for one, other in zip(quick(picture), maps, strict=True):
            assert torch.allclose(one, other, rtol=1e-4, atol=3e-3)


def test_an_encoder_that_is_trained_further_encodes_with_what_it_learnt():
    encoder, picture = PocketEncoder(device="cpu"), np.full((1, 64, 64, 3), 90, np.uint8)
    before = encoder.encode(picture).descriptors
    with torch.no_grad():
        encoder.net.backbone.bn1.weight *= 0.5
    assert not torch.allclose(encoder.encode(picture).descriptors, before)
