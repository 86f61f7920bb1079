"""The verb ``evaluate``: how good an encoder is, on one of the benchmarks."""

import importlib
from typing import Any

from app.cli.inputs import choice_of
from app.cli.options.evaluate import EvaluateOptions
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS
from core.errors import CounterpointError
from core.files import write_json
from core.notices import collect_warnings, warn
from core.progress import Progress, silent


def run(options: EvaluateOptions, progress: Progress = silent) -> dict[str, Any]:
    """The report that ``--json`` prints and ``--output`` writes."""
    settings = EvaluateSettings(
        encoder=choice_of(options),
        data=options.data,
        count=options.count,
        pixels=options.pixels,
        photos=options.photos,
        minutes=options.minutes,
        seeds=options.seeds,
        beside=options.beside,
        report=options.report,
        clip=options.clip,
        dlign=options.dlign,
        cutter=options.cutter,
        results=options.results,
    )
    if options.results and options.what != "bop-results":
        raise CounterpointError(
            f"{options.results} is a file of results, which {options.what} does not measure; leave it out."
        )
    of = {"results": options.results} if options.results else {"encoder": options.encoder}
    report: dict[str, Any] = of | {"data": options.data}
    if options.what == "correspondence":
        report["pixels"] = options.pixels
    with collect_warnings() as said:
        report["tables"] = importlib.import_module(TASKS[options.what].module).evaluate(settings, progress)
    if options.output:
        write_json(options.output, report | {"warnings": said}, indent=1)
    for sentence in said:
        warn(sentence)
    progress(1.0, "Done")
    return report


def lines(options: EvaluateOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown = []
    for name, rows in report["tables"].items():
        columns = list(rows[0])
        shown += ["", name, f"{columns[0]:<34}" + "".join(f"{column:>15}" for column in columns[1:])]
        for row in rows:
            cells = (f"{row[column]:.6g}" if column in row else "" for column in columns[1:])
            shown.append(f"{row[columns[0]]:<34}" + "".join(f"{cell:>15}" for cell in cells))
    return shown
