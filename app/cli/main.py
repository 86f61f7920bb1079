"""`counterpoint`: opens the window, or runs one headless verb."""

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.cli.parser import bind_negative, verb_parser, window_parser
from core.errors import Cancelled, CounterpointError
from core.numbers import coordinate


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 done, 2 bad input, 130 interrupted)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments and arguments[0] in VERBS:
            return run_verb(arguments)
        return open_window(arguments)
    except CounterpointError as error:
        print(f"counterpoint: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Cancelled):
        print("counterpoint: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def open_window(arguments: list[str]) -> int:
    options = window_parser(list(VERBS)).parse_args(arguments)
    from app.window.main_window import run

    return run(options.files, sample=options.sample)


def run_verb(arguments: list[str]) -> int:
    options = verb_parser().parse_args(bind_negative(arguments))
    return VERBS[options.verb](options)


def _match(options: argparse.Namespace) -> int:
    from app.cli import options as headless

    report = headless.match_files(options, progress=_progress(options.json))
    if options.json:
        print(json.dumps(report))
        return 0
    for number, answer in enumerate(report["matches"], 1):
        where = f" of {answer['target']}" if len(options.target) > 1 else ""
        print(f"{number}. {_text(answer['query'])} -> {_place(answer)}{where}")
        print(
            f"   score {answer['score']:.3f}, margin {answer['margin']:.3f}, "
            f"cycle error {answer['cycle_error']:.3f}: {answer['verdict']}"
        )
    for path in report.get("saved", []):
        print(f"saved {path}")
    return 0


def _place(answer: dict[str, Any]) -> str:
    if "pixel" in answer:
        return f"pixel {_text(answer['pixel'])}"
    return f"point {_text(answer['point'])}, face {answer['face']}, barycentric {_text(answer['barycentric'])}"


def _transfer(options: argparse.Namespace) -> int:
    from app.cli.transfer import transfer_parts, transfer_row

    if options.batch:
        return _batch(options, transfer_row)
    report = transfer_parts(options, progress=_progress(options.json))
    if options.json:
        print(json.dumps(report))
        return 0
    for found in report["parts"]:
        print(
            f"{found['name']} on {found['target']}: {found['share']:.1%} of it ({found['uncertain']:.1%} uncertain), "
            f"{found['overlap']:.0%} the same after matching back: {found['verdict']}"
        )
    for saved in dict.fromkeys(found["saved"] for found in report["parts"]):
        print(f"saved {saved}")
    return 0


def _batch(options: argparse.Namespace, run: Any) -> int:
    """The rows of a manifest; 0 if all of them are done, else 2."""
    from app.cli.batch import run_batch

    parser, progress = verb_parser(), _progress(options.json)
    report = run_batch(options.verb, options.batch, lambda row: _parse_row(parser, row), run, progress)
    if options.json:
        print(json.dumps(report))
    else:
        for row in report["rows"]:
            print(f"row {row['row']}: {row['status']} {row.get('reason', '') or ' '.join(row['saved'])}")
    return 0 if all(row["status"] != "failed" for row in report["rows"]) else 2


def _parse_row(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            return parser.parse_args(arguments)
    except SystemExit:
        raise CounterpointError(said.getvalue().removeprefix("counterpoint: ").strip()) from None


def _align(options: argparse.Namespace) -> int:
    from app.cli.align import align_files, align_row

    if options.batch:
        return _batch(options, align_row)
    report = align_files(options, progress=_progress(options.json))
    if options.json:
        print(json.dumps(report))
        return 0
    for name in ("R", "t", "s"):
        rows = report[name] if name == "R" else [report[name]]
        print("\n".join(f"{name if i == 0 else '':<3}{_text(row)}" for i, row in enumerate(rows)))
    print(f"score {report['score']:.3f}, silhouette overlaps {report['overlap']:.0%}: {report['verdict']}")
    print("\n".join(report["notes"]), end="\n" if report["notes"] else "")
    if "saved" in report:
        print(f"saved {report['saved']}")
    return 0


def _index(options: argparse.Namespace) -> int:
    from app.cli.gallery import index

    report = index(options, progress=_progress(options.json))
    numbers = ", ".join(f"{report[name]} {name}" for name in ("added", "changed", "removed", "kept"))
    return _answer(options, report, [f"{report['shapes']} shapes in {report['gallery']}: {numbers}"])


def _answer(options: argparse.Namespace, report: dict[str, Any], lines: list[str]) -> int:
    """The report as JSON, or the lines and which files were left out."""
    if options.json:
        print(json.dumps(report))
        return 0
    for line in lines:
        print(line)
    for refused in report.get("refused", []):
        print(f"left out {refused['path']}: {refused['reason']}", file=sys.stderr)
    return 0


def _search(options: argparse.Namespace) -> int:
    from app.cli.gallery import search

    report = search(options, progress=_progress(options.json))
    return _answer(options, report, [f"{one['score']:.3f}  {one['path']}" for one in report["results"]])


def _classify(options: argparse.Namespace) -> int:
    from app.cli.gallery import classify

    report = classify(options, progress=_progress(options.json))
    lines = [f"{one['share']:>6.1%}  {one['label']}" for one in report["results"]]
    return _answer(options, report, [*lines, report["how"]])


def _congeal(options: argparse.Namespace) -> int:
    from app.cli.congeal import congeal_files

    report = congeal_files(options, progress=_progress(options.json))
    lines = [f"shape  {report['shape']}"]
    for one in report["images"]:
        lines.append(f"{one['score']:.3f}  {one['path']}{'' if one['inlier'] else '  (outlier)'}")
    return _answer(options, report, [*lines, f"saved {options.out}"])


def _info(options: argparse.Namespace) -> int:
    from app.cli import options as headless

    facts = headless.describe_file(options.file)
    if options.json:
        print(json.dumps(facts))
    else:
        for name, value in facts.items():
            print(f"{name + ':':<16}{_fact(value)}")
    return 0


def _encoders(options: argparse.Namespace) -> int:
    from core.encoders.catalogue import DEFAULT, available

    rows = [{"name": e.name, "description": e.description, "bundled": e.bundled} for e in available()]
    if options.json:
        print(json.dumps({"encoders": rows, "default": DEFAULT}))
        return 0
    for row in rows:
        print(f"{row['name']:<15}{row['description']}{' (bundled, the default)' if row['bundled'] else ''}")
    print("Any other timm vision transformer goes by its own name; weights come from the hub or from --weights FILE.")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from app.cli import options as headless

    report = headless.evaluate(options, progress=_progress(options.json))
    if options.json:
        print(json.dumps(report))
        return 0
    for name, rows in report["tables"].items():
        print(f"\n{name}")
        columns = list(rows[0])
        print(f"{columns[0]:<34}" + "".join(f"{column:>15}" for column in columns[1:]))
        for row in rows:
            cells = (f"{row[column]:.6g}" if column in row else "" for column in columns[1:])
            print(f"{row[columns[0]]:<34}" + "".join(f"{cell:>15}" for cell in cells))
    return 0


def _train(options: argparse.Namespace) -> int:
    from app.cli.train import train

    weights = train(options, progress=_progress(False))
    name = {"adapter": "--adapter", "dlign": "--dlign"}.get(options.recipe, "--weights")
    print(f"weights: {weights} (use them with {name}, measure them with counterpoint evaluate)")
    return 0


def _adapt(options: argparse.Namespace) -> int:
    from app.cli.train import adapt_files

    report = adapt_files(options, progress=_progress(options.json))
    said = f"consistent on held-out pictures: {report['before']:.1%} before, {report['after']:.1%} after"
    return _answer(options, report, [said, f"saved {options.out} (use it with --adapter)"])


def _sample(options: argparse.Namespace) -> int:
    from app.cli import options as headless

    for line in headless.run_sample(Path(options.save), progress=_progress(False)):
        print(line)
    return 0


def _progress(quiet: bool) -> Any:
    from core.progress import silent

    if quiet or not sys.stderr.isatty():
        return silent

    def report(fraction: float, message: str) -> None:
        print(f"\r\033[K{fraction:4.0%} {message}", end="" if fraction < 1 else "\n", file=sys.stderr, flush=True)

    return report


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_text(v) if isinstance(v, list) else str(v) for v in value) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _text(numbers: list[float]) -> str:
    return "(" + ", ".join(map(coordinate, numbers)) + ")"


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "match": _match,
    "transfer": _transfer,
    "align": _align,
    "index": _index,
    "search": _search,
    "classify": _classify,
    "congeal": _congeal,
    "info": _info,
    "encoders": _encoders,
    "evaluate": _evaluate,
    "train": _train,
    "adapt": _adapt,
    "sample": _sample,
}


if __name__ == "__main__":
    sys.exit(main())
