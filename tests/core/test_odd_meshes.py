"""Files as other programs write them against the rules, or at their edges: right, or a sentence."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from core.errors import CounterpointError
from core.geometry import shape as shapes
from core.geometry.open3d_import import o3d
from core.geometry.render import surface_color
from core.geometry.shape import Shape, load_shape, make_shape
from tests.core.meshes.makers import gltf, text

SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"
XYZ = "element vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
FACE = "element face 1\nproperty list uchar int vertex_indices\n"


def seen(shape: Shape) -> list[list[int]]:
    """The colours at the middles of the faces, 0 to 255."""
    colors = surface_color(shape, np.arange(len(shape.faces)), np.full((len(shape.faces), 3), 1 / 3))
    assert colors is not None
    return np.round(colors * 255).astype(int).tolist()


@pytest.mark.parametrize(
    ("kind", "value", "red"),
    [
        ("float", "1.01 0 0", 255),
        ("float", "200.5 0 0", 201),
        ("ushort", "65535 0 0", 255),
        ("ushort", "200 0 0", 200),
        ("int", "32768 0 0", 128),
        ("double", "255 0 0", 255),
    ],
)
def test_the_scale_of_colours_is_seen_in_the_numbers(kind: str, value: str, red: int, tmp_path: Path) -> None:
    head = "ply\nformat ascii 1.0\n" + XYZ + "".join(f"property {kind} {c}\n" for c in ("red", "green", "blue")) + FACE
    rows = "".join(f"{place} {value}\n" for place in ("0 0 0", "1 0 0", "1 1 0"))
    shape = load_shape(text("a.ply", head + "end_header\n" + rows + "3 0 1 2\n")(tmp_path))
    assert seen(shape) == [[red, 0, 0]]


def test_names_of_materials_keep_their_hash(tmp_path: Path) -> None:
    (tmp_path / "m.mtl").write_bytes(
        "\ufeffnewmtl Mat #1\nKd 1 0 0\nnewmtl Mat #2\nKd 0 0 1\nnewmtl c # green\nKd 0 1 0\n".encode()
    )
    body = "f 1 2 3\nusemtl Mat #2\nf 1 3 4 # a comment\nusemtl c # another\nf 1 2 4#c\n"
    shape = load_shape(text("a.obj", "mtllib m.mtl # lib\n" + SQUARE + "usemtl Mat #1\n" + body)(tmp_path))
    assert seen(shape) == [[255, 0, 0], [0, 0, 255], [0, 255, 0]]


def test_names_in_other_codes_and_capitals_are_found(tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    Image.new("RGB", (2, 2), (0, 255, 0)).save(tmp_path / "maps" / "grün.png")
    (tmp_path / "m.mtl").write_bytes("newmtl grün\nmap_Kd Maps\\Grün.PNG\n".encode("cp1252"))
    content = "mtllib M.MTL\n" + SQUARE + "vt .5 .5\nusemtl grün\nf 1/1 2/1 3/1\n"
    assert seen(load_shape(text("a.obj", content.encode("cp1252"))(tmp_path))) == [[0, 255, 0]]


@pytest.mark.parametrize("changed", ["m.mtl", "t.png"])
def test_the_digest_covers_the_files_beside(changed: str, tmp_path: Path) -> None:
    Image.new("RGB", (2, 2), (0, 255, 0)).save(tmp_path / "t.png")
    (tmp_path / "m.mtl").write_text("newmtl m\nmap_Kd t.png\n")
    path = text("a.obj", "mtllib m.mtl\nusemtl m\n" + SQUARE + "vt .5 .5\nf 1/1 2/1 3/1\n")(tmp_path)
    before = load_shape(path).digest
    assert load_shape(path).digest == before
    with (tmp_path / changed).open("ab") as file:
        file.write(b"\n")
    assert load_shape(path).digest != before


def test_a_header_with_ends_of_lines_of_its_own(tmp_path: Path) -> None:
    """The first byte of the data looks like the end of the header's last line."""
    first = np.frombuffer(b"\x0a\0\0\0", "<f4")[0]
    data = b"".join(struct.pack("<3f", *place) for place in ((first, 0, 0), (1, 0, 0), (1, 1, 0)))
    head = ("ply\nformat binary_little_endian 1.0\n" + XYZ + FACE + "end_header\n").replace("\n", "\r").encode()
    shape = load_shape(text("a.ply", head + data + struct.pack("<B3i", 3, 0, 1, 2))(tmp_path))
    assert shape.vertices[1:].tolist() == [[1, 0, 0], [1, 1, 0]]
    assert not shape.warnings


