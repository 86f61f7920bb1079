"""The loop that all recipes share: steps, rates, averaged weights, checkpoints, log and card."""

import copy
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader

from core.encoders.base import pick_device
from core.errors import CounterpointError
from core.progress import Progress, silent
from core.tensors import save_tensors
from core.training import checkpoints
from core.training.pair_data import Extras, PairData, PairSettings
from core.training.procedural import Object3D

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Recipe:
    """The numbers that every recipe has.

    Attributes:
        steps, pairs: length of the run, and pairs of pictures a step.
        rate, warmup, decay: AdamW's peak rate (cosine down to a hundredth), steps to reach it, weight decay.
        clip, average: gradient norm at most, and how slowly the averaged weights follow.
        start: weights to go on from instead of random ones; BatchNorm then keeps its statistics.
        seed, workers: of the data.
        log_every, save_every: steps.
        renderer: "open3d" draws pictures one by one in the workers, "warp" in batches on the device; "auto" takes warp on a GPU.
    """

    steps: int = 20_000
    pairs: int = 96
    rate: float = 1e-3
    warmup: int = 300
    decay: float = 0.03
    clip: float = 1.0
    average: float = 0.999
    start: str | None = None
    seed: int = 0
    workers: int = 0
    log_every: int = 10
    save_every: int = 200
    renderer: Literal["auto", "open3d", "warp"] = "auto"


class Learner(nn.Module, ABC):
    """What a recipe teaches: nets, and the losses of a batch."""

    @abstractmethod
    def nets(self) -> dict[str, nn.Module]:
        """The nets whose averaged weights are the result, by the name of their file."""

    @abstractmethod
    def begin(self, step: int) -> float:
        """Get ready for a step (which parameters learn); returns the factor of the peak rate."""

    @abstractmethod
    def losses(self, batch: Batch, step: int) -> dict[str, tuple[float, torch.Tensor]]:
        """Weight and value of every term."""


def cosine(step: int, steps: int, warmup: int) -> float:
    """The factor of the peak rate at a step: up to 1 within ``warmup`` steps, then down to a hundredth."""
    return float(min(step / max(warmup, 1), 0.01 + 0.99 * (1 + np.cos(np.pi * step / steps)) / 2))


def load_start(net: nn.Module, file: str | Path) -> None:
    """Weights to go on from.

    Raises:
        CounterpointError: they do not fit.
    """
    try:
        net.load_state_dict(load_file(file), strict=False)
    except Exception as error:
        raise CounterpointError(f"{file} does not hold weights that fit.") from error


def pairs(
    recipe: Recipe,
    settings: PairSettings,
    device: str,
    items: Sequence[Object3D] | None,
    extras: Extras | None = None,
) -> PairData:
    """The data of a run, by the renderer that the recipe asks for.

    Raises:
        CounterpointError: warp is asked for and not installed.
    """
    renderer = recipe.renderer
    if renderer == "auto":
        renderer = "warp" if pick_device(device).type == "cuda" else "open3d"
    kind = PairData
    if renderer == "warp":
        try:
            from core.training.device_pairs import DevicePairs
        except ImportError as error:
            raise CounterpointError(
                "Drawing on the GPU needs NVIDIA Warp: pip install 'counterpoint[train]', or choose --renderer open3d."
            ) from error
        kind = DevicePairs
    return kind(settings, recipe.seed, recipe.steps * recipe.pairs, items, extras)


