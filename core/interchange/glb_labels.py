"""Labels in GLB: an attribute ``_LABEL`` of the vertices, with names in ``extras`` where Counterpoint wrote it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.paint import as_light
from core.geometry.shape import Shape
from core.interchange.coordinates import float32_fits
from core.interchange.element_labels import NAMES
from core.interchange.labels import Labels, check_table, from_index, from_values
from core.interchange.ply_labels import Found


def labelled_glb(shape: Shape, labels: Labels) -> bytes:
    """The faces with corners of their own, in the same order, with COLOR_0 and _LABEL (and _PART_1, ...).

    A shape far from the origin stands at its middle, and its node carries it where it belongs.

    Raises:
        CounterpointError: a point cloud.
    """
    import trimesh

    if shape.is_point_cloud:
        raise CounterpointError("GLB holds labels of meshes only; write those of a point cloud as PLY.")
    origin = np.zeros(3) if float32_fits(shape.vertices) else np.round(shape.center, 3)
    corners = (shape.vertices - origin)[shape.faces].reshape(-1, 3)
    columns: dict[str, npt.NDArray] = {"_LABEL": labels.index()}
    if labels.overlap():
        columns |= {f"_PART_{number}": mask for number, mask in enumerate(labels.masks, 1)}
    mesh = trimesh.Trimesh(
        corners,
        np.arange(len(corners)).reshape(-1, 3),
        process=False,
        vertex_attributes={name: np.repeat(column, 3).astype(np.float32) for name, column in columns.items()},
        metadata={"counterpoint": json.dumps({"names": labels.names, "colors": labels.colors})},
    )
    rgba = np.full((len(corners), 4), 255, np.uint8)
    rgba[:, :3] = np.repeat(as_light(labels.rgb()), 3, axis=0)
    mesh.visual.vertex_colors = rgba
    scene = trimesh.Scene()
    scene.add_geometry(mesh, "labelled", "labelled", transform=trimesh.transformations.translation_matrix(origin))
    return bytes(scene.export(file_type="glb"))


def load_glb(path: Path) -> Found:
    """Labels of a GLB's vertices.

    Raises:
        CounterpointError: it has none, is of several meshes, or is damaged.
    """
    import trimesh

    try:
        scene = trimesh.load_scene(path, file_type="glb", process=False)
        meshes = [mesh for mesh in scene.geometry.values() if isinstance(mesh, trimesh.Trimesh)]
        columns = [{n.upper(): np.asarray(v).ravel() for n, v in m.vertex_attributes.items()} for m in meshes]
    except Exception as error:  # trimesh raises of every kind on damaged files
        raise CounterpointError(f"{path.name} is damaged or not a GLB file ({error}).") from error
    known = [name for name in (f"_{name.upper()}" for name in NAMES) if any(name in one for one in columns)]
    if not known:
        raise CounterpointError(f"{path.name} has no labels: its vertices have no attribute _LABEL.")
    if len(meshes) != 1:
        raise CounterpointError(f"{path.name} has labels on {len(meshes)} meshes; join them into one first.")
    try:
        triangles = np.asarray(meshes[0].faces, np.int64)
        if triangles.min() < 0 or triangles.max() >= len(meshes[0].vertices):
            raise IndexError("faces refer to vertices that are not there")
        return Found(
            _labels(columns[0], known[0], meshes[0], path.name), "vertex", triangles, np.arange(len(triangles))
        )
    except (KeyError, IndexError, ValueError, TypeError, RecursionError) as error:
        raise CounterpointError(f"{path.name} is damaged: its labels cannot be read.") from error


def _labels(columns: dict[str, npt.NDArray], name: str, mesh: Any, file: str) -> Labels:
    values, text = columns[name], mesh.metadata.get("counterpoint")
    if len(values) != len(mesh.vertices):
        raise ValueError("labels for other vertices")
    if text is None:
        return from_values(values, file)
    table = json.loads(text)
    names, colors = check_table(table["names"], table["colors"], file)
    labels = from_index(np.rint(values).astype(np.int64), names, colors)
    for number in range(1, len(names) + 1):
        if f"_PART_{number}" in columns:
            labels.masks[number - 1] = columns[f"_PART_{number}"] > 0.5
    return labels
