"""Many calls of one verb from a CSV manifest: resumable, and one that fails does not stop the others."""

import contextlib
import csv
import hashlib
import io
import json
import os.path
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import core
from app.cli.arguments import Argument, arguments_of, check_outputs, parse_given
from app.cli.options.groups import BatchOptions
from core.errors import CounterpointError
from core.files import check_file
from core.notices import collect_warnings
from core.progress import Progress, silent

Run = Callable[[Any], dict[str, Any]]

WRITTEN = ("out", "save")
"""The options that name what is written."""


def run(verb: str, run_row: Run, options: BatchOptions, progress: Progress = silent) -> dict[str, Any]:
    """Every row of a manifest as one call; rows that are done already are left out.

    The columns are called as the arguments of the verb are; several values in a cell are divided by ``;`` and files are
    relative to the manifest's folder. What was done stands in MANIFEST.results.jsonl, a line a row; a row is done again
    when its options or the files that it reads are others than then.

    Args:
        verb: the name of the verb, for sentences.
        run_row: the call; returns what it did, and ``saved``, its files.
        options: the options of the verb, ``batch`` (the manifest) among them; those that a row gives are replaced.
        progress: told of every row.

    Raises:
        CounterpointError: the manifest cannot be read or the results cannot be written.
    """
    path = check_file(options.batch or "")
    columns = {one.name: one for one in arguments_of(type(options))}
    for name in WRITTEN:
        if getattr(options, name, None):
            raise CounterpointError(f"--{name} names one file for all rows; make it a column of {path.name}.")
    rows, results = _rows(path, columns), path.with_name(path.name + ".results.jsonl")
    done = _done(results)
    report: dict[str, Any] = {"rows": []}
    for number, row in enumerate(rows, 1):
        progress((number - 1) / len(rows), f"row {number} of {len(rows)}")
        call = partial(_call, verb, options, columns, row, path.parent)
        result = {"row": number, **_result(call, run_row, done)}
        if result["status"] != "done before":
            _note(results, result)
        report["rows"].append(result)
    progress(1.0, "Done")
    return report


def _result(call: Callable[[], Any], run_row: Run, done: dict[str, Any]) -> dict[str, Any]:
    """What a row did, now or before."""
    result: dict[str, Any] = {"saved": []}
    with collect_warnings() as said:
        try:
            options = call()
            result["key"] = key = _key(options)
            old = done.get(key)
            if old is not None and all(Path(saved).exists() for saved in old["saved"]):
                rest = {name: value for name, value in old.items() if name != "row"}
                return {"warnings": []} | rest | {"status": "done before"}
            check_outputs(options)
            result |= {"status": "done", **run_row(options)}
        except CounterpointError as error:
            result |= {"status": "failed", "reason": str(error)}
    return result | {"warnings": said}


def _key(options: Any) -> str:
    """Tells calls apart: by the program's version, all options, and by the files that they read as they are now."""
    about = {
        one.name: _known(getattr(options, one.name), one.path is not None, one.name in WRITTEN)
        for one in arguments_of(type(options))
        if one.name not in ("batch", "json")
    }
    return hashlib.sha256(json.dumps([core.__version__, about], sort_keys=True).encode()).hexdigest()


def _known(value: Any, is_path: bool, is_written: bool) -> Any:
    if isinstance(value, list | tuple):
        return [_known(one, is_path, is_written) for one in value]
    if not isinstance(value, str) or not is_path:
        return value
    place = os.path.abspath(value)
    if is_written or not os.path.isfile(place):
        return [place, value]
    status = os.stat(place)
    return [place, status.st_size, status.st_mtime_ns]


def lines(options: BatchOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    return [
        f"row {row['row']}: {row['status']} {row.get('reason', '') or ' '.join(row['saved'])}" for row in report["rows"]
    ]


def _rows(path: Path, columns: dict[str, Argument]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CounterpointError(f"{path.name} cannot be read as CSV ({error}).") from error
    plain = [one.name for one in columns.values() if not one.flags]
    if not rows or not {*plain, "out"} <= set(rows[0]):
        raise CounterpointError(
            f"{path.name} needs a line of column names, with {', '.join(plain)} and out, divided by commas, and rows below it."
        )
    return rows


def _arguments(columns: dict[str, Argument], row: dict[str, str], folder: Path) -> list[str]:
    """A row of the manifest as arguments of the verb."""
    plain: list[str] = []
    named: list[str] = []
    for column, cell in row.items():
        if column is None:
            raise CounterpointError("A row has more cells than there are column names.")
        name = column.strip()
        how = columns.get(name.replace("-", "_"))
        values = [_value(how, value.strip(), folder) for value in (cell or "").strip().split(";") if value]
        if how is not None and not how.flags:
            plain += values
        elif how is not None and isinstance(how.argparse.get("nargs"), int):
            named += _several(how.flags[-1], values, how.argparse["nargs"])
        else:
            named += [f"--{name.replace('_', '-')}={value}" for value in values]
    return [*plain, *named]


def _value(how: Argument | None, text: str, folder: Path) -> str:
    """A value; that of a file relative to the manifest's folder, with a ``/`` at its end where there is one."""
    if how is None or how.path is None:
        return text
    place = os.path.join(folder, text)
    return place if how.path == "path" or os.path.exists(place) else text


def _several(flag: str, values: list[str], count: int) -> Iterator[str]:
    """The option for each ``count`` values."""
    for begin in range(0, len(values), count):
        yield from (flag, *values[begin : begin + count])


def _call(verb: str, options: Any, columns: dict[str, Argument], row: dict[str, str], folder: Path) -> Any:
    """The options of a row: its own, and for the rest those beside ``--batch``."""
    arguments = _arguments(columns, row, folder)
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            given = parse_given(verb, type(options), arguments)
    except SystemExit:
        raise CounterpointError(said.getvalue().removeprefix("counterpoint: ").strip()) from None
    instead = {columns[name].exclusive for name in given} - {None}
    given = {one.name: one.default for one in columns.values() if one.exclusive in instead} | given
    return replace(options, **{"batch": None, **given})


def _note(results: Path, result: dict[str, Any]) -> None:
    try:
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
    except OSError as error:
        raise CounterpointError(f"{results} cannot be written ({error.strerror}).") from error


def _done(results: Path) -> dict[str, Any]:
    """Finished rows by key; a line that was cut off by a crash is not one."""
    done: dict[str, Any] = {}
    try:
        lines = results.read_text(encoding="utf-8").splitlines()
    except OSError:
        return done
    for line in lines:
        try:
            result = json.loads(line)
            if result["status"] == "done":
                done[result["key"]] = result
        except (json.JSONDecodeError, KeyError, TypeError):
            continue
    return done
