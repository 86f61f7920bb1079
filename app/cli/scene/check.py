"""``counterpoint scene check``: whether a BOP scene is as bop_toolkit needs it."""

from typing import Any

from app.cli.options.scene import SceneOptions
from core.progress import Progress, silent
from core.scenes.check import check_scenes


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """The violations, and the exit code: 1 where one is an error."""
    found = check_scenes(options.path, progress)
    errors = [one.sentence for one in found if one.error]
    return {"errors": errors, "odd": [one.sentence for one in found if not one.error], "exit": int(bool(errors))}


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown = [f"error: {sentence}" for sentence in report["errors"]] + [f"odd: {sentence}" for sentence in report["odd"]]
    return [*shown, f"{len(report['errors'])} errors, {len(report['odd'])} odd things"]