def run(
    out: Path,
    recipe: Recipe,
    learner: Learner,
    data: PairData,
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
) -> dict[str, Path]:
    """Run a recipe into the folder ``out``; returns the files of weights (safetensors, float16).

    With ``resume`` the run goes on from its last checkpoint, to the
    losses that it would have had.

    Raises:
        CounterpointError: no such device, nothing to go on from, or ``out`` cannot be written.
        Cancelled: by ``progress``; the run can be resumed.
    """
    where = pick_device(device)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CounterpointError(f"{out} cannot be made ({error.strerror}).") from error
    learner = learner.to(where)
    averaged = nn.ModuleDict({name: copy.deepcopy(net).requires_grad_(False) for name, net in learner.nets().items()})
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
    order = range(first * recipe.pairs, recipe.steps * recipe.pairs)
    loader: DataLoader[Any] = DataLoader(
        data, recipe.pairs, sampler=order, num_workers=recipe.workers, drop_last=True, collate_fn=data.collate
    )
    begin = time.perf_counter()
    _train_mode(learner, recipe)
    for step, raw in enumerate(loader, first + 1):
        terms = _step(learner, optimizer, data.finish(raw, where), step, recipe)
        _follow(averaged, learner.nets(), min(recipe.average, (step + 1) / (step + 10)))
        if not np.isfinite(terms["loss"]):
            raise CounterpointError(f"The loss is not a number at step {step}; resume with a lower rate.")
        if step % recipe.log_every == 0 or step == recipe.steps:
            log.add(step=step, seconds=round(time.perf_counter() - begin, 2), **terms)
        if step % recipe.save_every == 0 or step == recipe.steps:
            state = {"step": step, "learner": learner.state_dict(), "averaged": averaged.state_dict()}
            state |= {"optimizer": optimizer.state_dict(), "recipe": asdict(recipe)}
            checkpoints.save(out / "checkpoint.pt", state)
        progress(step / recipe.steps, f"step {step} of {recipe.steps}, loss {terms['loss']:.3f}")
    return {name: _write(out / f"{name}.safetensors", net) for name, net in averaged.items()}


def _step(
    learner: Learner, optimizer: torch.optim.Optimizer, batch: Batch, step: int, recipe: Recipe
) -> dict[str, float]:
    rate = recipe.rate * learner.begin(step)
    for group in optimizer.param_groups:
        group["lr"] = rate
    on_gpu = next(learner.parameters()).device.type == "cuda"
    with torch.autocast("cuda", torch.bfloat16, enabled=on_gpu):
        terms = learner.losses(batch, step)
    loss = torch.stack([weight * value.float() for weight, value in terms.values()]).sum()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(learner.parameters(), recipe.clip)
    optimizer.step()
    return {"loss": loss.item(), "rate": rate, **{name: value.item() for name, (_, value) in terms.items()}}


def _train_mode(learner: Learner, recipe: Recipe) -> None:
    learner.train()
    if recipe.start:
        for module in learner.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


@torch.no_grad()
def _follow(averaged: nn.ModuleDict, nets: dict[str, nn.Module], keep: float) -> None:
    for name, net in nets.items():
        for slow, fast in zip(averaged[name].state_dict().values(), net.state_dict().values(), strict=True):
            if slow.dtype.is_floating_point:
                slow.lerp_(fast, 1 - keep)
            else:
                slow.copy_(fast)


def _check_same(before: dict[str, Any], recipe: Recipe) -> None:
    now = json.loads(json.dumps(asdict(replace(recipe, workers=before["workers"]))))
    then = json.loads(json.dumps(before))
    if then != now:
        different = [name for name in now if then.get(name) != now[name]]
        raise CounterpointError(f"The run was started with another {', '.join(different)}; resume it with the same.")


def _write(file: Path, net: nn.Module) -> Path:
    state = {k: v.half() for k, v in net.state_dict().items() if v.dtype.is_floating_point}
    save_tensors(file, state)
    return file


def write_card(out: Path, title: str, name: str, recipe: Recipe, meshes: int | None) -> None:
    """The model card of a finished run."""
    last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    source = "procedural objects" if meshes is None else f"{meshes} given shapes"
    lines = [
        f"# {title}",
        "",
        f"Trained by `counterpoint train {name}` on {source}: {recipe.steps} steps of {recipe.pairs} pairs.",
        "",
        "| loss at the end | |",
        "| --- | --- |",
        *(f"| {key} | {value:.4g} |" for key, value in last.items() if key not in ("step", "seconds")),
        "",
        "Measure it: `counterpoint evaluate correspondence --weights pocket_image.safetensors`. The recipe:",
        "",
        "```json",
        json.dumps(asdict(recipe), indent=1),
        "```",
    ]
    (out / "MODEL_CARD.md").write_text("\n".join(lines) + "\n")
