"""Pins and their matches as files: tables for people and programs, and 2D-3D correspondences for pose solvers."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from core.files import write_atomic, write_json
from core.interchange.lying import say_written_upright

Place = tuple[float, ...]
"""A pixel (u, v) of a photo's file, or a point (x, y, z) in the units and axes of a shape's file."""

FORMAT, VERSION = "counterpoint pins", 1

PLACES = ("u", "v", "x", "y", "z")
"""Of a photo the first two are filled, of a shape the others."""

MATCH_COLUMNS = (
    "pin", "placed_in", *(f"at_{name}" for name in PLACES), "matched_in", *(f"match_{name}" for name in PLACES),
    "verdict", "probability", "by_hand", "reasons", "score", "margin", "cycle_error",
)  # fmt: skip

CORRESPONDENCE_COLUMNS = ("u", "v", "x", "y", "z", "verdict", "probability", "by_hand", "pin", "photo", "shape")


@dataclass(frozen=True)
class PinMatch:
    """Where a pin was found in another file.

    Attributes:
        path: of the file.
        at: pixel (u, v) of a photo, or point (x, y, z) in the units and axes of a shape's file.
        verdict: "good", "unsure" or "none" (no counterpart).
        probability: that it is right, in [0, 1], NaN where it is not known.
        by_hand: whether a person put it right.
        reasons: why it is doubted, words of :data:`core.calibration.REASONS`.
        score, margin, cycle_error: see :class:`core.matching.match.Match`.
        rivals: other places that come close, with their scores.
    """

    path: str
    at: Place
    verdict: str
    probability: float
    by_hand: bool
    reasons: tuple[str, ...]
    score: float
    margin: float
    cycle_error: float
    rivals: tuple[tuple[Place, float], ...] = ()


@dataclass(frozen=True)
class PlacedPin:
    """A place that was asked about in the file ``path`` (``at``: as in :class:`PinMatch`), and its matches."""

    name: str
    color: str
    path: str
    at: Place
    matches: tuple[PinMatch, ...] = ()


def save_pins_csv(path: str | Path, pins: Iterable[PlacedPin]) -> None:
    """Write a table in UTF-8 with :data:`MATCH_COLUMNS`, a row for each match; a pin without one has a row of its own.

    Raises:
        CounterpointError: it cannot be written.
    """
    rows: list[list[object]] = []
    for pin in _listed(path, pins):
        placed = [pin.name, pin.path, *_places(pin.at)]
        rows += [
            [*placed, one.path, *_places(one.at), *_judged(one), " ".join(one.reasons)]
            + [_cell(value) for value in (one.score, one.margin, one.cycle_error)]
            for one in pin.matches
        ] or [placed + [""] * (len(MATCH_COLUMNS) - len(placed))]
    _write_table(path, MATCH_COLUMNS, rows)


def save_pins_json(path: str | Path, pins: Iterable[PlacedPin]) -> None:
    """Write the pins, each with its matches and their rivals; what is not known is null.

    Raises:
        CounterpointError: it cannot be written.
    """
    write_json(
        path, {"format": FORMAT, "version": VERSION, "pins": [_pin(one) for one in _listed(path, pins)]}, indent=1
    )


def save_correspondences(path: str | Path, pins: Iterable[PlacedPin]) -> None:
    """Write a table in UTF-8 with :data:`CORRESPONDENCE_COLUMNS`, a row for each match between a photo and a shape.

    Matches that have no counterpart are written as well: their verdict says so.

    Raises:
        CounterpointError: it cannot be written.
    """
    rows: list[list[object]] = []
    for pin in _listed(path, pins):
        for one in pin.matches:
            if {len(pin.at), len(one.at)} == {2, 3}:
                ends = sorted(((pin.at, pin.path), (one.at, one.path)), key=lambda end: len(end[0]))
                (pixel, photo), (point, shape) = ends
                rows.append([*map(_cell, (*pixel, *point)), *_judged(one), pin.name, photo, shape])
    _write_table(path, CORRESPONDENCE_COLUMNS, rows)


def _listed(path: str | Path, pins: Iterable[PlacedPin]) -> list[PlacedPin]:
    """The pins; that photos among their files lie turned is said."""
    found = list(pins)
    ends = [(pin.path, pin.at) for pin in found] + [(one.path, one.at) for pin in found for one in pin.matches]
    say_written_upright((file for file, at in ends if len(at) == 2), Path(path).name)
    return found


def _pin(pin: PlacedPin) -> dict[str, Any]:
    return {
        "name": pin.name,
        "color": pin.color,
        "file": pin.path,
        "at": pin.at,
        "matches": [_match(one) for one in pin.matches],
    }


def _match(one: PinMatch) -> dict[str, Any]:
    return {
        "file": one.path,
        "at": one.at,
        "verdict": one.verdict,
        "probability": _number(one.probability),
        "by_hand": one.by_hand,
        "reasons": one.reasons,
        "score": _number(one.score),
        "margin": _number(one.margin),
        "cycle_error": _number(one.cycle_error),
        "rivals": [{"at": at, "score": _number(score)} for at, score in one.rivals],
    }


def _judged(one: PinMatch) -> list[object]:
    return [one.verdict, _cell(one.probability), "yes" if one.by_hand else "no"]


def _places(at: Place) -> list[object]:
    return [*map(_cell, at), "", "", ""] if len(at) == 2 else ["", "", *map(_cell, at)]


def _cell(value: float) -> object:
    return "" if _number(value) is None else float(value)


def _number(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _write_table(path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_atomic(path, text.getvalue().encode())
