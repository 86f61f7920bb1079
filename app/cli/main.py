"""`counterpoint`: opens the window, or runs one verb.

A verb NAME is a line of ``VERBS``, its options (``NameOptions`` in app/cli/options/NAME.py) and its work (``run`` and
``lines`` in app/cli/NAME.py). The work imports the library, which takes seconds; it is imported when the options have
been read, so that ``--help`` and a mistake are answered at once.
"""

import json
import sys
from functools import partial
from importlib import import_module
from typing import Any

import core
from app.cli.arguments import Parser, check_outputs, parse
from app.cli.ending import ended_by_interrupt, ended_in_order, open_streams, say, stopped, written_out
from app.cli.options.groups import BatchOptions, JsonOptions
from core.errors import Cancelled, CounterpointError
from core.notices import collect_warnings
from core.progress import silent

VERBS = {
    "match": "find the counterpart of places in an image or a shape",
    "transfer": "carry parts that are marked in an image or on a shape to shapes and images",
    "align": "find where a shape stands in a photo",
    "index": "make a gallery of a folder of shapes, or bring it up to date",
    "search": "find the shapes of a gallery by an image, a shape or words",
    "classify": "what a shape is called",
    "congeal": "pull a photo collection of one object or category into one 3D frame",
    "scene": "open, check, inspect and write whole data sets of photos, shapes and poses",
    "info": "what a file holds, and what is odd about it",
    "encoders": "the image encoders by name",
    "evaluate": "measure an encoder",
    "train": "train the bundled encoder's nets",
    "adapt": "tune an encoder to shapes, by what is the same in pictures of them",
    "sample": "match the bundled sample and save the pictures",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 done, 1 a check found errors, 2 bad input, 130 interrupted, 143 ended)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    open_streams()
    try:
        with written_out():
            if arguments and arguments[0] in VERBS:
                return run_verb(arguments[0], arguments[1:])
            return open_window(arguments)
    except CounterpointError as error:
        say(str(error))
        return 2
    except (KeyboardInterrupt, Cancelled):
        return stopped()
    except BrokenPipeError:
        return 0
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        say(f"{name}{error.strerror or error}; check the name, the space and the permissions.")
        return 2


def window_parser() -> Parser:
    """The parser of the command without a verb."""
    parser = Parser(
        prog="counterpoint",
        description="Link images and 3D shapes point by point. Without a verb the window opens.",
        epilog=f"Verbs: {', '.join(VERBS)}; each explains itself with --help.",
    )
    parser.add_argument("--version", action="version", version=f"counterpoint {core.__version__}")
    parser.add_argument("--sample", action="store_true", help="open the bundled sample")
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="images and shapes (four and two at most), a project, or a scene: a folder, a file of it, or a video",
    )
    return parser


def open_window(arguments: list[str]) -> int:
    """Open the window with the files that are named; returns its exit code."""
    options = window_parser().parse_args(arguments)
    from app.window.main_window import run

    return run(options.files, sample=options.sample)


def options_of(verb: str) -> type:
    """The dataclass of a verb's options."""
    found: type = getattr(import_module(f"app.cli.options.{verb}"), f"{verb.capitalize()}Options")
    return found


def run_verb(verb: str, given: list[str]) -> int:
    """Read the options of a verb, run it and print its report; returns the exit code."""
    options: Any = parse(verb, options_of(verb), given)
    check_outputs(options)
    with ended_by_interrupt():
        work = import_module(f"app.cli.{verb}")
    run, lines = work.run, work.lines
    if isinstance(options, BatchOptions) and options.batch:
        batch = import_module("app.cli.batch")
        run, lines = partial(batch.run, verb, work.run_row), batch.lines
    as_json = isinstance(options, JsonOptions) and options.json
    progress = silent if as_json or not sys.stderr.isatty() else _show_progress
    with ended_in_order(), collect_warnings() as said:
        try:
            report: dict[str, Any] = run(options, progress)
        except CounterpointError:
            for sentence in said:  # what was odd before is often the reason
                say(f"warning: {sentence}")
            raise
    report["warnings"] = said
    code = int(report.pop("exit", 0))
    if as_json:
        print(json.dumps(report))
    else:
        _print(report, lines(options, report))
    return 2 if any(row["status"] == "failed" for row in report.get("rows", ())) else code


def _print(report: dict[str, Any], lines: list[str]) -> None:
    """The report for people; what was left out and what is odd goes to stderr, unless it stands in the report."""
    for line in lines:
        print(line)
    for refused in report.get("refused", ()):
        print(f"left out {refused['path']}: {refused['reason']}", file=sys.stderr)
    of_rows = [f"row {row['row']}: {sentence}" for row in report.get("rows", ()) for sentence in row["warnings"]]
    for sentence in (*report["warnings"], *of_rows):
        if not any(sentence in line for line in lines):
            say(f"warning: {sentence}")


def _show_progress(fraction: float, message: str) -> None:
    print(f"\r\033[K{fraction:4.0%} {message}", end="" if fraction < 1 else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
