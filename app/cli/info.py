"""The verb ``info``: what a file holds."""

from typing import Any

from app.cli.inputs import open_shape
from app.cli.options.info import InfoOptions
from app.cli.text import vector
from core.geometry.formats import guess_up, is_shape
from core.images import load_image
from core.progress import Progress, silent


def run(options: InfoOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints, but for what is odd about the file: that is among the warnings."""
    path = options.file
    if not is_shape(path):
        image = load_image(path)
        return {"file": path, "kind": "image", "width": image.shape[1], "height": image.shape[0]}
    shape = open_shape(path)
    low, high = shape.bounds
    return {
        "file": path,
        "kind": "point cloud" if shape.is_point_cloud else "mesh",
        "vertices": len(shape.vertices),
        "faces": len(shape.faces),
        "bounds": [low.tolist(), high.tolist()],
        "diagonal": shape.diagonal,
        "colours": shape.coloring,
        "up": guess_up(path),
    }


def lines(options: InfoOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    return [f"{name + ':':<16}{_fact(value)}" for name, value in report.items()]


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(vector(one) if isinstance(one, list) else str(one) for one in value) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
