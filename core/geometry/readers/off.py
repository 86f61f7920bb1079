"""OFF and its kinds with normals, colours and texture coordinates (NOFF, COFF, STOFF and so on)."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.paint import PLAIN, from_numbers
from core.geometry.readers import text
from core.geometry.readers.corners import simplest
from core.geometry.readers.polygons import triangulate
from core.geometry.shape import Floats, Ints, Shape, checked_shape

_KIND = re.compile(rb"^\s*(ST)?(C)?(N)?(4)?(n)?(?:OFF|off)(?=\d|\b)[ \t]*(BINARY)?")


def read_off(path: Path) -> Shape:
    """Read an OFF; raises as :func:`core.geometry.shape.load_shape` does."""
    return checked_shape(**_arguments(path))


def _numbers(path: Path) -> tuple[re.Match[bytes] | None, Floats, Ints]:
    """The header's first word, all numbers behind it, and how many stand on each line that has any."""
    kind, values, counts = None, [], []
    for number, block in enumerate(text.blocks(path)):
        if number == 0:
            kind = _KIND.match(block)
            if kind is not None and (kind[6] or kind[4] or kind[5]):
                what = "binary" if kind[6] else "in more than three dimensions"
                raise CounterpointError(
                    f"{path.name} is an OFF file that is {what}, which cannot be read; export it as OFF text."
                )
            block = block[kind.end() :] if kind is not None else block
        counts.append(text.Lines.of(block).count.astype(np.int32))
        values.append(text.numbers(block))
    return kind, np.concatenate(values), np.concatenate(counts)


def _arguments(path: Path) -> dict[str, Any]:
    kind, values, per_line_all = _numbers(path)
    if len(values) < 3:
        raise ValueError("its header is not there")
    vertex_count, face_count = int(values[0]), int(values[1])
    if min(vertex_count, face_count) < 0 or 3 * vertex_count + face_count > len(values):
        raise ValueError(f"it is cut off: the header says {vertex_count:,} vertices")
    warnings: list[str] = []
    start = 2 if per_line_all[0] == 2 else 3
    ends = np.cumsum(per_line_all)
    header = int(np.searchsorted(ends, start)) + 1
    per_line = bool(ends[header - 1] == start and len(per_line_all) >= header + vertex_count + face_count)
    rows = per_line_all[header : header + vertex_count]
    groups: tuple[bytes | None, ...] = ()
    if per_line and len(rows) and (rows != rows[0]).any():
        warnings.append("Its vertices have different numbers of columns; those behind x, y and z are left out.")
        first = start + np.cumsum(rows) - rows
        table, end = values[first[:, None] + np.arange(3)], start + int(rows.sum())
    else:
        width = int(rows[0]) if per_line and len(rows) else _width(kind)
        end = start + vertex_count * width
        table, groups = values[start:end].reshape(vertex_count, width), kind.groups() if kind is not None else ()
    if per_line and len(per_line_all) > header + vertex_count + face_count:
        warnings.append("It has more lines than its header says; they are left out.")
    vertices, normals, colors, uv = _vertex_columns(table, groups, warnings)
    if face_count == 0:
        points = {"vertices": vertices, "faces": None, "normals": normals, "colors": colors}
        return points | {"name": path.name, "warnings": warnings}
    counts = per_line_all[header + vertex_count :][:face_count] if per_line else None
    corners, sizes, extra = _faces(values[end:], face_count, counts)
    if len(corners) and (corners.min() < 0 or corners.max() >= vertex_count):
        raise CounterpointError(f"{path.name} is damaged: faces refer to vertices that are not there.")
    cut = triangulate(vertices, corners, sizes)
    if (sizes < 3).any():
        warnings.append(f"{int((sizes < 3).sum()):,} faces have fewer than three corners and are left out.")
    faces = cut.corners(corners)
    if uv is not None:
        warnings.append(
            "It has texture coordinates but no texture; if it should have one, export it as OBJ with its image."
        )
    color = _face_colors(extra, warnings)
    if color is not None and colors is not None:
        warnings.append("It has colours at its faces and at its vertices; those of the faces are shown.")
    look = {"colors": colors} if color is None else simplest(faces, vertex_count, cut.faces(color))
    arrays = {"vertices": vertices, "faces": faces, "normals": normals, "polygon": cut.polygon}
    return arrays | {"name": path.name, "warnings": warnings} | look


