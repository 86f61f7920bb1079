"""The options of ``counterpoint evaluate``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, option
from app.cli.options.groups import EncoderOptions, JsonOptions, WordsOptions
from core.benchmarks.tasks import TASKS


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(JsonOptions, WordsOptions, EncoderOptions):
    """Of what is measured and on which data."""

    what: str = argument(None, "what is measured", choices=tuple(TASKS))
    results: str | None = argument(
        "RESULTS", "bop-results: the poses that a method found, as BOP's CSV", path="path", default=None, nargs="?"
    )
    data: str = option(
        "what it is measured on (default: held-out procedural shapes). "
        + "; ".join(f"{name}: {', '.join(task.data)}" for name, task in TASKS.items()),
        default="procedural",
        metavar="procedural|KIND:PATH",
    )
    count: int = option("objects or photos' objects at most", default=60, type=values.positive, metavar="N")
    pixels: int = option("pixels asked for in each picture", default=40, type=values.positive, metavar="N")
    minutes: float = option("adaptation: of each run", default=3.0, type=values.above_zero, metavar="M")
    seeds: int = option("adaptation: runs of each object", default=1, type=values.positive, metavar="N")
    photos: int = option("of each collection (default: %(default)s)", default=24, type=values.positive, metavar="N")
    beside: tuple[str, ...] = option(
        "encoders: another to compare with; may be given again", action="append", metavar="NAME[+ADAPTER]"
    )
    report: str | None = option(
        "encoders: a page with tables and pictures; a run that was stopped goes on from it",
        metavar="FOLDER",
        path="path",
    )
    cutter: str | None = option(
        "cutting, parts: weights of a cutter (train cutter) to measure beside GrabCut", metavar="FILE", path="path"
    )
    output: str | None = option("write the table as JSON too", metavar="FILE", path="path")
