"""``counterpoint scene export``: write a data set in another format, or complete it in its own."""

from typing import Any

from app.cli.options.scene import SceneOptions
from core.progress import Progress, silent
from core.scenes.opening import open_scene
from core.scenes.saving import save_scene


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """What was written, and where."""
    scene = open_scene(options.path)
    written = save_scene(scene, options.out, options.to, progress)
    return {
        "format": options.to or scene.form,
        "photos": len(scene.photos),
        "poses": len(scene.poses),
        "saved": [str(place) for place in written],
    }


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    told = f"{report['photos']} photos and {report['poses']} poses as {report['format']}:"
    return [told, *(f"  {place}" for place in report["saved"])]
