"""One known shape in hundreds of files: geometry, order of faces, colours and labels of each are right after reading."""

from pathlib import Path

import numpy as np
import pytest

from core.geometry.shape import load_shape
from tests.core.meshes import obj_files, other_files, ply_files
from tests.core.meshes.known import check_colors, check_geometry, known


@pytest.mark.parametrize("way", obj_files.ways(), ids=str)
def test_obj(way: obj_files.ObjWay, tmp_path: Path) -> None:
    source = known().exploded() if way.look.startswith("vertex") else known()
    shape = load_shape(obj_files.write_obj(tmp_path, source, way))
    np.testing.assert_array_equal(shape.vertices, source.points)
    check_geometry(shape, source)
    if way.look == "none":
        assert shape.coloring == "none"
    else:
        check_colors(shape, source.colors)


@pytest.mark.parametrize("way", ply_files.ways(), ids=str)
def test_ply(way: ply_files.PlyWay, tmp_path: Path) -> None:
    source = known()
    if way.body != "polygons":
        source = source.triangles()
    if way.look not in ("none", "face", "face float", "wedge", "wedges"):
        source = source.exploded()
    shape = load_shape(ply_files.write_ply(tmp_path, source, way))
    np.testing.assert_allclose(shape.vertices, source.points, atol=1e-6)
    check_geometry(shape, source)
    assert [warning for warning in shape.warnings if "edge" not in warning] == []
    if way.look == "none":
        assert shape.coloring == "none"
    else:
        check_colors(shape, source.colors)


@pytest.mark.parametrize("way", other_files.off_ways(), ids=str)
def test_off(way: other_files.OffWay, tmp_path: Path) -> None:
    source = known() if way.body == "polygons" else known().triangles()
    if way.look.startswith("C"):
        source = source.exploded()
    shape = load_shape(other_files.write_off(tmp_path, source, way))
    np.testing.assert_array_equal(shape.vertices, source.points)
    check_geometry(shape, source)
    assert [warning for warning in shape.warnings if "texture" not in warning] == []
    if way.look == "none":
        assert shape.coloring == "none"
    else:
        check_colors(shape, source.colors)


@pytest.mark.parametrize("way", other_files.STL_WAYS)
def test_stl(way: str, tmp_path: Path) -> None:
    source = known().triangles()
    shape = load_shape(other_files.write_stl(tmp_path, source, way))
    check_geometry(shape, source)
    if way in ("VisCAM", "Magics"):
        check_colors(shape, source.colors, tolerance=9)
    else:
        assert shape.coloring == "none"
