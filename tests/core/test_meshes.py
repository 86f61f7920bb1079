"""One known shape in hundreds of files: geometry, order of faces, colours and labels of each are read right."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import CounterpointError
from core.geometry.readers import text
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


@pytest.mark.parametrize("size", [64, 300])
def test_blocks_end_anywhere(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text files are read in blocks: where one ends makes no difference."""
    monkeypatch.setattr(text, "BLOCK", size)
    for way in (
        obj_files.ObjWay("v/vt/vn", mixed=True, relative=True, look="textures"),
        obj_files.ObjWay("v//vn", relative=True, lines="crlf", look="kd"),
        obj_files.ObjWay("v", lines="continued", look="kd"),
        obj_files.ObjWay("v", lines="comments", look="kd", groups="all"),
    ):
        shape = load_shape(obj_files.write_obj(tmp_path, known(), way))
        check_geometry(shape, known())
        check_colors(shape, known().colors)
    check_geometry(load_shape(other_files.write_stl(tmp_path, known().triangles(), "text")), known().triangles())
    shape = load_shape(other_files.write_off(tmp_path, known(), other_files.OffWay("OFF", "int3", "comments")))
    check_geometry(shape, known())
    check_colors(shape, known().colors)


def test_strips_turn_every_second_triangle(tmp_path: Path) -> None:
    """Two strips, the second after -1 and with a link that repeats a vertex."""
    points = [(x, y, 0) for x in range(5) for y in range(2)]
    head = "ply\nformat ascii 1.0\nelement vertex 10\nproperty float x\nproperty float y\nproperty float z\n"
    head += "element tristrips 1\nproperty list int int vertex_indices\nend_header\n"
    rows = "".join(f"{x} {y} {z}\n" for x, y, z in points)
    (tmp_path / "s.ply").write_text(head + rows + "13 1 0 3 2 5 4 -1 5 4 7 6 6 9\n")
    shape = load_shape(tmp_path / "s.ply")
    corners = shape.vertices[shape.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (shape.faces == [[1, 0, 3], [3, 0, 2], [3, 2, 5], [5, 2, 4], [5, 4, 7], [7, 4, 6]]).all()
    assert (normal[:, 2] > 0).all()


def test_a_mark_of_the_byte_order_hides_no_vertex(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_bytes(b"\xef\xbb\xbfv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    assert len(load_shape(tmp_path / "a.obj").vertices) == 3


def test_an_obj_with_colours_and_coordinates_shows_the_colours(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text("v 0 0 0 1 0 0\nv 1 0 0 1 0 0\nv 0 1 0 1 0 0\nvt 0 0\nf 1/1 2/1 3/1\n")
    check_colors(load_shape(tmp_path / "a.obj"), np.array([[255, 0, 0]]))


def test_faces_without_coordinates_keep_the_colour_of_their_material(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2), (0, 0, 255)).save(tmp_path / "t.png")
    (tmp_path / "m.mtl").write_text("newmtl m\nKd 1 0 0\nmap_Kd t.png\n")
    (tmp_path / "a.obj").write_text(
        "mtllib m.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0.5 0.5\nusemtl m\nf 1/1 2/1 3/1\nf 1 2 4\n"
    )
    shape = load_shape(tmp_path / "a.obj")
    check_colors(shape, np.array([[0, 0, 255], [255, 0, 0]]))
    assert any("no coordinates" in warning for warning in shape.warnings)


@pytest.mark.parametrize("rows", ["0 0 0\n1 0 0 5\n0 1 0\n3 0 1 2\n", "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n9 9 9\n"])
def test_off_files_that_say_more_than_their_header(rows: str, tmp_path: Path) -> None:
    (tmp_path / "a.off").write_text("OFF\n3 1 0\n" + rows)
    shape = load_shape(tmp_path / "a.off")
    assert (shape.vertices == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]).all() and len(shape.warnings) == 1


def test_off_files_on_one_line_add_up_or_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.off").write_text("OFF 3 1 0 0 0 0 1 0 0 0 1 0 3 0 1 2")
    assert (load_shape(tmp_path / "a.off").faces == [[0, 1, 2]]).all()
    (tmp_path / "b.off").write_text("COFF 3 1 0 0 0 0 9 9 9 1 0 0 9 9 9 0 1 0 9 9 9 3 0 1 2")
    with pytest.raises(CounterpointError):
        load_shape(tmp_path / "b.off")
