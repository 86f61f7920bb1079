"""Labels of faces in files."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import trimesh

from core.geometry.shape import Shape
from core.interchange.heatmaps import write_atomic


def save_labelled_ply(path: str | Path, shape: Shape, labels: npt.NDArray[np.integer]) -> None:
    """The shape's own vertices and faces with an int property ``label`` [F] on the faces (on the points of a cloud).

    Raises:
        CounterpointError: the file cannot be written.
    """
    numbers = labels.astype(np.int32)
    if shape.is_point_cloud:
        mesh: trimesh.Trimesh = trimesh.Trimesh(shape.vertices, process=False, vertex_attributes={"label": numbers})
    else:
        mesh = trimesh.Trimesh(shape.vertices, shape.faces, process=False, face_attributes={"label": numbers})
    write_atomic(path, mesh.export(file_type="ply", vertex_normal=False))
