"""Many calls of one verb from a CSV manifest: resumable, and one that fails does not stop the others."""

import contextlib
import csv
import hashlib
import io
import json
import os.path
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.cli.arguments import Argument, arguments_of, check_outputs, parse
from app.cli.options.groups import BatchOptions
from core.errors import CounterpointError
from core.files import check_file
from core.notices import collect_warnings
from core.progress import Progress, silent

Run = Callable[[Any], dict[str, Any]]


def run(verb: str, run_row: Run, options: BatchOptions, progress: Progress = silent) -> dict[str, Any]:
    """Every row of a manifest as one call; rows that are done already are left out.

    The columns are called as the arguments of the verb are; several values in a cell are divided by ``;`` and files are
    relative to the manifest's folder. What was done stands in MANIFEST.results.jsonl, a line a row.

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
    rows, results = _rows(path, columns), path.with_name(path.name + ".results.jsonl")
    done = _done(results)
    report: dict[str, Any] = {"rows": []}
    for number, row in enumerate(rows, 1):
        progress((number - 1) / len(rows), f"row {number} of {len(rows)}")
        key = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
        old = done.get(key)
        if old is not None and all(Path(saved).exists() for saved in old["saved"]):
            report["rows"].append({"warnings": []} | old | {"row": number, "status": "done before"})
            continue
        result: dict[str, Any] = {"key": key, "row": number, "saved": []}
        with collect_warnings() as said:
            try:
                call = _parse(verb, type(options), _arguments(columns, row, path.parent))
                check_outputs(call)
                result |= {"status": "done", **run_row(call)}
            except CounterpointError as error:
                result |= {"status": "failed", "reason": str(error)}
        result["warnings"] = said
        _note(results, result)
        report["rows"].append(result)
    progress(1.0, "Done")
    return report


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


def _parse(verb: str, options: type, given: list[str]) -> Any:
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said:
            return parse(verb, options, given)
    except SystemExit:
        raise CounterpointError(said.getvalue().removeprefix("counterpoint: ").strip()) from None


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
