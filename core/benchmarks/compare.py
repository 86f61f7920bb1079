"""Several encoders and adapters side by side on one task; a run that was stopped goes on where it was."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.benchmarks import consistency, onepose, semantic, tracking
from core.benchmarks.report import write_report
from core.benchmarks.units import Outcome, Unit
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import EncoderChoice, load_encoder
from core.errors import CounterpointError
from core.images import save_image
from core.progress import Progress, silent

TASKS = {
    "procedural": "multiview consistency, held-out procedural shapes",
    "meshes": "multiview consistency",
    "onepose": "pose, OnePose-LowTex",
    "tapvid": "tracking, TAP-Vid DAVIS",
    "pfpascal": "semantic transfer, PF-PASCAL",
    "spair": "semantic transfer, SPair-71k",
}
"""What is measured on which kind of data."""

SHOWN = 4
"""Good and bad cases in a report, of each encoder."""


@dataclass(frozen=True)
class ReportCase:
    """A picture of the report: its file in the folder, what it shows, and how well it went."""

    file: str
    unit: str
    score: float


@dataclass(frozen=True)
class Result:
    """What an encoder reached on a unit."""

    encoder: str
    unit: str
    numbers: dict[str, float]
    weight: float
    cases: tuple[ReportCase, ...] = ()


def parse_choice(text: str, base: EncoderChoice) -> EncoderChoice:
    """An encoder of the command line: NAME, or NAME+ADAPTER; the rest is as in ``base``."""
    name, _, adapter = text.partition("+")
    same = (name or base.name) == base.name
    return replace(
        base, name=name or base.name, adapter=adapter or None, weights=base.weights if same else None,
        layer=base.layer if same else None,
    )  # fmt: skip


def units_of(data: str, count: int) -> list[Unit]:
    """What ``KIND:PATH`` (or ``procedural``) consists of.

    Raises:
        CounterpointError: no such kind, or not laid out so.
    """
    kind, _, place = data.partition(":")
    if kind not in TASKS or (kind == "procedural") == bool(place):
        raise CounterpointError(f"'{data}' is not procedural or one of {', '.join(k + ':PATH' for k in TASKS if k != 'procedural')}.")  # fmt: skip
    if kind in ("procedural", "meshes"):
        return consistency.of_meshes(place or kind, count)
    if kind == "onepose":
        return onepose.one_pose(place, count)
    if kind == "tapvid":
        return tracking.tap_vid(place, count)
    return semantic.units(semantic.pf_pascal(place) if kind == "pfpascal" else semantic.spair(place), count)


def evaluate(
    choices: Sequence[EncoderChoice], data: str, count: int, folder: str | Path | None = None, progress: Progress = silent
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """Tables, a row for each encoder; with ``folder`` results are kept there, and a page ``report.html`` with pictures.

    Raises:
        CounterpointError: an encoder or the data cannot be read, or the folder not be written.
    """
    encoders = [load_encoder(choice) for choice in dict.fromkeys(choices)]
    units = units_of(data, count)
    results = measure(encoders, units, f"{data} {count}", folder, progress)
    title = TASKS[data.partition(":")[0]]
    return tables_of(results, title) if folder is None else report(folder, results, title)


def measure(
    encoders: Sequence[ImageEncoder], units: Sequence[Unit], task: str, folder: str | Path | None = None, progress: Progress = silent,
    watch: Callable[[list[Result]], None] | None = None,
) -> list[Result]:  # fmt: skip
    """Every encoder on every unit; what stands in ``folder`` already is not measured again. ``watch`` is told all results so far."""
    store = _Store(Path(folder), task) if folder is not None else None
    results, total = [], len(encoders) * len(units)
    for number, (encoder, unit) in enumerate((e, u) for e in encoders for u in units):
        progress(number / total, f"{encoder.name}: {unit.name}")
        known = store.find(encoder, unit) if store else None
        if known is None:
            outcome = unit.measure(encoder)
            cases = store.keep_pictures(encoder, unit, outcome) if store else ()
            known = Result(encoder.name, unit.name, outcome.numbers, outcome.weight, cases)
            if store:
                store.add(encoder, known)
        results.append(known)
        if watch is not None:
            watch(list(results))
    return results


def report(folder: str | Path, results: Sequence[Result], title: str) -> dict[str, list[dict[str, Any]]]:
    """The tables of results, and the page that shows them in ``folder``."""
    tables = tables_of(results, title)
    write_report(Path(folder), tables, [(r.encoder, case) for r in results for case in r.cases], SHOWN)
    return tables


def tables_of(results: Sequence[Result], title: str) -> dict[str, list[dict[str, Any]]]:
    """Means over all units by encoder, weighted, and a table of the units for each encoder."""
    by_encoder: dict[str, list[Result]] = {}
    for result in results:
        by_encoder.setdefault(result.encoder, []).append(result)
    rows = []
    for name, of in by_encoder.items():
        weights = np.array([r.weight for r in of])
        means = {key: float(np.average([r.numbers[key] for r in of], weights=weights)) for key in of[0].numbers}
        rows.append({"encoder": name, "cases": float(weights.sum()), **means})
    tables = {title: rows}
    for name, of in by_encoder.items():
        tables[f"{title}: {name}"] = [{"part": r.unit, **r.numbers} for r in of]
    return tables


class _Store:
    """``results.jsonl`` and ``pictures`` of a folder."""

    def __init__(self, folder: Path, task: str):
        self._folder, self._task, self._file = folder, task, folder / "results.jsonl"
        try:
            (folder / "pictures").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CounterpointError(f"{folder} cannot be made ({error.strerror}).") from error
        self._known: dict[str, Result] = {}
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                try:
                    row = json.loads(line)
                    cases = tuple(ReportCase(**case) for case in row["result"].pop("cases"))
                    self._known[row["key"]] = Result(**row["result"], cases=cases)
                except (ValueError, KeyError, TypeError):
                    continue  # a line that was cut off when the run was stopped

    def find(self, encoder: ImageEncoder, unit: Unit) -> Result | None:
        return self._known.get(self._key(encoder, unit.name))

    def add(self, encoder: ImageEncoder, result: Result) -> None:
        row = {
            "key": self._key(encoder, result.unit),
            "result": {**vars(result), "cases": [vars(c) for c in result.cases]},
        }
        with self._file.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def keep_pictures(self, encoder: ImageEncoder, unit: Unit, outcome: Outcome) -> tuple[ReportCase, ...]:
        """The best and the worst case."""
        ordered = sorted(outcome.examples, key=lambda one: one.score)
        chosen = ordered if len(ordered) < 2 else [ordered[0], ordered[-1]]
        cases = []
        for number, one in enumerate(chosen):
            name = f"pictures/{self._key(encoder, unit.name)}-{number}.png"
            save_image(self._folder / name, one.picture)
            cases.append(ReportCase(name, unit.name, one.score))
        return tuple(cases)

    def _key(self, encoder: ImageEncoder, unit: str) -> str:
        return hashlib.sha256(f"{self._task}|{encoder.fingerprint}|{unit}".encode()).hexdigest()[:20]
