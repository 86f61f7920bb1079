"""Labels of a shape's faces (a cloud's points) in files: PLY and GLB with colours, NPZ, JSON, and parts as meshes of their own."""

import json
import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from plyfile import PlyData, PlyElement

from core.errors import CounterpointError
from core.files import write_atomic
from core.geometry.paint import as_light
from core.geometry.shape import Shape
from core.images import check_file
from core.interchange import labels as common
from core.interchange.labels import Labels, check_form, check_table

SUFFIXES = (".ply", ".glb", ".npz", ".json")

_TABLE, _PART = "counterpoint parts ", "counterpoint part "


def save_shape_labels(path: str | Path, shape: Shape, labels: Labels) -> None:
    """Write labels [F] of a shape in the format that the name of the file says.

    PLY: the shape's own vertices and faces, on every face ``label`` (0 none, else the topmost part) and ``red green blue``, and
    where parts overlap ``part_1``, ``part_2``, ...; names stand in comments. GLB: the faces with corners of their own, in the same
    order, with COLOR_0 and the attribute _LABEL (and _PART_1, ...); names stand in ``extras``.

    Raises:
        CounterpointError: no such format, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".ply":
        write_atomic(path, _ply(shape, labels))
    elif suffix == ".glb":
        write_atomic(path, _glb(shape, labels))
    elif suffix == ".npz":
        common.save_npz(path, labels)
    elif suffix == ".json":
        common.save_json(path, labels, shape.name)
    else:
        raise CounterpointError(f"Labels of a shape are written as {', '.join(SUFFIXES)}, not as '{suffix}'.")


def load_shape_labels(path: str | Path, elements: int | None = None) -> Labels:
    """Read labels [F]; ``elements`` is the number of faces (points of a cloud) they must be for.

    Raises:
        CounterpointError: unreadable, no labels in it, or labels of another shape.
    """
    path = check_file(path)
    suffix = path.suffix.lower()
    if suffix == ".ply":
        labels = _from_ply(path)
    elif suffix == ".glb":
        labels = _from_glb(path)
    elif suffix == ".npz":
        labels = common.load_npz(path)
    elif suffix == ".json":
        labels = common.labels_from_json(common.read_json(path), path.name)
    else:
        raise CounterpointError(f"{path.name} cannot hold labels of a shape; use {', '.join(SUFFIXES)}.")
    return check_form(labels, None if elements is None else (elements,), path.name)


def save_split(folder: str | Path, shape: Shape, labels: Labels) -> list[Path]:
    """Every part as a mesh of its own, ``NAME.ply`` in a folder; returns the files. ``face`` is the face's number in the shape.

    Raises:
        CounterpointError: the folder cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CounterpointError(f"{folder} cannot be made ({error.strerror}).") from error
    files: list[Path] = []
    total = len(shape.vertices) if shape.is_point_cloud else len(shape.faces)
    for order, (name, color, mask) in enumerate(zip(labels.names, labels.colors, labels.masks, strict=True)):
        stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "part"
        taken = {file.stem.lower() for file in files}
        unique = stem if stem.lower() not in taken else f"{stem}-{order + 1}"
        about = {"name": name, "color": color, "elements": total, "order": order}
        files.append(folder / f"{unique}.ply")
        write_atomic(files[-1], _piece(shape, np.flatnonzero(mask), about))
    return files


def load_split(paths: Sequence[str | Path]) -> Labels:
    """What :func:`save_split` wrote.

    Raises:
        CounterpointError: a file that is not such a part, or parts of different shapes.
    """
    read = []
    for path in map(check_file, paths):
        ply = _read_ply(path)
        about = next((json.loads(c[len(_PART) :]) for c in ply.comments if c.startswith(_PART)), None)
        element = next((e for e in ply.elements if "face" in e.data.dtype.names), None)
        if about is None or element is None:
            raise CounterpointError(f"{path.name} is not a part that was split off by Counterpoint.")
        read.append((about, np.asarray(element["face"], np.int64), path.name))
    if len({about["elements"] for about, _, _ in read}) != 1:
        raise CounterpointError("These parts were split off different shapes.")
    read.sort(key=lambda one: one[0]["order"])
    masks = np.zeros((len(read), read[0][0]["elements"]), bool)
    for mask, (_, numbers, name) in zip(masks, read, strict=True):
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(mask)):
            raise CounterpointError(f"{name} is damaged: it refers to faces that are not there.")
        mask[numbers] = True
    names, colors = check_table([a["name"] for a, _, _ in read], [a["color"] for a, _, _ in read], "A part")
    return Labels(names, colors, masks)


