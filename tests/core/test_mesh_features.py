"""The table of what meshes may hold (resources/docs/files.md, "Meshes") is true: each row is tried with a file made
here.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import CounterpointError
from core.geometry.shape import load_shape
from tests.core.meshes import gltf_files, other_files, ply_files
from tests.core.meshes.known import Known, known
from tests.core.meshes.makers import (
    Maker,
    attributes,
    clear,
    gltf,
    known_obj,
    known_ply,
    known_stl,
    lines_too,
    meshopt,
    meshopt_alone,
    obj,
    ply,
    text,
    using,
)

FILES = Path(__file__).parents[2] / "resources" / "docs" / "files.md"


def looks(tree: dict[str, Any]) -> None:
    """Two, which the file requires and does not list."""
    tree["extensions"] = {"KHR_materials_variants": {"variants": [{"name": "blue"}, {"name": "red"}]}}
    tree["extensionsRequired"] = ["KHR_materials_variants"]


CORNERS = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
FACE = "vt 0.5 0.5\nf 1/1 2/1 3/1\n"


XYZ, LIST = "0 0 0\n1 0 0\n0 1 0\n", "list uchar int vertex_indices"
UV, RGB = "float s, float t", "uchar red, uchar green, uchar blue"
UV_ROWS, RGB_ROWS = "0 0 0 0 0\n1 0 0 1 0\n0 1 0 0 1\n", "0 0 0 1 2 3\n1 0 0 1 2 3\n0 1 0 1 2 3\n"
PICTURE = "comment TextureFile t.png\n"
SPLAT = "float f_dc_0, float f_dc_1, float f_dc_2"

FEATURES: dict[tuple[str, str], tuple[str, str, list[Maker]]] = {
    ("OBJ", "polygons of any size, convex or concave"): ("read", "", [known_obj()]),
    ("OBJ", "`usemtl`, `o`, `g`, `s` in any order"): ("read", "", [known_obj(look="kd")]),
    ("OBJ", "relative indices, continued lines, any line ends, comments"): (
        "read",
        "",
        [known_obj(relative=True, lines=lines, look="kd") for lines in ("crlf", "cr", "continued", "comments")],
    ),
    ("OBJ", "`Kd`, `map_Kd` (also several) with `-s`, `-o`, `-clamp`"): (
        "read",
        "",
        [known_obj(look=look, corner="v/vt") for look in ("kd", "textures", "palette")]
        + [obj(CORNERS + FACE, "map_Kd -clamp on -s 2 2 -o 1 t.png\n")],
    ),
    ("OBJ", "colours at vertices, 0 to 1 or 0 to 255"): (
        "read",
        "",
        [known_obj(look="vertex"), known_obj(look="vertex255")],
    ),
    ("OBJ", "texture and colours at vertices: the texture is shown"): (
        "warned",
        "vertices and textures",
        [obj("v 0 0 0 1 0 0\nv 1 0 0 1 0 0\nv 0 1 0 1 0 0\n" + FACE, "map_Kd t.png\n")],
    ),
    ("OBJ", "`Kd` and colours at vertices: those of the vertices are shown"): (
        "warned",
        "coloured materials",
        [obj("v 0 0 0 1 0 0\nv 1 0 0 1 0 0\nv 0 1 0 1 0 0\n" + FACE, "Kd 0 1 0\n")],
    ),
    ("OBJ", "texture and a `Kd` that is not white: the texture is shown"): (
        "warned",
        "Kd",
        [obj(CORNERS + FACE, "Kd 1 0 0\nmap_Kd t.png\n")],
    ),
    ("OBJ", "`Ke`, `map_Ke`, `map_Ka`, textures with `-t`, `-mm`"): (
        "warned",
        "not shown",
        [
            obj(CORNERS + FACE, f"Kd 1 1 1\n{line}\n")
            for line in ("Ke 1 0 0", "map_Ke t.png", "map_Ka t.png", "map_Kd -mm 0 2 t.png")
        ],
    ),
    ("OBJ", "materials or textures that are not there"): (
        "warned",
        "",
        [
            obj("mtllib gone.mtl\n" + CORNERS + FACE),
            obj(CORNERS + FACE, "map_Kd gone.png\n"),
            obj("usemtl x\n" + CORNERS + FACE, "Kd 1 0 0\n"),
            obj("usemtl x\n" + CORNERS + FACE),
        ],
    ),
    ("OBJ", "transparent materials and textures (`d`, `Tr`, `map_d`, alpha): shown opaque"): (
        "warned",
        "transparent",
        [obj(CORNERS + FACE, f"Kd 1 1 1\n{line}\n") for line in ("d 0", "Tr 1", "map_d t.png", "map_Kd clear.png")],
    ),
    ("OBJ", "lines, points, curved surfaces, weights of vertices, words that are not known"): (
        "warned",
        "left out",
        [
            obj(CORNERS + FACE + line)
            for line in ("l 1 2\n", "p 1\n", "cstype bezier\ncurv 0 1 1 2\n", "v 0 0 0 0.5\n", "tree 5\n")
        ],
    ),
    ("OBJ", "polypaint of ZBrush"): ("warned", "polypaint", [obj("#MRGB ff112233\n" + CORNERS + FACE)]),
    ("OBJ", "faces with an index 0 or of vertices that are not there, vertices without faces"): (
        "refused",
        "",
        [obj(CORNERS + "f 0 1 2\n"), obj(CORNERS + "f 1 2 9\n"), obj(CORNERS + "f -1 -2 -9\n"), obj(CORNERS)],
    ),
    ("PLY", "text, binary of both byte orders, lists and numbers of any type"): (
        "read",
        "",
        [
            known_ply(format=file_format, count="uint32", index="short", look="face")
            for file_format in ply_files.FORMATS
        ],
    ),
    ("PLY", "polygons of any size, convex or concave, triangle strips"): (
        "read",
        "",
        [known_ply(look="face"), known_ply(body="strips")],
    ),
    ("PLY", "transparent vertices and textures: shown opaque; numbers behind the tables; normals without sign"): (
        "warned",
        "",
        [
            ply(f"{RGB}, uchar alpha", RGB_ROWS.replace("\n", " 0\n"), LIST, "3 0 1 2\n"),
            ply("", XYZ, LIST, "3 0 1 2\n", "|7 8 9\n"),
            ply("uchar nx, uchar ny, uchar nz", RGB_ROWS, LIST, "3 0 1 2\n"),
        ],
    ),
    ("PLY", "colours at vertices or faces (also `diffuse_red`), whole numbers or 0 to 1"): (
        "read",
        "",
        [known_ply(look=look) for look in ("vertex", "diffuse", "face", "face float")],
    ),
    ("PLY", "textures (also several) by coordinates of vertices or corners"): (
        "read",
        "",
        [known_ply(look=look) for look in ("wedge", "wedges", "s t")],
    ),
    ("PLY", "colours at vertices and faces: those of the faces are shown"): (
        "warned",
        "faces are shown",
        [ply(RGB, RGB_ROWS, f"{LIST}, {RGB}", "3 0 1 2 9 9 9\n")],
    ),
    ("PLY", "colours and textures: the texture is shown"): (
        "warned",
        "texture alone",
        [ply(UV, UV_ROWS, f"{LIST}, {RGB}", "3 0 1 2 9 9 9\n", comments=PICTURE)],
    ),
    ("PLY", "textures that are not there, or without coordinates"): (
        "warned",
        "texture",
        [
            ply(UV, UV_ROWS, LIST, "3 0 1 2\n"),
            ply(UV, UV_ROWS, LIST, "3 0 1 2\n", comments="comment TextureFile gone.png\n"),
            ply("", XYZ, LIST, "3 0 1 2\n", comments=PICTURE),
        ],
    ),
    ("PLY", "edges and other tables, materials"): (
        "warned",
        "",
        [
            ply("", XYZ, LIST, "3 0 1 2\n", f"element {name} 1\nproperty float a\n|5\n")
            for name in ("edge", "range_grid", "material")
        ],
    ),
    ("PLY", "Gaussian splats: points with their plain colour"): (
        "warned",
        "splats",
        [ply(SPLAT, "0 0 0 1 0 0\n1 0 0 0 1 0\n0 1 0 0 0 1\n", LIST, "")],
    ),
    ("PLY", "faces that do not say their vertices, tables of one name, files that are cut off"): (
        "refused",
        "",
        [
            ply("", XYZ, "int group", "1\n"),
            ply("", XYZ, LIST, "3 0 1 2\n", "element face 0\n|"),
            ply("", XYZ, LIST, "3 0 1\n"),
        ],
    ),
    ("OFF", "OFF, COFF, NOFF and their combinations; colours of faces, whole or 0 to 1"): (
        "read",
        "",
        [
            lambda folder, way=way: other_files.write_off(folder, known().exploded(), way)
            for way in (other_files.OffWay("CNOFF", "C float"), other_files.OffWay("OFF", "int3"))
        ],  # type: ignore[misc]
    ),
    ("OFF", "texture coordinates (STOFF), colours by number, columns that are not explained"): (
        "warned",
        "",
        [
            text("a.off", "STOFF\n3 1 0\n0 0 0 0 0\n1 0 0 1 0\n0 1 0 0 1\n3 0 1 2\n"),
            text("a.off", "OFF\n3 1 0\n" + XYZ + "3 0 1 2 7\n"),
            text("a.off", "OFF\n3 1 0\n0 0 0 5\n1 0 0 5\n0 1 0 5\n3 0 1 2\n"),
        ],
    ),
    ("OFF", "binary, four or n dimensions"): (
        "refused",
        "cannot be read",
        [text("a.off", "OFF BINARY\n"), text("a.off", "4OFF\n1 1 1\n"), text("a.off", "nOFF\n3\n")],
    ),
    ("STL", "text (also several solids), binary; colours of VisCAM and Magics"): (
        "read",
        "",
        [known_stl(way) for way in other_files.STL_WAYS],
    ),
    ("STL", "attributes that are not colours, bytes behind the faces"): (
        "warned",
        "left out",
        [
            known_stl("binary", change=attributes),
            known_stl("binary", b"more"),
            known_stl("binary", b"more", lambda content: b"solid of a program".ljust(80) + content[80:]),
        ],
    ),
    ("STL", "text that does not end with `endsolid`"): (
        "warned",
        "cut off",
        [known_stl("text", change=lambda content: content[: content.rindex(b"endsolid")])],
    ),
    ("STL", "files that are cut off, loops of more than three vertices"): (
        "refused",
        "",
        [
            known_stl("binary", change=lambda content: content[:-9]),
            text(
                "a.stl",
                "solid a\nfacet normal 0 0 1\nouter loop\n"
                + "vertex 0 0 0\nvertex 1 0 0\nvertex 1 1 0\nvertex 0 1 0\n"
                + "endloop\nendfacet\nendsolid\n",
            ),
        ],
    ),
    ("glTF", "GLB, glTF with buffers beside it (escaped URIs) or inside"): (
        "read",
        "",
        [gltf(), gltf(container="data")],
    ),
    ("glTF", "triangles, strips, fans; indices of any type or none"): (
        "read",
        "",
        [gltf(mode=mode, index=index) for mode, index in ((4, "none"), (5, "u1"), (6, "u2"))],
    ),
    ("glTF", "sparse and interleaved accessors, KHR_mesh_quantization, KHR_draco_mesh_compression"): (
        "read",
        "",
        [gltf(store=store) for store in (*gltf_files.STORES, *gltf_files.QUANTISED)],
    ),
    ("glTF", "nodes by matrix or parts, mirrored; EXT_mesh_gpu_instancing"): (
        "read",
        "",
        [gltf(place=place) for place in ("matrix", "TRS", "mirrored", "children", "instance")],
    ),
    ("glTF", "skins in the pose in which they stand, morph targets by their weights"): (
        "read",
        "",
        [gltf(place=place) for place in ("skin", "morph", "mesh weights")],
    ),
    (
        "glTF",
        "base colour: factor x texture x COLOR_0 as light; also KHR_materials_pbrSpecularGlossiness, KHR_materials_unlit",
    ): (
        "read",
        "",
        [gltf(look=look) for look in ("factor", "glossiness", "color f4", "texture x factor", "texture x color")]
        + [gltf(using("KHR_materials_unlit", required=True))],
    ),
    ("glTF", "several textures, any TEXCOORD, wrapping, KHR_texture_transform, WebP"): (
        "read",
        "",
        [gltf(look=look) for look in ("texture", "texCoord 1", "transform", "turned", "mirror", "clamp")],
    ),
    ("glTF", "lights, cameras, metadata"): (
        "read",
        "",
        [
            gltf(using("KHR_lights_punctual", "KHR_xmp_json_ld")),
            gltf(lambda tree: tree.update(cameras=[{"type": "perspective"}])),
        ],
    ),
    ("glTF", "animations: shown as it rests"): (
        "warned",
        "animations",
        [gltf(lambda tree: tree.update(animations=[{"channels": [], "samplers": []}]))],
    ),
    ("glTF", "several scenes: the one it opens with; nodes that are not visible"): (
        "warned",
        "",
        [
            gltf(lambda tree: tree["scenes"].append({"nodes": []})),
            gltf(
                lambda tree: (
                    tree["nodes"].append({"mesh": 0, "extensions": {"KHR_node_visibility": {"visible": False}}}),
                    tree["scenes"][0]["nodes"].append(1),
                )
            ),
        ],
    ),
    ("glTF", "several looks to choose from (KHR_materials_variants): the one it opens with"): (
        "warned",
        "2 looks to choose from",
        [gltf(looks)],
    ),
    ("glTF", "lines and points beside faces"): (
        "warned",
        "left out",
        [
            gltf(lines_too),
            gltf(lambda tree: tree["meshes"][0]["primitives"].append(tree["meshes"][0]["primitives"][0] | {"mode": 0})),
        ],
    ),
    ("glTF", "glowing (emissive) materials, COLOR_1, textures that cannot be read (KTX2)"): (
        "warned",
        "shown",
        [
            gltf(lambda tree: tree["materials"][0].update(emissiveFactor=[1, 0, 0])),
            gltf(
                lambda tree: tree["textures"].__setitem__(0, {"extensions": {"KHR_texture_basisu": {"source": 0}}}),
                look="texture",
            ),
            gltf(lambda tree: tree["meshes"][0]["primitives"][0]["attributes"].update(COLOR_1=0)),
        ],
    ),
    ("glTF", "EXT_meshopt_compression whose file also holds the plain bytes, KHR_accessor_float64"): (
        "read",
        "",
        [gltf(meshopt), gltf(using("KHR_accessor_float64", required=True))],
    ),
    ("glTF", "alphaMode OPAQUE"): ("read", "", [gltf(clear("OPAQUE"), look="texture")]),
    ("glTF", "alphaMode MASK and BLEND that let light through: shown opaque"): (
        "warned",
        "transparent",
        [gltf(clear(mode), look="texture") for mode in ("MASK", "BLEND")],
    ),
    ("glTF", "parts without points, triangles that are not whole"): (
        "warned",
        "left out",
        [
            gltf(lambda tree: tree["meshes"][0]["primitives"].append({"attributes": {}})),
            gltf(lambda tree: tree["accessors"][tree["meshes"][0]["primitives"][0]["indices"]].update(count=4)),
        ],
    ),
    ("glTF", "other extensions that are used and not required: by name"): (
        "warned",
        "KHR_materials_sheen",
        [
            gltf(using("KHR_materials_sheen")),
            gltf(lambda tree: tree["materials"][0].update(extensions={"KHR_materials_sheen": {}})),
        ],
    ),
    ("glTF", "other extensions that are required: by name"): (
        "refused",
        "EXT_other",
        [gltf(using("EXT_other", required=True))],
    ),
    ("glTF", "EXT_meshopt_compression, glTF 1, files that are not beside it"): (
        "refused",
        "",
        [
            gltf(meshopt_alone),
            gltf(lambda tree: tree.update(asset={"version": "1.0"})),
            gltf(lambda tree: tree["buffers"][0].update(uri="gone.bin")),
        ],
    ),
}


_OF_MAKERS = ("zero area", "'edge'", "names no .mtl file")
"""What the makers' files also hold beside what a row is about."""


