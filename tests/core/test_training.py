"""The pocket recipe on a CPU: the loss falls, all of the net learns, a killed run goes on as if it had not been."""

import json
import resource

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils.data import default_collate

from core.encoders.pocket import PocketEncoder
from core.errors import Cancelled, CounterpointError
from core.training import checkpoints
from core.training.losses import global_loss, part_target, place_target, soft_info_nce
from core.training.pair_data import PairData
from core.training.pair_settings import PairSettings
from core.training.pictures import PictureSettings
from core.training.pocket import PocketLearner, PocketRecipe, train
from core.training.procedural import make_object
from core.training.schedule import Schedule
from tests.verb import verb

SMALL = PairSettings(PictureSettings(size=64), queries=64, keys=128, outside=32)


def recipe(**changes):
    return PocketRecipe(
        **{"steps": 6, "pairs": 3, "data": SMALL, "warmup": 3, "log_every": 1, "save_every": 2, **changes}
    )


def losses_of(folder):
    return [json.loads(line)["loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.timeout(300)
def test_the_loss_falls_and_the_weights_can_be_used(tmp_path):
    file = train(tmp_path, recipe(steps=14, pairs=4, rate=3e-3, save_every=14), device="cpu")
    losses = losses_of(tmp_path)
    assert np.mean(losses[-4:]) < np.mean(losses[:3]) - 0.3
    image = np.random.default_rng(0).integers(0, 255, (1, 64, 64, 3)).astype(np.uint8)
    trained, initial = PocketEncoder(file).encode(image), PocketEncoder(random=True).encode(image)
    assert torch.isfinite(trained.descriptors).all() and not torch.allclose(trained.descriptors, initial.descriptors)
    card = (tmp_path / "MODEL_CARD.md").read_text()
    assert "14 steps of 4 pairs" in card and f"{losses[-1]:.4g}" in card


def test_every_parameter_gets_a_gradient():
    data = PairData(SMALL, seed=1, count=4)
    batch = default_collate([data[i] for i in range(4)])
    learner = PocketLearner(recipe()).train()
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.01)
    for _ in range(2):  # the last BatchNorm of a block starts at zero and opens the way with the first step
        optimizer.zero_grad()
        terms = learner.losses(batch, step=1)
        torch.stack([weight * value for weight, value in terms.values()]).sum().backward()
        optimizer.step()
    assert set(terms) == {"dense", "whole", "foreground", "normal", "depth"}
    silent = [name for name, p in learner.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert not silent


def test_a_stopped_run_goes_on_to_the_same_losses(tmp_path):
    def stop_at_three(fraction, message):
        if message.startswith("step 3"):
            raise Cancelled

    settings = recipe(steps=4)
    train(tmp_path / "whole", settings, device="cpu")
    with pytest.raises(Cancelled):
        train(tmp_path / "stopped", settings, device="cpu", progress=stop_at_three)
    assert len(losses_of(tmp_path / "stopped")) == 3
    train(tmp_path / "stopped", settings, device="cpu", resume=True)
    assert losses_of(tmp_path / "stopped") == pytest.approx(losses_of(tmp_path / "whole"), rel=1e-4)
    with pytest.raises(CounterpointError, match="another pairs"):
        train(tmp_path / "stopped", recipe(steps=4, pairs=2), device="cpu", resume=True)


def test_the_rate_rises_linearly_and_falls_along_a_cosine():
    settings = recipe(steps=100, warmup=10, rate=2.0)
    schedule = Schedule(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0), settings)
    rates = np.array([schedule.apply(step, step) for step in range(1, 101)])
    assert rates[:9] == pytest.approx(2.0 * np.arange(1, 10) / 10)
    expected = 2.0 * (0.01 + 0.99 * (1 + np.cos(np.pi * np.arange(10, 101) / 100)) / 2)
    assert rates[9:] == pytest.approx(expected)
    assert schedule.apply(5, 90) == pytest.approx(1.0)  # time that runs out leaves the warm-up as it is
    assert schedule.apply(20, 90) == pytest.approx(expected[80])


def test_nothing_to_resume_and_damaged_checkpoints_are_said(tmp_path):
    with pytest.raises(CounterpointError, match="no checkpoint"):
        train(tmp_path, recipe(), device="cpu", resume=True)
    (tmp_path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(CounterpointError, match="no checkpoint"):
        train(tmp_path, recipe(), device="cpu", resume=True)


def test_fine_tuning_starts_from_weights_and_keeps_batch_statistics(tmp_path):
    from core.encoders.pocket import WEIGHTS

    start = str(WEIGHTS / "pocket_image.safetensors")
    items = [make_object(1, "chair"), make_object(2, "mug")]
    file = train(tmp_path, recipe(steps=2, start=start, rate=1e-4), items, device="cpu")
    image = np.full((1, 64, 64, 3), 128, np.uint8)
    tuned, bundled, random = (
        e.encode(image).descriptors for e in (PocketEncoder(file), PocketEncoder(), PocketEncoder(random=True))
    )
    near, far = (F.cosine_similarity(tuned, other, dim=-1).mean() for other in (bundled, random))
    assert near > 0.9 > far
    with pytest.raises(CounterpointError, match="does not hold weights"):
        train(tmp_path, recipe(start=str(tmp_path / "log.jsonl")), device="cpu")


def test_pairs_are_the_same_on_every_run_and_know_their_counterparts():
    data = PairData(SMALL, seed=3, count=12)
    first, again = data[7], PairData(SMALL, seed=3, count=12)[7]
    assert all(torch.equal(first[name], again[name]) for name in first)
    pairs = [data[i] for i in range(12)]
    assert 0 < sum(bool(p["across"]) for p in pairs) < 12
    for pair in pairs:
        assert all(pair["a_mask"][v, u] for u, v in pair["a_pixels"]) and not any(
            pair["b_mask"][v, u] for u, v in pair["outside"]
        )


def test_losses_are_what_their_formulas_say():
    torch.manual_seed(0)
    query, keys = F.normalize(torch.randn(1, 5, 8), dim=-1), F.normalize(torch.randn(1, 7, 8), dim=-1)
    label = torch.tensor([0, 3, 2, 6, 1])
    target = F.one_hot(label, 7)[None].float()
    expected = F.cross_entropy(4 * query[0] @ keys[0].T, label)
    assert soft_info_nce(query, keys, target, torch.tensor(4.0)) == pytest.approx(float(expected), rel=1e-5)
    target[0, 0] = 0
    expected = F.cross_entropy((4 * query[0] @ keys[0].T)[1:], label[1:])
    assert soft_info_nce(query, keys, target, torch.tensor(4.0)) == pytest.approx(float(expected), rel=1e-5)
    points = torch.tensor([[[0.0, 0, 0], [0.1, 0, 0]]])
    assert place_target(points, points, 0.1)[0, 0, 1] == pytest.approx(np.exp(-1), rel=1e-4)
    parts = torch.tensor([[0, 1]])
    assert torch.equal(part_target(parts, points, parts, points)[0], torch.eye(2))
    a = torch.eye(4)
    kin = global_loss(a, a, torch.tensor([0, 0, 1, -1]), torch.tensor(10.0))
    assert kin > global_loss(a, a, torch.tensor([-1, -1, -1, -1]), torch.tensor(10.0))


def test_the_verb_trains_and_goes_on(tmp_path):
    command = ["train", "pocket", "-o", tmp_path, "--steps", "2", "--pairs", "2", "--size", "64", "--device", "cpu"]
    done = verb(*command)
    assert done.returncode == 0 and "pocket_image.safetensors" in done.stdout, done.stderr
    done = verb(*command, "--resume", "--start", "x")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    done = verb(*command[:-4], "--size", "50")
    assert done.returncode == 2 and "multiple of 32" in done.stderr


def test_a_checkpoint_that_does_not_fit_is_said(tmp_path):
    """On a full disk torch raises what is no OSError, and leaves half a file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, resource.RLIM_INFINITY))
    try:
        with pytest.raises(CounterpointError, match="cannot be written"):
            checkpoints.save(tmp_path / "a.pt", {"weights": torch.zeros(1 << 16)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert not list(tmp_path.iterdir())


def test_the_log_of_a_run_that_goes_on_is_shortened_in_one_step(tmp_path):
    log, before = tmp_path / "log.jsonl", '{"step": 1}\n{"step": 9}\n'
    log.write_text(before)
    (tmp_path / "as it was").hardlink_to(log)
    checkpoints.Log(log, after=1).add(step=2)
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == [1, 2]
    assert (tmp_path / "as it was").read_text() == before  # it is not emptied first, which a kill would leave so
