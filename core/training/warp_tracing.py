"""Rays against many meshes at once by NVIDIA Warp: one thread a pixel on the GPU, or on the CPU for tests."""

# mypy: disable-error-code="no-untyped-def,misc,valid-type"
from collections.abc import Sequence

import numpy as np
import torch
import warp as wp

from core.training.scene import Object3D, Traced

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


class WarpTracer:
    """Ray casting by Warp on the device that draws (a :class:`core.training.scene.Tracer`)."""

    def __init__(self, items: Sequence[Object3D], device: torch.device):
        where = wp.device_from_torch(device)
        self._meshes = [
            wp.Mesh(
                wp.array(np.ascontiguousarray(item.shape.normalised, np.float32), dtype=wp.vec3, device=where),
                wp.array(np.ascontiguousarray(item.shape.faces, np.int32).ravel(), dtype=wp.int32, device=where),
            )
            for item in items
        ]
        wp.synchronize_device(where)  # Warp's own stream made them, and torch's will trace them

    def trace(self, which: Sequence[int], origins: torch.Tensor, matrices: torch.Tensor, size: int) -> Traced:
        """See :meth:`core.training.scene.Tracer.trace`."""
        device, n = origins.device, len(origins)
        handles = torch.tensor([self._meshes[i].id for i in which], dtype=torch.int64, device=device)
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
        return face.long(), bary, distance
