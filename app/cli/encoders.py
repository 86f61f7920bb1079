"""The verb ``encoders``: the image encoders by name."""

from typing import Any

from app.cli.options.encoders import EncodersOptions
from core.encoders.catalogue import available
from core.encoders.names import DEFAULT
from core.progress import Progress, silent


def run(options: EncodersOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints."""
    rows = [{"name": e.name, "description": e.description, "bundled": e.bundled} for e in available()]
    return {"encoders": rows, "default": DEFAULT}


def lines(options: EncodersOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown = [
        f"{row['name']:<15}{row['description']}{' (bundled, the default)' if row['bundled'] else ''}"
        for row in report["encoders"]
    ]
    other = "Any other timm vision transformer goes by its own name; weights come from the hub or from --weights FILE."
    return [*shown, other]
