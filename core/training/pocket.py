"""The recipe of the pocket image encoder: dense correspondence learnt from pairs of pictures of procedural objects.

    counterpoint train pocket --data procedural -o RUN

Dense soft-target InfoNCE over pixels of two pictures, with foreground, normal, depth and a vector of the whole picture beside it.
"""

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from core.encoders.base import pick_device
from core.encoders.pocket import WEIGHTS, PocketNet
from core.errors import CounterpointError
from core.progress import Progress, silent
from core.training import checkpoints
from core.training.losses import global_loss, part_target, picture_losses, place_target, soft_info_nce
from core.training.pair_data import PairData, PairSettings
from core.training.procedural import Object3D

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class PocketRecipe:
    """All numbers of a run.

    Attributes:
        steps, pairs: length of the run, and pairs of pictures a step.
        data: what a pair is; its ``pictures.size`` is the side in pixels, a multiple of 32.
        rate, warmup, decay: AdamW's peak rate (cosine down to a hundredth), steps to reach it, weight decay.
        sigma: width of the soft targets at the start and at the end, in object diagonals.
        foreground, normal, depth, whole: weights of the other losses.
        clip, average: gradient norm at most, and how slowly the averaged weights follow.
        start: weights (safetensors) to go on from instead of random ones; BatchNorm then keeps its statistics.
        seed, workers: of the data.
        log_every, save_every: steps.
    """

    steps: int = 20_000
    pairs: int = 96
    data: PairSettings = field(default_factory=PairSettings)
    rate: float = 1e-3
    warmup: int = 300
    decay: float = 0.03
    sigma: tuple[float, float] = (0.06, 0.025)
    foreground: float = 0.5
    normal: float = 0.2
    depth: float = 0.2
    whole: float = 0.15
    clip: float = 1.0
    average: float = 0.999
    start: str | None = None
    seed: int = 0
    workers: int = 0
    log_every: int = 10
    save_every: int = 200


class Learner(nn.Module):
    """The net with the learnt temperatures."""

    def __init__(self, recipe: PocketRecipe):
        super().__init__()
        torch.manual_seed(recipe.seed)
        card = json.loads((WEIGHTS / "pocket.json").read_text())["image_encoder"]
        self.net = PocketNet(card)
        self._statistics = card["mean"], card["std"]
        self.dense_scale = nn.Parameter(torch.tensor(2.3))
        self.whole_scale = nn.Parameter(torch.tensor(2.3))
        if recipe.start:
            try:
                self.net.load_state_dict(load_file(recipe.start), strict=False)
            except Exception as error:
                raise CounterpointError(f"{recipe.start} does not hold weights of the pocket encoder.") from error

    def losses(self, batch: Batch, sigma: float) -> dict[str, torch.Tensor]:
        """The terms of a batch, not yet weighted."""
        images = torch.cat([batch["a_image"], batch["b_image"]]).movedim(-1, 1).float() / 255
        mean, std = (torch.tensor(v, device=images.device).view(1, 3, 1, 1) for v in self._statistics)
        descriptors, aux, whole = self.net.with_global((images - mean) / std)
        a, b = descriptors.chunk(2)
        whole_a, whole_b = whole.chunk(2)
        size = images.shape[-1]
        query, key = _sample(a, batch["a_pixels"], size), _sample(b, batch["b_pixels"], size)
        keys = torch.cat([key, _sample(b, batch["outside"], size), key[:, :128].roll(1, dims=0)], dim=1)
        near = place_target(batch["a_point"], batch["b_point"], sigma)
        kin = part_target(batch["a_part"], batch["a_local"], batch["b_part"], batch["b_local"])
        target = torch.where(batch["across"][:, None, None], kin, near)
        target = F.pad(target, (0, keys.shape[1] - target.shape[2]))
        return {
            "dense": soft_info_nce(query, keys, target, self.dense_scale.exp().clamp(max=100)),
            "whole": global_loss(whole_a, whole_b, batch["category"], self.whole_scale.exp().clamp(max=100)),
            **_aux_losses(aux, batch),
        }


