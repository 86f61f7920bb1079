"""The known shape as OBJ, in the ways in which programs write it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from tests.core.meshes.known import COLORS, Known


@dataclass(frozen=True)
class ObjWay:
    """``corner``: what stands at corners. ``relative``: indices count back. ``mixed``: v and f lines alternate.
    ``lines``: how lines look.

    ``look``: "none", "kd", "textures" (one a material), "palette" (one picture), "moved" (scaled and moved), "vertex"
    and "vertex255".
    """

    corner: str = "v"
    relative: bool = False
    mixed: bool = False
    lines: str = "plain"
    look: str = "none"
    groups: str = "usemtl"

    def __str__(self) -> str:
        return "-".join(map(str, (self.corner, self.relative, self.mixed, self.lines, self.look, self.groups)))


def ways() -> Iterator[ObjWay]:
    for corner, relative, mixed, groups in product(
        ("v", "v/vt", "v//vn", "v/vt/vn"), (False, True), (False, True), ("usemtl", "all")
    ):
        yield ObjWay(corner, relative, mixed, groups=groups, look="kd")
    for lines, relative, corner in product(
        ("crlf", "cr", "continued", "tabs", "comments", "indented"), (False, True), ("v", "v//vn", "v/vt/vn")
    ):
        yield ObjWay(corner, relative, lines=lines, look="kd")
    for look, corner, mixed, lines in product(
        ("textures", "palette", "moved"), ("v/vt", "v/vt/vn"), (False, True), ("plain", "crlf")
    ):
        yield ObjWay(corner, mixed=mixed, lines=lines, look=look)
    for look, corner, mixed in product(("vertex", "vertex255", "none"), ("v", "v/vt", "v//vn"), (False, True)):
        yield ObjWay(corner, mixed=mixed, look=look)
    yield ObjWay("some", look="kd")
    yield ObjWay("some", look="textures", relative=True)


def write_obj(folder: Path, source: Known, way: ObjWay) -> Path:
    """Write ``known.obj`` with its materials and pictures; shapes with vertex colours must be exploded."""
    lines = ["# a known shape", "mtllib my materials.mtl"] if way.look not in ("none", "vertex", "vertex255") else []
    points = [_vertex(source, number, way) for number in range(len(source.points))]
    coordinates = _coordinates(source, way)
    written, uv_written = 0, 0
    if not way.mixed:
        lines += points + [f"vt {u} {v}" for u, v in coordinates.reshape(-1, 2)]
        written, uv_written = len(points), coordinates.size // 2
    lines += ["vn 0 0 1", "vn 0 1 0"]
    for number, polygon in enumerate(source.polygons):
        if way.mixed:
            lines += points[written : max(polygon) + 1]
            written = max(written, max(polygon) + 1)
            lines += [f"vt {u} {v}" for u, v in coordinates[number]]
            uv_written += 4
        if way.groups == "all":
            lines += [f"o object{number}", f"g left group{number % 2}", f"s {number % 3}"]
        lines.append(f"usemtl part {source.part[number]}")
        lines.append(
            "f " + " ".join(_corner(way, number, k, vertex, written, uv_written) for k, vertex in enumerate(polygon))
        )
    lines += ["l 1 2", "p 3"] if way.groups == "all" else []
    path = folder / "known.obj"
    path.write_bytes(_styled(lines, way.lines).encode())
    if way.look not in ("none", "vertex", "vertex255"):
        _write_materials(folder, way)
    return path


def _vertex(source: Known, number: int, way: ObjWay) -> str:
    text = "v " + " ".join(repr(float(value)) for value in source.points[number])
    if way.look in ("vertex", "vertex255"):
        color = source.at_vertices(source.colors)[number]
        text += " " + " ".join(str(value) if way.look == "vertex255" else f"{value / 255:.6f}" for value in color)
    return text


def _coordinates(source: Known, way: ObjWay) -> np.ndarray:
    """[P, 4, 2]: coordinates of each polygon's first corners (others repeat the last), inside the part's colour."""
    inside = np.array([[0.2, 0.2], [0.8, 0.3], [0.7, 0.8], [0.3, 0.7]])
    if way.look == "palette":
        return (inside * 0.9 + 0.05 + np.stack([source.part, 0 * source.part], axis=1)[:, None]) / (len(COLORS), 1)
    if way.look == "moved":
        return (
            (inside * 0.9 + 0.05 + np.stack([source.part, 0 * source.part], axis=1)[:, None]) / (len(COLORS), 1)
            - (0.25, 0.5)
        ) / (2, 1) + (3, -2)
    return np.broadcast_to(inside, (len(source.polygons), 4, 2))


def _corner(way: ObjWay, number: int, k: int, vertex: int, written: int, uv_written: int) -> str:
    style = (
        way.corner
        if way.corner != "some"
        else ("v", "v/vt", "v//vn", "v/vt/vn")[number % 4]
        if way.look == "kd"
        else "v/vt"
    )
    v = vertex - written if way.relative else vertex + 1
    uv = 4 * number + min(k, 3)
    vt = uv - uv_written if way.relative else uv + 1
    vn = -1 if way.relative else 2
    return {"v": f"{v}", "v/vt": f"{v}/{vt}", "v//vn": f"{v}//{vn}", "v/vt/vn": f"{v}/{vt}/{vn}"}[style]


def _styled(lines: list[str], style: str) -> str:
    if style == "continued":
        lines = [line.replace(" ", " \\\n", 2) if line[0] in "vf" else line for line in lines]
    elif style == "tabs":
        lines = [line if line.startswith(("usemtl", "mtllib")) else line.replace(" ", "\t") + " " for line in lines]
    elif style == "comments":
        lines = [line + (" # f 1 2 3" if line[0] in "vf" else "") for line in lines] + ["#v 9 9 9", "  # f 1 2 3", ""]
    elif style == "indented":
        lines = ["   " + line.replace(" ", "   ") if line[0] in "vf" else " " + line for line in lines]
    return {"crlf": "\r\n", "cr": "\r"}.get(style, "\n").join(lines) + ("" if style == "indented" else "\n")


def _write_materials(folder: Path, way: ObjWay) -> None:
    lines = []
    for number, color in enumerate(COLORS):
        lines += [f"newmtl part {number}", "Ns 10", "illum 2"]
        if way.look == "kd":
            lines.append("Kd " + " ".join(f"{value / 255:.6f}" for value in color))
        elif way.look == "textures":
            lines += ["Kd 1 1 1", f"map_Kd pictures\\my part {number}.png"]
            (folder / "pictures").mkdir(exist_ok=True)
            Image.new("RGB", (8, 8), tuple(map(int, color))).save(folder / "pictures" / f"my part {number}.png")
        else:
            options = "-s 2 1 1 -o -5.75 2.5 0 -blendu on " if way.look == "moved" else ""
            lines.append(f"map_Kd {options}palette.png")
    if way.look in ("palette", "moved"):
        Image.fromarray(np.repeat(COLORS[None], 4, axis=1).repeat(4, axis=0)).save(folder / "palette.png")
    (folder / "my materials.mtl").write_text("\n".join(lines) + "\n")
