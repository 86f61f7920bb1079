"""The Tango recipe on a CPU: three stages, gradients where each stage learns, the user's own tokens, a run that goes
on.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import default_collate

from core.encoders.pocket import WEIGHTS, PocketEncoder
from core.encoders.points import PocketPointEncoder, farthest_points
from core.errors import Cancelled, CounterpointError
from core.geometry.sampling import sample_surface
from core.training.pair_data import PairData
from core.training.pair_settings import PairSettings
from core.training.pictures import PictureSettings
from core.training.procedural import make_object
from core.training.schedule import Schedule
from core.training.tango import Clouds, TangoLearner, TangoRecipe, train

SMALL = PairSettings(PictureSettings(size=64), queries=64, keys=128, outside=32)


def recipe(**changes):
    return TangoRecipe(
        **{
            "steps": 10,
            "pairs": 3,
            "data": SMALL,
            "points": 512,
            "warmup": 2,
            "log_every": 1,
            "save_every": 2,
            **changes,
        }
    )


def batch_of(settings):
    clouds = Clouds(settings.points, 256, settings.full_turns)
    data = PairData(settings.data, 0, 3, extras=clouds)
    return default_collate([data[i] for i in range(3)])


def rows_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_the_stages_follow_each_other():
    settings = recipe(steps=20)
    assert [settings.aim(step) for step in range(1, 21)] == ["local"] * 10 + ["global"] * 4 + ["joint"] * 6
    assert [(stage.begin, stage.length) for stage in settings.stages()] == [(0, 10), (10, 4), (14, 6)]


def test_each_stage_has_a_cosine_of_its_own():
    settings = recipe(steps=40, warmup=2, rate=1.0)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0)
    schedule = Schedule(optimizer, settings)
    rates = [schedule.apply(step, step) for step in range(1, 41)]
    assert rates[0] == pytest.approx(0.5) and rates[19] == pytest.approx(0.01)
    assert rates[20] == pytest.approx(0.5) and rates[27] == pytest.approx(0.01)
    assert rates[28] == pytest.approx(0.15) and rates[39] == pytest.approx(0.003)
    assert max(rates[:20]) > 0.95 and 0.28 < max(rates[28:]) <= 0.3
    assert rates[29:] == sorted(rates[29:], reverse=True)


def test_each_stage_teaches_what_it_should():
    settings = recipe(steps=20)
    batch = batch_of(settings)
    learner = TangoLearner(settings).train()
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.01)
    learnt = {}
    for step in (
        1,
        1,
        11,
        20,
    ):  # twice: the last BatchNorm of a block starts at zero, and only the first step opens the way
        learner.begin(step)
        optimizer.zero_grad()
        terms = learner.losses(batch, step)
        torch.stack([weight * value for weight, value in terms.values()]).sum().backward()
        optimizer.step()
        learnt[step] = {n for n, p in learner.named_parameters() if p.grad is not None and p.grad.abs().max() > 0}
    every = {name for name, _ in learner.named_parameters()}
    heads = {name for name in every if "glob" in name or "vector_scale" in name}
    assert learnt[1] == every - heads and learnt[11] == heads and learnt[20] == every


@pytest.mark.slow
def test_a_new_point_net_learns_one_batch_by_heart(tmp_path):
    shutil.copy(WEIGHTS / "pocket_image.safetensors", tmp_path)
    settings = recipe(start=str(tmp_path), full_turns=0.0)
    batch = batch_of(settings)
    learner = TangoLearner(settings).train()
    learner.begin(1)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=1e-3)
    losses = []
    for _ in range(14):
        loss = learner.losses(batch, 1)["pixel to token"][1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(np.log(320), abs=0.3) and losses[-1] < losses[0] - 0.5


@pytest.mark.timeout(300)
@pytest.mark.slow
def test_the_losses_fall_through_the_stages_and_both_nets_can_be_used(tmp_path):
    items = [make_object(seed, name) for seed, name in enumerate(("chair", "mug", "plane", "guitar"))]
    settings = recipe(steps=20, pairs=4, rate=5e-4, save_every=20, shares=(0.6, 0.2, 0.2), start=str(WEIGHTS))
    weights = train(tmp_path, settings, items, device="cpu")
    rows = rows_of(tmp_path)
    assert {"dense", "pixel to token"} <= set(rows[0]) and "picture to shape" not in rows[0]
    assert "dense" not in rows[13] and {"dense", "picture to shape"} <= set(rows[-1])
    for term in ("pixel to token", "token to pixel"):  # the targets of dense grow sharper meanwhile
        values = [row[term] for row in rows if term in row]
        assert np.mean(values[-4:]) < np.mean(values[:4]) - 0.1, term
    points = sample_surface(items[0].shape, 2048)
    encoder = PocketPointEncoder(weights.with_name("pocket_point.safetensors"))
    encoded = encoder.encode(points.position, points.normal)
    assert torch.isfinite(encoded.descriptors).all() and encoded.vector.shape == (256,)
    assert PocketEncoder(weights).encode(np.zeros((1, 64, 64, 3), np.uint8)).descriptors.isfinite().all()


def test_a_stopped_run_goes_on_to_the_same_losses_across_stages(tmp_path):
    def stop_at_three(fraction, message):
        if message.startswith("step 3"):
            raise Cancelled

    settings = recipe(pairs=2, steps=5)
    assert [settings.aim(step) for step in range(1, 6)] == ["local"] * 2 + ["global"] * 2 + ["joint"]
    train(tmp_path / "whole", settings, device="cpu")
    with pytest.raises(Cancelled):
        train(tmp_path / "stopped", settings, device="cpu", progress=stop_at_three)
    train(tmp_path / "stopped", settings, device="cpu", resume=True)
    whole, stopped = ([row["loss"] for row in rows_of(tmp_path / name)] for name in ("whole", "stopped"))
    assert len(whole) == 5 and stopped == pytest.approx(whole, rel=1e-4)


class MadeVae(nn.Module):
    """The encoder of a shape VAE in the usual layout: subsampled points ask all points by cross-attention."""

    width = 32

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.embed, self.attend = nn.Linear(6, 32), nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, cloud):
        chosen = farthest_points(cloud[..., :3], 64)
        queries = cloud.gather(1, chosen[..., None].expand(-1, -1, 6))
        x = self.embed(cloud)
        return queries[..., :3], self.attend(self.embed(queries), x, x)[0]


def test_tokens_of_the_users_own_vae(tmp_path):
    vae = MadeVae()
    before = [p.clone() for p in vae.parameters()]
    train(tmp_path, recipe(steps=4, pairs=2), device="cpu", tokens=vae)
    assert all(torch.equal(a, b) for a, b in zip(before, vae.parameters(), strict=True))
    file = tmp_path / "pocket_point.safetensors"
    assert "adapt.weight" in _keys(file) and not any("attend" in key for key in _keys(file))
    cloud = F.normalize(torch.randn(300, 6), dim=-1).numpy()
    assert PocketPointEncoder(file, tokens=vae).encode(cloud[:, :3], cloud[:, 3:]).descriptors.shape == (64, 128)
    with pytest.raises(CounterpointError, match="does not hold"):
        PocketPointEncoder(file).encode(cloud[:, :3], cloud[:, 3:])
    vae.width = 33
    with pytest.raises(CounterpointError, match="33"):
        train(tmp_path, recipe(steps=4, pairs=2), device="cpu", tokens=vae)


@pytest.mark.slow
def test_the_verb_takes_the_users_tokens(tmp_path):
    root = Path(__file__).parents[2]
    (tmp_path / "my_vae.py").write_text("from tests.core.test_tango import MadeVae as make\n")
    command = [
        sys.executable,
        "-m",
        "app",
        "train",
        "tango",
        "-o",
        "run",
        "--steps",
        "3",
        "--pairs",
        "2",
        "--size",
        "64",
    ]
    run = {
        "capture_output": True,
        "text": True,
        "timeout": 240,
        "cwd": tmp_path,
        "env": {**os.environ, "PYTHONPATH": str(root)},
    }
    done = subprocess.run([*command, "--device", "cpu", "--tokens", "my_vae:make"], **run)
    assert done.returncode == 0 and "pocket_image.safetensors" in done.stdout, done.stderr
    assert "adapt.weight" in _keys(tmp_path / "run" / "pocket_point.safetensors")
    assert "counterpoint train tango" in (tmp_path / "run" / "MODEL_CARD.md").read_text()
    done = subprocess.run([*command, "--tokens", "my_vae:nothing"], **run)
    assert done.returncode == 2 and "cannot be imported" in done.stderr


def _keys(file):
    from safetensors import safe_open

    with safe_open(file, "pt") as tensors:
        return set(tensors.keys())


def test_farthest_points_are_far():
    points = F.normalize(torch.randn(2, 500, 3, generator=torch.Generator().manual_seed(0)), dim=-1)
    chosen = farthest_points(points, 40)
    for cloud, index in zip(points, chosen, strict=True):
        assert len(set(index.tolist())) == 40
        covered = torch.cdist(cloud, cloud[index]).amin(dim=1).max()
        at_random = torch.cdist(cloud, cloud[:40]).amin(dim=1).max()
        assert covered < 0.8 * at_random
