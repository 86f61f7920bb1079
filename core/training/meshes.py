"""The user's own meshes as objects to take pictures of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.formats import SHAPE_SUFFIXES, guess_up
from core.geometry.shape import Shape, load_shape, make_shape
from core.training.procedural import Object3D


def read_meshes(folder: str | Path) -> list[Object3D]:
    """The meshes of a folder, stood up; point clouds are left out.

    Raises:
        CounterpointError: no shapes in it, or one that cannot be read.
    """
    folder = Path(folder)
    files = sorted(f for f in folder.glob("*") if f.suffix.lower() in SHAPE_SUFFIXES)
    if not files:
        raise CounterpointError(f"{folder} has no shapes in it ({', '.join(SHAPE_SUFFIXES)}).")
    return [item for file in files if (item := read_mesh(file)) is not None]


def read_mesh(file: str | Path, up: str | None = None) -> Object3D | None:
    """A mesh stood up (``up`` is the direction that points up in the file); None for a point cloud.

    Raises:
        CounterpointError: it cannot be read.
    """
    return stood_up(load_shape(file), up or guess_up(file), Path(file).stem)


def stood_up(shape: Shape, up: str, name: str) -> Object3D | None:
    """A mesh with ``up`` turned to y, as an object of one part; None for a point cloud."""
    if shape.is_point_cloud:
        return None
    if up != "y":
        shape = make_shape(
            upright(shape.vertices, up),
            shape.faces,
            colors=shape.colors,
            uv=shape.uv,
            texture=shape.texture,
            paint=shape.paint,
            name=shape.name,
        )
    return Object3D(shape, name, np.zeros(len(shape.faces), np.int32), 2 * shape.normalised)


def read_surfaces(files: Sequence[tuple[str | Path, str | None]]) -> dict[int, Object3D]:
    """Read shapes that pictures can be taken of.

    Args:
        files: path of each shape, and the direction that points up in its file (None for what its format says).

    Returns:
        The meshes by their numbers in ``files``, in that order; point clouds are left out.

    Raises:
        CounterpointError: there is no mesh among them, or a file cannot be read.
    """
    read = {number: item for number, (file, up) in enumerate(files) if (item := read_mesh(file, up)) is not None}
    if not read:
        raise CounterpointError("Pictures are taken of surfaces: open a mesh, not a point cloud.")
    return read


_TURNS = {
    "y": ([0, 1, 2], [1, 1, 1]),
    "-y": ([0, 1, 2], [1, -1, -1]),
    "z": ([0, 2, 1], [1, 1, -1]),
    "-z": ([0, 2, 1], [1, -1, 1]),
    "x": ([1, 0, 2], [-1, 1, 1]),
    "-x": ([1, 0, 2], [1, -1, 1]),
}


def upright(points: npt.ArrayLike, up: str) -> npt.NDArray[np.floating]:
    """Points [..., 3] turned so that ``up`` becomes y."""
    axes, signs = _TURNS[up]
    return np.asarray(points)[..., axes] * signs
