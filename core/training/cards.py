"""What is written beside weights about the run that made them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from core.files import write_atomic
from core.training.recipe import PairRecipe, Recipe


def write_summary(weights: str | Path, recipe: Recipe, losses: Sequence[float], **facts: Any) -> None:
    """Write what a short run did as JSON beside its weights.

    Args:
        weights: the file of weights.
        recipe: the numbers of the run.
        losses: the loss at every step.
        facts: what else there is to know.
    """
    few = max(1, len(losses) // 20)
    loss = {"first": float(np.mean(losses[:few])), "last": float(np.mean(losses[-few:]))}
    about = {**facts, "settings": asdict(recipe), "loss": loss}
    write_atomic(Path(weights).with_suffix(".json"), (json.dumps(about, indent=1) + "\n").encode())


def write_card(out: Path, title: str, name: str, recipe: PairRecipe, shapes: int | None) -> None:
    """Write the model card of a finished run on pairs of pictures.

    Args:
        out: the folder of the run, with its log.
        title: of the card.
        name: of the recipe.
        recipe: the numbers of the run.
        shapes: how many shapes were given, or None for procedural ones.
    """
    last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
    source = "procedural objects" if shapes is None else f"{shapes} given shapes"
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
    write_atomic(out / "MODEL_CARD.md", ("\n".join(lines) + "\n").encode())
