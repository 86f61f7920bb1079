"""The focal length of one photo from eight pairs of a posed object's surface, whose pixels are a pixel off."""

import numpy as np

from core.benchmarks.bop import BopScene
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.geometry.raycasting import surface_position
from core.progress import Progress, silent
from core.scenes.focal import PhotoPairs, SolvedCamera, solve_camera

PAIRS = 8

NOISE = 1.0
"""Pixels (standard deviation)."""


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """Return a table: pairs on one object, and spread over all objects of the photo, whose truth puts them in one frame.

    Args:
        settings: ``data`` is "bop:PATH", ``count`` photos at most.
        progress: is told of every photo.
    """
    _, place = parse_data(settings.data, TASKS["focal-length"].data)
    scene, rng = BopScene.open(place), np.random.default_rng(0)
    one: list[tuple[SolvedCamera, float]] = []
    all_: list[tuple[SolvedCamera, float]] = []
    photos = scene.photos()[: settings.count]
    for number, photo in enumerate(photos):
        progress(number / len(photos), f"photo {number + 1} of {len(photos)}")
        places, pixels = [], []
        for item in scene.objects(photo):
            shape = scene.models[item.object_id]
            row, column = np.nonzero(item.visible)
            hits = item.hits
            own = shape.to_own_frame(surface_position(shape, hits.face[row, column], hits.bary[row, column]))
            seen = np.stack([column, row], axis=-1).astype(float)
            one.append((_solved(own, seen, item.image.shape, rng), item.camera.K[0, 0]))
            places.append(own @ item.camera.R.T + item.camera.t)
            pixels.append(seen)
        focal = item.camera.K[0, 0]
        all_.append((_solved(np.concatenate(places), np.concatenate(pixels), item.image.shape, rng), focal))
    return {f"focal length from {PAIRS} pairs, {NOISE:g} pixel off": [_row("on one object", one), _row("on all", all_)]}


def _solved(points: np.ndarray, pixels: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> SolvedCamera:
    chosen = [int(rng.integers(len(points)))]
    for _ in range(PAIRS - 1):  # far from each other, as a person would place them
        some = rng.choice(len(points), min(200, len(points)), replace=False)
        gap = np.linalg.norm(points[some, None] - points[chosen], axis=-1).min(1)
        chosen.append(int(some[gap.argmax()]))
    noisy = pixels[chosen] + NOISE * rng.normal(size=(PAIRS, 2))
    return solve_camera([PhotoPairs(noisy, points[chosen])], (shape[1], shape[0]))


def _row(name: str, found: list[tuple[SolvedCamera, float]]) -> Row:
    error = np.array([abs(one.focal / focal - 1) for one, focal in found])
    told = np.array([one.focal_determined for one, _ in found])
    sigma = np.array([one.focal_sigma / one.focal for one, _ in found])
    return {
        "method": name,
        "cases": len(found),
        "error": float(np.median(error)),
        "determined": float(told.mean()),
        "error of these": float(np.median(error[told])) if told.any() else float("nan"),
        "said": float(np.median(sigma[told])) if told.any() else float("nan"),
    }
