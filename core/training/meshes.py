"""The user's own meshes as objects to take pictures of."""

from pathlib import Path

import numpy as np

from core.errors import CounterpointError
from core.geometry.shape import SUFFIXES, load_shape, make_shape
from core.matching.prepare import guess_up
from core.training.procedural import Object3D


def read_meshes(folder: str | Path) -> list[Object3D]:
    """The meshes of a folder, stood up; point clouds are left out.

    Raises:
        CounterpointError: no shapes in it, or one that cannot be read.
    """
    folder = Path(folder)
    files = sorted(f for f in folder.glob("*") if f.suffix.lower() in SUFFIXES)
    if not files:
        raise CounterpointError(f"{folder} has no shapes in it ({', '.join(SUFFIXES)}).")
    return [item for file in files if (item := read_mesh(file)) is not None]


def read_mesh(file: str | Path) -> Object3D | None:
    """A mesh stood up; None for a point cloud.

    Raises:
        CounterpointError: it cannot be read.
    """
    shape = load_shape(file)
    if shape.is_point_cloud:
        return None
    if guess_up(file) == "z":
        upright = shape.vertices[:, [0, 2, 1]] * [1, 1, -1]
        shape = make_shape(
            upright, shape.faces, colors=shape.colors, uv=shape.uv, texture=shape.texture, name=shape.name
        )
    return Object3D(shape, Path(file).stem, np.zeros(len(shape.faces), np.int32), 2 * shape.normalised)
