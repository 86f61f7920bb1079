"""The known shape as PLY: text and binary of both byte orders, any types of lists, colours at vertices, faces, corners
and in textures.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from tests.core.meshes.known import COLORS, Known

_CODES = {
    "char": "b",
    "uchar": "B",
    "short": "h",
    "ushort": "H",
    "int": "i",
    "uint": "I",
    "float": "f",
    "double": "d",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "float32": "f",
    "float64": "d",
}
FORMATS = ("ascii", "binary_little_endian", "binary_big_endian")


@dataclass(frozen=True)
class PlyWay:
    """``count``, ``index``: types of the lists. ``body``: "polygons", "triangles" or "strips". ``look``: where colours
    are.
    """

    format: str
    count: str = "uchar"
    index: str = "int"
    body: str = "polygons"
    look: str = "none"
    place: str = "float"

    def __str__(self) -> str:
        return "-".join((self.format, self.count, self.index, self.body, self.look, self.place))


LOOKS = (
    "none",
    "vertex",
    "vertex float",
    "vertex ushort",
    "diffuse",
    "face",
    "face float",
    "wedge",
    "wedges",
    "s t",
    "u v",
    "texture_u texture_v",
)


def ways() -> Iterator[PlyWay]:
    for file_format, look, body in product(FORMATS, LOOKS, ("polygons", "triangles")):
        yield PlyWay(file_format, look=look, body=body)
    lists = (
        ("uchar", "uint"),
        ("int", "int"),
        ("uint8", "int32"),
        ("ushort", "short"),
        ("uint32", "uint8"),
        ("char", "uint16"),
    )
    for file_format, (count, index), look in product(FORMATS, lists, ("face", "wedges")):
        yield PlyWay(file_format, count, index, look=look, place="double")
    for file_format, (count, index) in product(FORMATS, (("uchar", "int"), ("int", "int"))):
        yield PlyWay(file_format, count, index, "strips")


def write_ply(folder: Path, source: Known, way: PlyWay) -> Path:
    """Write ``known.ply`` and its pictures; shapes with colours or coordinates at vertices must be exploded."""
    vertex, face = _vertex(source, way), _face(source, way)
    comments = _pictures(folder, way)
    header = ["ply", f"format {way.format} 1.0", "comment a known shape", *comments, "obj_info of tests"]
    tables = [("vertex", vertex), *([("edge", [[("int", [0]), ("int", [1])]])] if way.look == "none" else []), face]
    tables = [*tables, ("nothing", [])]
    for name, rows in tables:
        header.append(f"element {name} {len(rows)}")
        header += _properties(name, rows, way)
    text = "\n".join([*header, "end_header"]) + "\n"
    if way.format == "ascii":
        body = "".join(" ".join(_words(row)) + "\n" for _, rows in tables for row in rows).encode()
    else:
        order = "<" if way.format == "binary_little_endian" else ">"
        body = b"".join(_packed(row, order) for _, rows in tables for row in rows)
    path = folder / "known.ply"
    path.write_bytes(text.encode() + body)
    return path


_NAMES = {
    "vertex": "red green blue",
    "vertex float": "red green blue",
    "vertex ushort": "red green blue",
    "diffuse": "diffuse_red diffuse_green diffuse_blue",
}
_TYPES = {"vertex": "uchar", "vertex float": "float", "vertex ushort": "ushort", "diffuse": "uchar"}

Row = list[tuple[str, list]]
"""Cells of a row: a type and its value; lists of values have "count|type"."""


def _vertex(source: Known, way: PlyWay) -> list[Row]:
    rows: list[Row] = [[(way.place, [value]) for value in point] for point in source.points.tolist()]
    if way.look in _NAMES:
        kind = _TYPES[way.look]
        scale = {"uchar": 1, "float": 1 / 255, "ushort": 257}[kind]
        for row, color in zip(rows, source.at_vertices(source.colors).astype(float) * scale, strict=True):
            row += [(kind, [value if kind == "float" else int(value)]) for value in color.tolist()]
    if way.look in ("s t", "u v", "texture_u texture_v"):
        for row, part in zip(rows, source.at_vertices(source.part), strict=True):
            row += [("float", [(part + 0.5) / len(COLORS)]), ("float", [0.4])]
    return rows


def _face(source: Known, way: PlyWay) -> tuple[str, list[Row]]:
    lists = f"{way.count}|{way.index}"
    if way.body == "strips":
        index = [vertex for polygon in source.polygons for vertex in (*polygon, -1)]
        return "tristrips", [[(lists, index)]]
    rows: list[Row] = []
    for polygon, part in zip(source.polygons, source.part, strict=True):
        row: Row = [("uchar", [7]), (lists, polygon)] if way.look == "wedges" else [(lists, polygon)]
        if way.look == "face":
            row += [("uchar", [int(value)]) for value in COLORS[part]] + [("uchar", [255])]
        elif way.look == "face float":
            row += [("float", [float(value) / 255]) for value in COLORS[part]]
        elif way.look == "wedge":
            row.append(
                (
                    "uchar|float",
                    [value for k in range(len(polygon)) for value in ((part + 0.2 + 0.1 * k) / len(COLORS), 0.3)],
                )
            )
        elif way.look == "wedges":
            row += [
                ("uchar|float", [value for k in range(len(polygon)) for value in (0.1 * k, 0.5 - 0.1 * k)]),
                ("int", [int(part)]),
            ]
        rows.append(row)
    return "face", rows


def _properties(name: str, rows: list[Row], way: PlyWay) -> list[str]:
    if name == "nothing":
        return ["property list uchar int vertex_indices"]
    names = {"vertex": ["x", "y", "z"], "edge": ["vertex1", "vertex2"]}.get(name, [])
    if name == "vertex":
        names += _NAMES.get(way.look, way.look if way.look in ("s t", "u v", "texture_u texture_v") else "").split()
    if name in ("face", "tristrips"):
        names = ["flags"] * (way.look == "wedges") + ["vertex_index" if way.look == "wedge" else "vertex_indices"]
        names += {
            "face": ["red", "green", "blue", "alpha"],
            "face float": ["red", "green", "blue"],
            "wedge": ["texcoord"],
            "wedges": ["texcoord", "texnumber"],
        }.get(way.look, [])
    kinds = [kind.replace("|", " ") for kind, _ in rows[0]]
    return [f"property {'list ' if ' ' in kind else ''}{kind} {each}" for kind, each in zip(kinds, names, strict=True)]


def _words(row: Row) -> list[str]:
    return [
        word
        for kind, values in row
        for word in ([str(len(values))] if "|" in kind else []) + [str(value) for value in values]
    ]


def _packed(row: Row, order: str) -> bytes:
    out = b""
    for kind, values in row:
        count, _, each = kind.rpartition("|")
        if count:
            out += struct.pack(order + _CODES[count], len(values))
        out += struct.pack(order + _CODES[each] * len(values), *values)
    return out


def _pictures(folder: Path, way: PlyWay) -> list[str]:
    if way.look == "wedges":
        for number, color in enumerate(COLORS):
            Image.new("RGB", (4, 4), tuple(map(int, color))).save(folder / f"part {number}.png")
        return [f"comment TextureFile part {number}.png" for number in range(len(COLORS))]
    if way.look in ("wedge", "s t", "u v", "texture_u texture_v"):
        Image.fromarray(np.repeat(COLORS[None], 4, axis=1).repeat(4, axis=0)).save(folder / "palette.png")
        return ["comment TextureFile palette.png"]
    return []