@pytest.mark.parametrize("row", FEATURES, ids=lambda row: f"{row[0]}: {row[1]}")
def test_each_row_of_the_table_is_true(row: tuple[str, str], tmp_path: Path) -> None:
    outcome, word, makers = FEATURES[row]
    for number, make in enumerate(makers):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = make(folder)
        if outcome == "refused":
            with pytest.raises(CounterpointError, match=word or None):
                load_shape(path)
            continue
        said = [
            s for s in load_shape(path).warnings if outcome == "warned" or not any(word in s for word in _OF_MAKERS)
        ]
        assert bool(said) == (outcome == "warned"), said
        assert outcome == "read" or any(word in sentence for sentence in said), said


def test_the_table_has_these_rows() -> None:
    lines = FILES.read_text(encoding="utf-8").split("## Meshes")[1].split("\n## ")[0].splitlines()
    rows = {tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line.startswith("| ")}
    assert rows - {("format", "what", ""), ("---", "---", "---")} == {
        (*row, outcome) for row, (outcome, _, _) in FEATURES.items()
    }


def test_three_instances_stand_side_by_side(tmp_path: Path) -> None:
    def spread(tree: dict[str, Any]) -> None:
        tree["extensionsUsed"] = tree["extensionsRequired"] = ["EXT_mesh_gpu_instancing"]
        places = struct.pack("<9f", 0, 0, 0, 10, 0, 0, 20, 0, 0)
        content = (tmp_path / "my buffer.bin").read_bytes()
        (tmp_path / "my buffer.bin").write_bytes(content + places)
        tree["buffers"][0]["byteLength"] += len(places)
        tree["bufferViews"].append({"buffer": 0, "byteOffset": len(content), "byteLength": len(places)})
        tree["accessors"].append(
            {"bufferView": len(tree["bufferViews"]) - 1, "componentType": 5126, "count": 3, "type": "VEC3"}
        )
        tree["nodes"][0]["extensions"] = {
            "EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": len(tree["accessors"]) - 1}}
        }

    source: Known = known().triangles().exploded()
    one, three = load_shape(gltf(lambda tree: None)(tmp_path)), load_shape(gltf(spread)(tmp_path))
    assert len(three.faces) == 3 * len(source.polygons)
    corners = three.vertices[three.faces].reshape(3, -1, 3)
    for number in range(3):
        np.testing.assert_allclose(
            corners[number], one.vertices[one.faces].reshape(-1, 3) + (10 * number, 0, 0), atol=1e-5
        )
