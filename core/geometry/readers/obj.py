"""Wavefront OBJ: faces in the order of the file, whatever groups, objects and materials they belong to."""

import mmap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.paint import PLAIN, SEE_THROUGH, Texture, from_numbers, to_bytes
from core.geometry.readers import text
from core.geometry.readers.corners import normals_of_corners, simplest
from core.geometry.readers.mtl import find, load_map, read_materials
from core.geometry.readers.polygons import triangulate
from core.geometry.shape import Floats, Ints, Shape, checked_shape

_LEFT_OUT = {"l": "lines", "p": "points"}
_LEFT_OUT |= dict.fromkeys(("curv", "curv2", "surf", "cstype", "bmat"), "curved surfaces")
_LEFT_OUT |= dict.fromkeys(("call", "csh"), "calls of other files")
_NO_MATTER = (
    "o",
    "g",
    "s",
    "mg",
    "bevel",
    "c_interp",
    "d_interp",
    "lod",
    "shadow_obj",
    "trace_obj",
    "maplib",
    "usemap",
    "deg",
    "step",
    "parm",
    "trim",
    "hole",
    "scrv",
    "sp",
    "end",
    "con",
    "vp",
    "ctech",
    "stech",
    "mtlib",
    "",
)
"""Words that change neither faces nor colours, and those that only go with curved surfaces."""
_V, _VT, _VN, _F, _FO = (text.keyword(word) for word in ("v", "vt", "vn", "f", "fo"))


@dataclass
class _Content:
    """What has been read so far: arrays of each block, and how many v, vt and vn there are."""

    count: dict[int, int] = field(default_factory=lambda: {_V: 0, _VT: 0, _VN: 0})
    values: dict[int, list[Floats]] = field(default_factory=lambda: {_V: [], _VT: [], _VN: []})
    colors: list[Floats | None] = field(default_factory=list)
    sizes: list[Ints] = field(default_factory=list)
    corners: dict[int, list[Ints]] = field(default_factory=lambda: {_V: [], _VT: [], _VN: []})
    material: list[Ints] = field(default_factory=list)
    block_sizes: list[int] = field(default_factory=list)
    numbers: dict[str | None, int] = field(default_factory=lambda: {None: 0})
    """Materials in the order of their first use; None is that of faces before any ``usemtl``."""
    current: int = 0
    libraries: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    odd_vertices: bool = False


def read_obj(path: Path) -> Shape:
    """Read an OBJ; raises as :func:`core.geometry.shape.load_shape` does."""
    return checked_shape(**_arguments(path))


def _arguments(path: Path) -> dict[str, Any]:
    content = _Content()
    for block in text.blocks(path):
        _read_block(content, text.Lines.of(block))
    vertices = _joined(content.values[_V], 3, np.float64)
    if len(vertices) == 0:
        unknown = sorted(word for word in content.unknown if word.isprintable())
        words = f" (its lines begin with {', '.join(unknown)})" if unknown else ""
        raise CounterpointError(f"{path.name} has no points{words}; check how it was exported.")
    if not content.sizes:
        raise CounterpointError(
            f"{path.name} has vertices but no faces; export it with faces, or as PLY or XYZ points."
        )
    warnings = [f"It also holds {kind}, which are left out." for kind in sorted(content.left_out)]
    if content.odd_vertices:
        warnings.append(
            "Its vertices have numbers behind x, y and z that are neither colours nor a weight of 1; they are left out."
        )
    if content.unknown:
        warnings.append(
            f"Lines that begin with {', '.join(sorted(content.unknown))} are not understood and are left out."
        )
    sizes = np.concatenate(content.sizes)
    corners = {kind: _flat(content.corners[kind]) for kind in (_V, _VT, _VN)}
    content.sizes, content.corners = [], {}
    for kind, word in ((_V, "vertices"), (_VT, "texture coordinates"), (_VN, "normals")):
        least = 0 if kind == _V else -1
        if len(corners[kind]) and (corners[kind].min() < least or corners[kind].max() >= content.count[kind]):
            raise CounterpointError(f"{path.name} is damaged: faces refer to {word} that are not there.")
    cut = triangulate(vertices, corners[_V], sizes)
    if (sizes < 3).any():
        warnings.append(f"{int((sizes < 3).sum()):,} faces have fewer than three corners and are left out.")
    faces = cut.corners(corners[_V])
    normals = None
    if (corners[_VN] >= 0).any():
        normals = normals_of_corners(
            _joined(content.values[_VN], 3, np.float32), corners[_VN], corners[_V], len(vertices)
        )
    uv = None
    if (corners[_VT] >= 0).any():
        uv = _placed(_joined(content.values[_VT], 2, np.float32), cut.corners(corners[_VT]))
    material = cut.faces(np.concatenate(content.material))
    del corners
    look = _look(path, content, uv, material, faces, warnings)
    arrays = {"vertices": vertices, "faces": faces, "normals": normals, "polygon": cut.polygon}
    return arrays | {"name": path.name, "warnings": warnings} | look


