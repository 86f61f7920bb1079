"""Meshes on a device, and what cameras see of them: the same answer from Open3D's ray casting or NVIDIA Warp's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.errors import CounterpointError
from core.geometry.camera import Camera
from core.geometry.raycasting import Raycaster
from core.geometry.render import surface_color
from core.geometry.shape import Shape

EDGE = float(np.cos(np.radians(35)))
"""Where the smooth normal and the face's own differ by more than this angle, there is an edge (as in :mod:`core.geometry.raycasting`)."""


@dataclass(frozen=True)
class MeshArrays:
    """What pictures are made of, of one mesh with V vertices and F faces.

    Attributes:
        vertices: float32 [V, 3], normalised frame.
        normals: float32 [V, 3], unit length.
        faces: int64 [F, 3].
        part: int64 [F], the part of each face.
        local: float32 [V, 3], coordinates within the primitive of a vertex.
        painted: the shape, if it has colours of its own, else None.
    """

    vertices: npt.NDArray[np.float32]
    normals: npt.NDArray[np.float32]
    faces: npt.NDArray[np.int64]
    part: npt.NDArray[np.int64]
    local: npt.NDArray[np.float32]
    painted: Shape | None

    @classmethod
    def of(cls, shape: Shape, part: npt.NDArray[np.integer], local: npt.NDArray[np.floating]) -> "MeshArrays":
        """The arrays of a shape with the part int [F] of each face and local coordinates float [V, 3] of each vertex.

        Raises:
            CounterpointError: the shape is a point cloud.
        """
        if shape.is_point_cloud:
            raise CounterpointError("Training pictures are taken of surfaces: give a mesh, not a point cloud.")
        has_colors = surface_color(shape, np.zeros(1, np.int64), np.full((1, 3), 1 / 3)) is not None
        return cls(
            shape.normalised.astype(np.float32),
            shape.normals.astype(np.float32),
            shape.faces.astype(np.int64),
            part.astype(np.int64),
            local.astype(np.float32),
            shape if has_colors else None,
        )


