"""PTX: scans as grids of points, each with the transform that places it (Leica's layout)."""

import io
import re

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError

Floats = npt.NDArray[np.float64]

HEAD = 10
"""Lines before the points of a scan: columns, rows, the scanner's place, its axes (3) and the transform (4)."""


def read_ptx(text: str, file: str) -> tuple[Floats, list[str] | None, list[bool], list[str]]:
    """The scans of a file joined and placed.

    It gives rows float64 [N, 3] (or 6), the names of the columns, which are whole, what is to be said.

    Points at the scanner itself, which stand for rays that met nothing, are left out.

    Raises:
        CounterpointError: cut off, damaged, or with a transform that is none.
    """
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    scans, at, warnings, width = [], 0, [], 0
    while at < len(lines):
        points, colors, at = _scan(lines, at, file)
        width = max(width, colors.shape[1])
        scans.append((points, colors))
    if not scans:
        raise CounterpointError(f"{file} has no points; check how it was exported.")
    if width and any(colors.shape[1] != width for _, colors in scans):
        warnings.append(f"Some scans in {file} have no colours, so none are shown.")
        width = 0
    rows = np.concatenate([np.hstack([points, colors[:, :width]]) for points, colors in scans])
    met = np.isfinite(rows[:, 0])
    if not met.all():
        warnings.append(f"{int((~met).sum()):,} of {len(met):,} rays of {file} met nothing and were left out.")
    names = ["x", "y", "z", "r", "g", "b"][: rows.shape[1]]
    return rows[met], names, [False] * rows.shape[1], warnings


def _scan(lines: list[str], at: int, file: str) -> tuple[Floats, Floats, int]:
    """Places float64 [N, 3] (NaN where nothing was met), colours [N, 3] or [N, 0], and the line after the scan."""
    try:
        counts = [int(lines[at + k]) for k in range(2)]
        head = [[float(word) for word in lines[at + k].split()] for k in range(2, HEAD)]
        eye, matrix = np.array(head[0]), np.array(head[4:])
        if min(counts) < 1 or eye.shape != (3,) or matrix.shape != (4, 4) or np.array(head[1:4]).shape != (3, 3):
            raise ValueError("the sizes of its matrices")
    except (ValueError, IndexError) as error:
        raise CounterpointError(f"{file} is not a PTX file: line {at + 1} begins no scan ({error}).") from None
    begin, end = at + HEAD, at + HEAD + counts[0] * counts[1]
    if end > len(lines):
        raise CounterpointError(f"{file} is cut off: its scan has {len(lines) - begin:,} of {end - begin:,} points.")
    try:
        rows = np.loadtxt(io.StringIO("\n".join(lines[begin:end])), comments=None, ndmin=2)
    except ValueError as error:
        where = re.search(r"row (\d+)", str(error))
        line = f"line {begin + 1 + int(where[1])}" if where else "a line"
        raise CounterpointError(f"{file} is damaged: {line} of it is no point ({error}).") from None
    if len(rows) != end - begin or rows.shape[1] not in (3, 4, 7):
        raise CounterpointError(f"{file} is damaged: points of a PTX have 4 or 7 columns and no line is empty.")
    return _placed(rows, _transform(matrix, eye, file)), rows[:, 4:7], end


def _transform(matrix: Floats, eye: Floats, file: str) -> Floats:
    """The transform [4, 4] for row vectors: its last row is the scanner's place."""
    near = 1e-6 * max(1.0, float(np.abs(eye).max()))
    for one in (matrix, matrix.T):
        affine = np.isfinite(one).all() and np.allclose(one[:, 3], [0, 0, 0, 1], atol=1e-9)
        if affine and (np.allclose(one[3, :3], eye, atol=near) or (one is matrix and one[3, :3].any())):
            return one
    if np.allclose(matrix, np.eye(4)):
        return matrix
    raise CounterpointError(f"{file} has a transform that does not place its scan; export the scan again.")


def _placed(rows: Floats, transform: Floats) -> Floats:
    points = rows[:, :3] @ transform[:3, :3] + transform[3, :3]
    points[~rows[:, :3].any(axis=1)] = np.nan
    return points
