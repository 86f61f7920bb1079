"""The verb ``scene``: what is done with a whole data set, a module an action (``ACTIONS`` of its options)."""

from importlib import import_module
from typing import Any

from app.cli.options.scene import SceneOptions
from core.progress import Progress, silent


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report of the action, that ``--json`` prints."""
    found: dict[str, Any] = _module(options).run(options, progress)
    return {"action": options.action, "scene": options.path} | found


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown: list[str] = _module(options).lines(options, report)
    return shown


def _module(options: SceneOptions) -> Any:
    return import_module(f"app.cli.scene.{options.action}")
