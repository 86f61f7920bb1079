"""Points as text: XYZ, ASC, PTS and PTX with delimiters, decimal commas, headers and counts of many programs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.readers.delimiters import plain_numbers
from core.geometry.readers.point_columns import columns_of_names, guess_columns
from core.geometry.readers.ptx import read_ptx
from core.geometry.shape import Shape, make_shape

Floats = npt.NDArray[np.float64]

_COMMENT = re.compile(r"(?:#|//|%|!)[^\n]*")
_FIRST = 200
"""Lines from which the delimiter is seen."""
_NUMBER = r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|infinity))"
_NUMBERS = re.compile(rf"{_NUMBER}?(?:[\s,;'’]+{_NUMBER}?)*", re.IGNORECASE)
_MISSING = re.compile(r"(?i)[+-]?1\.#(?:QNAN|SNAN|IND|INF)\d*|[+-]?nan\((?:ind|snan)\)|\bnull\b|\bn/a\b")
_PIECE = 1 << 16
_COUNT = re.compile(r"\s*(\d+)[ \t]*\n")


@dataclass
class Table:
    """Numbers of a text.

    Attributes:
        values: float64 [N, C], NaN where a field is empty.
        names: of the columns, as the file calls them, or None.
        whole: for each column, whether its numbers are written without a fraction.
        warnings: what the user should know.
    """

    values: Floats
    names: list[str] | None
    whole: list[bool]
    warnings: list[str] = field(default_factory=list)


def read_points_text(path: Path) -> Shape:
    """A point cloud from text: x, y, z and, where they are sure, normals and colours.

    What is left out or assumed (decimal commas, missing points, columns of unknown meaning) stands in
    ``Shape.warnings``.

    Raises:
        CounterpointError: the numbers can be read in two ways, rows differ in length (the line is named), a header does
            not name X, Y and Z, or there are no points.
    """
    text, file = decode(path), path.name
    table = Table(*read_ptx(text, file)) if path.suffix.lower() == ".ptx" else read_table(text, file)
    xyz = [0, 1, 2] if table.names is None else columns_of_names(table.names, None, file).xyz
    if table.values.shape[1] > max(xyz):
        _leave_out(table, xyz, file)
    if table.names is not None:
        columns = columns_of_names(table.names, table.values, file)
    else:
        columns = guess_columns(table.values, table.whole, file)
    normals = None if columns.normals is None else table.values[:, columns.normals]
    shape = make_shape(table.values[:, columns.xyz], normals=normals, colors=columns.colors, name=file)
    shape.warnings[:0] = [*table.warnings, *columns.warnings]
    return shape


def decode(path: Path) -> str:
    """The text of a file in UTF-8, UTF-16 or Latin-1, with a line feed at the ends of lines.

    Raises:
        CounterpointError: it is not text.
    """
    raw = path.read_bytes()
    start = raw[:4096]
    coding = "utf-8-sig"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        coding = "utf-16"
    elif b"\0" in start:
        coding = "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    try:
        text = raw.decode(coding)
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if "\0" in text:
        raise CounterpointError(f"{path.name} is not text; export the points as text, or as PLY.")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read_table(text: str, file: str) -> Table:
    """The rows of a text as numbers.

    Raises:
        CounterpointError: see :func:`read_points_text`.
    """
    names, in_comment, text = _header(text, file)
    if any(letter in text for letter in "#nN"):  # a search of the whole text takes longer than reading the numbers
        text = _MISSING.sub("nan", text)
    if any(mark in text for mark in ("#", "//", "%", "!")):
        text = _COMMENT.sub("", text)
    lines = _first_lines(text)
    if lines and lines[0].isdecimal():
        lines = lines[1:]
    if not lines:
        raise CounterpointError(f"{file} has no points; check how it was exported.")
    text, delimiter, warnings = plain_numbers(text, lines, 0 if names is None else len(names), file)
    plain = _first_lines(text)
    if not plain:
        raise CounterpointError(f"{file} has no points; check how it was exported.")
    values, counts = _numbers(text, delimiter, file)
    for count, found in counts:
        if count != found:
            warnings.append(f"{file} says that it has {count:,} points and has {found:,}; it may be cut off.")
    if names is not None and len(names) != values.shape[1]:
        if not in_comment:
            raise CounterpointError(
                f"The header of {file} names {len(names)} columns ({', '.join(names[:8])}) and its rows have {values.shape[1]}."
            )
        names = None
    rows = [row for row in (line.split(delimiter) for line in plain) if len(row) == values.shape[1]]
    whole = [all(re.fullmatch(r"\s*[+-]?\d+\s*", row[k]) for row in rows) for k in range(values.shape[1])]
    return Table(values, names, whole, warnings)


def _lines(text: str) -> Iterator[str]:
    """The lines of a text, without a second copy of it."""
    at = 0
    while at < len(text):
        end = text.find("\n", at + _PIECE)
        end = len(text) if end < 0 else end
        yield from text[at:end].split("\n")
        at = end + 1


def _first_lines(text: str) -> list[str]:
    """The first lines that hold something, stripped."""
    found: list[str] = []
    for line in _lines(text):
        if stripped := line.strip():
            found.append(stripped)
            if len(found) == _FIRST:
                break
    return found


def _header(text: str, file: str) -> tuple[list[str] | None, bool, str]:
    """The names of the columns, and whether they stand in a comment.

    The third value is the text with blank lines for what comes before the rows.

    Raises:
        CounterpointError: a line before the rows is neither numbers, a comment nor names.
    """
    names, in_comment, end, count = None, False, 0, 0
    while end < len(text):
        stop = text.find("\n", end)
        stop = len(text) if stop < 0 else stop
        line = text[end:stop].strip()
        body = re.sub(r"^(?:#|//|%|!)+", "", line).strip()
        is_comment = body != line
        if line and not is_comment and _NUMBERS.fullmatch(_COMMENT.sub("", _MISSING.sub("nan", line)).strip()):
            break
        if (found := _names(body)) is not None:
            names, in_comment = found, is_comment
        elif line and not is_comment:
            raise CounterpointError(
                f"Line {count + 1} of {file} ('{line[:40]}') is neither numbers nor a header with X, Y and Z; remove it, or "
                "name the columns."
            )
        end, count = stop + 1, count + 1
    return names, in_comment, "\n" * count + text[end:]


def _names(line: str) -> list[str] | None:
    """The words of a header that names x, y and z (or easting, northing and height)."""
    words = re.split(r"[;\t,]" if re.search(r"[;\t,]", line) else r"\s+", line)
    words = [word for word in (word.strip(" \t\"'") for word in words) if word]
    try:
        columns_of_names(words, None, "")
        return words
    except CounterpointError:
        return None


def _numbers(text: str, delimiter: str | None, file: str) -> tuple[Floats, list[tuple[int, int]]]:
    """Rows float64 [N, C], and for every count in a line of its own the number of points it says and that follow."""
    count = _COUNT.match(text)
    try:
        rows = _lines(text[count.end() :] if count else text)
        values = np.loadtxt(rows, delimiter=delimiter, comments=None, ndmin=2)
        return values, [(int(count[1]), len(values))] if count else []
    except ValueError:
        return _several(text.split("\n"), delimiter, file)


def _several(lines: list[str], delimiter: str | None, file: str) -> tuple[Floats, list[tuple[int, int]]]:
    """Rows of text with several counts, or the sentence about what is wrong with it."""
    sizes = np.array([len(line.split(delimiter)) if line and not line.isspace() else 0 for line in lines])
    counts = np.array([size == 1 and line.strip().isdecimal() for line, size in zip(lines, sizes, strict=True)])
    full = np.flatnonzero((sizes > 0) & ~counts)
    columns = int(np.bincount(sizes[full]).argmax()) if len(full) else 0
    odd = full[sizes[full] != columns]
    if len(odd):
        raise CounterpointError(
            f"Line {odd[0] + 1} of {file} has {sizes[odd[0]]} columns and others {columns}; mend it, or export the points again."
        )
    heads = np.flatnonzero(counts)
    if columns < 3 or (len(heads) and heads[0] > full[0]):
        line = heads[0] if len(heads) and columns >= 3 else (full[0] if len(full) else 0)
        raise CounterpointError(f"Line {line + 1} of {file} has too few columns; a point has x, y and z.")
    try:
        kept = (line for line, is_count in zip(lines, counts, strict=True) if not is_count)
        values = np.loadtxt(kept, delimiter=delimiter, comments=None, ndmin=2)
    except ValueError as error:
        raise _no_number(lines, delimiter, file, error) from None
    ends = np.append(heads[1:], len(lines))
    follow = [int(((full > a) & (full < b)).sum()) for a, b in zip(heads, ends, strict=True)]
    return values, [(int(lines[k]), found) for k, found in zip(heads, follow, strict=True)]


def _no_number(lines: list[str], delimiter: str | None, file: str, problem: ValueError) -> CounterpointError:
    for number, line in enumerate(lines, 1):
        for word in line.split(delimiter) if line.strip() else []:
            try:
                float(word)
            except ValueError:
                return CounterpointError(f"Line {number} of {file} has '{word.strip()[:30]}' where a number should be.")
    return CounterpointError(f"{file} cannot be read as points ({problem}).")


def _leave_out(table: Table, xyz: list[int], file: str) -> None:
    """Take the rows without a place out of a table, and say so; say which places may stand for nothing."""
    points = table.values[:, xyz]
    known = np.asarray(np.isfinite(points).all(axis=1))
    if not known.all():
        table.warnings.append(
            f"{int((~known).sum()):,} of {len(known):,} points of {file} have no place (NaN) and were left out."
        )
        table.values = table.values[known]