def test_coordinates_in_text_keep_their_digits(tmp_path: Path) -> None:
    places = [[450123.401, 4649776.25, 312.7], [450123.41, 4649776.25, 312.7], [450123.4, 4649776.26, 312.7]]
    rows = "".join(" ".join(map(str, place)) + "\n" for place in places)
    shape = load_shape(
        text("a.ply", "ply\nformat ascii 1.0\n" + XYZ + FACE + "end_header\n" + rows + "3 0 1 2\n")(tmp_path)
    )
    assert shape.vertices.tolist() == places


def test_single_precision_far_away_is_said(tmp_path: Path) -> None:
    places = np.array(
        [[450123.4, 4649776.25, 312.7], [450127.4, 4649776.25, 313], [450123.4, 4649780.25, 312.7]], "<f4"
    )
    head = "ply\nformat binary_little_endian 1.0\n" + XYZ + FACE + "end_header\n"
    path = text("a.ply", head.encode() + places.tobytes() + struct.pack("<B3i", 3, 0, 1, 2))(tmp_path)
    assert any("steps of 0.5" in sentence for sentence in load_shape(path).warnings)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.obj", SQUARE.replace("1 0 0", "1,5 0 0") + "f 1 2 3\n", "decimal commas, as in '1,5'"),
        ("a.obj", SQUARE.replace("1 0 0", "1D2 0 0") + "f 1 2 3\n", "'1D2' is where a number"),
        ("a.stl", b"solid of a program".ljust(80) + struct.pack("<I", 2) + bytes(50), "2 faces and is too short"),
    ],
)
def test_refusals_name_what_is_wrong(name: str, content: str | bytes, word: str, tmp_path: Path) -> None:
    with pytest.raises(CounterpointError, match=word):
        load_shape(text(name, content)(tmp_path))


def test_textures_are_named_from_the_folder_of_their_library(tmp_path: Path) -> None:
    for folder in ("mat", "maps"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (2, 2), (0, 255, 0)).save(tmp_path / "mat" / "near.png")
    Image.new("RGB", (2, 2), (0, 0, 255)).save(tmp_path / "maps" / "far.png")
    (tmp_path / "mat" / "m.mtl").write_text("newmtl a\nmap_Kd near.png\nnewmtl b\nmap_Kd ../maps/far.png\n")
    content = "mtllib mat/m.mtl\n" + SQUARE + "vt .5 .5\nusemtl a\nf 1/1 2/1 3/1\nusemtl b\nf 1/1 3/1 4/1\n"
    assert seen(load_shape(text("a.obj", content)(tmp_path))) == [[0, 255, 0], [0, 0, 255]]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.obj", SQUARE.replace("1 0 0\n", "1 0 0 1 0 0\n", 1) + "f 1 2 3\n", "no colour"),
        ("a.ply", "uint rgb|16711680", "rgb"),
        ("a.ply", "uchar red|255", "red"),
        ("a.xyz", "longitude,latitude,height\n11,48,5\n12,48,5\n11,49,6\n", "degrees"),
        ("a.xyz", "0 0 0 255 0 0 255\n1 0 0 255 0 0 255\n0 1 1 255 0 0 255\n", "opacity"),
    ],
)
def test_what_cannot_be_told_is_said(name: str, content: str, word: str, tmp_path: Path) -> None:
    if name == "a.ply":
        kind, _, value = content.partition("|")
        rows = "".join(f"{place} {value}\n" for place in ("0 0 0", "1 0 0", "1 1 0"))
        content = f"ply\nformat ascii 1.0\n{XYZ}property {kind}\n{FACE}end_header\n{rows}3 0 1 2\n"
    assert any(word in sentence for sentence in load_shape(text(name, content)(tmp_path)).warnings)


def test_a_kd_above_one_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "m.mtl").write_text("newmtl a\nKd 255 128 0\n")
    shape = load_shape(text("a.obj", "mtllib m.mtl\nusemtl a\n" + SQUARE + "f 1 2 3\n")(tmp_path))
    assert shape.coloring == "none" and "Kd 255 128 0" in shape.warnings[0]


