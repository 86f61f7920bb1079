"""The average recall of BOP (Hodan et al., ECCV Workshops 2020) of a file of results, 6D localization since 2019.

A target is an object in a photo with the number of its instances, of ``test_targets_bop19.json``; where there is none,
every instance of which a tenth is visible. Of each target as many poses are taken as it has instances, by their
scores; they are matched with the most visible true poses, greedily, at every threshold.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.alignment.metrics import PIXELS, SHARES, TAUS, average_recall
from core.arrays import Floats
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.errors import CounterpointError
from core.files import check_file, read_json
from core.interchange.names import listed
from core.notices import warn
from core.progress import Progress, silent, span
from core.registration.things import InstanceKey
from core.scenes.bop_results import BopResult, mean_time, read_results
from core.scenes.casting import silhouettes
from core.scenes.opening import list_scenes, open_scene
from core.scenes.pose_errors import PhotoErrors
from core.scenes.readers.bop import data_set_of
from core.scenes.scene import Scene, ScenePhoto

LEAST = 0.1
"""The visible share from which on an instance is a target where no file lists them."""

TARGETS = "test_targets_bop19.json"


@dataclass
class Tally:
    """Of one object.

    Attributes:
        targets: instances that are to be found.
        vsd: float64 [10, 10], those that are found at each tolerance and threshold; ``mssd`` and ``mspd`` [10] those
            at each threshold.
    """

    targets: int = 0
    vsd: Floats = field(default_factory=lambda: np.zeros((10, 10)))
    mssd: Floats = field(default_factory=lambda: np.zeros(10))
    mspd: Floats = field(default_factory=lambda: np.zeros(10))


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """A row for each object and one for all: targets, the three recalls and their mean; and the mean time of a photo.

    Args:
        settings: ``results`` is the file, and ``data`` "bop:PATH" of a data set or one of its scenes.
        progress: told of every photo.

    Raises:
        CounterpointError: no file, or one that is not as BOP has it; no such data; results of other scenes.
    """
    _, place = parse_data(settings.data, TASKS["bop-results"].data)
    if not settings.results:
        raise CounterpointError("Give the file of results: counterpoint evaluate bop-results FILE.csv --data bop:PATH.")
    file = check_file(settings.results)
    results = read_results(file)
    tallies: dict[int, Tally] = defaultdict(Tally)
    scenes = [open_scene(folder) for folder in list_scenes(place)]
    _say_others(file.name, results, scenes)
    for number, scene in enumerate(scenes):
        own = [one for one in results if one.scene_id == scene.info.get("scene_id") or "scene_id" not in scene.info]
        if not any(photo.depth for photo in scene.photos):
            warn(f"{scene.root} has no depth: VSD is measured against the true poses of all objects instead.")
        _tally(scene, own, tallies, span(progress, number / len(scenes), (number + 1) / len(scenes)))
    if not any(tally.targets for tally in tallies.values()):
        raise CounterpointError(f"{place} has no pose that is to be found; give a data set with scene_gt.json.")
    whole = Tally(
        sum(tally.targets for tally in tallies.values()),
        np.sum([tally.vsd for tally in tallies.values()], axis=0),
        np.sum([tally.mssd for tally in tallies.values()], axis=0),
        np.sum([tally.mspd for tally in tallies.values()], axis=0),
    )
    rows = [_row(f"object {number}", tally) for number, tally in sorted(tallies.items()) if tally.targets]
    time = mean_time(results, file.name)
    tables = {"average recall": [*rows, _row("all", whole)]}
    return tables if time is None else tables | {"time": [{"poses": "all", "seconds a photo": time}]}


def _row(name: str, tally: Tally) -> Row:
    recalls = [float(found.mean()) / tally.targets for found in (tally.vsd, tally.mssd, tally.mspd)]
    named = dict(zip(("AR VSD", "AR MSSD", "AR MSPD"), recalls, strict=True))
    return {"poses": name, "targets": tally.targets, **named, "AR": average_recall(*recalls)}


def _say_others(name: str, results: list[BopResult], scenes: list[Scene]) -> None:
    known = {scene.info.get("scene_id") for scene in scenes}
    lost = sorted({one.scene_id for one in results} - known)
    if lost and None not in known:
        warn(f"{name} has poses in scenes that the data has not: {listed(lost)}; they are left out.")
        if len(lost) == len({one.scene_id for one in results}):
            raise CounterpointError(f"{name} has no pose in a scene of the data ({listed(sorted(map(str, known)))}).")
    own = [one for one in results if None in known or one.scene_id in known]
    photos = {(scene.info.get("scene_id"), int(photo.key)) for scene in scenes for photo in scene.photos}
    absent = [one.im_id for one in own if not {(one.scene_id, one.im_id), (None, one.im_id)} & photos]
    if absent:
        warn(
            f"{name} has {len(absent)} poses in photos that the data has not ({listed(_once(absent))}); they are left out."
        )
    objects = {thing.object_id for scene in scenes for _, thing in scene.poses}
    foreign = [one.obj_id for one in own if one.obj_id not in objects]
    if foreign:
        warn(
            f"{name} has {len(foreign)} poses of objects that the data shows nowhere ({listed(_once(foreign))}); they count for nothing."
        )


def _once(numbers: list[int]) -> list[int]:
    return sorted(set(numbers))


def _tally(scene: Scene, results: list[BopResult], tallies: dict[int, Tally], progress: Progress) -> None:
    by_photo: dict[tuple[int, int], list[BopResult]] = defaultdict(list)
    for result in results:
        by_photo[result.im_id, result.obj_id].append(result)
    listed_targets = _listed_targets(scene)
    for number, photo in enumerate(scene.photos):
        progress(number / len(scene.photos), f"scene {scene.root.name}, photo {number + 1} of {len(scene.photos)}")
        truth = scene.by_photo.get(photo.key, {})
        if not truth:
            continue
        visible = _visible(scene, photo)
        measure = PhotoErrors(scene, photo)
        for object_id in sorted({thing.object_id for thing in truth}):
            shares = {thing: visible[thing] for thing in truth if thing.object_id == object_id}
            count = (
                sum(share >= LEAST for share in shares.values())
                if listed_targets is None
                else listed_targets.get((int(photo.key), object_id), 0)
            )
            if count and object_id in scene.shapes:
                wanted = sorted(shares, key=lambda thing: -shares[thing])[:count]
                found = sorted(by_photo[int(photo.key), object_id], key=lambda one: -one.score)[:count]
                assert photo.camera is not None
                assert photo.camera.size is not None
                _count(measure, wanted, found, photo.camera.size[0], tallies[object_id])


def _count(measure: PhotoErrors, wanted: list[InstanceKey], found: list[BopResult], width: int, tally: Tally) -> None:
    """Add one target: what of its instances ``wanted`` is found at each threshold."""
    tally.targets += len(wanted)
    errors = [[measure(thing, one.pose) for thing in wanted] for one in found]
    mssd = np.array([[one.mssd / one.diameter for one in line] for line in errors]).reshape(len(found), len(wanted))
    mspd = np.array([[one.mspd * 640 / width for one in line] for line in errors]).reshape(len(found), len(wanted))
    vsd = np.array([[one.vsd for one in line] for line in errors]).reshape(len(found), len(wanted), len(TAUS))
    tally.mssd += [matched(mssd, limit) for limit in SHARES]
    tally.mspd += [matched(mspd, float(limit)) for limit in PIXELS]
    tally.vsd += [[matched(vsd[..., i], limit) for limit in TAUS] for i in range(len(TAUS))]


def matched(errors: Floats, limit: float) -> int:
    """How many estimates find a true pose of their own with an error below ``limit``.

    Args:
        errors: float [n, m] of n estimates, the surest first, to m true poses; each takes the nearest that is free.
        limit: of what counts as right.
    """
    free = np.ones(errors.shape[1] if errors.ndim == 2 else 0, bool)
    count = 0
    for line in errors:
        open_ = np.where(free, line, np.inf)
        if len(open_) and open_.min() < limit:
            free[int(open_.argmin())] = False
            count += 1
    return count


def _visible(scene: Scene, photo: ScenePhoto) -> dict[InstanceKey, float]:
    """The visible share of each thing: what ``scene_gt_info.json`` says, or what is cast."""
    truth = scene.by_photo[photo.key]
    told = {thing: posed.info.get("visib_fract") for thing, posed in truth.items()}
    if None not in told.values():
        return {thing: float(share or 0) for thing, share in told.items()}
    cast = {
        shown.thing: float(shown.seen.sum()) / max(1, int(shown.whole.sum())) for shown in silhouettes(scene, photo)
    }
    return {thing: cast.get(thing, 0.0) for thing in truth}


def _listed_targets(scene: Scene) -> dict[tuple[int, int], int] | None:
    """The number of instances by photo and object, where the data set lists the targets."""
    file = Path(data_set_of(scene.root)) / TARGETS
    if not file.is_file():
        return None
    try:
        return {
            (int(one["im_id"]), int(one["obj_id"])): int(one["inst_count"])
            for one in read_json(file)
            if int(one["scene_id"]) == scene.info.get("scene_id")
        }
    except (KeyError, TypeError, ValueError) as error:
        raise CounterpointError(f"{file} does not list targets as BOP has them ({error}).") from None
