"""Objects on a device, and what cameras see of them: the same answer from Open3D's ray casting or NVIDIA Warp's."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.errors import CounterpointError
from core.geometry.camera import Camera
from core.geometry.pose import resized_intrinsics
from core.geometry.raycasting import Raycaster
from core.geometry.render import surface_color
from core.geometry.shape import Shape

EDGE = float(np.cos(np.radians(35)))
"""Where the smooth normal and the face's own differ by more than this angle, there is an edge (as in
:mod:`core.geometry.raycasting`)."""

Traced = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Face, barycentric coordinates and distance (see :class:`Tracer`)."""


@dataclass
class Object3D:
    """A shape with what is known about every place of its surface.

    Attributes:
        shape: the mesh; its normalised frame is what the arrays below refer to.
        category: "chair", ..., or "assembly" or "blob", which have no counterpart in another instance.
        face_part: int32 [F], the part of each face; the same number means the same part in all instances of a category.
        local: float32 [V, 3], coordinates in [-1, 1] within the primitive a vertex belongs to.
    """

    shape: Shape
    category: str
    face_part: npt.NDArray[np.int32]
    local: npt.NDArray[np.float32]

    @cached_property
    def caster(self) -> Raycaster:
        """Ray queries against the shape, in its normalised frame."""
        return Raycaster(self.shape)

    @cached_property
    def scene(self) -> "TracedScene":
        """The object alone, on the CPU, to be traced by Open3D; raises a CounterpointError for a point cloud."""
        return TracedScene([self], Open3dTracer([self]), torch.device("cpu"))


class Tracer(Protocol):
    """Finds what the pixels of square pictures see."""

    def trace(self, which: Sequence[int], origins: torch.Tensor, matrices: torch.Tensor, size: int) -> Traced:
        """The first hit of the ray through every pixel of N pictures.

        Args:
            which: the number of the object that each picture shows.
            origins: float32 [N, 3], the eyes in the normalised frame of the object.
            matrices: float32 [N, 3, 3], from a pixel (u, v, 1) to the direction of its ray (of any length).
            size: the side S of a picture in pixels.

        Returns:
            The face int64 [N, S, S] within its object, -1 where nothing is hit; barycentric coordinates float32 [N, S,
            S, 3]; and the distance float32 [N, S, S] from the eye (meaningless where nothing is hit). All on the device
            of ``origins``.
        """
        ...


class Open3dTracer:
    """Ray casting on the CPU by Embree (a :class:`Tracer`)."""

    def __init__(self, items: Sequence[Object3D]):
        self._items = items

    def trace(self, which: Sequence[int], origins: torch.Tensor, matrices: torch.Tensor, size: int) -> Traced:
        """See :meth:`Tracer.trace`."""
        v, u = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        pixels = torch.stack([u, v, torch.ones_like(u)], dim=-1).to(matrices)
        directions = F.normalize(pixels @ matrices.mT[:, None], dim=-1).cpu().numpy()
        rays = zip(which, origins.cpu().numpy(), directions, strict=True)
        found = [self._items[number].caster.cast(origin, direction) for number, origin, direction in rays]
        stacked = (np.stack([getattr(one, name) for one in found]) for name in ("face", "bary", "distance"))
        face, bary, distance = (torch.from_numpy(values).to(origins.device) for values in stacked)
        return face, bary, distance


class TracedScene:
    """Objects on a device, their vertices and faces one after the other, and the tracer that finds them.

    Attributes:
        device: of all tensors.
        tracer: casts the rays; it knows the same objects by the same numbers.
        vertices, normals, local: float32 [V, 3]: normalised frame, unit normals, coordinates within primitives.
        faces: int64 [F, 3] into the joined vertices.
        face_normals: float32 [F, 3], unit length.
        part: int64 [F].
        first_face: int64 [M], where the faces of each object begin.
        colored: the shapes that have colours of their own, by number.
    """

    def __init__(self, items: Sequence[Object3D], tracer: Tracer, device: torch.device):
        """Put objects on a device.

        Raises:
            CounterpointError: one is a point cloud.
        """
        shapes = [item.shape for item in items]
        if any(shape.is_point_cloud for shape in shapes):
            raise CounterpointError("Training pictures are taken of surfaces: give a mesh, not a point cloud.")
        offsets = np.cumsum([0, *(len(shape.vertices) for shape in shapes)])
        begins = np.cumsum([0, *(len(shape.faces) for shape in shapes)])

        def joined(arrays: Sequence[np.ndarray], kind: type) -> torch.Tensor:
            return torch.from_numpy(np.concatenate(arrays).astype(kind, copy=False)).to(device)

        self.device, self.tracer = device, tracer
        self.vertices = joined([shape.normalised for shape in shapes], np.float32)
        self.normals = joined([shape.normals for shape in shapes], np.float32)
        self.local = joined([item.local for item in items], np.float32)
        self.faces = joined([shape.faces + offset for shape, offset in zip(shapes, offsets, strict=False)], np.int64)
        a, b, c = self.vertices[self.faces].unbind(1)
        self.face_normals = F.normalize(torch.linalg.cross(b - a, c - a), dim=-1)
        self.part = joined([item.face_part for item in items], np.int64)
        self.first_face = torch.from_numpy(begins[:-1]).to(device)
        middle = np.zeros(1, np.int64), np.full((1, 3), 1 / 3)
        self.colored = {n: shape for n, shape in enumerate(shapes) if surface_color(shape, *middle) is not None}


