"""Values at the corners of faces brought into the simplest form that holds them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.geometry.paint import Paint, Texture

Ints = npt.NDArray[np.integer]


def simplest(
    faces: Ints,
    vertices: int,
    color: npt.NDArray[np.uint8] | None,
    uv: Floats | None = None,
    texture: Ints | None = None,
    textures: list[Texture] | None = None,
) -> dict[str, Any]:
    """The arguments of :func:`core.geometry.shape.checked_shape` for colours of faces.

    The faces are [F, 3], of a mesh with so many vertices.

    ``color`` is uint8 [F, 3] or [F, 3, 3] (corners), ``uv`` [F, 3, 2], ``texture`` int [F]; as in
    :class:`core.geometry.paint.Paint`. One colour for all, and one white texture with coordinates that corners share,
    need no paint.
    """
    if color is not None and (color == 255).all() and textures:
        color = None
    if not textures or uv is None or texture is None or (texture < 0).all():
        if color is None:
            return {}
        if (color == color.reshape(-1, 3)[0]).all():
            return {"colors": np.tile(color.reshape(-1, 3)[0], (vertices, 1))}
        return {"paint": Paint(color)}
    uv = np.nan_to_num(np.asarray(uv, np.float32))
    if color is None and (texture == texture[0]).all() and _repeats(textures[texture[0]], uv):
        at_vertices = np.zeros((vertices, 2), np.float32)
        at_vertices[faces] = uv
        if np.array_equal(at_vertices[faces], uv):
            return {"uv": at_vertices, "texture": textures[texture[0]].pixels}
    used, texture_of = np.unique(texture[texture >= 0], return_inverse=True)
    number = np.full(len(texture), -1, np.int32)
    number[texture >= 0] = texture_of
    return {"paint": Paint(color, uv, number, [textures[each] for each in used])}


def _repeats(texture: Texture, uv: Floats) -> bool:
    """Whether a texture looks the same as one that repeats, at these coordinates."""
    return texture.wrap == ("repeat", "repeat") or bool(uv.min() >= 0 and uv.max() <= 1)


def normals_of_corners(values: Floats, index: Ints, corners: Ints, vertices: int) -> npt.NDArray[np.float32]:
    """Vertex normals float32 [V, 3] from normals [N, 3] of corners.

    The corners have the normals ``index`` [C] (-1 for none) and lie at the vertices ``corners`` [C].

    Vertices without any, and those whose corners disagree (at an edge), get zeros, which means: to be computed.
    """
    known = index >= 0
    if not known.all():
        index, corners = index[known], corners[known]
    if len(index) == 0:
        return np.zeros((vertices, 3), np.float32)
    count = np.bincount(corners, minlength=vertices)
    mean = np.zeros((vertices, 3), np.float32)
    for axis in range(3):
        mean[:, axis] = np.bincount(corners, weights=values[index, axis], minlength=vertices) / np.maximum(count, 1)
    mean[np.linalg.norm(mean, axis=1) < 0.9] = 0
    return mean
