"""Adaptation of an encoder to a shape.

It is measured whether it helps to find pixels of real photos on the shape, for each object of BOP data.
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.benchmarks import surface
from core.benchmarks.bop import BopScene
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.catalogue import load_encoder, load_tunable
from core.progress import Progress, silent
from core.training.equivariance import AdaptSettings, adapt
from core.training.meshes import read_mesh

PIXELS = 12


def evaluate(settings: EvaluateSettings, progress: Progress = silent, adapting: AdaptSettings | None = None) -> Tables:
    """Measure the share of visible pixels found within 10 % of the diameter, a row for each object.

    Pixels are matched alone and jointly, before and after adapting.

    ``spread`` is the largest less the smallest share after adapting, over ``seeds`` runs.

    Args:
        settings: ``data`` is "bop:PATH"; ``minutes`` of adapting, in each of ``seeds`` runs.
        progress: told of every object.
        adapting: how, where it is not the recipe of ``counterpoint adapt`` for ``settings.minutes``.

    Raises:
        CounterpointError: no such encoder, or no BOP data.
    """
    _, place = parse_data(settings.data, TASKS["adaptation"].data)
    adapting, choice, seeds = adapting or AdaptSettings(minutes=settings.minutes), settings.encoder, settings.seeds
    scene, base, rows = BopScene.open(place), load_tunable(choice), []
    cases: dict[int, list[surface.SurfaceCase]] = {}
    targets = {id(shape): number for number, shape in scene.models.items()}
    for case in surface.photo_cases(scene, PIXELS):
        cases.setdefault(targets[id(case.target.shape)], []).append(case)
    chosen = sorted(cases)[: settings.count]
    with tempfile.TemporaryDirectory() as folder:
        for done, number in enumerate(chosen):
            item = read_mesh(Path(place) / "models" / f"obj_{number:06d}.ply")
            assert item is not None
            before = [_share(answers) for answers in surface.measure(cases[number], base)]
            after, consistent = [], []
            for seed in range(seeds):
                progress((done + seed / seeds) / len(chosen), f"object {number}, run {seed + 1} of {seeds}")
                file = Path(folder) / f"{number}-{seed}.safetensors"
                curve = adapt([item], base, file, replace(adapting, seed=adapting.seed + seed))
                consistent.append((curve[0].consistency, curve[-1].consistency))
                tuned = load_encoder(replace(choice, adapter=str(file)))
                after.append([_share(answers) for answers in surface.measure(cases[number], tuned)])
            rows.append(
                _row(f"object {number}", len(cases[number]), np.array(before), np.array(after), np.array(consistent))
            )
    numbers = {key: float(np.mean([row[key] for row in rows])) for key in rows[0] if key != "object"}
    return {"found within 10 % of the diameter": [*rows, {"object": "mean", **numbers}]}


def _row(name: str, photos: int, before: Any, after: Any, consistent: Any) -> Row:
    alone, joint = after.mean(0)
    return {
        "object": name,
        "photos": photos,
        "alone": float(before[0]),
        "adapted": float(alone),
        "joint": float(before[1]),
        "adapted joint": float(joint),
        "spread": float(np.ptp(after[:, 1])),
        "consistent": float(consistent[:, 0].mean()),
        "then": float(consistent[:, 1].mean()),
    }


def _share(answers: surface.MatchErrors) -> float:
    return float(np.mean(np.array(answers.errors) < 0.1))
