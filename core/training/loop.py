"""The loop that all recipes share: steps, rates, averaged weights, checkpoints and log."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from timm.utils import ModelEmaV3
from torch import nn

from core.encoders.base import pick_device
from core.errors import CounterpointError
from core.files import make_folder
from core.progress import Progress, silent
from core.training import checkpoints
from core.training.recipe import LongRecipe, Recipe
from core.training.schedule import Schedule

Given = TypeVar("Given")
"""What a step learns from."""

Terms = Mapping[str, tuple[float, torch.Tensor]]
"""The weight and the value, a tensor without axes, of each term of a loss, by name."""


class Learner(nn.Module, ABC, Generic[Given]):
    """What a recipe teaches: the parameters that learn, their data, and the losses of a batch.

    Attributes:
        mixed_precision: whether losses are computed in bfloat16 on a GPU.
    """

    mixed_precision = False

    @abstractmethod
    def data(self, done: int, device: torch.device) -> Iterable[Given]:
        """The batches of the steps after ``done`` steps, on the device; the run ends with them."""

    @abstractmethod
    def losses(self, batch: Given, step: int) -> Terms:
        """The terms of the loss of a batch at a step, counted from 1."""

    def begin(self, step: int) -> None:
        """Get ready for a step, for example choose the parameters that learn."""

    def after(self, step: int, loss: float) -> None:
        """Look at how a step went."""

    def groups(self) -> list[dict[str, Any]]:
        """The parameters that learn, in groups of the optimiser; ``lr_scale`` is a group's share of the rate."""
        return [{"params": [parameter for parameter in self.parameters() if parameter.requires_grad]}]

    def position(self, step: int) -> float:
        """How far the run has come before a step, in steps of the recipe.

        More than ``step`` where its time runs out.
        """
        return step

    def message(self, step: int, steps: int, loss: float) -> str:
        """A short phrase for people about a step of ``steps``."""
        return f"step {step} of {steps}, loss {loss:.4f}"


def run(
    learner: Learner[Any], recipe: Recipe, device: str | torch.device = "auto", progress: Progress = silent
) -> list[float]:
    """Run a recipe; the learner's parameters have learnt when this returns.

    Args:
        learner: what is taught; it is moved to the device.
        recipe: the numbers of the run.
        device: "auto", "cpu", "cuda" or a device of torch.
        progress: called after every step.

    Returns:
        The loss at every step.

    Raises:
        CounterpointError: no such device, or the loss is not a number.
        Cancelled: by ``progress``.
    """
    where = pick_device(str(device))
    optimizer, schedule = _prepared(learner, recipe, where)
    found = []
    for step, batch in enumerate(learner.data(0, where), 1):
        found.append(_step(learner, optimizer, schedule, batch, step, recipe)["loss"])
        learner.after(step, found[-1])
        progress(learner.position(step) / recipe.steps, learner.message(step, recipe.steps, found[-1]))
    learner.eval()
    return found


def run_in_folder(
    out: Path,
    learner: Learner[Any],
    nets: dict[str, nn.Module],
    recipe: LongRecipe,
    device: str = "auto",
    resume: bool = False,
    progress: Progress = silent,
) -> dict[str, nn.Module]:
    """Run a long recipe in a folder that keeps its log and its checkpoint.

    With ``resume`` the run goes on from its last checkpoint, to the losses that it would have had.

    Args:
        out: the folder; it is made if need be.
        learner: what is taught; it is moved to the device.
        nets: the parts of the learner whose weights are averaged over the steps, by name.
        recipe: the numbers of the run.
        device: "auto", "cpu" or "cuda".
        resume: whether to go on from the checkpoint in the folder.
        progress: called after every step.

    Returns:
        The nets with averaged weights, by name.

    Raises:
        CounterpointError: no such device, nothing to go on from, the loss is not a number, or ``out`` cannot be
            written.
        Cancelled: by ``progress``; the run can be resumed.
    """
    where = pick_device(device)
    make_folder(out)
    optimizer, schedule = _prepared(learner, recipe, where)
    live = nn.ModuleDict(nets)
    averaged = ModelEmaV3(live, recipe.ema_decay, use_warmup=True, warmup_gamma=9, warmup_power=1)
    parts = {"learner": learner, "averaged": averaged, "optimizer": optimizer}
    done = _resumed(out, recipe, parts) if resume else 0
    log, begin = checkpoints.Log(out / "log.jsonl", done), time.perf_counter()
    for step, batch in enumerate(learner.data(done, where), done + 1):
        row = _step(learner, optimizer, schedule, batch, step, recipe)
        averaged.update(live, step + 2)  # timm counts the first two steps as nothing to average
        if step % recipe.log_every == 0 or step == recipe.steps:
            log.add(step=step, seconds=round(time.perf_counter() - begin, 2), **row)
        if step % recipe.save_every == 0 or step == recipe.steps:
            states = {name: part.state_dict() for name, part in parts.items()}
            checkpoints.save(out / "checkpoint.pt", {"step": step, "recipe": asdict(recipe), **states})
        progress(step / recipe.steps, learner.message(step, recipe.steps, row["loss"]))
    return dict(averaged.module.items())


def _prepared(learner: Learner[Any], recipe: Recipe, device: torch.device) -> tuple[torch.optim.Optimizer, Schedule]:
    """The optimiser and the rates of a learner, which is on the device from now on, in training mode."""
    learner.to(device).train()
    optimizer = torch.optim.AdamW(learner.groups(), recipe.rate, recipe.betas, weight_decay=recipe.weight_decay)
    return optimizer, Schedule(optimizer, recipe)


def _step(
    learner: Learner[Any], optimizer: torch.optim.Optimizer, schedule: Schedule, batch: Any, step: int, recipe: Recipe
) -> dict[str, float]:
    """Learn from a batch; returns the loss, the rate and the terms."""
    rate = schedule.apply(step, learner.position(step))
    learner.begin(step)
    device = next(learner.parameters()).device.type
    with torch.autocast("cuda", torch.bfloat16, enabled=learner.mixed_precision and device == "cuda"):
        terms = learner.losses(batch, step)
    loss = torch.stack([weight * value.float() for weight, value in terms.values()]).sum()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if recipe.gradient_norm is not None:
        nn.utils.clip_grad_norm_(learner.parameters(), recipe.gradient_norm)
    optimizer.step()
    row = {"loss": loss.item(), "rate": rate, **{name: value.item() for name, (_, value) in terms.items()}}
    if not np.isfinite(row["loss"]):
        raise CounterpointError(f"The loss is not a number at step {step}; start again or resume with a lower rate.")
    return row


def _resumed(out: Path, recipe: LongRecipe, parts: dict[str, Any]) -> int:
    """Load the checkpoint of a folder into the parts of a run; returns the steps that are done."""
    state = checkpoints.load(out / "checkpoint.pt")
    now, then = (json.loads(json.dumps(values)) for values in (asdict(recipe), state["recipe"]))
    for values in (now, then):
        values.pop("workers", None)
    if then != now:
        different = [name for name in now if then.get(name) != now[name]]
        raise CounterpointError(f"The run was started with another {', '.join(different)}; resume it with the same.")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])
