"""Ray casting with Embree, through Open3D: which face a ray hits, what a camera sees, what hides what."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.geometry.camera import Camera, lengths
from core.geometry.open3d_import import o3d
from core.geometry.shape import Shape

Ints = npt.NDArray[np.integer]

_DISC = 6
"""The number of corners of the small disc that stands for a point of a cloud."""


@dataclass
class Hits:
    """Where rays hit a shape; the arrays have the leading dimensions of the rays.

    Attributes:
        face: int64 [...], the number of the face that is hit, in a point cloud that of the point; -1 where nothing is
            hit.
        bary: float32 [..., 3], the barycentric coordinates in the face, (1, 0, 0) in a point cloud.
        distance: float32 [...] along the unit ray in the normalised frame, infinite where nothing is hit.
    """

    face: Ints
    bary: Floats
    distance: Floats

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """Whether the shape is hit, bool [...]."""
        return self.face >= 0


class Raycaster:
    """Casts rays at a shape in its normalised frame (bounding-box centre at the origin, diagonal 1).

    A point cloud is made of small discs across its normals, so that it hides what lies behind it as a surface does.
    """

    def __init__(self, shape: Shape):
        self.shape = shape
        vertices, faces = _discs(shape) if shape.is_point_cloud else (shape.normalised, shape.faces)
        self._scene = o3d.t.geometry.RaycastingScene()
        self._scene.add_triangles(
            _tensor(vertices.astype(np.float32)),
            _tensor(faces.astype(np.uint32)),
        )

    def cast(self, origins: Floats, directions: Floats) -> Hits:
        """Return the first hits of rays.

        Args:
            origins: float [..., 3] in the normalised frame; they are broadcast against the directions.
            directions: unit vectors, float [..., 3].
        """
        rays = np.empty((*np.broadcast_shapes(origins.shape, directions.shape)[:-1], 6), np.float32)
        rays[..., :3], rays[..., 3:] = origins, directions
        answer = self._scene.cast_rays(_tensor(rays))
        distance = answer["t_hit"].numpy()
        return self._hits(answer["primitive_ids"].numpy(), answer["primitive_uvs"].numpy(), distance)

    def view(self, camera: Camera) -> Hits:
        """Return what each pixel of a camera in the normalised frame sees; the arrays are [height, width, ...]."""
        return self.cast(*camera.rays(camera.pixel_grid()))

    def visible(self, points: Floats, normals: Floats, eye: Floats, offset: float = 2e-3) -> npt.NDArray[np.bool_]:
        """Return whether surface points are seen from a place, that is, nothing lies between: bool [N].

        Args:
            points: float [N, 3] in the normalised frame.
            normals: their unit normals, float [N, 3].
            eye: the place, float [3] in the normalised frame.
            offset: how far the points are lifted off the surface towards the place, so that they do not hide
                themselves.
        """
        toward = eye - points
        facing = np.sum(toward * normals, axis=1, keepdims=True)
        start = points + offset * np.where(facing >= 0, normals, -normals)
        rays = np.concatenate([start, eye - start], axis=1).astype(np.float32)
        hidden = self._scene.test_occlusions(_tensor(rays), tnear=0.0, tfar=1.0).numpy()
        return np.asarray(~hidden)

    def closest(self, points: Floats) -> Hits:
        """Return the surface points closest to points float [N, 3] in the normalised frame.

        ``distance`` is Euclidean.
        """
        query = np.ascontiguousarray(points, np.float32)
        answer = self._scene.compute_closest_points(_tensor(query))
        distance = np.linalg.norm(answer["points"].numpy() - query, axis=-1)
        return self._hits(answer["primitive_ids"].numpy(), answer["primitive_uvs"].numpy(), distance)

    def _hits(self, primitive: Ints, uv: Floats, distance: Floats) -> Hits:
        missed = primitive == o3d.t.geometry.RaycastingScene.INVALID_ID
        face = primitive.astype(np.int64)
        bary = np.empty((*face.shape, 3), np.float32)
        bary[..., 0], bary[..., 1:] = 1 - uv[..., 0] - uv[..., 1], uv
        if self.shape.is_point_cloud:
            face //= _DISC
            bary[...] = (1, 0, 0)
        face[missed] = -1
        return Hits(face, bary, distance)


def surface_position(shape: Shape, face: Ints, bary: Floats) -> Floats:
    """Return the positions float32 [..., 3], in the normalised frame, of surface points.

    Args:
        shape: the shape.
        face: int [...], the numbers of faces (points of a cloud), none below 0.
        bary: float [..., 3], the barycentric coordinates.
    """
    return _interpolate(shape, shape.normalised, face, bary)


def surface_normal(shape: Shape, face: Ints, bary: Floats) -> Floats:
    """Return the shading normals of surface points.

    They are the smooth normals, or the face's own where the two differ by more than 35 degrees.

    Args:
        shape: the shape.
        face: int [...], the numbers of faces (points of a cloud), none below 0.
        bary: float [..., 3], the barycentric coordinates.

    Returns:
        Unit normals float32 [..., 3].
    """
    smooth = _unit(_interpolate(shape, shape.normals, face, bary))
    if shape.is_point_cloud:
        return smooth
    flat = shape.face_normals[face]
    cosine = np.einsum("...d,...d->...", flat, smooth)[..., None]
    return np.where(np.abs(cosine) < np.cos(np.radians(35)), flat, smooth)


def _tensor(array: npt.NDArray) -> Any:
    return o3d.core.Tensor(np.ascontiguousarray(array))


def _interpolate(shape: Shape, values: Floats, face: Ints, bary: Floats) -> Floats:
    if shape.is_point_cloud:
        return values[face]
    corners = values[shape.faces[face]]
    return np.asarray(np.einsum("...k,...kd->...d", bary.astype(corners.dtype), corners))


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(lengths(vectors)[..., None], 1e-12))


def _discs(shape: Shape) -> tuple[Floats, Ints]:
    """Return the triangles of discs around the points of a cloud.

    Their radius is twice the median gap between neighbours.
    """
    points, normals = shape.normalised, shape.normals
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    gap = np.asarray(cloud.compute_nearest_neighbor_distance()) if len(points) > 1 else np.array([0.02])
    radius = float(np.clip(2.0 * np.median(gap), 1e-3, 0.05))
    side = np.where(np.abs(normals[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]])
    x = _unit(np.cross(normals, side))
    y = np.cross(normals, x)
    angles = np.arange(_DISC) * (2 * np.pi / _DISC)
    rim = radius * (np.cos(angles)[None, :, None] * x[:, None] + np.sin(angles)[None, :, None] * y[:, None])
    vertices = np.concatenate([points[:, None], points[:, None] + rim], axis=1)
    base = (np.arange(len(points)) * (_DISC + 1))[:, None, None]
    k = np.arange(_DISC)
    fan = np.stack([np.zeros(_DISC, int), 1 + k, 1 + (k + 1) % _DISC], axis=1)
    return vertices.reshape(-1, 3), (base + fan).reshape(-1, 3)