class Tracer(Protocol):
    """Finds what the pixels of square pictures see."""

    def trace(
        self, meshes: Sequence[int], origins: torch.Tensor, matrices: torch.Tensor, size: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The first hit of the ray through every pixel of N pictures.

        Args:
            meshes: the number of the mesh that each picture shows.
            origins: float32 [N, 3], the eyes in the normalised frame of the mesh.
            matrices: float32 [N, 3, 3], from a pixel (u, v, 1) to the direction of its ray (of any length).
            size: the side S of a picture in pixels.

        Returns:
            The face int64 [N, S, S] within its mesh, -1 where nothing is hit; barycentric coordinates float32 [N, S, S, 3]; and the
            distance float32 [N, S, S] from the eye (meaningless where nothing is hit). All on the device of ``origins``.
        """
        ...


class Open3dTracer:
    """Ray casting on the CPU by Embree (a :class:`Tracer`)."""

    def __init__(self, casters: Sequence[Raycaster]):
        self._casters = casters

    def trace(
        self, meshes: Sequence[int], origins: torch.Tensor, matrices: torch.Tensor, size: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """See :meth:`Tracer.trace`."""
        directions = F.normalize(_pixels(size).to(matrices) @ matrices.mT[:, None], dim=-1)
        found = [
            self._casters[mesh].cast(origin, rays)
            for mesh, origin, rays in zip(meshes, origins.cpu().numpy(), directions.cpu().numpy(), strict=True)
        ]
        rows = ([one.face for one in found], [one.bary for one in found], [one.distance for one in found])
        face, bary, distance = (torch.from_numpy(np.stack(values)).to(origins.device) for values in rows)
        return face, bary, distance


@dataclass
class Scene:
    """M meshes on a device, their vertices and faces one after the other, and the tracer that finds them.

    Attributes:
        tracer: what casts the rays.
        vertices, normals, local: float32 [V, 3], see :class:`MeshArrays`.
        faces: int64 [F, 3] into the joined vertices.
        part: int64 [F].
        first_face: int64 [M], where the faces of each mesh begin.
        face_normals: float32 [F, 3], unit length.
        painted: the shapes that have colours of their own, by number.
    """

    tracer: Tracer
    vertices: torch.Tensor
    normals: torch.Tensor
    local: torch.Tensor
    faces: torch.Tensor
    part: torch.Tensor
    first_face: torch.Tensor
    face_normals: torch.Tensor
    painted: dict[int, Shape]

    @classmethod
    def of(cls, meshes: Sequence[MeshArrays], tracer: Tracer, device: torch.device) -> "Scene":
        """Put meshes on a device; ``tracer`` knows the same meshes by the same numbers."""
        offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
        begins = np.cumsum([0, *(len(mesh.faces) for mesh in meshes)])[:-1]

        def joined(arrays: Sequence[np.ndarray]) -> torch.Tensor:
            return torch.from_numpy(np.concatenate(arrays)).to(device)

        vertices = joined([mesh.vertices for mesh in meshes])
        faces = joined([mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=False)])
        a, b, c = vertices[faces].unbind(1)
        return cls(
            tracer,
            vertices,
            joined([mesh.normals for mesh in meshes]),
            joined([mesh.local for mesh in meshes]),
            faces,
            joined([mesh.part for mesh in meshes]),
            torch.from_numpy(begins).to(device),
            F.normalize(torch.linalg.cross(b - a, c - a), dim=-1),
            {number: mesh.painted for number, mesh in enumerate(meshes) if mesh.painted is not None},
        )


@dataclass
class Visible:
    """The P pixels of N pictures that show a surface, and what each of them shows.

    Attributes:
        picture, row, column: int64 [P], where the pixel is.
        mesh: int64 [P], the number of the mesh.
        face: int64 [P], the face within its mesh.
        corners: int64 [P, 3], vertices of the face; ``bary`` float32 [P, 3] are the weights of them.
        part: int64 [P].
        point: float32 [P, 3], normalised frame.
        normal: float32 [P, 3], unit length, turned to the eye, normalised frame.
        direction: float32 [P, 3], from the eye to the point, unit length.
        distance: float32 [P], from the eye, in object diagonals.
    """

    picture: torch.Tensor
    row: torch.Tensor
    column: torch.Tensor
    mesh: torch.Tensor
    face: torch.Tensor
    corners: torch.Tensor
    bary: torch.Tensor
    part: torch.Tensor
    point: torch.Tensor
    normal: torch.Tensor
    direction: torch.Tensor
    distance: torch.Tensor

    def some(self, index: torch.Tensor) -> "Visible":
        """The pixels with the numbers int64 [Q]."""
        return Visible(*(values.index_select(0, index) for values in vars(self).values()))


def view(scene: Scene, meshes: Sequence[int], cameras: Sequence[Camera], supersample: int = 1) -> Visible:
    """What N square cameras see, each of the mesh with the number given; pixels are ``supersample`` times finer than the cameras'."""
    device = scene.vertices.device
    inverse = [camera.R.T @ np.linalg.inv(_finer(camera.K, supersample)) for camera in cameras]
    origins = _tensor([camera.center for camera in cameras], device)
    face, bary, distance = scene.tracer.trace(meshes, origins, _tensor(inverse, device), cameras[0].width * supersample)
    picture, row, column = torch.nonzero(face >= 0, as_tuple=True)
    mesh = torch.tensor(meshes, device=device)[picture]
    flat = (picture * face.shape[1] + row) * face.shape[2] + column
    face = face.flatten().index_select(0, flat)
    at = face + scene.first_face[mesh]
    bary, distance = bary.flatten(0, 2).index_select(0, flat), distance.flatten().index_select(0, flat)
    corners = scene.faces.index_select(0, at)
    point = interpolated(scene.vertices, corners, bary)
    direction = F.normalize(point - origins[picture], dim=-1)
    normal = _shading_normal(scene, at, corners, bary)
    normal = torch.where((normal * direction).sum(-1, keepdim=True) > 0, -normal, normal)
    return Visible(picture, row, column, mesh, face, corners, bary, scene.part[at], point, normal, direction, distance)


def interpolated(values: torch.Tensor, corners: torch.Tensor, bary: torch.Tensor) -> torch.Tensor:
    """Values float32 [P, C] at surface points, from those [V, C] at vertices."""
    first, second, third = (values.index_select(0, corner) for corner in corners.T)
    return first * bary[:, :1] + second * bary[:, 1:2] + third * bary[:, 2:]


def own_colors(scene: Scene, seen: Visible) -> tuple[torch.Tensor, torch.Tensor]:
    """The meshes' own colours float32 [P, 3] in [0, 1] where they are seen, and where a mesh has any, bool [P]; zeros elsewhere."""
    colors, has = torch.zeros_like(seen.point), torch.zeros_like(seen.mesh, dtype=torch.bool)
    for number, shape in scene.painted.items():
        here = torch.nonzero(seen.mesh == number)[:, 0]
        found = surface_color(shape, seen.face[here].cpu().numpy(), seen.bary[here].cpu().numpy())
        if found is not None:
            colors[here], has[here] = torch.from_numpy(found.astype(np.float32)).to(colors.device), True
    return colors, has


def _shading_normal(scene: Scene, face: torch.Tensor, corners: torch.Tensor, bary: torch.Tensor) -> torch.Tensor:
    """As :func:`core.geometry.raycasting.surface_normal`, float32 [P, 3]."""
    smooth = F.normalize(interpolated(scene.normals, corners, bary), dim=-1)
    flat = scene.face_normals.index_select(0, face)
    edge = (flat * smooth).sum(-1, keepdim=True).abs() < EDGE
    return torch.where(edge, flat, smooth)


def _finer(K: npt.NDArray[np.floating], times: int) -> npt.NDArray[np.floating]:
    fine = K.copy()
    fine[:2] *= times
    fine[:2, 2] += (times - 1) / 2
    return fine


def _pixels(size: int) -> torch.Tensor:
    v, u = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return torch.stack([u, v, torch.ones_like(u)], dim=-1).float()


def _tensor(rows: Sequence[np.ndarray], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.stack(rows).astype(np.float32)).to(device)
