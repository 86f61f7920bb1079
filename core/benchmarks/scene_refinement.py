"""Several disturbed objects refined together over some photos of a scene, and over one photo beside it."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from core.benchmarks.bop_layout import TrueScene, pose_error, standing
from core.benchmarks.drawn_scene import drawn
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.benchmarks.truth_floor import beside_photos
from core.geometry.pose import Pose
from core.progress import Progress, silent, span
from core.registration.descent import composed
from core.registration.things import InstanceKey
from core.scenes.arrangements import Arrangement
from core.scenes.refine import RefineSettings, refine
from core.scenes.scene import ObjectPose, Scene
from core.scenes.solids import load_photo

VIEWS = (5, 1)

DEGREES, SHARE = 10.0, 0.05
"""By which poses are disturbed: turned about their middle, and moved by this share of their distance."""

VISIBLE = 0.5


@dataclass(frozen=True)
class RefinedThing:
    """What came out for one thing: degrees, and the middle's way as a share of its distance.

    Attributes:
        thing: it is.
        error: to the truth.
        floor: the same, where the truth itself was refined: what the photos say of the truth, as the method sees it.
        said: both as the refinement says itself.
    """

    thing: InstanceKey
    error: tuple[float, float]
    floor: tuple[float, float]
    said: tuple[float, float]


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """Return a table with rows for five photos together and for single ones, of the photos and of drawn ones; and what their truth is worth.

    All things that stand still in the photos are disturbed and refined at once; what was moved only hides. Cameras are what
    most things' truth agrees on, and errors are to each photo's own truth: the median over the photos. Drawn photos have the
    same things at the same places, where these are exactly (:mod:`core.benchmarks.drawn_scene`), in some of them behind
    strangers, which nobody posed. Beside each error is what becomes of the truth when that is refined.

    Args:
        settings: ``data`` is "bop:PATH", ``count`` objects at most for each row.
        progress: is told of every round.
    """
    _, place = parse_data(settings.data, TASKS["scene-refinement"].data)
    true = TrueScene.open(place)
    rows, floor, each = [], [], []
    with TemporaryDirectory() as folder:
        kinds = {"": true, ", drawn": drawn(true, Path(folder, "drawn"))}
        kinds[", drawn, hidden"] = drawn(true, Path(folder, "hidden"), hidden=True)
        for number, (kind, data) in enumerate(kinds.items()):
            part = span(progress, number / len(kinds), (number + 1) / len(kinds))
            for views in VIEWS:
                name = (f"{views} photos" if views > 1 else "one photo") + kind
                begin = time.perf_counter()
                found = _measured(data, views, settings.count, part)
                rows.append(_row(name, found, time.perf_counter() - begin))
                each += [_each(name, one) for one in found if views > 1]
            beside = beside_photos(data)
            degrees, share = np.median(beside, axis=0) if len(beside) else (np.nan, np.nan)
            method = "the truth" + kind
            floor.append({"method": method, "objects": len(beside), "degrees": degrees, "per cent": 100 * share})
    return {
        f"disturbed by {DEGREES:g} degrees and {SHARE:.0%} of the distance": rows,
        "how far the truth lies beside the photos, in the picture's plane": floor,
        "each object, and beside it what becomes of its truth when that is refined": each,
    }


def _measured(true: TrueScene, views: int, count: int, progress: Progress) -> list[RefinedThing]:
    rng = np.random.default_rng(0)
    found: list[RefinedThing] = []
    trials = 0
    groups = [one for one in true.arrangements if len(one.cameras) >= views]
    while groups and len(found) < count and trials < count:
        found += _trial(true, groups[trials % len(groups)], views, rng, progress)
        trials += 1
    return found


def _row(name: str, found: list[RefinedThing], seconds: float) -> Row:
    errors, floors, said = (
        np.array([getattr(one, key) for one in found]).reshape(-1, 2) for key in ("error", "floor", "said")
    )
    return {
        "method": name,
        "objects": len(found),
        "degrees": float(np.median(errors[:, 0])),
        "per cent": 100 * float(np.median(errors[:, 1])),
        "within 5 deg 2 %": float(np.mean((errors[:, 0] < 5) & (errors[:, 1] < 0.02))),
        "truth degrees": float(np.median(floors[:, 0])),
        "truth per cent": 100 * float(np.median(floors[:, 1])),
        "said degrees": float(np.median(said[:, 0])),
        "said per cent": 100 * float(np.median(said[:, 1])),
        "under twice as said": float(np.mean(errors[:, 0] < 2 * said[:, 0])),
        "seconds an object": seconds / max(len(found), 1),
    }


def _each(name: str, one: RefinedThing) -> Row:
    return {
        "method": name,
        "object": one.thing.object_id,
        "degrees": one.error[0],
        "per cent": 100 * one.error[1],
        "truth degrees": one.floor[0],
        "truth per cent": 100 * one.floor[1],
    }


def _trial(
    true: TrueScene, group: Arrangement, views: int, rng: np.random.Generator, progress: Progress
) -> list[RefinedThing]:
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
    own = {at: true.scene.poses[at] for at in poses}
    floor = refine(replace(start, poses=own), things, RefineSettings(), solids=true.solids)
    found = []
    for thing in things:
        sure, pose = answer.uncertainty[keys[0], thing], answer.scene.poses[keys[0], thing].pose
        away = float(np.linalg.norm(pose(true.solids[thing.object_id].center)))
        error, begun = (_error(true, one, thing, keys) for one in (answer.scene, floor.scene))
        found.append(RefinedThing(thing, error, begun, (sure.degrees, sure.moved / away)))
    return found


def _error(true: TrueScene, scene: Scene, thing: InstanceKey, keys: list[str]) -> tuple[float, float]:
    """The medians over photos of the degrees and the share of the distance by which a thing's pose is off."""
    solid = true.solids[thing.object_id]
    errors = [pose_error(scene.poses[key, thing].pose, true.scene.poses[key, thing].pose, solid) for key in keys]
    degrees, moved = np.median(errors, axis=0)
    return float(degrees), float(moved)


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
