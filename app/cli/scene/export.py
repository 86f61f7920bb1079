"""``counterpoint scene export``: write a data set in another format, or complete it in its own."""

from pathlib import Path
from typing import Any

from app.cli.options.scene import SceneOptions
from core.progress import Progress, silent, span
from core.scenes.opening import list_scenes, open_scene
from core.scenes.saving import save_scene


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """What was written, and where; of a data set of all its scenes."""
    places = list_scenes(options.path)
    photos, poses, saved = 0, 0, []
    for number, place in enumerate(places):
        scene = open_scene(place)
        part = span(progress, number / len(places), (number + 1) / len(places))
        saved += save_scene(scene, _target(options, place, len(places)), options.to, part)
        photos, poses = photos + len(scene.photos), poses + len(scene.poses)
    return {
        "format": options.to or scene.layout,
        "photos": photos,
        "poses": poses,
        "saved": [str(one) for one in saved],
    }


def _target(options: SceneOptions, place: Path, scenes: int) -> Path | None:
    """Where a scene goes: BOP has a place for each, other formats get a folder for each."""
    if options.out is None or scenes == 1 or options.to in (None, "bop"):
        return None if options.out is None else Path(options.out)
    return Path(options.out) / place.relative_to(options.path)


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    told = f"Of {report['photos']} photos and {report['poses']} poses, as {report['format']}:"
    return [told, *(f"  {place}" for place in report["saved"])]
