"""A mesh fit for the screen: large triangles cut, too many merged, colours at the vertices."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.geometry.atlas import make_atlas, resized, split_seams
from core.geometry.closed import is_closed
from core.geometry.shape import Shape

MAX_FACES = 300_000
MERGED_FACES = 200_000
"""What has more than ``MAX_FACES`` is merged to at most so many, which a display without a graphics card draws in time."""

MAX_POINTS = 400_000
MAX_TEXTURE = 2048
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
        uv, texture: float32 [V, 2] (v up) with uint8 [h, w, 3], or both None. Where there are colours too, they are
            multiplied.
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
    """The display mesh of a shape.

    It has about as many vertices as a heatmap needs, whatever the file's triangles are like.
    """
    if shape.is_point_cloud:
        keep = np.linspace(0, len(shape.vertices) - 1, min(len(shape.vertices), MAX_POINTS)).astype(int)
        colors = None if shape.colors is None else shape.colors[keep]
        none = np.zeros((0, 3), np.int32)
        points, normals = shape.vertices[keep], shape.normals[keep]
        return DisplayMesh(points, none, normals, colors, None, None, keep.astype(np.int32))
    if len(shape.faces) > MAX_FACES:
        return _merged(shape)
    points, faces, extra = _split_creases(*_vertices(shape))
    points, faces, extra, element = _split_large(points, faces, extra)
    texture = _small(shape.texture)
    if shape.paint is not None and shape.paint.texture is not None:
        atlas = make_atlas(shape.paint, faces, extra["uv"], shape.paint.texture[element])
        points, faces, texture = points[atlas.source], atlas.faces, atlas.texture
        extra = {name: values[atlas.source] for name, values in extra.items()} | {"uv": atlas.uv}
    normals = extra["normals"] / np.maximum(np.linalg.norm(extra["normals"], axis=1, keepdims=True), 1e-9)
    colors = np.clip(extra["colors"], 0, 255).astype(np.uint8) if "colors" in extra else None
    own = shape.to_own_frame(points)
    uv = extra["uv"].astype(np.float32) if "uv" in extra else None
    return DisplayMesh(
        own, faces.astype(np.int32), normals.astype(np.float32), colors, uv, texture, element, _closed(shape)
    )


def _closed(shape: Shape) -> bool:
    import trimesh

    mesh = trimesh.Trimesh(shape.normalised.astype(np.float64), shape.faces, process=False)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    return is_closed(mesh.vertices, mesh.faces)


def _vertices(shape: Shape) -> tuple[npt.NDArray, npt.NDArray, dict[str, npt.NDArray]]:
    """Points, faces, and normals, colours and texture coordinates of the points.

    Points are doubled where faces differ in colour.
    """
    points, normals = shape.normalised.astype(np.float64), shape.normals.astype(np.float64)
    if shape.paint is not None:
        source, faces, extra = split_seams(shape.faces, shape.paint)
        return points[source], faces, {"normals": normals[source], **extra}
    extra = {"normals": normals}
    if shape.colors is not None:
        extra["colors"] = shape.colors.astype(np.float64)
    if shape.uv is not None:
        extra["uv"] = shape.uv.astype(np.float64)
    return points, shape.faces.copy(), extra


def _split_creases(
    points: npt.NDArray, faces: npt.NDArray, extra: dict[str, npt.NDArray]
) -> tuple[npt.NDArray, npt.NDArray, dict[str, npt.NDArray]]:
    """Corners whose face stands off the smooth normal get a vertex of their own, with the face's normal."""
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
    from core.geometry.render import corner_color, vertex_color

    cell = 1 / 700
    while True:
        keys = np.floor(shape.normalised / cell).astype(np.int64) + 4096
        _, first, group = np.unique(keys @ np.array([1, 8192, 8192**2]), return_index=True, return_inverse=True)
        faces = group[shape.faces]
        whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
        faces, element = faces[whole], np.flatnonzero(whole).astype(np.int32)
        if len(faces) <= MERGED_FACES:
            break
        cell *= max(1.05, (len(faces) / MERGED_FACES) ** 0.5)
    count = np.bincount(group)[:, None]
    mean = np.stack([np.bincount(group, weights=shape.normalised[:, i]) for i in range(3)], axis=1) / count
    own, normals = shape.to_own_frame(mean), shape.normals[first]
    if shape.paint is None:
        colors = vertex_color(shape)
        colors = None if colors is None else colors[first]
    else:
        source, faces, colors = _by_color(faces, corner_color(shape)[element])  # type: ignore[index]
        own, normals = own[source], normals[source]
    closed = is_closed(shape.normalised, shape.faces)
    return DisplayMesh(own, faces.astype(np.int32), normals, colors, None, None, element, closed)


def _by_color(
    faces: npt.NDArray, corners: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray[np.uint8]]:
    """Vertices doubled where the corners [F, 3, 3] of their faces [F, 3] differ much in colour.

    The vertex that each was, faces, colours.
    """
    colors = corners.reshape(-1, 3)
    coarse = (colors >> 4).astype(np.int64) @ np.array([1, 16, 256])
    key, first, number = np.unique(faces.reshape(-1) * 4096 + coarse, return_index=True, return_inverse=True)
    return key // 4096, number.reshape(-1, 3), colors[first]


def _small(texture: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
    return None if texture is None else resized(texture, min(1.0, MAX_TEXTURE / max(texture.shape[:2])))
