"""Actions on every scene of a data set, by several processes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.cli.options.scene import SceneOptions
from core.errors import CounterpointError
from core.processes import each
from core.progress import Progress
from core.scenes.opening import list_scenes

Report = dict[str, Any]


def of_each_scene(options: SceneOptions, one: Callable[..., Report], progress: Progress) -> Report:
    """The report of an action on the one scene that there is; or ``scenes``, the reports of all, each of whose results has a folder.

    Args:
        options: of the action.
        one: the action on one scene, a function of a module: of its options, and of progress.
        progress: is told of the one scene, or of each that is done.
    """
    places = list_scenes(options.path)
    if len(places) == 1:
        return one(options, progress)
    out = options.out
    if out is not None and Path(out).suffix.lower() == ".json":
        raise CounterpointError(f"{options.path} has {len(places)} scenes; give a folder with --out, not {out}.")
    parts = [replace(options, path=str(place), out=out and _folder(out, options.path, place)) for place in places]
    done: dict[str, Report] = {}
    for part, report in each(one, parts, options.workers, options.ray):
        done[part.path] = report
        progress(len(done) / len(parts), f"{part.path} ({len(done)} of {len(parts)})")
    reports = [{"scene": part.path} | done[part.path] for part in parts]
    return {"scenes": reports, "saved": [place for report in reports for place in report["saved"]]}


def _folder(out: str, root: str, place: Path) -> str:
    """Of the results of one scene; several processes write, none into another's data set."""
    return str(Path(out) / "_".join(place.relative_to(root).parts))


def lines_of_each(options: SceneOptions, report: Report, one: Callable[[SceneOptions, Report], list[str]]) -> list[str]:
    """The report as text."""
    if "scenes" not in report:
        return one(options, report)
    return [line for part in report["scenes"] for line in (f"{part['scene']}:", *one(options, part))]
