"""Labels in PLY: with every face or vertex, ours and those of other programs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from plyfile import PlyData, PlyElement

from core.errors import CounterpointError
from core.geometry.shape import Shape
from core.interchange.binary_ply import ply_bytes
from core.interchange.element_labels import pick_name
from core.interchange.labels import Labels, check_table, from_index, from_values
from core.interchange.names import listed
from core.notices import warn

Ints = npt.NDArray[np.integer]

_GEOMETRY = {
    *(
        "x",
        "y",
        "z",
        "nx",
        "ny",
        "nz",
        "s",
        "t",
        "u",
        "v",
        "texture_u",
        "texture_v",
        "texcoord",
        "texnumber",
        "quality",
    ),
    *("red", "green", "blue", "alpha", "vertex_index", "vertex_indices", "flags"),
}
"""Properties of PLY that are no labels."""

TABLE = "counterpoint parts "
MOST_COLORS = 64
"""Face colours of more kinds than this are a look, not labels."""


@dataclass
class Found:
    """Labels as a file has them.

    Attributes:
        labels: for its faces, its vertices, or elements of which the file does not say what they are.
        of: "face", "vertex" or "".
        triangles: int64 [T, 3] of the file's faces cut as fans, or None.
        polygon: int64 [T], the face that each was cut from, or None.
    """

    labels: Labels
    of: str = ""
    triangles: Ints | None = None
    polygon: Ints | None = None


def labelled_ply(shape: Shape, labels: Labels) -> bytes:
    """A shape with ``label`` and colours on its faces (points).

    There is ``part_1`` and so on where parts overlap; names stand in a comment.
    """
    extra: list[tuple[Any, ...]] = [("label", "<i4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]
    if labels.overlap():
        extra += [(f"part_{number}", "u1") for number in range(1, len(labels.names) + 1)]
    values = np.zeros(labels.shape, extra)
    values["label"] = labels.index()
    values["red"], values["green"], values["blue"] = labels.rgb().T
    for number in range(1, len(labels.names) + 1 if labels.overlap() else 0):
        values[f"part_{number}"] = labels.masks[number - 1]
    table = {"names": labels.names, "colors": labels.colors}
    return piece_ply(shape, np.arange(labels.shape[0]), values, TABLE + json.dumps(table))


def piece_ply(shape: Shape, chosen: Ints, values: npt.NDArray, comment: str) -> bytes:
    """The chosen faces (points) [n] of a shape with a structured array [n] of values; coordinates are exact."""
    faces = None if shape.is_point_cloud else shape.faces[chosen]
    if faces is None:
        used = chosen
    elif len(chosen) < len(shape.faces):
        used = np.unique(faces)
    else:
        used = np.arange(len(shape.vertices))
    points = shape.vertices[used]
    exact = "<f4" if np.array_equal(points.astype(np.float32), points) else "<f8"
    places: list[tuple[Any, ...]] = [(axis, exact) for axis in "xyz"]
    vertices = np.zeros(len(points), places + (values.dtype.descr if faces is None else []))
    vertices["x"], vertices["y"], vertices["z"] = points.T
    if faces is None:
        for name in values.dtype.names or ():
            vertices[name] = values[name]
        return ply_bytes({"vertex": vertices}, comment)
    new = np.zeros(len(shape.vertices), np.int32)
    new[used] = np.arange(len(used))
    rows = np.zeros(len(faces), [("vertex_indices", "<i4", (3,)), *values.dtype.descr])
    rows["vertex_indices"] = new[faces]
    for name in values.dtype.names or ():
        rows[name] = values[name]
    return ply_bytes({"vertex": vertices, "face": rows}, comment)


def read_ply(path: Path) -> PlyData:
    """A PLY of any kind; faces of all triangles or all quads are read quickly.

    Raises:
        CounterpointError: damaged, or none.
    """
    for name in ("vertex_indices", "vertex_index"):
        for count in (3, 4):
            try:
                return PlyData.read(str(path), mmap=False, known_list_len={"face": {name: count}})
            except Exception:
                pass  # polygons of other sizes, or another name for them
    try:
        return PlyData.read(str(path), mmap=False)
    except Exception as error:  # plyfile raises of every kind on damaged files
        raise CounterpointError(f"{path.name} is damaged or not a PLY file ({error}).") from error


def load_ply(path: Path) -> Found:
    """Labels of a PLY's faces, else of its vertices.

    Raises:
        CounterpointError: it has none, several, or is damaged.
    """
    ply = read_ply(path)
    by_name = {element.name: element for element in ply.elements}
    try:
        table = table_of(ply.comments, TABLE, path.name)
        triangles, polygon = _fans(by_name.get("face"), len(by_name["vertex"].data) if "vertex" in by_name else 0)
        for of in ("face", "vertex"):
            names = list(by_name[of].data.dtype.names or ()) if of in by_name else []
            name = pick_name(names, path.name)
            if name is not None:
                return Found(_labels(by_name[of], name, table, path.name), of, triangles, polygon)
        if "face" in by_name and {"red", "green", "blue"} <= set(by_name["face"].data.dtype.names or ()):
            return Found(_by_color(by_name["face"], path.name), "face", triangles, polygon)
    except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise CounterpointError(f"{path.name} does not say what its labels mean ({error}).") from error
    others = [str(name) for one in by_name.values() for name in one.data.dtype.names or () if name not in _GEOMETRY]
    there = f" They have {listed(others)}: rename the one that is meant." if others else ""
    raise CounterpointError(
        f"{path.name} has no labels: neither its faces nor its vertices have a property 'label'.{there}"
    )


def table_of(comments: list[str], key: str, file: str) -> dict[str, Any] | None:
    """What a comment that begins with ``key`` holds.

    Raises:
        CounterpointError: damaged.
    """
    text = next((comment[len(key) :] for comment in comments if comment.startswith(key)), None)
    if text is None:
        return None
    try:
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError("no table")
        return found
    except (ValueError, RecursionError) as error:
        raise CounterpointError(f"{file} is damaged: its list of parts cannot be read ({error}).") from error


def _labels(element: PlyElement, name: str, table: dict[str, Any] | None, file: str) -> Labels:
    values = np.asarray(element[name])
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise ValueError(f"'{name}' is a list")
    if table is None:
        return from_values(values, file)
    names, colors = check_table(table["names"], table["colors"], file)
    labels = from_index(values.astype(np.int64), names, colors)
    for number in range(1, len(names) + 1):
        if f"part_{number}" in (element.data.dtype.names or ()):
            labels.masks[number - 1] = np.asarray(element[f"part_{number}"]) > 0
    return labels


def _by_color(face: PlyElement, file: str) -> Labels:
    rgb = np.stack([np.asarray(face[name]) for name in ("red", "green", "blue")], axis=1)
    if rgb.dtype != np.uint8:
        rgb = np.clip(np.rint(rgb * (255.0 if rgb.max(initial=0) <= 1 else 1.0)), 0, 255).astype(np.uint8)
    colors, index = np.unique(rgb, axis=0, return_inverse=True)
    if not 1 < len(colors) <= MOST_COLORS:
        raise CounterpointError(
            f"{file} has no labels: its faces have no property 'label', only {len(colors):,} colours."
        )
    warn(f"{file} has no labels, so the {len(colors)} colours of its faces were taken as parts.")
    texts = [f"#{bytes(color).hex()}" for color in colors]
    return from_index(index.ravel() + 1, list(texts), list(texts))


def _fans(face: PlyElement | None, vertices: int) -> tuple[Ints | None, Ints | None]:
    """Triangles [T, 3] of polygons, and of which polygon [T] each is.

    None for what has no lists of vertices or wrong ones.
    """
    names = () if face is None else face.data.dtype.names or ()
    name = next((n for n in ("vertex_indices", "vertex_index") if n in names), None)
    if face is None or name is None or not len(face.data):
        return None, None
    rows = face[name]
    if rows.dtype != object:
        table = np.asarray(rows, np.int64)
        sizes = np.full(len(table), table.shape[1])
        flat = table.ravel()
    else:
        sizes = np.array([len(row) for row in rows])
        flat = np.concatenate([np.asarray(row, np.int64) for row in rows])
    if len(flat) and (flat.min() < 0 or flat.max() >= vertices):
        return None, None
    counts = np.maximum(sizes - 2, 0)
    polygon = np.repeat(np.arange(len(sizes)), counts)
    start = np.repeat(np.cumsum(sizes) - sizes, counts)
    step = np.arange(len(polygon)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([flat[start], flat[start + step + 1], flat[start + step + 2]], axis=1), polygon
