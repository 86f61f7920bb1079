"""Reports: tables and pictures as one HTML page that needs nothing but itself and its folder of pictures."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Protocol

from core.files import write_atomic, write_json

Row = dict[str, Any]
"""Of a table: values by column."""

Tables = dict[str, list[Row]]

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1c2530; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #d5dbe2; }
th:first-child, td:first-child { text-align: left; } td.best { font-weight: 700; }
.bar { display: inline-block; height: .7rem; background: #2f7bd9; margin-right: .4rem; border-radius: 2px; }
figure { display: inline-block; margin: 0 1rem 1rem 0; } figure img { max-width: 32rem; border-radius: 4px; }
figcaption { color: #5b6775; font-size: .85rem; }
@media (prefers-color-scheme: dark) { body { color: #e6ebf1; background: #171b20; } th, td { border-color: #38414b; } }
"""

LOWER_IS_BETTER = ("ape",)


class ReportPicture(Protocol):
    """A picture of a report: its file in the report's folder, what it shows, and how well that went, in [0, 1]."""

    @property
    def file(self) -> str:
        """The file, relative to the folder."""
        ...

    @property
    def unit(self) -> str:
        """What it shows."""
        ...

    @property
    def score(self) -> float:
        """How well it went, in [0, 1]."""
        ...


def write_report(folder: Path, tables: Tables, pictures: Sequence[tuple[str, ReportPicture]], shown: int) -> Path:
    """Write ``report.html`` and ``report.json``.

    Args:
        folder: where they are written.
        tables: the rows by title; the first table comes first.
        pictures: as (encoder, picture).
        shown: the number of the best, and of the worst, pictures of each encoder that appear.

    Returns:
        The page.

    Raises:
        CounterpointError: the folder cannot be written.
    """
    title, rows = next(iter(tables.items()))
    parts = [f"<h1>{escape(title)}</h1>", _table(rows, bars=True)]
    for name in dict.fromkeys(encoder for encoder, _ in pictures):
        cases = sorted((case for encoder, case in pictures if encoder == name), key=lambda case: case.score)
        for heading, chosen in (("Bad cases", cases[:shown]), ("Good cases", cases[shown:][::-1][:shown])):
            if chosen:
                parts.append(f"<h2>{heading}: {escape(name)}</h2>{''.join(map(_figure, chosen))}")
    for name, more in list(tables.items())[1:]:
        parts.append(f"<details><summary>{escape(name)}</summary>{_table(more)}</details>")
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head>'
    write_json(folder / "report.json", tables, indent=1)
    write_atomic(folder / "report.html", f"{page}<body>{''.join(parts)}</body></html>\n".encode())
    return folder / "report.html"


def _table(rows: Sequence[dict[str, Any]], bars: bool = False) -> str:
    columns = list(rows[0])
    best = {}
    for column in columns[1:]:
        values = [row[column] for row in rows if row[column] == row[column]]
        if values:
            best[column] = min(values) if column in LOWER_IS_BETTER else max(values)
    lines = ["<tr>" + "".join(f"<th>{escape(column)}</th>" for column in columns) + "</tr>"]
    for row in rows:
        cells = [f"<td>{escape(str(row[columns[0]]))}</td>"]
        for column in columns[1:]:
            value = row[column]
            mark = ' class="best"' if len(rows) > 1 and value == best.get(column) and column != "cases" else ""
            bar = f'<span class="bar" style="width:{60 * value:.0f}px"></span>' if bars and 0 <= value <= 1 else ""
            text = f"{value:.0f}" if column == "cases" else f"{value:.3f}"
            cells.append(f"<td{mark}>{bar}{text}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _figure(case: ReportPicture) -> str:
    return f'<figure><img src="{escape(case.file)}" alt=""><figcaption>{escape(case.unit)}: {case.score:.0%}</figcaption></figure>'
