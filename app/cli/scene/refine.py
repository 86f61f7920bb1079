"""``counterpoint scene refine``: let the poses of a scene follow what its photos show."""

from collections import defaultdict
from dataclasses import replace
from statistics import median
from typing import Any

from app.cli.options.scene import SceneOptions
from app.cli.scene.many import lines_of_each, of_each_scene
from app.cli.scene.results import kept_poses, saved, told
from core.errors import CounterpointError
from core.progress import Progress, silent, span
from core.scenes.opening import open_scene
from core.scenes.refine import Refined, RefineSettings, refine

LOWER_BOUND = (
    "What poses may be off by is a lower bound: it is how far photos, or parts of the outline, contradict each other. "
    "What errs alike in all of them (the size of a shape, the intrinsics, a wrong start) does not show in it."
)


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report of the scene, or of all scenes of a data set."""
    return of_each_scene(options, _one, progress)


def _one(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """Refined poses with residuals; photos that an earlier run into the same place did stay."""
    scene = open_scene(options.path)
    if not scene.poses:
        raise CounterpointError(f"{scene.root} has no poses; pose the objects of one photo first, or carry them to it.")
    kept = kept_poses(options, scene)
    earlier = {at: one for at, one in kept.poses(scene).items() if at in scene.poses and one.state == "refined"}
    done = {key for key, _ in earlier}
    found = scene.with_poses(earlier)
    rest = replace(found, photos=tuple(photo for photo in scene.photos if photo.key not in done))
    if not done or any(photo.camera is not None and photo.key in scene.by_photo for photo in rest.photos):

        def keep(refined: Refined) -> None:
            kept.keep(refined.scene, refined.uncertainty)

        settings = RefineSettings(far=options.far)
        answer = refine(rest, settings=settings, progress=span(progress, 0, 0.9), done=keep)
        found = found.with_poses(answer.scene.poses)
    report = told(kept, ("refined",))
    return report | {"lower bound": LOWER_BOUND, "saved": saved(options, found, kept, span(progress, 0.9, 1))}


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    return lines_of_each(options, report, _lines)


def _lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text: a line for each thing."""
    things: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for one in report["poses"]:
        things[one["obj_id"], one["instance"]].append(one)
    shown = []
    for (number, instance), poses in sorted(things.items()):
        off = [one["residual"] for one in poses if one["residual"] is not None]
        text = f"object {number}.{instance}: {len(poses)} photos"
        text += f", {median(off):.2f} pixels off" if off else ""
        sure = [(one["degrees_at_least"], one["mm_at_least"]) for one in poses if "degrees_at_least" in one]
        degrees, moved = map(median, zip(*sure, strict=True)) if sure else (0.0, 0.0)
        if sure:
            text += (
                f", may be off by {degrees:.1f} degrees and {moved:.1f} mm or more" if degrees < 180 else ", left open"
            )
        shown.append(text)
    return [*shown, report["lower bound"], *(f"  {place}" for place in report["saved"])]
