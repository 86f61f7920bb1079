"""The verb ``index``: a gallery of a folder of shapes."""

from typing import Any

from app.cli.inputs import choice_of, refusals
from app.cli.options.index import IndexOptions
from core.progress import Progress, silent
from core.retrieval.build import index_folder
from core.retrieval.describe import GallerySpec
from core.retrieval.store import open_gallery

CHANGES = ("added", "changed", "removed", "kept")


def run(options: IndexOptions, progress: Progress = silent) -> dict[str, Any]:
    """Make or update a gallery; the report that ``--json`` prints."""
    spec = GallerySpec(choice_of(options), options.clip)
    changes = index_folder(options.folder, options.out, spec, options.workers, options.ray, progress)
    with open_gallery(options.out) as gallery:
        report: dict[str, Any] = {"gallery": options.out, "shapes": len(gallery)}
    counts = {name: getattr(changes, name) for name in CHANGES}
    return report | counts | {"refused": refusals(changes.refused)}


def lines(options: IndexOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    counts = ", ".join(f"{report[name]} {name}" for name in CHANGES)
    counts += f", {len(report['refused'])} left out that could not be read" if report["refused"] else ""
    return [f"{report['shapes']} shapes in {report['gallery']}: {counts}"]
