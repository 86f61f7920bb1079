"""Shapes whose text other programs and systems write in ways of their own: read as meant, or refused in words."""

import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from core.errors import CounterpointError
from core.files import read_json
from core.geometry.shape import load_shape
from tests.core.test_odd_meshes import FACE, SQUARE, XYZ, seen

TRIANGLE = "0 0 0\n1 0 0\n0 1 0\n"
PLY = "ply\nformat ascii 1.0\n" + XYZ + FACE + "end_header\n" + TRIANGLE + "3 0 1 2\n"
STL = (
    "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\nendsolid a\n"
)
OFF = "OFF\n3 1 0\n" + TRIANGLE + "3 0 1 2\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ply", "\ufeff" + PLY),
        ("a.stl", "\ufeff" + STL),
        ("a.off", OFF.replace("OFF\n", "OFF")),  # of ModelNet
    ],
)
def test_texts_that_begin_oddly_are_read(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    shape = load_shape(tmp_path / name)
    assert len(shape.faces) == 1 and not shape.warnings


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.stl", STL.encode("utf-16"), "UTF-16"),
        ("a.obj", (SQUARE + "v 0 0 1.#IND\nf 1 2 5\n").encode(), "'1.#IND' is where a number"),
        ("a.obj", b"v 0 0 0\nv 1e200 0 0\nv 0 1e200 0\nf 1 2 3\n", "no places"),
        ("a.ply", PLY.replace("list uchar int", "list uchar float").replace("3 0 1 2", "3 0.5 1 2").encode(), "whole"),
        ("a.ply", PLY.replace("property float z", "property float z\nproperty float x").encode(), "two columns 'x'"),
    ],
)
def test_what_was_misread_is_refused(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CounterpointError, match=word):
        load_shape(tmp_path / name)


def test_columns_in_capitals_are_colours(tmp_path: Path) -> None:
    columns = "".join(f"property uchar {name}\n" for name in ("Red", "Green", "Blue"))
    content = PLY.replace("property float z\n", "property float z\n" + columns)
    (tmp_path / "a.ply").write_text(content.replace(TRIANGLE, "0 0 0 255 0 0\n1 0 0 255 0 0\n0 1 0 255 0 0\n"))
    assert seen(load_shape(tmp_path / "a.ply")) == [[255, 0, 0]]


def test_libraries_are_found_by_names_of_other_systems(tmp_path: Path) -> None:
    """Apple takes accents apart, exporters write %20, and PowerShell writes UTF-16."""
    accents = [unicodedata.normalize(form, "été") for form in ("NFC", "NFD")]
    Image.new("RGB", (2, 2), (0, 255, 0)).save(tmp_path / f"{accents[1]} 1.png")
    (tmp_path / f"{accents[1]}.mtl").write_bytes(f"newmtl m\nmap_Kd {accents[0]}%201.png\n".encode("utf-16"))
    (tmp_path / "a.obj").write_text(f"mtllib {accents[0]}.mtl\nusemtl m\n{SQUARE}vt .5 .5\nf 1/1 2/1 3/1\n")
    shape = load_shape(tmp_path / "a.obj")
    assert seen(shape) == [[0, 255, 0]] and not shape.warnings


def test_materials_that_are_told_twice_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text(f"mtllib a.mtl b.mtl\nusemtl m\n{SQUARE}f 1 2 3\n")
    (tmp_path / "a.mtl").write_text("newmtl m\nKd 1 0 0\n")
    for color, said in (("1 0 0", 0), ("0 0 1", 1)):
        (tmp_path / "b.mtl").write_text(f"newmtl m\nKd {color}\n")
        assert len(load_shape(tmp_path / "a.obj").warnings) == said


def test_json_of_powershell_is_read(tmp_path: Path) -> None:
    for code in ("utf-8-sig", "utf-16", "utf-16-le"):
        (tmp_path / "a.json").write_text('{"a": [1, "é"]}', encoding=code)
        assert read_json(tmp_path / "a.json") == {"a": [1, "é"]}