def _joined(pieces: list[Floats], width: int, dtype: type) -> Floats:
    joined = np.concatenate(pieces) if pieces else np.zeros((0, width))
    pieces.clear()
    return joined.astype(dtype, copy=False)


def _flat(pieces: list[Ints]) -> Ints:
    joined = np.concatenate(pieces)
    pieces.clear()
    return joined


def _placed(values: Floats, index: Ints) -> Floats:
    """Values [N, 2] of corners [F, 3, 2] by their index, NaN for a face [F] that has none (-1) at a corner."""
    placed = values[index]
    placed[(index < 0).any(axis=1)] = np.nan
    return placed


def _read_block(content: _Content, lines: text.Lines) -> None:
    if not len(lines.count):
        return
    kinds = lines.keywords()
    before = {kind: content.count[kind] + np.cumsum(kinds == kind) for kind in (_V, _VT, _VN)}
    for kind, width in ((_V, 3), (_VT, 1), (_VN, 3)):
        chosen = kinds == kind
        if chosen.any():
            _read_values(content, lines, chosen, kind, width)
    known = np.isin(kinds, (_V, _VT, _VN, _F, _FO))
    is_face = np.isin(kinds, (_F, _FO))
    material = np.full(len(kinds), content.current, np.int32)
    for line in np.flatnonzero(~known):
        _read_word(content, lines.text(int(line)))
        if content.current != material[line]:
            material[line:] = content.current
    if is_face.any():
        _read_faces(content, lines, is_face, before)
        content.material.append(material[is_face])
    for kind in (_V, _VT, _VN):
        content.count[kind] = int(before[kind][-1])


def _read_values(content: _Content, lines: text.Lines, chosen: npt.NDArray[np.bool_], kind: int, width: int) -> None:
    data, counts = lines.words_of(chosen)
    if counts.min() < width:
        raise ValueError("a vertex has too few numbers")
    values = text.numbers(data, int(counts.sum()))
    if kind == _VT:  # u, v where there is one, w is for volumes
        padded = text.columns(values, counts, 2) if counts.min() >= 2 else _one_or_two(values, counts)
        content.values[kind].append(padded.astype(np.float32))
        return
    places = text.columns(values, counts, 3)
    content.values[kind].append(places if kind == _V else places.astype(np.float32))
    if kind == _V:
        colored = (counts == 6) | (counts == 7)
        colors = np.full((len(counts), 3), np.nan, np.float32) if colored.any() else None
        if colors is not None:
            first = np.cumsum(counts) - counts
            colors[colored] = values[first[colored, None] + np.arange(3, 6)]
        content.colors.append(colors)
        content.block_sizes.append(len(counts))
        weighted = counts == 4
        is_odd = (counts == 5) | (counts > 7)
        if weighted.any():
            is_odd |= weighted & (values[np.minimum(np.cumsum(counts) - 1, len(values) - 1)] != 1)
        content.odd_vertices |= bool(is_odd.any())


