"""``counterpoint scene propagate``: carry the poses of some photos to all others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.cli.options.scene import SceneOptions
from app.cli.scene.many import lines_of_each, of_each_scene
from app.cli.scene.results import kept_poses, saved, told
from core.errors import CounterpointError
from core.interchange.names import listed
from core.notices import warn
from core.progress import Progress, silent, span
from core.scenes.inspect import photo_of
from core.scenes.opening import open_scene
from core.scenes.propagate import CARRIED, propagate
from core.scenes.scene import Scene

SHOWN = 20


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report of the scene, or of all scenes of a data set."""
    return of_each_scene(options, _one, progress)


def _one(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """What was carried, with state and residual; poses that an earlier run into the same place found stay."""
    scene = open_scene(options.path)
    keys = _keyframes(options, scene)
    kept = kept_poses(options, scene)
    earlier = {at: one for at, one in kept.poses(scene).items() if at[0] in scene.by_key}
    others = {key for (key, _), one in earlier.items() if one.state not in CARRIED}
    if earlier and others != set(keys):
        raise CounterpointError(
            f"{kept.path} has poses that were carried from other keyframes ({listed(sorted(others))}); "
            "choose another place, or delete the file."
        )
    start = {at: one for at, one in scene.poses.items() if at[0] in keys}
    start = {at: one for at, one in earlier.items() if one.state in CARRIED} | start
    found = propagate(replace(scene, poses=start), keys, progress=span(progress, 0, 0.9), done=kept.keep)
    kept.keep(found)
    drifted = [at for at, one in found.poses.items() if one.state == "drifted"]
    sure = replace(found, poses={at: one for at, one in found.poses.items() if one.state != "drifted"})
    places = saved(options, sure, kept, span(progress, 0.9, 1))
    if drifted and len(places) > 1:
        warn(f"{len(drifted)} poses drifted; they stand in {kept.path} and are left out of {Path(places[1])}.")
    report = told(kept, CARRIED)
    done = {one["image"] for one in report["poses"]}
    without = [photo.key for photo in scene.photos if photo.key not in done and photo.key not in keys]
    return {"keyframes": keys, "photos": len(done), "photos without poses": without, "drifted": len(drifted)} | report | {
        "saved": places
    }  # fmt: skip


def _keyframes(options: SceneOptions, scene: Scene) -> list[str]:
    if not options.keyframes:
        return [photo.key for photo in scene.photos if scene.by_photo.get(photo.key)]
    found = {name: photo_of(name, scene) for name in options.keyframes}
    unknown = [name for name, key in found.items() if key is None]
    if unknown:
        raise CounterpointError(
            f"{scene.root} has no photos {listed(unknown)}; keyframes are numbers or names of photos."
        )
    keys = [key for key in found.values() if key is not None]
    bare = [key for key in keys if not scene.by_photo.get(key)]
    if bare:
        raise CounterpointError(
            f"The keyframes {listed(bare)} have no poses; pose their objects first, or choose others."
        )
    return keys


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    return lines_of_each(options, report, _lines)


def _lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    drifted = [one for one in report["poses"] if one["state"] == "drifted"]
    shown = [
        f"photo {one['image']}, object {one['obj_id']}.{one['instance']}: drifted, {one['residual']:.1f} pixels off"
        for one in drifted[:SHOWN]
    ]
    if len(drifted) > SHOWN:
        shown.append(f"... and {len(drifted) - SHOWN} more that drifted")
    middle = report["median residual"]
    off = "" if middle is None else f", {middle:.2f} pixels off (median)"
    count = len(report["poses"])
    shown.append(f"{count} poses in {report['photos']} photos from {len(report['keyframes'])} keyframes{off}")
    shown.append(f"{report['drifted']} of them drifted, {len(report['photos without poses'])} photos got none")
    return [*shown, *(f"  {place}" for place in report["saved"])]
