"""Points as text, x y z and more columns."""

import io
from pathlib import Path

import numpy as np

from core.errors import CounterpointError
from core.geometry.shape import Shape, make_shape


def read_xyz(path: Path) -> Shape:
    """Columns x y z, then normals (unit length) or colours (0-255 or 0-1) when there are six."""
    text = path.read_text(encoding="utf-8", errors="strict").replace(",", " ").replace(";", " ")
    values = np.loadtxt(io.StringIO(text), comments=("#", "//"), ndmin=2)
    if values.shape[1] < 3:
        raise CounterpointError(f"{path.name} has {values.shape[1]} columns; a point cloud needs x, y and z.")
    normals = colors = None
    if values.shape[1] >= 6:
        extra = values[:, 3:6]
        if np.allclose(np.linalg.norm(extra, axis=1), 1, atol=0.02):
            normals = extra
        else:
            colors = np.clip(extra * (255 if extra.max() <= 1 else 1), 0, 255).astype(np.uint8)
    return make_shape(values[:, :3], normals=normals, colors=colors, name=path.name)
