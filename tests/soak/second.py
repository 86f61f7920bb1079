"""Faces and colours of a mesh as readers of other makes see them: plyfile, trimesh, and the plainest reader of OBJ."""

from pathlib import Path

import numpy as np
import plyfile
import trimesh
from scipy.spatial import cKDTree

from core.geometry.paint import sample_texture
from core.geometry.render import surface_color
from core.geometry.shape import Shape

LARGEST = 300_000
"""Faces of files that are compared one by one."""


def differences(path: Path, shape: Shape) -> str:
    """What is not the same to another reader, or "": the vertices of each polygon in its order, and colours at the
    middles of faces.
    """
    if shape.is_point_cloud or len(shape.faces) > LARGEST:
        return ""
    suffix = path.suffix.lower()
    if suffix == ".ply":
        return _ply(path, shape)
    if suffix == ".obj":
        return _order(shape, _obj_polygons(path)) or _textures(path, shape)
    return _textures(path, shape) if suffix in (".glb", ".gltf") else ""


def _order(shape: Shape, polygons: list[list[int]]) -> str:
    """Whether the triangles of each polygon [P] have its vertices; polygons of fewer than three corners have no
    triangle.
    """
    polygon = np.arange(len(shape.faces)) if shape.polygon is None else shape.polygon
    begin = np.searchsorted(polygon, np.arange(len(polygons) + 1))
    wrong = sum(
        len(corners) >= 3 and not set(shape.faces[a:b].ravel()) <= set(corners)
        for corners, a, b in zip(polygons, begin, begin[1:], strict=False)
    )
    if begin[-1] != len(shape.faces):
        return f"{len(shape.faces) - begin[-1]} triangles more than the polygons of the file have"
    return f"{wrong} of {len(polygons)} faces have other vertices" if wrong else ""


def _obj_polygons(path: Path) -> list[list[int]]:
    count, polygons = 0, []
    for line in path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ").splitlines():
        words = line.split("#")[0].split()
        if words[:1] == ["v"]:
            count += 1
        elif words[:1] == ["f"]:
            index = [int(word.split("/")[0]) for word in words[1:]]
            polygons.append([k - 1 if k > 0 else count + k for k in index])
    return polygons


def _ply(path: Path, shape: Shape) -> str:
    try:
        ply = plyfile.PlyData.read(str(path))
    except plyfile.PlyParseError:  # stricter than ours
        return ""
    if "face" not in ply:
        return ""
    face, vertex = ply["face"].data, ply["vertex"].data
    name = next((each for each in ("vertex_indices", "vertex_index") if each in face.dtype.names), None)
    if name is None:
        return ""
    wrong = _order(shape, [list(map(int, corners)) for corners in face[name]])
    rgb = ("red", "green", "blue")
    if wrong or shape.coloring == "texture" or not set(rgb) <= {*face.dtype.names, *vertex.dtype.names}:
        return wrong
    if set(rgb) <= set(face.dtype.names):
        polygon = np.arange(len(shape.faces)) if shape.polygon is None else shape.polygon
        theirs = np.stack([face[each] for each in rgb], axis=1)[polygon].astype(float)
    else:
        theirs = np.stack([vertex[each] for each in rgb], axis=1).astype(float)[shape.faces].mean(axis=1)
    return _gap(_middles(shape), theirs / (255 if theirs.max() > 1 else 1))


def _textures(path: Path, shape: Shape) -> str:
    """Textures of trimesh's parts, where their colour is not changed by a factor or by vertex colours."""
    if shape.coloring != "texture":
        return ""
    try:
        parts = trimesh.load_scene(path, process=False).dump(concatenate=False)
    except Exception:
        return ""
    ours, tree = _middles(shape), cKDTree(shape.vertices[shape.faces].mean(axis=1))
    for part in parts:
        material = getattr(part.visual, "material", None)
        image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
        factor, uv = getattr(material, "baseColorFactor", None), getattr(part.visual, "uv", None)
        if image is None or uv is None or not len(part.faces) or (factor is not None and min(factor[:3]) < 255):
            continue
        distance, nearest = tree.query(part.triangles.mean(axis=1))
        found = distance < 1e-5 * shape.diagonal
        theirs = sample_texture(np.asarray(image.convert("RGB")), uv[part.faces].mean(axis=1)) / 255.0
        gap = _gap(ours[nearest[found]], theirs[found])
        if gap:
            return gap
    return ""


def _middles(shape: Shape) -> np.ndarray:
    count = len(shape.faces)
    color = surface_color(shape, np.arange(count), np.full((count, 3), 1 / 3))
    return np.zeros((count, 3)) if color is None else color


def _gap(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Coinciding faces may be confused, so the median counts."""
    gap = float(np.median(np.abs(ours - theirs).max(axis=1))) if len(ours) else 0.0
    return f"colours of faces by {255 * gap:.0f} of 255" if gap > 0.03 else ""
