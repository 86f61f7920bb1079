"""Several disturbed objects refined together over some photos of a scene, and over one photo beside it."""

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from core.benchmarks.bop_layout import TrueScene, pose_error, standing
from core.benchmarks.drawn_scene import drawn
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.benchmarks.truth_floor import beside_photos
from core.geometry.pose import Pose
from core.progress import Progress, silent, span
from core.scenes.arrangements import Arrangement
from core.scenes.descent import composed
from core.scenes.refine import RefineSettings, refine
from core.scenes.scene import InstanceKey, ObjectPose
from core.scenes.solids import load_photo

VIEWS = (5, 1)

DEGREES, SHARE = 10.0, 0.05
"""By which poses are disturbed: turned about their middle, and moved by this share of their distance."""

VISIBLE = 0.5

Row = dict[str, Any]
Outcome = tuple[float, float, float, float]
"""Degrees, share of the distance, and both as the refinement says itself."""


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> dict[str, list[Row]]:
    """Return a table with rows for five photos together and for single ones, of the photos and of drawn ones; and what their truth is worth.

    All things that stand still in the photos are disturbed and refined at once; what was moved only hides. Cameras are what
    most things' truth agrees on, and errors are to each photo's own truth: the median over the photos. Drawn photos have the
    same things at the same places, where these are exactly (:mod:`core.benchmarks.drawn_scene`).

    Args:
        settings: ``data`` is "bop:PATH", ``count`` objects at most for each row.
        progress: is told of every round.
    """
    _, place = parse_data(settings.data, TASKS["scene-refinement"].data)
    true = TrueScene.open(place)
    rows, floor = [], []
    with TemporaryDirectory() as folder:
        kinds = {"": true, ", drawn": drawn(true, Path(folder))}
        for number, (kind, data) in enumerate(kinds.items()):
            part = span(progress, number / len(kinds), (number + 1) / len(kinds))
            rows += [_measured(data, views, kind, settings.count, part) for views in VIEWS]
            beside = beside_photos(data)
            degrees, share = np.median(beside, axis=0) if len(beside) else (np.nan, np.nan)
            method = "the truth" + kind
            floor.append({"method": method, "objects": len(beside), "degrees": degrees, "per cent": 100 * share})
    return {
        f"disturbed by {DEGREES:g} degrees and {SHARE:.0%} of the distance": rows,
        "how far the truth lies beside the photos, in the picture's plane": floor,
    }


def _measured(true: TrueScene, views: int, kind: str, count: int, progress: Progress) -> Row:
    rng = np.random.default_rng(0)
    found: list[Outcome] = []
    begin, trials = time.perf_counter(), 0
    groups = [one for one in true.arrangements if len(one.cameras) >= views]
    while groups and len(found) < count and trials < count:
        found += _trial(true, groups[trials % len(groups)], views, rng, progress)
        trials += 1
    return _row((f"{views} photos" if views > 1 else "one photo") + kind, found, time.perf_counter() - begin)


def _row(name: str, found: list[Outcome], seconds: float) -> Row:
    degrees, moved, turn, move = np.array(found).T
    return {
        "method": name,
        "objects": len(found),
        "degrees": float(np.median(degrees)),
        "per cent": 100 * float(np.median(moved)),
        "within 5 deg 2 %": float(np.mean((degrees < 5) & (moved < 0.02))),
        "said degrees": float(np.median(turn)),
        "said per cent": 100 * float(np.median(move)),
        "under twice as said": float(np.mean(degrees < 2 * turn)),
        "seconds an object": seconds / len(found),
    }


def _trial(
    true: TrueScene, group: Arrangement, views: int, rng: np.random.Generator, progress: Progress
) -> list[Outcome]:
    """What came out for every thing of a choice of photos."""
    keys = [str(key) for key in rng.permutation(sorted(group.cameras))[:views]]
    scene = true.part(group)
    seen = {key: true.visible(key, _load(true, key)) for key in keys}
    things = [
        thing
        for thing, places in standing(group, true.solids).items()
        if all(key in places for key in keys) and np.mean([seen[key].get(thing, 0) > VISIBLE for key in keys]) > 0.5
    ]
    if not things:
        return []
    poses = {at: one for at, one in scene.poses.items() if at[0] in keys}
    for thing in things:
        poses |= _disturbed(true, group, thing, keys, rng)
    start = replace(scene, photos=tuple(p for p in scene.photos if p.key in keys), poses=poses)
    answer = refine(start, things, RefineSettings(far=True), progress, true.solids)
    found = []
    for thing in things:
        errors = [
            pose_error(answer.scene.poses[k, thing].pose, true.scene.poses[k, thing].pose, true.solids[thing.object_id])
            for k in keys
        ]
        degrees, moved = np.median(errors, axis=0)
        sure, pose = answer.uncertainty[keys[0], thing], answer.scene.poses[keys[0], thing].pose
        away = float(np.linalg.norm(pose(true.solids[thing.object_id].center)))
        found.append((float(degrees), float(moved), sure.degrees, sure.moved / away))
    return found


def _disturbed(
    true: TrueScene, group: Arrangement, thing: InstanceKey, keys: list[str], rng: np.random.Generator
) -> dict[tuple[str, InstanceKey], ObjectPose]:
    axis, way = rng.normal(size=(2, 3))
    turn = Rotation.from_rotvec(np.radians(DEGREES) * axis / np.linalg.norm(axis)).as_matrix()
    world, center = group.worlds()[thing][0], true.solids[thing.object_id].center
    distance = np.mean([np.linalg.norm(group.cameras[key](world(center))) for key in keys])
    middle = world(center) + SHARE * distance * way / np.linalg.norm(way)
    there = Pose(turn @ world.R, middle - turn @ world.R @ center)
    return {(key, thing): ObjectPose(composed(group.cameras[key], there)) for key in keys}


def _load(true: TrueScene, key: str) -> Any:
    photo = true.scene.by_key[key]
    assert photo.camera is not None
    return load_photo(photo, photo.camera)
