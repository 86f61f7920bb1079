"""What the engine does to measure encoders."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from app.documents import EncoderSettings, Item
from app.engine_process import Report
from app.loaded import choice_of


@dataclass(frozen=True)
class Measurement:
    """Tables by title (rows by column, the first names them), pictures of good and bad cases (encoder, part, share right, file), and the
    folder with the report."""

    tables: dict[str, list[dict[str, Any]]]
    cases: list[tuple[str, str, float, str]]
    folder: str = ""


def measure_encoders(
    progress: Report, shapes: list[Item], encoder: EncoderSettings, beside: list[str], data: str, count: int
) -> Measurement:
    """The encoder of the dock, the same without its adapter, and those of ``beside`` (NAME, NAME+ADAPTER) on ``data``, or ("") on the shapes."""
    from core.benchmarks import compare, consistency
    from core.encoders.catalogue import load_encoder
    from core.errors import CounterpointError
    from core.fields.cache import cache_dir, cache_key
    from core.training.meshes import read_mesh

    base = choice_of(encoder)
    choices = [base, replace(base, adapter=None), *(compare.parse_choice(text, base) for text in beside)]
    if not data:
        items = [(shape.name, read_mesh(shape.path, shape.up)) for shape in shapes]
        units = consistency.units([(name, item) for name, item in items if item is not None])
        title, task = "multiview consistency", " ".join(f"{s.path} {s.stamp} {s.up}" for s in shapes)
        if not units:
            raise CounterpointError("Pictures are taken of surfaces: open a mesh, not a point cloud.")
    else:
        units, title, task = compare.units_of(data, count), compare.TASKS[data.partition(":")[0]], f"{data} {count}"
    folder = str(cache_dir() / "reports" / cache_key(task, *(str(choice) for choice in choices))[:16])
    encoders = [load_encoder(choice, progress) for choice in dict.fromkeys(choices)]

    def watch(results: list[Any]) -> None:
        progress.tell(_plain(compare.tables_of(results, title), results, folder))

    results = compare.measure(encoders, units, task, folder, progress, watch)
    return _plain(compare.report(folder, results, title), results, folder)


def _plain(tables: dict[str, list[dict[str, Any]]], results: list[Any], folder: str) -> Measurement:
    cases = [(r.encoder, case.unit, case.score, f"{folder}/{case.file}") for r in results for case in r.cases]
    return Measurement(tables, cases, folder)


JOBS: dict[str, Callable[..., Any]] = {"measure_encoders": measure_encoders}
