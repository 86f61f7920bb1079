"""Correspondence by an encoder, beside chance, a classical descriptor and the same network with random weights."""

from collections.abc import Sequence

import numpy as np

from core.benchmarks import pairs, shapes, surface
from core.benchmarks.bootstrap import spread_of_share
from core.benchmarks.bop import BopScene
from core.benchmarks.classical import DenseSift
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.catalogue import EncoderChoice, load_encoder, load_point_encoder
from core.encoders.names import POCKETS
from core.encoders.pocket import PocketEncoder
from core.errors import CounterpointError
from core.progress import Progress, silent, span
from core.training.meshes import read_meshes
from core.training.procedural import HELD_OUT, make_object


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """Tables by name, rows by method; "±" is the standard deviation by the bootstrap over pictures.

    Args:
        settings: ``data`` is "procedural" (held-out seeds), "bop:PATH" (photos with exact poses) or "meshes:FOLDER"
            (renders of real meshes); ``count`` objects at most, pictures' objects for photos; ``pixels`` asked for in
            each picture.
        progress: told of every step.

    Raises:
        CounterpointError: no such encoder or data.
    """
    kind, place = parse_data(settings.data, TASKS["correspondence"].data)
    choice, count, pixels = settings.encoder, settings.count, settings.pixels
    encoders, points = _encoders(choice), load_point_encoder(choice)
    if kind == "bop":
        cases = surface.photo_cases(BopScene.open(place), pixels)[:count]
        return {"pixel to surface, photos, true box": _surface_table(cases, encoders, points, progress)}
    items = read_meshes(place) if kind == "meshes" else [make_object(HELD_OUT[i]) for i in range(count)]
    items = items[:count]
    tables = {"view to view": _views_table(pairs.view_pairs(items, pixels), encoders, span(progress, 0, 0.2))}
    if kind == "procedural":
        instances = pairs.instance_pairs(count, pixels)
        tables["another instance"] = [
            {"method": name, **pairs.measure_instances(instances, encoder, span(progress, 0.2, 0.3))}
            for name, encoder in (("chance", None), *encoders)
        ]
        described: list[tuple[str, ImageEncoder | None, PointEncoder | None]] = [("chance", None, None)]
        described += [(name, encoder, None) for name, encoder in encoders]
        if points is not None:
            described.append((f"{encoders[-1][0]}, points", None, points))
        pairs_of_shapes = min(count, 17)
        tables["shape to shape, another instance"] = [
            {"method": name, **shapes.measure_shapes(pairs_of_shapes, encoder, by_points, span(progress, 0.4, 0.5))}
            for name, encoder, by_points in described
        ]
    cases = surface.render_cases(items, pixels)
    tables["pixel to surface, renders"] = _surface_table(cases, encoders, points, span(progress, 0.5, 1))
    return tables


def _encoders(choice: EncoderChoice) -> list[tuple[str, ImageEncoder]]:
    encoder = load_encoder(choice)
    twins: list[tuple[str, ImageEncoder]] = [("dense SIFT", DenseSift())]
    if choice.name in POCKETS:
        bare = PocketEncoder(device=choice.device, random=True, name=choice.name)
        twins.append((f"{choice.name}, random weights", bare))
    return [*twins, (encoder.name, encoder)]


def _views_table(
    tested: Sequence[pairs.PicturePair], encoders: Sequence[tuple[str, ImageEncoder]], progress: Progress
) -> list[Row]:
    if not tested:
        raise CounterpointError("No two pictures show the same places; use more objects.")
    return [
        {"method": name, **pairs.measure_views(tested, encoder, progress)}
        for name, encoder in (("chance", None), *encoders)
    ]


def _surface_table(
    cases: Sequence[surface.SurfaceCase],
    encoders: Sequence[tuple[str, ImageEncoder]],
    points: PointEncoder | None,
    progress: Progress,
) -> list[Row]:
    if not cases:
        raise CounterpointError("No object is visible enough to be asked for.")
    rows = [_surface_row("chance", surface.by_chance(cases))]
    for i, (name, encoder) in enumerate(encoders):
        part = span(progress, i / len(encoders), (i + 1) / len(encoders))
        alone, joint = surface.measure(cases, encoder, progress=part)
        rows += [_surface_row(f"{name}, alone", alone), _surface_row(f"{name}, joint", joint)]
    name, encoder = encoders[-1]
    posed = surface.measure_through_poses(cases, encoder, progress=progress)
    rows.append(_surface_row(f"{name}, through poses", posed))
    by_verdict = {verdict: posed.only(verdict) for verdict in ("good", "unsure", "none")}
    rows += [_surface_row(f"  of these, verdict {v}", answers) for v, answers in by_verdict.items() if answers.errors]
    if points is not None:
        alone, joint = surface.measure(cases, encoder, progress=progress, points=points)
        rows += [_surface_row(f"{name}, points, alone", alone), _surface_row(f"{name}, points, joint", joint)]
    return rows


def _surface_row(name: str, answers: surface.MatchErrors) -> Row:
    errors = np.array(answers.errors)
    shares = {f"below {t}": float(np.mean(errors < t)) for t in (0.05, 0.1, 0.2)}
    sure = {"± below 0.1": spread_of_share(errors < 0.1, answers.cases)}
    return {"method": name, "points": len(errors), **shares, **sure, "median": float(np.median(errors))}
