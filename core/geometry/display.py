"""A mesh fit for the screen: large triangles cut, too many merged, colours at the vertices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.geometry.shape import Shape

MAX_FACES = 300_000
MAX_POINTS = 400_000
MAX_TEXTURE = 2048
MAX_BODIES = 100
"""Meshes of more parts are not asked whether each is closed."""
_SPLIT_EDGE = 0.02
_CREASE = np.cos(np.radians(35))


@dataclass
class DisplayMesh:
    """Arrays to draw, in the units and axes of the shape's file.

    Attributes:
        points: float64 [V, 3]; float32 would move those of shapes far from the origin (maps, millimetres).
        faces: int32 [F, 3]; F is 0 for a point cloud.
        normals: float32 [V, 3].
        colors: uint8 [V, 3] or None.
        uv, texture: float32 [V, 2] (v up) with uint8 [h, w, 3], or both None.
        element: int32 [F], the face of the shape's file that each is a piece of; [V] the point, for a point cloud.
        closed: every part is a closed surface that faces outward, so that back faces need not be drawn.
    """

    points: npt.NDArray[np.floating]
    faces: npt.NDArray[np.int32]
    normals: npt.NDArray[np.float32]
    colors: npt.NDArray[np.uint8] | None
    uv: npt.NDArray[np.float32] | None
    texture: npt.NDArray[np.uint8] | None
    element: npt.NDArray[np.int32]
    closed: bool = False


def display_mesh(shape: Shape) -> DisplayMesh:
    """The display mesh of a shape: about as many vertices as a heatmap needs, whatever the file's triangles are like."""
    if shape.is_point_cloud:
        keep = np.linspace(0, len(shape.vertices) - 1, min(len(shape.vertices), MAX_POINTS)).astype(int)
        colors = None if shape.colors is None else shape.colors[keep]
        none = np.zeros((0, 3), np.int32)
        points, normals = shape.vertices[keep], shape.normals[keep]
        return DisplayMesh(points, none, normals, colors, None, None, keep.astype(np.int32))
    if len(shape.faces) > MAX_FACES:
        return _merged(shape)
    points, faces, extra = _split_creases(shape)
    points, faces, extra, element = _split_large(points, faces, extra)
    normals = extra["normals"] / np.maximum(np.linalg.norm(extra["normals"], axis=1, keepdims=True), 1e-9)
    colors = np.clip(extra["colors"], 0, 255).astype(np.uint8) if "colors" in extra else None
    own = shape.to_own_frame(points)
    uv = extra["uv"].astype(np.float32) if "uv" in extra else None
    texture = _small(shape.texture)
    return DisplayMesh(
        own, faces.astype(np.int32), normals.astype(np.float32), colors, uv, texture, element, _closed(shape)
    )


def _closed(shape: Shape) -> bool:
    import trimesh

    mesh = trimesh.Trimesh(shape.normalised.astype(np.float64), shape.faces, process=False)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    mesh.update_faces(mesh.nondegenerate_faces())
    if not (mesh.is_watertight and mesh.is_winding_consistent) or mesh.body_count > MAX_BODIES:
        return False
    return all(part.volume > 0 for part in mesh.split(only_watertight=False))


def _split_creases(shape: Shape) -> tuple[npt.NDArray, npt.NDArray, dict[str, npt.NDArray]]:
    """Corners whose face stands off the smooth normal get a vertex of their own, with the face's normal."""
    points, faces = shape.normalised.astype(np.float64), shape.faces.copy()
    extra: dict[str, npt.NDArray] = {"normals": shape.normals.astype(np.float64)}
    if shape.colors is not None:
        extra["colors"] = shape.colors.astype(np.float64)
    if shape.uv is not None:
        extra["uv"] = shape.uv.astype(np.float64)
    a, b, c = (points[faces[:, i]] for i in range(3))
    flat = np.cross(b - a, c - a)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-20)
    face, corner = np.nonzero(np.abs(np.einsum("fd,fkd->fk", flat, extra["normals"][faces])) < _CREASE)
    old = faces[face, corner]
    faces[face, corner] = len(points) + np.arange(len(face))
    extra = {name: np.concatenate([values, values[old]]) for name, values in extra.items()}
    extra["normals"][len(points) :] = flat[face]
    return np.concatenate([points, points[old]]), faces, extra


def _split_large(
    points: npt.NDArray, faces: npt.NDArray, extra: dict[str, npt.NDArray]
) -> tuple[npt.NDArray, npt.NDArray, dict[str, npt.NDArray], npt.NDArray[np.int32]]:
    from trimesh.remesh import subdivide

    element = np.arange(len(faces), dtype=np.int32)
    while True:
        corners = points[faces]
        longest = np.max(np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2), axis=1)
        large = np.flatnonzero(longest > _SPLIT_EDGE)
        if len(large) == 0 or len(faces) + 3 * len(large) > MAX_FACES:
            return points, faces, extra, element
        points, faces, extra = subdivide(points, faces, face_index=large, vertex_attributes=extra)
        element = np.concatenate([np.delete(element, large), np.repeat(element[large], 4)])


def _merged(shape: Shape) -> DisplayMesh:
    """Vertices in one cell of a grid become one; the grid is made coarser until few enough faces are left."""
    from core.geometry.render import vertex_color

    colors = vertex_color(shape)
    cell = 1 / 700
    while True:
        keys = np.floor(shape.normalised / cell).astype(np.int64) + 4096
        _, first, group = np.unique(keys @ np.array([1, 8192, 8192**2]), return_index=True, return_inverse=True)
        faces = group[shape.faces]
        whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
        faces, element = faces[whole], np.flatnonzero(whole).astype(np.int32)
        if len(faces) <= MAX_FACES:
            break
        cell *= max(1.1, (len(faces) / MAX_FACES) ** 0.5)
    count = np.bincount(group)[:, None]
    mean = np.stack([np.bincount(group, weights=shape.normalised[:, i]) for i in range(3)], axis=1) / count
    own = shape.to_own_frame(mean)
    colors = None if colors is None else colors[first]
    return DisplayMesh(own, faces.astype(np.int32), shape.normals[first], colors, None, None, element)


def _small(texture: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
    if texture is None or max(texture.shape[:2]) <= MAX_TEXTURE:
        return texture
    import cv2

    scale = MAX_TEXTURE / max(texture.shape[:2])
    size = (max(1, round(texture.shape[1] * scale)), max(1, round(texture.shape[0] * scale)))
    return np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)