def _one_or_two(values: Floats, counts: Ints) -> Floats:
    first = np.cumsum(counts) - counts
    second = np.where(counts > 1, values[np.minimum(first + 1, len(values) - 1)], 0)
    return np.stack([values[first], second], axis=1)


def _read_faces(content: _Content, lines: text.Lines, is_face: npt.NDArray[np.bool_], before: dict[int, Ints]) -> None:
    """Corners as indices from 0, -1 where a corner has none; indices below 0 count back from the line they are in."""
    data, counts = lines.words_of(is_face)
    total = int(counts.sum())
    found: dict[int, Ints] = {
        _V: np.zeros(total, np.int64),
        _VT: np.zeros(total, np.int64),
        _VN: np.zeros(total, np.int64),
    }
    if not (data == ord("/")).any():
        found[_V] = text.numbers(data, total, np.int64)
    else:
        _read_corners(data, total, found)
    for kind in (_V, _VT, _VN):
        values = found[kind]
        if kind == _V and (values == 0).any():
            raise ValueError("a face has the index 0, which OBJ does not know")
        if (values < 0).any():
            values = np.where(values < 0, values + 1 + np.repeat(before[kind][is_face], counts), values)
            values = np.where((values <= 0) & (found[kind] < 0), np.int64(1) << 40, values)
        content.corners[kind].append(np.clip(values - 1, -1, np.iinfo(np.int32).max).astype(np.int32))
    content.sizes.append(counts.astype(np.int32))


def _read_corners(data: npt.NDArray[np.uint8], total: int, found: dict[int, Ints]) -> None:
    """Corners written v, v/vt, v//vn or v/vt/vn, and mixtures of them; an index that is left out is 0."""
    raw = data.tobytes().replace(b"//", b"/0/")
    for blank in (b" ", b"\n", b"\t"):
        raw = raw.replace(b"/" + blank, b"/0" + blank)
    data = np.frombuffer(raw, np.uint8)
    is_slash = data == ord("/")
    is_word = np.zeros(len(data) + 2, np.int8)
    is_word[1:-1] = data > 32
    edges = np.diff(is_word)
    slashes = np.concatenate([[0], np.cumsum(is_slash, dtype=np.int32)])
    extra = slashes[np.flatnonzero(edges == -1)] - slashes[np.flatnonzero(edges == 1)]
    values = text.numbers(np.where(is_slash, np.uint8(32), data), total + int(slashes[-1]), np.int64)
    if extra.max() > 2:
        raise ValueError("a corner has more than three indices")
    first = np.cumsum(extra + 1) - extra - 1
    found[_V] = values[first]
    found[_VT] = np.where(extra > 0, values[np.minimum(first + 1, len(values) - 1)], 0)
    found[_VN] = np.where(extra > 1, values[np.minimum(first + 2, len(values) - 1)], 0)


def _read_word(content: _Content, line: str) -> None:
    word, _, rest = line.replace("\t", " ").partition(" ")
    if word == "usemtl":
        name = rest.strip()
        if name not in content.numbers:
            content.numbers[name] = len(content.numbers)
        content.current = content.numbers[name]
    elif word == "mtllib":
        content.libraries.append(rest.strip())
    elif word in _LEFT_OUT:
        content.left_out.add(_LEFT_OUT[word])
    elif word not in _NO_MATTER and len(content.unknown) < 5:
        content.unknown.add(word[:20])