@dataclass
class Visible:
    """The P pixels of N pictures that show a surface, and what each of them shows.

    Attributes:
        picture, row, column: int64 [P], where the pixel is.
        item: int64 [P], the number of the object.
        face: int64 [P], within the object.
        corners: int64 [P, 3], the face's vertices; ``bary`` float32 [P, 3] are their weights.
        part: int64 [P].
        point: float32 [P, 3], normalised frame.
        normal: float32 [P, 3], unit length, turned to the eye, normalised frame.
        direction: float32 [P, 3], from the eye to the point, unit length.
        distance: float32 [P], from the eye, in object diagonals.
    """

    picture: torch.Tensor
    row: torch.Tensor
    column: torch.Tensor
    item: torch.Tensor
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


def view(scene: TracedScene, which: Sequence[int], cameras: Sequence[Camera], supersample: int = 1) -> Visible:
    """What N square cameras see, each of the object with the number given.

    Pixels are ``supersample`` times finer than the cameras'.
    """
    inverse = [camera.R.T @ np.linalg.inv(resized_intrinsics(camera.K, supersample)) for camera in cameras]
    origins, matrices = (
        torch.from_numpy(np.stack(rows).astype(np.float32)).to(scene.device)
        for rows in ([camera.center for camera in cameras], inverse)
    )
    face, bary, distance = scene.tracer.trace(which, origins, matrices, cameras[0].width * supersample)
    picture, row, column = torch.nonzero(face >= 0, as_tuple=True)
    item = torch.tensor(which, device=scene.device)[picture]
    flat = (picture * face.shape[1] + row) * face.shape[2] + column
    face, bary, distance = (v.flatten(0, 2).index_select(0, flat) for v in (face, bary, distance))
    at = face + scene.first_face[item]
    corners = scene.faces.index_select(0, at)
    point = interpolated(scene.vertices, corners, bary)
    direction = F.normalize(point - origins[picture], dim=-1)
    smooth, own = (
        F.normalize(interpolated(scene.normals, corners, bary), dim=-1),
        scene.face_normals.index_select(0, at),
    )
    normal = torch.where((own * smooth).sum(-1, keepdim=True).abs() < EDGE, own, smooth)
    normal = torch.where((normal * direction).sum(-1, keepdim=True) > 0, -normal, normal)
    return Visible(picture, row, column, item, face, corners, bary, scene.part[at], point, normal, direction, distance)


def interpolated(values: torch.Tensor, corners: torch.Tensor, bary: torch.Tensor) -> torch.Tensor:
    """Values float32 [P, C] at surface points, from those [V, C] at vertices."""
    first, second, third = (values.index_select(0, corner) for corner in corners.T)
    return first * bary[:, :1] + second * bary[:, 1:2] + third * bary[:, 2:]


def own_colors(scene: TracedScene, seen: Visible) -> tuple[torch.Tensor, torch.Tensor]:
    """The objects' own colours float32 [P, 3] in [0, 1] where they are seen.

    The second value is where an object has any, bool [P, 1].
    """
    colors, has = torch.zeros_like(seen.point), torch.zeros_like(seen.item, dtype=torch.bool)
    for number, shape in scene.colored.items():
        here = torch.nonzero(seen.item == number)[:, 0]
        found = surface_color(shape, seen.face[here].cpu().numpy(), seen.bary[here].cpu().numpy())
        colors[here], has[here] = torch.from_numpy(np.asarray(found, np.float32)).to(scene.device), True
    return colors, has[:, None]
