"""What our readers make of files is what other readers do: plyfile, trimesh, Open3D (tinyobjloader, Assimp)."""

from pathlib import Path

import numpy as np
import open3d as o3d
import plyfile
import pytest
import trimesh

from core.geometry.display import display_mesh
from core.geometry.raycasting import Raycaster
from core.geometry.render import surface_color
from core.geometry.shape import Shape, load_shape
from tests.conftest import SHARED
from tests.core.meshes import gltf_files, obj_files, other_files, ply_files
from tests.core.meshes.known import Known, known

MODELS = sorted((SHARED / "data" / "meshes").glob("*.obj"))


def by_part() -> Known:
    source = known().triangles()
    order = np.argsort(source.part, kind="stable")
    return Known(source.points, [source.polygons[k] for k in order], source.part[order]).exploded()


def same_triangles(shape: Shape, corners: np.ndarray, tolerance: float = 1e-5) -> None:
    """The same triangles in the same order; each may begin at another of its corners."""
    mine = shape.vertices[shape.faces]
    assert mine.shape == corners.shape
    gaps = [np.abs(mine - np.roll(corners, k, axis=1)).max(axis=(1, 2)) for k in range(3)]
    assert np.min(gaps, axis=0).max() < tolerance * shape.diagonal


@pytest.mark.parametrize("way", ply_files.ways(), ids=str)
def test_ply_and_plyfile(way: ply_files.PlyWay, tmp_path: Path) -> None:
    if way.body == "strips":
        pytest.skip("plyfile gives the strips as they are")
    source = known() if way.body == "polygons" else known().triangles()
    source = source if way.look in ("none", "face", "face float", "wedge", "wedges") else source.exploded()
    path = ply_files.write_ply(tmp_path, source, way)
    shape, other = load_shape(path), plyfile.PlyData.read(str(path))
    points = np.stack([other["vertex"][axis] for axis in "xyz"], axis=1)
    np.testing.assert_array_equal(shape.vertices.astype(points.dtype), points)
    polygon = np.arange(len(shape.faces)) if shape.polygon is None else shape.polygon
    name = next(each for each in ("vertex_indices", "vertex_index") if each in other["face"].data.dtype.names)
    for number, corners in enumerate(other["face"][name]):
        assert set(shape.faces[polygon == number].ravel()) == set(corners)


@pytest.mark.parametrize("corner", ["v", "v/vt", "v//vn", "v/vt/vn"])
def test_obj_and_assimp(corner: str, tmp_path: Path) -> None:
    path = obj_files.write_obj(tmp_path, known().triangles(), obj_files.ObjWay(corner, look="none"))
    same_places(load_shape(path), o3d.io.read_triangle_mesh(str(path)))


def same_places(shape: Shape, other: o3d.geometry.TriangleMesh) -> None:
    """The same triangles; Assimp sorts them by material."""
    theirs = np.asarray(other.vertices)[np.asarray(other.triangles)]
    order = [np.sort(corners.mean(axis=1) @ (1, 100, 10000)) for corners in (shape.vertices[shape.faces], theirs)]
    np.testing.assert_allclose(order[0], order[1], atol=1e-2)


@pytest.mark.parametrize("way", ["binary", "text", "text, many solids"])
def test_stl_and_trimesh(way: str, tmp_path: Path) -> None:
    path = other_files.write_stl(tmp_path, known().triangles(), way)
    other = trimesh.util.concatenate(list(trimesh.load_scene(path, process=False).geometry.values()))
    same_triangles(load_shape(path), np.asarray(other.triangles))


@pytest.mark.parametrize("place", ["none", "matrix", "TRS", "children"])
@pytest.mark.parametrize("store", ["tight", "interleaved"])
def test_gltf_and_trimesh(place: str, store: str, tmp_path: Path) -> None:
    path = gltf_files.write_gltf(tmp_path, by_part(), gltf_files.GltfWay(place=place, store=store))
    parts = [part for part in trimesh.load_scene(path, process=False).dump() if isinstance(part, trimesh.Trimesh)]
    theirs = np.concatenate([np.asarray(part.triangles) for part in parts])
    mine = load_shape(path)
    order = [np.sort(corners.mean(axis=1) @ (1, 100, 10000)) for corners in (mine.vertices[mine.faces], theirs)]
    np.testing.assert_allclose(order[0], order[1], atol=1e-2)


@pytest.mark.parametrize("place", ["none", "matrix", "TRS", "mirrored", "children"])
def test_gltf_and_assimp(place: str, tmp_path: Path) -> None:
    path = gltf_files.write_gltf(tmp_path, by_part(), gltf_files.GltfWay(place=place))
    same_places(load_shape(path), o3d.io.read_triangle_mesh(str(path)))


@pytest.mark.skipif(not MODELS, reason="needs ../shared/data/meshes")
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_line_by_line(path: Path) -> None:
    """Each face of the file, read by the plainest of readers, is the polygon with its number."""
    points, polygons = [], []
    for line in path.read_text().splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            points.append([float(value) for value in rest[:3]])
        elif word == "f":
            polygons.append([int(corner.split("/")[0]) for corner in rest])
            polygons[-1] = [k - 1 if k > 0 else len(points) + k for k in polygons[-1]]
    shape = load_shape(path)
    np.testing.assert_array_equal(shape.vertices, points)
    polygon = np.arange(len(shape.faces)) if shape.polygon is None else shape.polygon
    assert [len(p) - 2 for p in polygons] == np.bincount(polygon, minlength=len(polygons)).tolist()
    for number, corners in enumerate(polygons):
        begin = np.searchsorted(polygon, number)
        assert set(shape.faces[begin : begin + len(corners) - 2].ravel()) == set(corners)


@pytest.mark.parametrize("look", gltf_files.LOOKS[1:])
def test_the_window_shows_the_colour_of_each_face(look: str, tmp_path: Path) -> None:
    shape = load_shape(gltf_files.write_gltf(tmp_path, by_part(), gltf_files.GltfWay(look=look)))
    check_display(shape)


@pytest.mark.parametrize("look", ["kd", "textures", "palette", "moved"])
def test_the_window_shows_the_materials_of_an_obj(look: str, tmp_path: Path) -> None:
    check_display(load_shape(obj_files.write_obj(tmp_path, known(), obj_files.ObjWay("v/vt", look=look))))


def check_display(shape: Shape) -> None:
    """Each triangle on the screen shows at its middle what the surface has there."""
    shown = display_mesh(shape)
    middle = shape.to_normalised(shown.points[shown.faces].astype(np.float64).mean(axis=1))
    hits = Raycaster(shape).closest(middle)
    same = hits.face == shown.element
    assert same.mean() > 0.9
    wanted = surface_color(shape, hits.face[same], hits.bary[same])
    assert wanted is not None
    seen = np.ones((len(shown.faces), 3))
    if shown.colors is not None:
        seen *= shown.colors[shown.faces].mean(axis=1) / 255
    if shown.texture is not None and shown.uv is not None:
        uv = shown.uv[shown.faces].mean(axis=1)
        height, width = shown.texture.shape[:2]
        row = np.floor((1 - uv[:, 1] % 1) * height).astype(int).clip(0, height - 1)
        seen *= shown.texture[row, np.floor(uv[:, 0] % 1 * width).astype(int).clip(0, width - 1)] / 255
    assert np.abs(seen[same] - wanted).max() < 0.03
