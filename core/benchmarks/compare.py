"""Comparison of encoders and adapters on one task; a run that was stopped goes on where it was."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.benchmarks import consistency, onepose, semantic, tracking
from core.benchmarks.evaluation import EvaluationUnit, Outcome
from core.benchmarks.report import write_report
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import EncoderChoice, load_encoder
from core.files import make_folder
from core.images import save_image
from core.progress import Progress, silent

TITLES = {
    "procedural": "multiview consistency, held-out procedural shapes",
    "meshes": "multiview consistency",
    "onepose": "pose, OnePose-LowTex",
    "tapvid": "tracking, TAP-Vid DAVIS",
    "pfpascal": "semantic transfer, PF-PASCAL",
    "spair": "semantic transfer, SPair-71k",
}
"""What is measured on which kind of data."""

SHOWN = 4
"""The number of good, and of bad, cases of each encoder in a report."""


@dataclass(frozen=True)
class ReportCase:
    """A picture of the report, see :class:`core.benchmarks.report.ReportPicture`."""

    file: str
    unit: str
    score: float


@dataclass(frozen=True)
class Result:
    """What was measured of an encoder on a unit.

    Attributes:
        encoder: its name.
        unit: the unit's name.
        numbers: by name.
        weight: of the numbers in a mean over units.
        cases: some pictures.
    """

    encoder: str
    unit: str
    numbers: dict[str, float]
    weight: float
    cases: tuple[ReportCase, ...] = ()


def parse_choice(text: str, base: EncoderChoice) -> EncoderChoice:
    """Parse an encoder of the command line, NAME or NAME+ADAPTER; the rest is taken from ``base``."""
    name, _, adapter = text.partition("+")
    same = (name or base.name) == base.name
    return replace(
        base,
        name=name or base.name,
        adapter=adapter or None,
        weights=base.weights if same else None,
        layer=base.layer if same else None,
    )


def units_of(data: str, count: int) -> list[EvaluationUnit]:
    """Make the units of data ``KIND:PATH`` (or ``procedural``), at most ``count``.

    Raises:
        CounterpointError: there is no such kind, or the data is laid out otherwise.
    """
    kind, place = parse_data(data, TASKS["encoders"].data)
    readers: dict[str, Callable[[], list[EvaluationUnit]]] = {
        "procedural": lambda: consistency.of_meshes(kind, count),
        "meshes": lambda: consistency.of_meshes(place, count),
        "onepose": lambda: onepose.one_pose(place, count),
        "tapvid": lambda: tracking.tap_vid(place, count),
        "pfpascal": lambda: semantic.units(semantic.pf_pascal(place), count),
        "spair": lambda: semantic.units(semantic.spair(place), count),
    }
    return readers[kind]()


def title_of(data: str) -> str:
    """What is measured on ``KIND:PATH``; raises as :func:`units_of` does."""
    return TITLES[parse_data(data, TASKS["encoders"].data)[0]]


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> dict[str, list[dict[str, Any]]]:
    """Tables, a row for each encoder.

    With ``settings.report`` results are kept there, and a page ``report.html`` with pictures.

    Raises:
        CounterpointError: an encoder or the data cannot be read, or the folder not be written.
    """
    data, count, folder = settings.data, settings.count, settings.report
    choices = [settings.encoder, *(parse_choice(text, settings.encoder) for text in settings.beside)]
    encoders = [load_encoder(choice) for choice in dict.fromkeys(choices)]
    units, title = units_of(data, count), title_of(data)
    results = measure(encoders, units, f"{data} {count}", folder, progress)
    return tables_of(results, title) if folder is None else report(folder, results, title)


def measure(
    encoders: Sequence[ImageEncoder],
    units: Sequence[EvaluationUnit],
    task: str,
    folder: str | Path | None = None,
    progress: Progress = silent,
    watch: Callable[[list[Result]], None] | None = None,
) -> list[Result]:
    """Measure every encoder on every unit.

    Args:
        encoders: the encoders.
        units: the units.
        task: a name of the task; results are kept by it.
        folder: where results are kept; those that are there already are not measured again. None keeps none.
        progress: is told of every unit.
        watch: is called with all results so far after every unit.

    Raises:
        CounterpointError: the folder cannot be written.
    """
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
    """Write the page that shows results to a folder, and return their tables."""
    tables = tables_of(results, title)
    write_report(Path(folder), tables, [(r.encoder, case) for r in results for case in r.cases], SHOWN)
    return tables


def tables_of(results: Sequence[Result], title: str) -> dict[str, list[dict[str, Any]]]:
    """Return the weighted means over all units by encoder, and a table of the units of each encoder."""
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
    """The files ``results.jsonl`` and ``pictures`` of a folder."""

    def __init__(self, folder: Path, task: str):
        self._folder, self._task, self._file = folder, task, folder / "results.jsonl"
        make_folder(folder / "pictures")
        self._known: dict[str, Result] = {}
        if self._file.exists():
            for line in self._file.read_text().splitlines():
                try:
                    row = json.loads(line)
                    cases = tuple(ReportCase(**case) for case in row["result"].pop("cases"))
                    self._known[row["key"]] = Result(**row["result"], cases=cases)
                except (ValueError, KeyError, TypeError):
                    continue  # a line that was cut off when the run was stopped

    def find(self, encoder: ImageEncoder, unit: EvaluationUnit) -> Result | None:
        return self._known.get(self._key(encoder, unit.name))

    def add(self, encoder: ImageEncoder, result: Result) -> None:
        row = {
            "key": self._key(encoder, result.unit),
            "result": {**vars(result), "cases": [vars(c) for c in result.cases]},
        }
        with self._file.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def keep_pictures(self, encoder: ImageEncoder, unit: EvaluationUnit, outcome: Outcome) -> tuple[ReportCase, ...]:
        """Save the pictures of the best and the worst case."""
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
