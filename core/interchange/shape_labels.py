"""Labels of a shape's faces (a cloud's points) in files, and parts as meshes of their own."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.files import check_file, make_folder, write_atomic
from core.geometry.shape import Shape
from core.interchange import element_labels as files
from core.interchange.glb_labels import labelled_glb
from core.interchange.label_formats import SHAPE_LABELS, format_of
from core.interchange.labels import Labels, check_memory, check_table
from core.interchange.ply_labels import Found, labelled_ply, piece_ply, read_ply, table_of
from core.notices import warn

_PART = "counterpoint part "


@dataclass
class Elements:
    """What labels may be for.

    Attributes:
        count: faces of a mesh, points of a cloud.
        vertices: of a mesh, -1 where they are not known.
        faces: int64 [F, 3] or None.
        polygon: int64 [F], the polygon of the file that each face was cut from, or None.
    """

    count: int
    vertices: int = -1
    faces: npt.NDArray[np.integer] | None = None
    polygon: npt.NDArray[np.integer] | None = None

    @classmethod
    def of(cls, shape: Shape | int) -> "Elements":
        """Count the elements of a shape, or take a plain number of faces as they are."""
        if isinstance(shape, int):
            return cls(shape)
        if shape.is_point_cloud:
            return cls(len(shape.vertices))
        return cls(len(shape.faces), len(shape.vertices), shape.faces, getattr(shape, "polygon", None))

    @property
    def polygons(self) -> int:
        """The number of polygons that the faces were cut from; -1 where the file does not say them."""
        return -1 if self.polygon is None else int(self.polygon.max(initial=-1)) + 1


def save_shape_labels(path: str | Path, shape: Shape, labels: Labels) -> None:
    """Write labels [F] of a shape in the format that the name of the file says.

    The formats are those of :data:`core.interchange.label_formats.SHAPE_LABELS`.

    PLY: the shape's own vertices and faces, on every face ``label`` (0 none, else the topmost part) and ``red green
    blue``, and where parts overlap ``part_1``, ``part_2``, ...; names stand in comments. GLB: the faces with corners of
    their own, in the same order, with COLOR_0 and the attribute _LABEL (and _PART_1, ...); names stand in ``extras``.

    Raises:
        CounterpointError: no such format, or the file cannot be written.
    """
    format_of(path, SHAPE_LABELS, written=True).save(path, shape, labels)


def load_shape_labels(path: str | Path, shape: Shape | int | None = None) -> Labels:
    """Read labels [F]; those of polygons or vertices are carried to the shape's faces, and that is said.

    Args:
        path: of the file, whose name or content says the format.
        shape: that they must be for, or the number of its faces (points of a cloud).

    Raises:
        CounterpointError: unreadable, no labels in it, or labels of another shape.
    """
    path = check_file(path)
    found: Any = format_of(path, SHAPE_LABELS).load(path)
    if found.labels.masks.ndim != 2 and not found.of:
        raise CounterpointError(
            f"{path.name} has {files.sizes(found.labels.shape)} numbers of one kind; labels of a shape are one number for every face, polygon or "
            "vertex (take the argmax of columns)."
        )
    if found.labels.masks.ndim != 2:
        raise CounterpointError(f"{path.name} holds labels of an image, not of a shape.")
    if shape is None:
        return _on_faces(found, None, path.name)
    return _on_faces(found, Elements.of(shape), path.name)


def save_split(folder: str | Path, shape: Shape, labels: Labels) -> list[Path]:
    """Every part as a mesh of its own, ``NAME.ply`` in a folder; returns the files.

    ``face`` is the face's number in the shape.

    Raises:
        CounterpointError: the folder cannot be written.
    """
    folder = make_folder(folder)
    written: list[Path] = []
    total = len(shape.vertices) if shape.is_point_cloud else len(shape.faces)
    for order, (name, color, mask) in enumerate(zip(labels.names, labels.colors, labels.masks, strict=True)):
        stem = re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "part"
        taken = {file.stem.lower() for file in written}
        unique = stem if stem.lower() not in taken else f"{stem}-{order + 1}"
        about = {"name": name, "color": color, "elements": total, "order": order}
        written.append(folder / f"{unique}.ply")
        chosen = np.flatnonzero(mask)
        values = np.zeros(len(chosen), [("face", "<i4")])
        values["face"] = chosen
        write_atomic(written[-1], piece_ply(shape, chosen, values, _PART + json.dumps(about)))
    return written


def load_split(paths: Sequence[str | Path]) -> Labels:
    """What :func:`save_split` wrote.

    Raises:
        CounterpointError: a file that is not such a part, or parts of different shapes.
    """
    read = sorted((_read_piece(check_file(path)) for path in paths), key=lambda one: one[0]["order"])
    if len({about["elements"] for about, _, _ in read}) != 1:
        raise CounterpointError("These parts were split off different shapes.")
    check_memory(len(read), read[0][0]["elements"])
    masks = np.zeros((len(read), read[0][0]["elements"]), bool)
    for mask, (_, numbers, name) in zip(masks, read, strict=True):
        if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(mask)):
            raise CounterpointError(f"{name} is damaged: it refers to faces that are not there.")
        mask[numbers] = True
    names, colors = check_table([a["name"] for a, _, _ in read], [a["color"] for a, _, _ in read], "A part")
    return Labels(names, colors, masks)


def _read_piece(path: Path) -> tuple[dict[str, Any], npt.NDArray[np.int64], str]:
    ply = read_ply(path)
    about = table_of(ply.comments, _PART, path.name)
    element = next((e for e in ply.elements if "face" in (e.data.dtype.names or ())), None)
    if about is None or element is None:
        raise CounterpointError(f"{path.name} is not a part that was split off by Counterpoint.")
    numbers = np.asarray(element["face"])
    if not all(isinstance(about.get(name), int) and about[name] >= 0 for name in ("elements", "order")) or (
        numbers.dtype.kind not in "iu" or not {"name", "color"} <= set(about)
    ):
        raise CounterpointError(f"{path.name} is damaged: what it says about the part cannot be read.")
    return about, numbers.astype(np.int64), path.name


def _on_faces(found: Found, elements: Elements | None, file: str) -> Labels:
    """Labels of a file for the faces of a shape, or where none is given for those of the file."""
    labels, count = found.labels, found.labels.shape[0]
    if found.of == "vertex" and found.triangles is not None:
        faces = found.triangles
        if elements is not None and elements.faces is not None and elements.vertices == count:
            faces = elements.faces
        return _checked(_of_corners(labels, faces, file), elements, file)
    if found.of == "face" and found.polygon is not None:
        polygon = found.polygon
        if elements is not None and elements.polygon is not None and elements.polygons == count:
            polygon = elements.polygon
        return _checked(_picked(labels, polygon), elements, file)
    if elements is None or found.of:
        return _checked(labels, elements, file)
    return _of_anything(labels, elements, file)


def _of_anything(labels: Labels, elements: Elements, file: str) -> Labels:
    """Labels of which only their number says what they are for."""
    count = labels.shape[0]
    meant = {
        "faces (or points)": (elements.count, lambda: labels),
        "polygons": (elements.polygons, lambda: _picked(labels, elements.polygon)),
        "vertices": (elements.vertices, lambda: _of_corners(labels, elements.faces, file)),
    }
    fitting = {name: make for name, (size, make) in meant.items() if size == count}
    if elements.polygons == elements.count:
        fitting.pop("polygons", None)
    if len(fitting) > 1:
        raise CounterpointError(
            f"{file} has {count:,} labels and the shape as many {' and '.join(fitting)}; write them as PLY, which says what they are for."
        )
    if not fitting:
        return _checked(labels, elements, file)
    return next(iter(fitting.values()))()


def _checked(labels: Labels, elements: Elements | None, file: str) -> Labels:
    if elements is None or labels.shape[0] == elements.count:
        return labels
    more = f", {elements.polygons:,} polygons" if elements.polygons not in (-1, elements.count) else ""
    more += f", {elements.vertices:,} vertices" if elements.vertices >= 0 else ""
    raise CounterpointError(
        f"{file} has labels for {labels.shape[0]:,} elements and there are {elements.count:,} faces (or points){more}; "
        "it belongs to another file."
    )


def _picked(labels: Labels, index: Any) -> Labels:
    return Labels(labels.names, labels.colors, labels.masks[:, index])


def _of_corners(labels: Labels, faces: Any, file: str) -> Labels:
    """Labels of vertices on triangles [F, 3]: what at least two corners have."""
    masks = np.zeros((len(labels.masks), len(faces)), bool)
    split = np.zeros(len(faces), bool)
    for mask, own in zip(masks, labels.masks, strict=True):
        corners = own[faces].sum(axis=1)
        mask[:] = corners >= 2
        split |= (corners > 0) & (corners < 3)
    if split.any():
        warn(
            f"{file} has labels on vertices; {int(split.sum()):,} of {len(faces):,} faces whose corners differ "
            "took the label of at least two of them, or none."
        )
    return Labels(labels.names, labels.colors, masks)


def save_ply(path: Path, shape: Shape, labels: Labels) -> None:
    """See :func:`save_shape_labels`."""
    write_atomic(path, labelled_ply(shape, labels))


def save_glb(path: Path, shape: Shape, labels: Labels) -> None:
    """See :func:`save_shape_labels`."""
    write_atomic(path, labelled_glb(shape, labels))


def save_npz(path: Path, shape: Shape, labels: Labels) -> None:
    """All parts, which may overlap."""
    files.save_npz(path, labels)


def save_json(path: Path, shape: Shape, labels: Labels) -> None:
    """Runs of faces for each part."""
    files.save_json(path, labels, shape.name)


def load_npz(path: Path) -> Found:
    """Ours, which are for faces, or an array of others."""
    return _plain(*files.load_npz(path))


def load_json(path: Path) -> Found:
    """Ours, which are for faces, or a list of others."""
    return _plain(*files.load_json(path))


def load_text(path: Path) -> Found:
    """A number on each line."""
    return _plain(*files.load_text(path))


def _plain(labels: Labels, ours: bool) -> Found:
    return Found(labels, "face" if ours else "")