def test_a_link_to_a_shape_finds_what_lies_beside_either(tmp_path: Path) -> None:
    """Caches keep files under other names in one folder, and links with their names in another."""
    for folder in ("kept", "shown", "secret"):
        (tmp_path / folder).mkdir()
    text("a1", "mtllib m.mtl\nusemtl m\n" + SQUARE + "f 1 2 3\n")(tmp_path / "kept")
    text("b2", "newmtl m\nKd 1 0 0\n")(tmp_path / "kept")
    text("c3", "newmtl m\nKd 0 1 0\n")(tmp_path / "secret")
    (tmp_path / "shown" / "a.obj").symlink_to("../kept/a1")
    (tmp_path / "shown" / "m.mtl").symlink_to("../kept/b2")
    assert seen(load_shape(tmp_path / "shown" / "a.obj")) == [[255, 0, 0]]
    (tmp_path / "shown" / "m.mtl").unlink()
    (tmp_path / "shown" / "m.mtl").symlink_to("../secret/c3")
    assert load_shape(tmp_path / "shown" / "a.obj").coloring == "none"


def short(name: str, tree: dict[str, Any]) -> None:
    tree["accessors"][tree["meshes"][0]["primitives"][0]["attributes"][name]]["count"] -= 1


@pytest.mark.parametrize(
    ("change", "look", "word"),
    [
        (lambda tree: short("TEXCOORD_0", tree), "texture", "TEXCOORD_0 has"),
        (lambda tree: short("COLOR_0", tree), "color f4", "COLOR_0 has"),
        (
            lambda tree: tree["nodes"][0].update(matrix=[1, 0, 0, 0.5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
            "none",
            "last row",
        ),
        (lambda tree: tree["meshes"][0]["primitives"][0].update(mode=9), "none", "mode 9"),
        (lambda tree: [view.update(byteStride=4) for view in tree["bufferViews"]], "none", "byteStride"),
        (lambda tree: tree["meshes"][0]["primitives"][0].update(material=5), "none", "materials"),
    ],
)
def test_broken_gltf_is_refused_in_words(change: Callable[..., object], look: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(CounterpointError, match=word):
        load_shape(gltf(change, look=look)(tmp_path))


@pytest.mark.parametrize(
    ("lines", "said"), [("Tr 1\nd 1\n", 0), ("d 1\nTr 1\n", 0), ("Tr 0.5\n", 1), ("d 0.5\nTr 0.5\n", 1)]
)
def test_where_d_and_tr_disagree_d_counts(lines: str, said: int, tmp_path: Path) -> None:
    (tmp_path / "m.mtl").write_text("newmtl a\nKd 1 0 0\n" + lines)
    shape = load_shape(text("a.obj", "mtllib m.mtl\nusemtl a\n" + SQUARE + "f 1 2 3\n")(tmp_path))
    assert len(shape.warnings) == said


def test_bodies_far_apart_are_said():
    """Two balls, 300 radii apart, were one shape in which neither could be seen."""
    ball = trimesh.creation.icosphere(2)
    for away, words in ((300, "apart"), (3.5, "")):
        both = trimesh.util.concatenate([ball, ball.copy().apply_translation((0, away, 0))])
        said = make_shape(np.array(both.vertices), np.array(both.faces)).warnings
        assert words in " ".join(said) if words else not said


def test_vast_clouds_have_normals_soon_and_limits_of_their_own(monkeypatch):
    """Planes through the neighbours of 20 million points took four minutes; too many points were called 0 faces."""
    points = np.random.default_rng(0).standard_normal((20_001, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    planes, real = [], o3d.utility.Vector3dVector
    monkeypatch.setattr(o3d.utility, "Vector3dVector", lambda some: planes.append(len(some)) or real(some))
    monkeypatch.setattr(shapes, "MOST_PLANES", 2000)
    assert (make_shape(points).normals * points).sum(1).min() > 0.95
    assert len(planes) == 1 and planes[0] <= 2000
    monkeypatch.setattr(shapes, "MAX_FACES", 6000)
    with pytest.raises(CounterpointError, match="has 20,001 points; the limit is 18,000"):
        make_shape(points)