def train(
    out: Path,
    recipe: PocketRecipe = PocketRecipe(),
    items: Sequence[Object3D] | None = None,
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
) -> Path:
    """Run the recipe into the folder ``out``; returns the weights (safetensors, float16) that ``--weights`` takes.

    ``items`` are shapes to learn from instead of procedural ones. With ``resume`` the run goes on from its last checkpoint, to the
    losses that it would have had.

    Raises:
        CounterpointError: no such device, weights that do not fit, nothing to go on from, or ``out`` cannot be written.
        Cancelled: by ``progress``; the run can be resumed.
    """
    where = pick_device(device)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CounterpointError(f"{out} cannot be made ({error.strerror}).") from error
    learner = Learner(recipe).to(where)
    averaged = copy.deepcopy(learner.net).requires_grad_(False)
    optimizer = torch.optim.AdamW(learner.parameters(), lr=recipe.rate, betas=(0.9, 0.98), weight_decay=recipe.decay)
    first = 0
    if resume:
        state = checkpoints.load(out / "checkpoint.pt")
        _check_same(state["recipe"], recipe)
        learner.load_state_dict(state["learner"])
        averaged.load_state_dict(state["averaged"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    log = checkpoints.Log(out / "log.jsonl", first)
    pairs = PairData(recipe.data, recipe.seed, recipe.steps * recipe.pairs, items)
    order = range(first * recipe.pairs, len(pairs))
    loader = DataLoader(pairs, recipe.pairs, sampler=order, num_workers=recipe.workers, drop_last=True)
    begin = time.perf_counter()
    _train_mode(learner, recipe)
    for step, batch in enumerate(loader, first + 1):
        terms = _step(learner, optimizer, {k: v.to(where) for k, v in batch.items()}, step, recipe)
        _follow(averaged, learner.net, min(recipe.average, (step + 1) / (step + 10)))
        if not np.isfinite(terms["loss"]):
            raise CounterpointError(f"The loss is not a number at step {step}; resume with a lower rate.")
        if step % recipe.log_every == 0 or step == recipe.steps:
            log.add(step=step, seconds=round(time.perf_counter() - begin, 2), **terms)
        if step % recipe.save_every == 0 or step == recipe.steps:
            state = {"step": step, "learner": learner.state_dict(), "averaged": averaged.state_dict()}
            state |= {"optimizer": optimizer.state_dict(), "recipe": asdict(recipe)}
            checkpoints.save(out / "checkpoint.pt", state)
        progress(step / recipe.steps, f"step {step} of {recipe.steps}, loss {terms['loss']:.3f}")
    return _finish(out, averaged, recipe, len(items) if items is not None else None)


def _step(
    learner: Learner, optimizer: torch.optim.Optimizer, batch: Batch, step: int, recipe: PocketRecipe
) -> dict[str, float]:
    done = step / recipe.steps
    sigma = recipe.sigma[0] * (recipe.sigma[1] / recipe.sigma[0]) ** done
    rate = float(recipe.rate * min(step / max(recipe.warmup, 1), 0.01 + 0.99 * (1 + np.cos(np.pi * done)) / 2))
    for group in optimizer.param_groups:
        group["lr"] = rate
    on_gpu = batch["a_image"].device.type == "cuda"
    with torch.autocast("cuda", torch.bfloat16, enabled=on_gpu):
        terms = learner.losses(batch, sigma)
    weights = {"dense": 1.0, "foreground": recipe.foreground, "normal": recipe.normal, "depth": recipe.depth}
    weights["whole"] = recipe.whole
    loss = torch.stack([weights[name] * value.float() for name, value in terms.items()]).sum()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(learner.parameters(), recipe.clip)
    optimizer.step()
    return {"loss": loss.item(), "rate": rate, **{name: value.item() for name, value in terms.items()}}


def _train_mode(learner: Learner, recipe: PocketRecipe) -> None:
    learner.train()
    if recipe.start:
        for module in learner.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


@torch.no_grad()
def _follow(averaged: nn.Module, net: nn.Module, keep: float) -> None:
    for slow, fast in zip(averaged.state_dict().values(), net.state_dict().values(), strict=True):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1 - keep)
        else:
            slow.copy_(fast)


def _check_same(before: dict[str, Any], recipe: PocketRecipe) -> None:
    now = json.loads(json.dumps(asdict(replace(recipe, workers=before["workers"]))))
    if json.loads(json.dumps(before)) != now:
        different = [name for name in now if json.loads(json.dumps(before))[name] != now[name]]
        raise CounterpointError(f"The run was started with another {', '.join(different)}; resume it with the same.")


def _finish(out: Path, averaged: nn.Module, recipe: PocketRecipe, meshes: int | None) -> Path:
    file = out / "pocket_image.safetensors"
    state = {k: v.half().contiguous().cpu() for k, v in averaged.state_dict().items() if v.dtype.is_floating_point}
    save_file(state, file.with_suffix(".part"))
    file.with_suffix(".part").replace(file)
    last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    source = "procedural objects" if meshes is None else f"{meshes} given shapes"
    lines = [
        "# Pocket image encoder",
        "",
        f"Trained by `counterpoint train pocket` on {source}: {recipe.steps} steps of {recipe.pairs} pairs.",
        "",
        "| loss at the end | |",
        "| --- | --- |",
        *(f"| {name} | {value:.4g} |" for name, value in last.items() if name not in ("step", "seconds")),
        "",
        "Measure it: `counterpoint evaluate correspondence --weights pocket_image.safetensors`. The recipe:",
        "",
        "```json",
        json.dumps(asdict(recipe), indent=1),
        "```",
    ]
    (out / "MODEL_CARD.md").write_text("\n".join(lines) + "\n")
    return file


def _aux_losses(aux: torch.Tensor, batch: Batch) -> dict[str, torch.Tensor]:
    def small(name: str) -> torch.Tensor:
        whole = torch.cat([batch[f"a_{name}"], batch[f"b_{name}"]]).float()
        step = whole.shape[1] // aux.shape[-1]
        return whole[:, step // 2 :: step, step // 2 :: step]

    return picture_losses(aux.float(), small("mask"), small("normal"), small("depth"))


def _sample(grid: torch.Tensor, pixels: torch.Tensor, size: int) -> torch.Tensor:
    """Unit descriptors [B, N, D] of maps [B, D, h, w] at pixels [B, N, 2] of pictures of ``size``."""
    at = (pixels.float() + 0.5) * 2 / size - 1
    values = F.grid_sample(grid.float(), at[:, None], align_corners=False, padding_mode="border")
    return F.normalize(values[:, :, 0].transpose(1, 2), dim=-1)
