"""One known labelling of a body in every way that programs write labels of shapes: the same faces come back, or a
sentence does.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from plyfile import PlyData, PlyElement

from core.errors import CounterpointError
from core.geometry.shape import Shape, make_shape
from core.interchange.image_labels import load_image_labels
from core.interchange.labels import Labels
from core.interchange.ply_labels import Found
from core.interchange.shape_labels import Elements, _on_faces, load_shape_labels, load_split, save_split
from core.notices import collect_warnings
from tests.conftest import ball

VERTICES, FACES = ball(6)
SHAPE = make_shape(VERTICES, FACES, name="ball")
TRUTH = np.where(VERTICES[FACES].mean(axis=1)[:, 2] > 0.2, 2, np.where(VERTICES[FACES].mean(axis=1)[:, 2] < -0.3, 5, 0))
GRID = 7
"""Squares along each side of a sheet of quads."""


def sheet() -> tuple[np.ndarray, list[list[int]], np.ndarray]:
    """Vertices, polygons (quads, the last row cut into triangles and one pentagon) and a label for each."""
    xs, ys = np.meshgrid(np.arange(GRID + 1), np.arange(GRID + 1))
    vertices = np.stack([xs.ravel(), ys.ravel(), 0 * xs.ravel()], axis=1).astype(float)
    polygons, labels = [], []
    for row in range(GRID):
        for column in range(GRID):
            a = row * (GRID + 1) + column
            quad = [a, a + 1, a + GRID + 2, a + GRID + 1]
            cut = [quad[:3], [quad[0], *quad[2:]]] if row == GRID - 1 and column % 2 else [quad]
            polygons += cut
            labels += [1 + column // 3] * len(cut)
    return vertices, polygons, np.array(labels)


def ply(path: Path, vertices: np.ndarray, polygons: Any, text: bool = False, of_face: Any = None, of_vertex: Any = None, name: str = "vertex_indices") -> Path:  # fmt: skip
    """A PLY written by plyfile; values by name for faces and for vertices."""
    of_face, of_vertex = (
        {k: v.astype(np.int32) if v.dtype == np.int64 else v for k, v in (values or {}).items()}
        for values in (of_face, of_vertex)
    )
    rows = np.zeros(len(vertices), [*((a, "f4") for a in "xyz"), *((k, v.dtype) for k, v in of_vertex.items())])
    rows["x"], rows["y"], rows["z"] = vertices.T
    for key, values in of_vertex.items():
        rows[key] = values
    faces = np.zeros(len(polygons), [(name, object), *((k, v.dtype) for k, v in of_face.items())])
    faces[name] = [np.array(polygon, np.int32) for polygon in polygons]
    for key, values in of_face.items():
        faces[key] = values
    elements = [PlyElement.describe(rows, "vertex"), PlyElement.describe(faces, "face")]
    PlyData(elements, text=text).write(str(path))
    return path


def read(path: Path, shape: Shape | int | None = SHAPE) -> tuple[dict[str, np.ndarray], list[str]]:
    """Masks by name."""
    with collect_warnings() as warnings:
        labels = load_shape_labels(path, shape)
    return dict(zip(labels.names, labels.masks, strict=True)), warnings


def is_truth(found: dict[str, np.ndarray]) -> bool:
    return set(found) == {"Part 2", "Part 5"} and all(np.array_equal(found[f"Part {n}"], n == TRUTH) for n in (2, 5))


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u4", "f4", "f8"])
@pytest.mark.parametrize(
    "name", ["label", "labels", "class", "scalar_label", "category", "segment", "objectId", "scalar_Classification"]
)
def test_labels_of_faces_by_any_name_and_type(name: str, dtype: str, text: bool, tmp_path: Path) -> None:
    path = ply(tmp_path / "a.ply", VERTICES, FACES, text, {name: TRUTH.astype(dtype)})
    found, warnings = read(path)
    assert is_truth(found) and any("0" in one for one in warnings)
    assert is_truth(read(path, len(FACES))[0]) and is_truth(read(path, None)[0])


@pytest.mark.parametrize("name", ["vertex_indices", "vertex_index"])
@pytest.mark.parametrize("text", [True, False])
def test_labels_of_polygons_reach_all_their_triangles(name: str, text: bool, tmp_path: Path) -> None:
    vertices, polygons, labels = sheet()
    path = ply(tmp_path / "quads.ply", vertices, polygons, text, {"label": labels}, name=name)
    triangles = [[p[0], p[i], p[i + 1]] for p in polygons for i in range(1, len(p) - 1)]
    polygon = np.repeat(np.arange(len(polygons)), [len(p) - 2 for p in polygons])
    shape = make_shape(vertices, np.array(triangles))
    for of in (shape, len(triangles)):
        found, _ = read(path, of)
        assert all(np.array_equal(found[f"Part {n}"], labels[polygon] == n) for n in (1, 2, 3))
    with pytest.raises(CounterpointError, match="belongs to another"):
        read(path, len(triangles) + 1)


def test_labels_of_vertices_reach_the_faces_whose_corners_agree(tmp_path: Path) -> None:
    of_vertex = np.where(VERTICES[:, 2] > 0.2, 2, np.where(VERTICES[:, 2] < -0.3, 5, 0)).astype(np.uint16)
    found, warnings = read(ply(tmp_path / "scannet.ply", VERTICES, FACES, of_vertex={"label": of_vertex}))
    corners = of_vertex[FACES]
    for number in (2, 5):
        assert np.array_equal(found[f"Part {number}"], (corners == number).sum(axis=1) >= 2)
    assert any("vertices" in one for one in warnings)


def test_as_many_vertices_as_faces(tmp_path: Path) -> None:
    """A closed band: labels of vertices are never taken for those of faces."""
    count = 20
    angle = np.arange(count) * 2 * np.pi / count
    order = np.random.default_rng(0).permutation(count)
    band = np.concatenate([np.stack([np.cos(angle), np.sin(angle), 0 * angle + z], axis=1) for z in (0, 1)])
    vertices = np.empty_like(band[: 2 * count])
    place = np.concatenate([order, count + order])
    vertices[place] = band
    lower = [[i, (i + 1) % count, count + i] for i in range(count)]
    upper = [[(i + 1) % count, count + (i + 1) % count, count + i] for i in range(count)]
    faces = place[np.array(lower + upper)]
    assert len(vertices) == len(faces)
    right = (vertices[:, 0] > 0.3).astype(np.int32)
    found, _ = read(ply(tmp_path / "strip.ply", vertices, faces, of_vertex={"label": right}), len(faces))
    assert np.array_equal(found["Part 1"], right[faces].sum(axis=1) >= 2)


@pytest.mark.parametrize(
    ("values", "parts", "words"),
    [
        (np.where(TRUTH == 0, -1, TRUTH), {"Part 2": TRUTH == 2, "Part 5": TRUTH == 5}, "-1"),
        (
            np.where(TRUTH == 2, -1, np.where(TRUTH == 5, 0, 1)),
            {"Part 0": TRUTH == 5, "Part 1": TRUTH == 0},
            "0 as a part",
        ),
        (np.where(TRUTH == 2, 255, TRUTH), {"Part 5": TRUTH == 5}, "0 and 255"),
        (np.where(TRUTH == 2, np.nan, TRUTH), {"Part 5": TRUTH == 5}, "NaN"),
    ],
)
def test_numbers_that_mean_none_are_said(values: np.ndarray, parts: dict, words: str, tmp_path: Path) -> None:
    found, warnings = read(ply(tmp_path / "a.ply", VERTICES, FACES, of_face={"label": values}))
    assert set(found) == set(parts) and all(np.array_equal(found[name], parts[name]) for name in parts)
    assert any(words in one for one in warnings), warnings


def test_faces_with_colours_only(tmp_path: Path) -> None:
    colors = {
        n: np.where(TRUTH == 2, 255, np.where(TRUTH == 5, 0, 90)).astype(np.uint8) for n in ("red", "green", "blue")
    }
    found, warnings = read(ply(tmp_path / "a.ply", VERTICES, FACES, of_face=colors))
    assert np.array_equal(found["#ffffff"], TRUTH == 2) and np.array_equal(found["#000000"], TRUTH == 5)
    assert "colours" in warnings[0]
    many = {n: np.arange(len(FACES)).astype(np.uint8) for n in ("red", "green", "blue")}
    with pytest.raises(CounterpointError, match="no labels"):
        read(ply(tmp_path / "b.ply", VERTICES, FACES, of_face=many))


@pytest.mark.parametrize(
    ("of_face", "of_vertex", "words"),
    [
        ({}, {}, "no labels"),
        ({"label": TRUTH + 0.5}, {}, "whole numbers"),
        ({"class": TRUTH, "segment": TRUTH}, {}, "several labels"),
    ],
)
def test_what_is_no_labelling_is_refused(of_face: dict, of_vertex: dict, words: str, tmp_path: Path) -> None:
    with pytest.raises(CounterpointError, match=words):
        read(ply(tmp_path / "a.ply", VERTICES, FACES, of_face=of_face, of_vertex=of_vertex))


def written(folder: Path, kind: str, values: np.ndarray) -> Path:
    path = folder / f"labels.{kind}"
    if kind == "npz":
        np.savez(path, labels=values)
    elif kind == "npy":
        np.save(path, values)
    elif kind == "json":
        path.write_text(json.dumps({"labels": values.tolist()}))
    else:
        path.write_text("\n".join(map(str, values)) + "\n")
    return path


@pytest.mark.parametrize("kind", ["npz", "npy", "json", "txt", "seg"])
def test_numbers_alone_are_for_what_has_as_many(kind: str, tmp_path: Path) -> None:
    assert is_truth(read(written(tmp_path, kind, TRUTH))[0])
    of_vertex = np.where(VERTICES[:, 2] > 0, 1, 2)
    found, warnings = read(written(tmp_path, kind, of_vertex))
    assert np.array_equal(found["Part 1"], (of_vertex[FACES] == 1).sum(axis=1) >= 2) and "vertices" in warnings[-1]
    with pytest.raises(CounterpointError, match=f"{len(TRUTH) + 3} elements and there are {len(TRUTH)} faces"):
        read(written(tmp_path, kind, np.ones(len(TRUTH) + 3, int)))


def test_numbers_of_polygons(tmp_path: Path) -> None:
    polygon = np.repeat(np.arange(20), 2)
    labels = np.arange(20) % 3
    elements = Elements(40, 99, np.zeros((40, 3), int), polygon)
    plain = Labels(["a"], ["#ffffff"], (labels == 1)[None])
    assert np.array_equal(_on_faces(Found(plain), elements, "f").masks[0], np.repeat(labels == 1, 2))
    with pytest.raises(CounterpointError, match="polygons and vertices"):
        _on_faces(Found(plain), Elements(40, 20, np.zeros((40, 3), int), polygon), "f")


def test_names_instead_of_numbers(tmp_path: Path) -> None:
    names = np.where(TRUTH == 2, "leg", np.where(TRUTH == 5, "seat", ""))
    (tmp_path / "a.json").write_text(json.dumps(names.tolist()))
    np.savez(tmp_path / "a.npz", labels=names)
    for kind in ("json", "npz"):
        found, _ = read(tmp_path / f"a.{kind}")
        assert (
            np.array_equal(found["leg"], TRUTH == 2) and np.array_equal(found["seat"], TRUTH == 5) and len(found) == 2
        )


def test_numbers_that_are_written_as_text_are_numbers(tmp_path: Path) -> None:
    """ "0" is no part, as 0 is none."""
    (tmp_path / "a.json").write_text(json.dumps([str(number) for number in TRUTH]))
    found, said = read(tmp_path / "a.json")
    assert list(found) == [f"Part {number}" for number in np.unique(TRUTH) if number] and "Label 0" in said[0]


@pytest.mark.parametrize("name", ["_LABEL", "_label", "_CLASS", "_OBJECTID"])
def test_a_glb_of_others(name: str, tmp_path: Path) -> None:
    of_vertex = np.where(VERTICES[:, 2] > 0, 1, 2)
    mesh = trimesh.Trimesh(VERTICES, FACES, process=False, vertex_attributes={name: of_vertex.astype(np.float32)})
    (tmp_path / "a.glb").write_bytes(trimesh.Scene({"a": mesh}).export(file_type="glb"))
    found, _ = read(tmp_path / "a.glb")
    assert np.array_equal(found["Part 1"], (of_vertex[FACES] == 1).sum(axis=1) >= 2)
    two = trimesh.Scene({"a": mesh, "b": mesh.copy()})
    (tmp_path / "two.glb").write_bytes(two.export(file_type="glb"))
    with pytest.raises(CounterpointError, match="2 meshes"):
        read(tmp_path / "two.glb")


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("json", "[1, null]", "something else"),
        ("json", "{}", "does not hold labels"),
        ("json", '{"format": "counterpoint labels"}', "does not hold labels"),
        ("txt", "1 2\n3 4\n", "2 columns"),
        ("txt", "one\n", "number on each line"),
        ("npz", "no zip", "does not hold labels"),
        ("ply", "ply\nformat ascii 1.0\nelement face 1\nproperty int label\nend_header\nx\n", "damaged"),
        ("stl", "solid", "cannot hold labels"),
    ],
)
def test_what_holds_no_labels_is_refused(kind: str, content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_text(content)
    with pytest.raises(CounterpointError, match=words):
        read(path, 2)


def test_a_column_for_each_label_is_refused(tmp_path: Path) -> None:
    """Of a shape and of an image, in words that say what to do."""
    np.save(tmp_path / "a.npy", np.eye(3)[np.arange(12) % 3])
    np.save(tmp_path / "b.npy", np.eye(3)[np.arange(12) % 3].reshape(4, 3, 3))
    with collect_warnings(), pytest.raises(CounterpointError, match=r"12 x 3 numbers.*argmax"):
        load_shape_labels(tmp_path / "a.npy", 12)
    with collect_warnings(), pytest.raises(CounterpointError, match=r"4 x 3 x 3 numbers.*argmax"):
        load_image_labels(tmp_path / "b.npy", (4, 3))


def test_split_parts_with_a_damaged_table(tmp_path: Path) -> None:
    labels = Labels(["a"], ["#ffffff"], (TRUTH == 2)[None])
    (path,) = save_split(tmp_path, SHAPE, labels)
    good = path.read_bytes()
    for old, new in (
        (b'"elements"', b'"elementZ"'),
        (b'"order": 0', b'"order": "'),
        (b'{"name"', b'["name"'),
        (b'"color": "#ffffff"', b'"color": 12345678 '),
    ):
        assert old in good
        path.write_bytes(good.replace(old, new))
        with pytest.raises(CounterpointError, match=r"a\.ply|part"):
            load_split([path])
