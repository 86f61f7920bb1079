"""Many calls of one verb from a CSV manifest: resumable, and one that fails does not stop the others."""

import argparse
import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import CounterpointError
from core.files import check_file
from core.progress import Progress, silent

Parse = Callable[[list[str]], argparse.Namespace]

PLAIN = {"transfer": ("source", "target"), "align": ("image", "shape")}
"""Columns that are arguments without a name, in their order."""

_FILES = ("source", "target", "image", "shape", "out", "save", "mask", "labels", "pose", "start", "K", "depth", "pins", "sam", "weights")  # fmt: skip


def run_batch(
    verb: str, manifest: str, parse: Parse, run: Callable[[argparse.Namespace], dict[str, Any]], progress: Progress = silent
) -> dict[str, Any]:  # fmt: skip
    """Every row of a manifest as one call; rows that are done already are left out.

    The columns are called as the arguments of the verb are; several values in a cell are divided by ``;`` and files are relative to the
    manifest's folder. What was done stands in MANIFEST.results.jsonl, a line a row. ``run`` returns what it did, and ``saved``, its files.

    Raises:
        CounterpointError: the manifest cannot be read or the results cannot be written.
    """
    path = check_file(manifest)
    results = path.with_name(path.name + ".results.jsonl")
    done = _done(results)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CounterpointError(f"{path.name} cannot be read as CSV ({error}).") from error
    needed = {*PLAIN[verb], "out"}
    if not rows or not needed <= set(rows[0]):
        raise CounterpointError(
            f"{path.name} needs a line of column names, with {', '.join(PLAIN[verb])} and out, and rows below it."
        )
    report: dict[str, Any] = {"rows": []}
    for number, row in enumerate(rows, 1):
        progress((number - 1) / len(rows), f"row {number} of {len(rows)}")
        key = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
        old = done.get(key)
        if old is not None and all((Path(saved)).exists() for saved in old["saved"]):
            report["rows"].append(old | {"row": number, "status": "done before"})
            continue
        result: dict[str, Any] = {"key": key, "row": number, "saved": []}
        try:
            result |= {"status": "done", **run(parse(_arguments(verb, row, path.parent)))}
        except CounterpointError as error:
            result |= {"status": "failed", "reason": str(error)}
        try:
            with results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
        except OSError as error:
            raise CounterpointError(f"{results} cannot be written ({error.strerror}).") from error
        report["rows"].append(result)
    progress(1.0, "Done")
    return report


def _arguments(verb: str, row: dict[str, str], folder: Path) -> list[str]:
    """A row of the manifest as arguments of the verb."""
    plain: list[str] = []
    named: list[str] = []
    for column, cell in row.items():
        if column is None:
            raise CounterpointError("A row has more cells than there are column names.")
        name = column.strip()
        for value in filter(None, ((cell or "").strip().split(";"))):
            value = str(folder / value.strip()) if name in _FILES else value.strip()
            if name in PLAIN[verb]:
                plain.append(value)
            else:
                named += [f"--{name.replace('_', '-')}={value}"]
    return [verb, *plain, *named]


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
