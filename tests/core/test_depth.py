"""Depth networks: the architecture of Depth Anything with made weights, kept on disk as published ones are."""

import numpy as np
import pytest
import torch

from core.encoders.depth import DepthModel
from core.errors import CounterpointError

transformers = pytest.importorskip("transformers")


def made(folder, kind):
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config, DPTImageProcessor

    backbone = Dinov2Config(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=56,
        reshape_hidden_states=False,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=32,
        neck_hidden_sizes=[8, 8, 16, 16],
        fusion_hidden_size=8,
        head_hidden_size=4,
        depth_estimation_type=kind,
        max_depth=20,
    )
    torch.manual_seed(0)
    DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    DPTImageProcessor(size={"height": 56, "width": 56}, ensure_multiple_of=14).save_pretrained(folder)
    return str(folder)


def test_metric_depth_of_a_photo(tmp_path):
    model = DepthModel(made(tmp_path, "metric"), "cpu")
    image = np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8)
    depth = model(image)
    assert depth.shape == (60, 90) and (depth >= 0).all() and (depth <= 21).all() and np.ptp(depth) > 0
    np.testing.assert_array_equal(depth, model(image))


def test_what_is_no_metric_network_is_refused(tmp_path):
    with pytest.raises(CounterpointError, match="not how far"):
        DepthModel(made(tmp_path / "relative", "relative"), "cpu")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CounterpointError, match="could be loaded"):
        DepthModel(str(tmp_path / "empty"), "cpu")
