"""The known shape as OFF and STL."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from tests.core.meshes.known import Known


@dataclass(frozen=True)
class OffWay:
    """``kind``: the header's word. ``look``: colours at faces ("int3", "float4"), at vertices ("C int", "C float") or
    none.
    """

    kind: str = "OFF"
    look: str = "none"
    layout: str = "plain"
    body: str = "polygons"

    def __str__(self) -> str:
        return "-".join((self.kind, self.look, self.layout, self.body))


def off_ways() -> Iterator[OffWay]:
    for look, layout, body in product(
        ("none", "int3", "int4", "float3", "float4"),
        ("plain", "one line", "comments", "bare"),
        ("polygons", "triangles"),
    ):
        yield OffWay("OFF", look, layout, body)
    for kind, look, body in product(
        ("COFF", "CNOFF", "STCOFF", "STCNOFF"), ("C int", "C float", "C int3"), ("polygons", "triangles")
    ):
        yield OffWay(kind, look, body=body)
    yield OffWay("NOFF")
    yield OffWay("STOFF")


def write_off(folder: Path, source: Known, way: OffWay) -> Path:
    lines = []
    colors = source.at_vertices(source.colors) if way.look.startswith("C") else None
    for number, point in enumerate(source.points):
        words = [repr(float(value)) for value in point]
        words += ["0", "0", "1"] if "N" in way.kind else []
        if colors is not None:
            words += _color(colors[number], way.look)
        words += ["0.25", "0.75"] if way.kind.startswith("ST") else []
        lines.append(" ".join(words))
    for polygon, color in zip(source.polygons, source.colors, strict=True):
        words = [str(len(polygon)), *map(str, polygon)]
        lines.append(" ".join(words + (_color(color, way.look) if way.look[:3] in ("int", "flo") else [])))
    sizes = f"{len(source.points)} {len(source.polygons)} 0"
    head = (
        [f"{way.kind} {sizes}"] if way.layout == "one line" else [sizes] if way.layout == "bare" else [way.kind, sizes]
    )
    if way.layout == "comments":
        head, lines = ["# made by tests", head[0] + " # kind", "", head[1]], [line + " # 3 1 2 3" for line in lines]
    path = folder / "known.off"
    path.write_text("\n".join(head + lines) + "\n")
    return path


def _color(color: np.ndarray, look: str) -> list[str]:
    if "float" in look:
        return [f"{value / 255:.5f}" for value in color] + (["1.0"] if "3" not in look else [])
    return [str(value) for value in color] + (["255"] if "3" not in look else [])


STL_WAYS = ("binary", "VisCAM", "Magics", "text", "text, many solids", "text, shouting", "solid binary")


def write_stl(folder: Path, source: Known, way: str) -> Path:
    """Triangles only; colours of VisCAM and Magics have five bits."""
    path = folder / "known.stl"
    if way.startswith("text"):
        solids = []
        for number, polygon in enumerate(source.polygons):
            facet = "facet normal 0 0 0\n  outer loop\n"
            facet += (
                "".join(f"    vertex {x!r} {y!r} {z!r}\n" for x, y, z in source.points[polygon].tolist())
                + "  endloop\nendfacet\n"
            )
            alone = "many" in way
            solids.append(f"solid part {number}\n{facet}endsolid part {number}\n" if alone else facet)
        text = "".join(solids) if "many" in way else "solid known\n" + "".join(solids) + "endsolid known\n"
        path.write_text(text.upper() if "shouting" in way else text)
        return path
    head = {"Magics": b"COLOR=" + bytes([10, 20, 30, 255]), "solid binary": b"solid made by a program"}.get(
        way, b"made by tests"
    )
    body = head.ljust(80) + struct.pack("<I", len(source.polygons))
    for polygon, color in zip(source.polygons, source.colors.astype(int), strict=True):
        r, g, b = (int(value) * 31 // 255 for value in color)
        attribute = {"VisCAM": 1 << 15 | r << 10 | g << 5 | b, "Magics": b << 10 | g << 5 | r}.get(way, 0)
        body += struct.pack("<12fH", 0, 0, 0, *source.points[polygon].ravel(), attribute)
    path.write_bytes(body)
    return path