def _width(kind: re.Match[bytes] | None) -> int:
    """Numbers of a vertex where they do not stand on lines of their own."""
    texture, color, normal = (bool(kind[k]) for k in (1, 2, 3)) if kind is not None else (False, False, False)
    return 3 + 3 * normal + 4 * color + 2 * texture


def _vertex_columns(
    table: Floats, groups: tuple[bytes | None, ...], warnings: list[str]
) -> tuple[Floats, Floats | None, npt.NDArray[np.uint8] | None, Floats | None]:
    """Positions, normals, colours and texture coordinates; columns stand in this order, colours are three or four."""
    has_uv, has_color, has_normal = (bool(each) for each in groups[:3]) if groups else (False, False, False)
    at, width = 3, table.shape[1]
    normals = colors = uv = None
    if has_normal and width >= at + 3:
        normals, at = table[:, at : at + 3], at + 3
    channels = width - at - 2 * has_uv
    if has_color and channels in (3, 4):
        colors, at = from_numbers(table[:, at : at + 3]), at + channels
    if has_uv and width >= at + 2:
        uv, at = table[:, at : at + 2], at + 2
    if at < width or (has_color and colors is None):
        if not groups or (not any(groups) and width == 7):
            colors = from_numbers(table[:, 3:6])
        else:
            warnings.append("Its vertices have columns that its header does not explain; they are left out.")
    return np.array(table[:, :3]), normals, colors, uv


def _faces(values: Floats, count: int, per_line: Ints | None) -> tuple[Ints, Ints, list[Floats]]:
    """Corners of all polygons, and their numbers of corners.

    The third value is what stands behind the corners of each (an empty list without lines).
    """
    if per_line is None:
        starts = np.zeros(count, np.int64)
        at = 0
        for number in range(count):
            if at >= len(values):
                raise ValueError("it is cut off in its faces")
            starts[number] = at
            at += 1 + max(int(values[at]), 0)
        if at != len(values):
            raise ValueError("its numbers are not as many as its header says")
        per_line = np.diff(starts, append=at)
    else:
        starts = np.cumsum(per_line) - per_line
    if len(per_line) < count or (count and starts[-1] + per_line[-1] > len(values)):
        raise ValueError("it is cut off in its faces")
    sizes = values[starts].astype(np.int64)
    if (sizes < 0).any() or (sizes >= per_line).any():
        raise ValueError("it is cut off in its faces")
    if (sizes == sizes[0]).all() and (per_line == per_line[0]).all():
        table = values[: count * per_line[0]].reshape(count, -1)
        corners, rest = table[:, 1 : 1 + sizes[0]].reshape(-1), table[:, 1 + sizes[0] :]
        return corners.astype(np.int64), sizes, [rest] if rest.shape[1] else []
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    corners = values[np.repeat(starts + 1, sizes) + within].astype(np.int64)
    extra = per_line - 1 - sizes
    if not extra.any():
        return corners, sizes, []
    most = int(extra.max())
    rest = np.full((count, most), np.nan)
    for column in range(most):
        has = extra > column
        rest[has, column] = values[(starts + 1 + sizes)[has] + column]
    return corners, sizes, [rest]


def _face_colors(extra: list[Floats], warnings: list[str]) -> npt.NDArray[np.uint8] | None:
    """Colours uint8 [P, 3] of polygons from what stands behind their corners.

    These are three or four numbers, 0 to 1 or 0 to 255.
    """
    if not extra:
        return None
    rest = extra[0]
    known = np.isfinite(rest).sum(axis=1)
    if not (known >= 3).any():
        warnings.append("Its faces have colours by number, from a table that is not in the file; they are left out.")
        return None
    colored = known >= 3
    color = np.full((len(rest), 3), PLAIN, np.uint8)
    color[colored] = from_numbers(rest[colored, :3])
    if ((known > 0) & ~colored).any():
        warnings.append(
            "Some of its faces have colours by number, from a table that is not in the file; they are left grey."
        )
    return color
