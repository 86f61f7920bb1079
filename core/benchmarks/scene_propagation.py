"""Poses of every fourth photo carried to the others, with cameras and without."""

import time
from dataclasses import replace
from typing import Any

import numpy as np

from core.benchmarks.bop_layout import TrueScene, pose_error
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.progress import Progress, silent, span
from core.registration.things import InstanceKey
from core.scenes.arrangements import Arrangement
from core.scenes.propagate import propagate
from core.scenes.scene import Scene
from core.scenes.solids import load_photo

EVERY = 4
"""Every fourth photo is a keyframe."""

RIGHT = (5.0, 0.02)
"""Degrees and share of the distance within which a pose is right."""

VISIBLE = 0.1


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """Return a table with a row for known cameras and one for unknown ones.

    Things that were moved since the keyframes have no right pose that could be carried; they are counted by themselves.

    Args:
        settings: ``data`` is "bop:PATH", ``count`` photos at most are carried to.
        progress: is told of every photo.
    """
    _, place = parse_data(settings.data, TASKS["scene-propagation"].data)
    true = TrueScene.open(place)
    keys = [photo.key for photo in true.scene.photos][::EVERY]
    others = [photo.key for photo in true.scene.photos if photo.key not in keys][: settings.count]
    rows = []
    for name, cameras in (("cameras known", True), ("cameras unknown", False)):
        begin, carried = time.perf_counter(), true.scene.poses.__class__()
        told = span(progress, 0.0 if cameras else 0.5, 0.5 if cameras else 1.0)
        for scene in _parts(true, cameras, {*keys, *others}):
            mine = [photo.key for photo in scene.photos if photo.key in keys]
            if mine:
                carried = {**carried, **propagate(scene, mine, progress=told, solids=true.solids).poses}
        took = time.perf_counter() - begin
        rows.append({"method": name, **_judged(true, carried, keys, others), "seconds a photo": took / len(others)})
    return {"poses of every fourth photo carried to the others": rows}


def _parts(true: TrueScene, cameras: bool, keys: set[str]) -> list[Scene]:
    whole = [true.part(one) for one in true.arrangements] if cameras else [true.scene]
    parts = []
    for scene in whole:
        photos = tuple(photo for photo in scene.photos if photo.key in keys)
        known = [photo.key for number, photo in enumerate(true.scene.photos) if number % EVERY == 0]
        poses = {at: one for at, one in scene.poses.items() if at[0] in known}
        parts.append(replace(scene, photos=photos, poses=poses))
    return parts


def _judged(true: TrueScene, carried: Any, keys: list[str], others: list[str]) -> Row:
    outcomes: list[tuple[bool, bool, bool]] = []
    errors: list[tuple[float, float]] = []
    for key in others:
        photo = true.scene.by_key[key]
        assert photo.camera is not None
        visible = true.visible(key, load_photo(photo, photo.camera))
        group = next(one for one in true.arrangements if key in one.cameras)
        for thing, share in visible.items():
            if share < VISIBLE:
                continue
            solid, truth = true.solids[thing.object_id], true.scene.poses[key, thing].pose
            found = carried.get((key, thing))
            error = (180.0, 9.9) if found is None else pose_error(found.pose, truth, solid)
            right = error[0] < RIGHT[0] and error[1] < RIGHT[1]
            flagged = found is None or found.state == "drifted"
            outcomes.append((right, _stood(true, group, keys, key, thing), flagged))
            if outcomes[-1][1]:
                errors.append(error)
    right, stood, flagged = np.array(outcomes).T
    return {
        "objects": len(right),
        "right": float(right.mean()),
        "stood still": int(stood.sum()),
        "of them right": float(right[stood].mean()) if stood.any() else float("nan"),
        "degrees": float(np.median([one[0] for one in errors])) if errors else float("nan"),
        "per cent": 100 * float(np.median([one[1] for one in errors])) if errors else float("nan"),
        "wrong flagged": float(flagged[~right].mean()) if (~right).any() else float("nan"),
        "right flagged": float(flagged[right].mean()) if right.any() else float("nan"),
    }


def _stood(true: TrueScene, group: Arrangement, keys: list[str], key: str, thing: InstanceKey) -> bool:
    """Whether the thing's truth in a keyframe, carried by the true cameras, is right in the photo."""
    camera: Any = group.cameras[key]
    for other in keys:
        pose = group.keyframes.get(other, {}).get(thing)
        if pose is not None:
            there = group.cameras[other]
            R = camera.R @ there.R.T
            carried = type(pose)(R @ pose.R, R @ (pose.t - there.t) + camera.t, pose.s)
            error = pose_error(carried, true.scene.poses[key, thing].pose, true.solids[thing.object_id])
            if error[0] < RIGHT[0] and error[1] < RIGHT[1]:
                return True
    return False
