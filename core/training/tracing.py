"""Rays against many meshes at once: one thread a pixel, on the GPU (or, for tests, on the CPU), by NVIDIA Warp."""

# mypy: disable-error-code="no-untyped-def,misc,valid-type"
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import warp as wp

wp.config.log_level = wp.LOG_ERROR
wp.config.enable_backward = False
wp.init()


@wp.kernel
def _trace(
    meshes: wp.array(dtype=wp.uint64),
    origins: wp.array(dtype=wp.vec3),
    matrices: wp.array(dtype=wp.mat33),
    face: wp.array3d(dtype=wp.int32),
    bary: wp.array3d(dtype=wp.vec3),
    distance: wp.array3d(dtype=wp.float32),
):
    n, v, u = wp.tid()
    direction = wp.normalize(matrices[n] * wp.vec3(float(u), float(v), 1.0))
    hit = wp.mesh_query_ray(meshes[n], origins[n], direction, 1.0e6)
    face[n, v, u] = -1
    if hit.result:
        face[n, v, u] = hit.face
        bary[n, v, u] = wp.vec3(hit.u, hit.v, 1.0 - hit.u - hit.v)
        distance[n, v, u] = hit.t


@dataclass
class Meshes:
    """Meshes on a device, their vertices one after the other.

    Attributes:
        faces: int64 [F, 3] into the joined vertices.
        first_face: int64 [M], where each mesh's faces begin.
        handles: Warp's names of the meshes.
    """

    faces: torch.Tensor
    first_face: torch.Tensor
    handles: list[int]
    _kept: list[Any]


def upload(vertices: list[np.ndarray], faces: list[np.ndarray], device: torch.device) -> Meshes:
    """Meshes of float32 [V, 3] and int32 [F, 3], with their search trees."""
    where = wp.device_from_torch(device)
    meshes = [
        wp.Mesh(
            wp.array(np.ascontiguousarray(v, np.float32), dtype=wp.vec3, device=where),
            wp.array(np.ascontiguousarray(f, np.int32).ravel(), dtype=wp.int32, device=where),
        )
        for v, f in zip(vertices, faces, strict=True)
    ]
    wp.synchronize_device(where)  # Warp's own stream made them, and torch's will trace them
    offsets = np.cumsum([0, *(len(v) for v in vertices)])[:-1]
    joined = np.concatenate([f + offset for f, offset in zip(faces, offsets, strict=True)])
    begins = np.cumsum([0, *(len(f) for f in faces)])[:-1]
    tensors = torch.from_numpy(joined.astype(np.int64)).to(device), torch.from_numpy(begins).to(device)
    return Meshes(*tensors, [mesh.id for mesh in meshes], meshes)


def trace(
    meshes: Meshes, which: torch.Tensor, origins: torch.Tensor, matrices: torch.Tensor, size: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What square pictures see.

    Args:
        which: int64 [N], the mesh of each picture.
        origins: float32 [N, 3], the eyes.
        matrices: float32 [N, 3, 3] from (u, v, 1) to a direction (any length).
        size: side in pixels.

    Returns:
        face int64 [N, S, S] into ``meshes.faces``, -1 where nothing is hit; barycentric coordinates [N, S, S, 3]; distance [N, S, S].
    """
    device, n = origins.device, len(origins)
    handles = torch.tensor([meshes.handles[int(i)] for i in which.cpu()], dtype=torch.int64, device=device)
    face = torch.full((n, size, size), -1, dtype=torch.int32, device=device)
    bary = torch.zeros(n, size, size, 3, device=device)
    distance = torch.zeros(n, size, size, device=device)
    arguments = [
        wp.from_torch(handles, dtype=wp.uint64),
        wp.from_torch(origins.float().contiguous(), dtype=wp.vec3),
        wp.from_torch(matrices.float().contiguous(), dtype=wp.mat33),
        wp.from_torch(face),
        wp.from_torch(bary, dtype=wp.vec3),
        wp.from_torch(distance),
    ]
    stream = wp.stream_from_torch(torch.cuda.current_stream(device)) if device.type == "cuda" else None
    wp.launch(_trace, (n, size, size), arguments, device=wp.device_from_torch(device), stream=stream)
    if stream is not None:
        wp.synchronize_stream(stream)  # the meshes may go as soon as this returns
    shown = face.long()
    return torch.where(shown >= 0, shown + meshes.first_face[which][:, None, None], -1), bary, distance