def _ply(shape: Shape, labels: Labels) -> bytes:
    extra: list[tuple[Any, ...]] = [("label", "<i4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]
    if labels.overlap():
        extra += [(f"part_{number}", "u1") for number in range(1, len(labels.names) + 1)]
    values = np.zeros(labels.form, extra)
    values["label"] = labels.index()
    values["red"], values["green"], values["blue"] = labels.rgb().T
    for number in range(1, len(labels.names) + 1 if labels.overlap() else 0):
        values[f"part_{number}"] = labels.masks[number - 1]
    table = {"names": labels.names, "colors": labels.colors}
    return _write_ply(shape, np.arange(labels.form[0]), values, _TABLE + json.dumps(table))


def _piece(shape: Shape, chosen: Any, about: dict[str, Any]) -> bytes:
    values = np.zeros(len(chosen), [("face", "<i4")])
    values["face"] = chosen
    return _write_ply(shape, chosen, values, _PART + json.dumps(about))


def _write_ply(shape: Shape, chosen: Any, values: Any, comment: str) -> bytes:
    """The chosen faces (points) of a shape with values for each."""
    faces = None if shape.is_point_cloud else shape.faces[chosen]
    used = (
        chosen
        if faces is None
        else np.unique(faces)
        if len(chosen) < len(shape.faces)
        else np.arange(len(shape.vertices))
    )
    points = shape.vertices[used]
    exact = "<f4" if np.array_equal(points.astype(np.float32), points) else "<f8"
    places: list[tuple[Any, ...]] = [(axis, exact) for axis in "xyz"]
    vertices = np.zeros(len(points), places + (values.dtype.descr if faces is None else []))
    vertices["x"], vertices["y"], vertices["z"] = points.T
    elements = []
    if faces is None:
        for name in values.dtype.names:
            vertices[name] = values[name]
        elements = [PlyElement.describe(vertices, "vertex")]
    else:
        new = np.zeros(len(shape.vertices), np.int32)
        new[used] = np.arange(len(used))
        rows = np.zeros(len(faces), [("vertex_indices", "<i4", (3,)), *values.dtype.descr])
        rows["vertex_indices"] = new[faces]
        for name in values.dtype.names:
            rows[name] = values[name]
        elements = [PlyElement.describe(vertices, "vertex"), PlyElement.describe(rows, "face")]
    content = BytesIO()
    PlyData(elements, byte_order="<", comments=[comment]).write(content)
    return content.getvalue()


def _read_ply(path: Path) -> PlyData:
    try:
        return PlyData.read(str(path), mmap=False, known_list_len={"face": {"vertex_indices": 3}})
    except Exception:
        pass  # polygons of other sizes, or another name for them
    try:
        return PlyData.read(str(path), mmap=False)
    except Exception as error:
        raise CounterpointError(f"{path.name} is damaged or not a PLY file ({error}).") from error


def _from_ply(path: Path) -> Labels:
    ply = _read_ply(path)
    found = [e for e in ply.elements if e.name in ("face", "vertex") and "label" in e.data.dtype.names]
    if not found:
        raise CounterpointError(f"{path.name} has no labels: its faces have no property 'label'.")
    element = found[-1]
    try:
        index = np.asarray(element["label"]).astype(np.int64)
        table = next((json.loads(c[len(_TABLE) :]) for c in ply.comments if c.startswith(_TABLE)), None)
        if table is None:
            return common.from_index(index)
        names, colors = check_table(table["names"], table["colors"], path.name)
    except (ValueError, KeyError, TypeError) as error:
        raise CounterpointError(f"{path.name} does not say what its labels mean ({error}).") from error
    labels = common.from_index(index, names, colors)
    for number in range(1, len(names) + 1):
        if f"part_{number}" in element.data.dtype.names:
            labels.masks[number - 1] = np.asarray(element[f"part_{number}"]) > 0
    return labels


def _glb(shape: Shape, labels: Labels) -> bytes:
    if shape.is_point_cloud:
        raise CounterpointError("GLB holds labels of meshes only; write those of a point cloud as PLY.")
    corners = shape.vertices[shape.faces].reshape(-1, 3)
    columns = {"_LABEL": labels.index()}
    if labels.overlap():
        columns |= {f"_PART_{number}": mask for number, mask in enumerate(labels.masks, 1)}
    attributes = {name: np.repeat(column, 3).astype(np.float32) for name, column in columns.items()}
    mesh = trimesh.Trimesh(
        corners, np.arange(len(corners)).reshape(-1, 3), process=False, vertex_attributes=attributes,
        metadata={"counterpoint": json.dumps({"names": labels.names, "colors": labels.colors})},
    )  # fmt: skip
    rgba = np.full((len(corners), 4), 255, np.uint8)
    rgba[:, :3] = np.repeat(as_light(labels.rgb()), 3, axis=0)
    mesh.visual.vertex_colors = rgba
    return bytes(trimesh.Scene({"labelled": mesh}).export(file_type="glb"))


def _from_glb(path: Path) -> Labels:
    try:
        scene = trimesh.load_scene(path, file_type="glb", process=False)
        meshes = list(scene.geometry.values())
        mesh = meshes[0]
        columns = {name.upper(): np.asarray(values).ravel() for name, values in mesh.vertex_attributes.items()}
        text = mesh.metadata.get("counterpoint")
    except Exception as error:
        raise CounterpointError(f"{path.name} is damaged or not a GLB file ({error}).") from error
    if text is None or "_LABEL" not in columns or len(meshes) != 1:
        raise CounterpointError(f"{path.name} has no labels that Counterpoint wrote.")
    try:
        table, first = json.loads(text), mesh.faces[:, 0]
        names, colors = check_table(table["names"], table["colors"], path.name)
        labels = common.from_index(np.rint(columns["_LABEL"][first]).astype(np.int64), names, colors)
        for number in range(1, len(names) + 1):
            if f"_PART_{number}" in columns:
                labels.masks[number - 1] = columns[f"_PART_{number}"][first] > 0.5
        return labels
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise CounterpointError(f"{path.name} is damaged: its labels cannot be read.") from error