def _look(
    path: Path, content: _Content, uv: Floats | None, material: Ints, faces: Ints, warnings: list[str]
) -> dict[str, Any]:
    """Colours of the faces [F]: textures and colours of materials, else those of the vertices."""
    library = read_materials(path, content.libraries, warnings)
    used = [find(library, name) for name in content.numbers]
    counts = np.bincount(material, minlength=len(used))
    unknown = [str(name) for name, at in content.numbers.items() if name and counts[at] and used[at] is None]
    if unknown and library:
        warnings.append(f"Materials that its .mtl file does not describe ({', '.join(unknown[:5])}) are shown in grey.")
    elif unknown and not content.libraries:
        warnings.append(
            f"It uses materials ({', '.join(unknown[:5])}) but names no .mtl file; it is shown without them."
        )
    textures: list[Texture] = []
    texture_of = np.full(len(used), -1, np.int32)
    for number, each in enumerate(used):
        loaded = load_map(path, each, textures, warnings) if each is not None and counts[number] else None
        texture_of[number] = -1 if loaded is None else loaded
        if loaded is not None and uv is not None and each is not None and each.is_placed:
            here = material == number
            uv[here] = uv[here] * np.array(each.scale, np.float32) + np.array(each.offset, np.float32)
    if any(each is not None and each.is_clear and counts[number] for number, each in enumerate(used)):
        warnings.append(SEE_THROUGH)
    flat = np.array([each.color if each is not None and each.color is not None else [PLAIN / 255] * 3 for each in used])
    colored = np.array([each is not None and each.color is not None for each in used])
    texture = texture_of[material]
    lost = texture >= 0 if uv is None else (texture >= 0) & np.isnan(uv[:, 0, 0])
    if lost.any():
        warnings.append(f"{int(lost.sum()):,} faces have a texture but no coordinates for it; they are shown without.")
        texture[lost] = -1
    vertex = _vertex_colors(content, faces, warnings)
    _say_what_is_hidden(path, textures, uv, vertex, (flat < 0.999).any(axis=1) & colored & (counts > 0), warnings)
    if textures and uv is not None:
        color = np.where((texture >= 0)[:, None], np.uint8(255), to_bytes(flat)[material])
        if vertex is not None:
            color = np.where((texture >= 0)[:, None, None], np.uint8(255), vertex[faces])
        return simplest(faces, content.count[_V], color, uv, texture, textures)
    if vertex is not None:
        return {"colors": vertex}
    if colored[counts > 0].any():
        return simplest(faces, content.count[_V], to_bytes(flat)[material])
    return {}


def _vertex_colors(content: _Content, faces: Ints, warnings: list[str]) -> npt.NDArray[np.uint8] | None:
    """uint8 [V, 3], where the vertices have any; those without are grey."""
    if all(colors is None for colors in content.colors):
        return None
    sizes = content.block_sizes
    blank = [
        np.full((n, 3), np.nan, np.float32) if c is None else c for c, n in zip(content.colors, sizes, strict=True)
    ]
    colors = np.concatenate(blank)
    missing = np.isnan(colors).all(axis=1)
    if missing[faces].any():
        warnings.append("Some of its vertices have no colour; they are shown in grey.")
    result = from_numbers(colors)
    result[missing] = PLAIN
    return result


def _say_what_is_hidden(
    path: Path,
    textures: list[Texture],
    uv: Floats | None,
    vertex: Any,
    colored: npt.NDArray[np.bool_],
    warnings: list[str],
) -> None:
    if vertex is not None and textures:
        warnings.append("It has colours at its vertices and textures; faces with a texture show the texture alone.")
    elif vertex is not None and colored.any():
        warnings.append("It has colours at its vertices and coloured materials; the colours of the vertices are shown.")
    if (
        uv is not None
        and not textures
        and vertex is None
        and not colored.any()
        and not any("texture" in sentence for sentence in warnings)
    ):
        warnings.append(
            "It has texture coordinates but no texture; if it should have one, put the image in its folder."
        )
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b"#MRGB") >= 0:
            warnings.append("Its polypaint colours (#MRGB of ZBrush) are not read; export it with vertex colours.")
