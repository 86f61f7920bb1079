"""glTF 2.0: the known shape in every way of storing, placing and colouring it, and what is refused or said."""

from pathlib import Path

import numpy as np
import pytest

from core.geometry.shape import load_shape
from tests.core.meshes import gltf_files
from tests.core.meshes.known import Known, check_colors, check_geometry, known


def by_part() -> Known:
    """Triangles of parts 0 to 3, part by part, with vertices of their own."""
    source = known().triangles()
    order = np.argsort(source.part, kind="stable")
    return Known(source.points, [source.polygons[k] for k in order], source.part[order]).exploded()


@pytest.mark.parametrize("way", gltf_files.ways(), ids=str)
def test_gltf(way: gltf_files.GltfWay, tmp_path: Path) -> None:
    source = by_part()
    shape = load_shape(gltf_files.write_gltf(tmp_path, source, way))
    exact = way.store not in (*gltf_files.QUANTISED, "draco")
    check_geometry(shape, source, 1e-5 if exact else 1e-3)
    assert shape.warnings == []
    if way.look == "none":
        assert shape.coloring == "none"
    else:
        check_colors(shape, gltf_files.expected_colors(source, way.look), tolerance=3 if way.look == "color u1" else 1)
