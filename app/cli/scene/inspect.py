"""``counterpoint scene inspect``: how far other poses are from a data set's own."""

import json
from pathlib import Path
from statistics import median
from typing import Any

from app.cli.options.scene import SceneOptions
from core.errors import CounterpointError
from core.files import write_atomic
from core.progress import Progress, silent
from core.scenes.inspect import COLUMNS, ERRORS, as_csv, inspect, read_poses
from core.scenes.opening import open_scene

SHOWN = 40


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """The rows, the worst first, and the medians."""
    if options.poses is None:
        raise CounterpointError("Give the other poses: counterpoint scene inspect PATH POSES.")
    scene = open_scene(options.path)
    table = inspect(scene, read_poses(options.poses, scene), progress, options.sort)
    if options.out:
        text = json.dumps(table, indent=1) + "\n" if Path(options.out).suffix.lower() == ".json" else as_csv(table)
        write_atomic(options.out, text.encode())
    measured = [row for row in table if row["ADD"] is not None]
    middle = {name: median(row[name] for row in measured) for name in ERRORS} if measured else {}
    return {
        "poses": options.poses,
        "table": table,
        "missing": len(table) - len(measured),
        "median": middle,
        "saved": [options.out] if options.out else [],
    }


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The worst rows as text."""
    shown = ["".join(f"{name:>13}" for name in COLUMNS)]
    shown += [_line(row) for row in report["table"][:SHOWN]]
    if len(report["table"]) > SHOWN:
        shown.append(f"... and {len(report['table']) - SHOWN} more; --out FILE.csv has all")
    if report["median"]:
        shown.append(_line({"photo": "median"} | report["median"]))
    return [*shown, f"{len(report['table'])} true poses, {report['missing']} without another beside them"]


def _line(row: dict[str, Any]) -> str:
    cells = (row.get(name) for name in COLUMNS)
    return "".join(f"{'' if v is None else f'{v:.4g}' if isinstance(v, float) else v:>13}" for v in cells)
