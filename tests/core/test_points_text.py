"""Five known points in every way that programs write points as text: the same points come back, or a sentence does."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import CounterpointError
from core.geometry.shape import Shape, load_shape

POINTS = np.array([[1.25, 2.5, 3.75], [1234.5, 2.25, -3.5], [10.125, 20.5, 30.25], [-5.5, 6.5, 7.125], [2.5, 2.5, 8.5]])
RGB = [(255, 0, 0), (0, 255, 0), (1, 2, 3), (9, 9, 9), (0, 0, 0)]
NORMALS = np.array([[0.6, 0, 0.8], [0, -1, 0], [0, 0.6, -0.8], [1, 0, 0], [0.48, 0.6, 0.64]])


def rows(sep: str = " ", comma: bool = False, extra: list | None = None, number_format: str = "{:.3f}") -> str:
    lines = []
    for number, point in enumerate(POINTS):
        words = [number_format.format(value) for value in point]
        words += [str(value) for value in extra[number]] if extra else []
        lines.append(sep.join(word.replace(".", ",") if comma else word for word in words))
    return "\n".join(lines) + "\n"


def opened(content: str | bytes, folder: Path, suffix: str = ".xyz") -> Shape:
    path = folder / f"points{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_shape(path)


def check(content: str | bytes, folder: Path, suffix: str = ".xyz", said: str = "", colored: bool = False) -> Shape:
    shape = opened(content, folder, suffix)
    np.testing.assert_allclose(shape.vertices, POINTS, atol=1e-6)
    assert (shape.colors is not None) == colored
    if colored:
        assert shape.colors is not None and np.array_equal(shape.colors, RGB)
    assert any(said in one for one in shape.warnings) if said else not shape.warnings
    return shape


def refused(content: str | bytes, folder: Path, words: str, suffix: str = ".xyz") -> None:
    with pytest.raises(CounterpointError, match=words):
        opened(content, folder, suffix)


@pytest.mark.parametrize("sep", [" ", "\t", ";", ",", ", ", "; ", " ; ", ",\t", "   ", " ,"])
@pytest.mark.parametrize("suffix", [".xyz", ".asc", ".pts"])
def test_what_stands_between_numbers(sep: str, suffix: str, tmp_path: Path) -> None:
    check(rows(sep), tmp_path, suffix)
    check(rows(sep, number_format="{:+.6e}"), tmp_path, suffix)


@pytest.mark.parametrize("sep", [" ", "\t", ";", "; ", "  "])
def test_decimal_commas(sep: str, tmp_path: Path) -> None:
    check(rows(sep, comma=True), tmp_path, said="decimal commas")
    check("X Y Z\n".replace(" ", sep) + rows(sep, comma=True), tmp_path, said="decimal commas")
    check(rows(sep, comma=True, extra=RGB), tmp_path, said="decimal commas", colored=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (rows(",", comma=True), "may be decimal commas"),
        (rows(", ", comma=True), "may be decimal commas"),
        ("1,5,2,5,3,5\n2,5,3,5,4,5\n", "may be decimal commas"),
        ("1,234.5 2,345.6 3,456.7\n" * 3, "thousands"),
        ("1,234.5,2,345.6,3,456.7\n" * 3, "thousands"),
        ("1 234.5 2 345.6 3 456.7\n" * 3, "thousands"),
        ("1.234,5;2.345,6;3.456,7\n" * 3, "thousands"),
        ("1'234.5 2'345.6 3'456.7\n" * 3, "thousands"),
        ("1,234,567 2,345,678 3,456,789\n" * 3, "thousands"),
        ("1\u00a0234,5 2\u00a0345,5 3\u00a0456,5\n" * 3, "thousands"),
        ("1.5 2,5 3.5\n" * 3, "decimal points and decimal commas"),
    ],
)
def test_commas_that_can_be_read_in_two_ways_are_refused(content: str, words: str, tmp_path: Path) -> None:
    refused(content, tmp_path, words)


def test_whole_numbers_between_commas(tmp_path: Path) -> None:
    assert opened("1,5,2\n2,7,3\n", tmp_path).vertices.tolist() == [[1, 5, 2], [2, 7, 3]]
    named = opened("x,y,z,r,g,b\n1,5,2,255,0,0\n2,7,3,0,9,0\n", tmp_path)
    assert named.vertices.tolist() == [[1, 5, 2], [2, 7, 3]] and named.colors.tolist() == [[255, 0, 0], [0, 9, 0]]


@pytest.mark.parametrize(
    "head", ["X Y Z\n", "# x y z\n", "//X Y Z\n", "//X Y Z\n5\n", "Easting Northing Height\n", '"X" "Y" "Z"\n', "x[m] y[m] z[m]\n", "# scanner 7\n# x y z\n\n", "% made by a program\n"]
)  # fmt: skip
def test_headers_and_comments(head: str, tmp_path: Path) -> None:
    check(head + rows(), tmp_path)
    check(head + rows().replace("\n", " # a point\n", 2), tmp_path)


def test_names_decide_the_columns(tmp_path: Path) -> None:
    turned = "\n".join(" ".join(map(str, point[::-1])) for point in POINTS)
    check("Z Y X\n" + turned, tmp_path)
    check("//X Y Z R G B\n" + rows(extra=RGB), tmp_path, colored=True)
    check("x;y;z;intensity;red;green;blue\n" + rows(";", extra=[(7, *c) for c in RGB]), tmp_path, colored=True)
    check("X Y Z Scalar_field\n" + rows(extra=[(0.5,)] * 5), tmp_path)
    shape = check("x y z nx ny nz\n" + rows(extra=NORMALS.tolist()), tmp_path)
    np.testing.assert_allclose(shape.normals, NORMALS, atol=1e-6)
    check("x y z r g b\n" + rows(extra=[tuple(v / 255 for v in c) for c in RGB]), tmp_path, colored=True)
    refused("X Y Z R G B\n" + rows(), tmp_path, "names 6 columns")
    refused("a b c\n" + rows(), tmp_path, "neither numbers nor a header")
    refused("X X Y Z\n" + rows(extra=[(1,)] * 5), tmp_path, "neither numbers nor a header")


@pytest.mark.parametrize(
    ("extra", "colored", "said"),
    [
        (RGB, True, "red, green and blue"),
        ([tuple(f"{v / 255:.4f}" for v in c) for c in RGB], True, "red, green and blue"),
        ([tuple(v * 257 for v in c) for c in RGB], True, "16 bits"),
        ([(-1200, *c) for c in RGB], True, "Columns 5 to 7"),
        ([(0.5, *c) for c in RGB], True, "Columns 5 to 7"),
        ([(120, *c) for c in RGB], True, "column 4 as intensity"),
        ([(*c, "0.5") for c in RGB], True, "Columns 4 to 6"),
        ([(*c, 255) for c in RGB], True, "Columns 4 to 6"),
        ([(*n, *c) for n, c in zip(NORMALS, RGB, strict=True)], True, "normals"),
        ([(*c, *n) for n, c in zip(NORMALS, RGB, strict=True)], True, "normals"),
        (NORMALS.tolist(), False, "normals"),
        ([(0, 0, 1)] * 5, False, "may be normals or colours"),
        ([(0.5,)] * 5, False, "Column 4"),
        ([(12.5, 200.1, 3.3)] * 5, False, "Column 4, 5, 6"),
        ([(-1, 5, 7)] * 5, False, "Column 4, 5, 6"),
        ([(700, 5, 7)] * 5, False, "Column 4, 5, 6"),
        ([(0, 1, 1)] * 5, False, "Column 4, 5, 6"),
    ],
)
def test_columns_without_names(extra: list, colored: bool, said: str, tmp_path: Path) -> None:
    check(rows(extra=extra), tmp_path, said=said, colored=colored)


def test_counts(tmp_path: Path) -> None:
    check("5\n" + rows(), tmp_path)
    check("5\n" + rows(extra=[(-7, *c) for c in RGB]), tmp_path, ".pts", said="Columns 5 to 7", colored=True)
    check("9\n" + rows(), tmp_path, said="cut off")
    lines = rows().splitlines(True)
    check("2\n" + "".join(lines[:2]) + "3\n" + "".join(lines[2:]), tmp_path)
    check("2\n" + "".join(lines[:2]) + "7\n" + "".join(lines[2:]), tmp_path, said="says that it has 7 points and has 3")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (rows() + "1 2\n", "Line 6 of points.xyz has 2 columns"),
        (rows().replace("10.125 ", ""), "Line 3 of points.xyz has 2 columns"),
        ("# a comment\n\n" + rows() + "1 2 3 4\n", "Line 8 of points.xyz has 4 columns"),
        (rows() + "1 2 abc\n", "Line 6 of points.xyz has 'abc'"),
        (rows() + "1.234.567 2 3\n", "thousands"),
        (rows().replace("1.250", "1.25D+00"), "Line 1"),
        ("hello\n", "Line 1"),
        ("1\n2\n3\n", "1 columns"),
        ("1 2\n3 4\n", "2 columns"),
        ("\n \n", "no points"),
        ("# x y z\n", "no points"),
        ("nan nan nan\nnan nan nan\n", "no points"),
        ("3\nwater\nO 0 0 0\nH 1 0 0\nH 0 1 0\n", "Line 2"),
        ("ncols 3\nnrows 2\nxllcorner 0\n1 2 3\n4 5 6\n", "Line 1"),
        (bytes(range(256)) * 4, "not text"),
        ("".join(f"{i + 1} {line}" for i, line in enumerate(rows().splitlines(True))), "number the points"),
    ],
)
def test_what_is_no_cloud_is_refused_with_its_line(content: str | bytes, words: str, tmp_path: Path) -> None:
    refused(content, tmp_path, words.replace(".", r"\."))


@pytest.mark.parametrize("missing", ["nan nan nan", "NaN 1 2", "1.#QNAN 1.#QNAN 1.#QNAN", "-nan(ind) 0 0", "inf 0 0"])
def test_points_without_a_place_are_left_out_and_said(missing: str, tmp_path: Path) -> None:
    check(rows() + missing + "\n", tmp_path, said="1 of 6 points")


def test_empty_fields(tmp_path: Path) -> None:
    check(rows(";") + ";;\n", tmp_path, said="1 of 6 points")
    check(rows(";").replace("\n", ";\n"), tmp_path)
    check(rows(",") + "1,,3\n", tmp_path, said="1 of 6 points")


@pytest.mark.parametrize(
    "content",
    [
        rows().replace("\n", "\r\n"),
        rows().replace("\n", "\r"),
        rows().replace("\n", "\n\n"),
        rows().rstrip("\n"),
        "\ufeff" + rows(),
        ("\ufeff" + rows()).encode("utf-16-le"),
        ("\ufeff" + rows()).encode("utf-16-be"),
        rows().encode("utf-16-le"),
        rows().encode("utf-16-be"),
        ("# Höhe\n" + rows()).encode("latin-1"),
    ],
)
def test_ends_of_lines_and_encodings(content: str | bytes, tmp_path: Path) -> None:
    check(content, tmp_path)


MATRIX = np.array([[0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 1, 0], [5, 6, 7, 1.0]])


def scan(first: int, last: int, empty: int = 0, matrix: np.ndarray = MATRIX) -> str:
    local = (POINTS - MATRIX[3, :3]) @ np.linalg.inv(MATRIX[:3, :3])
    head = f"{last - first + empty}\n1\n5 6 7\n0 1 0\n-1 0 0\n0 0 1\n"
    head += "".join(" ".join(map(str, row)) + "\n" for row in matrix) + "0 0 0 0.5 0 0 0\n" * empty
    return head + "".join(" ".join(map(str, [*local[k], 0.5, *RGB[k]])) + "\n" for k in range(first, last))


def test_ptx_is_placed_by_its_transforms(tmp_path: Path) -> None:
    check(scan(0, 5), tmp_path, ".ptx", colored=True)
    check(scan(0, 2) + scan(2, 5), tmp_path, ".ptx", colored=True)
    check(scan(0, 5, matrix=MATRIX.T), tmp_path, ".ptx", colored=True)
    check(scan(0, 5, empty=2), tmp_path, ".ptx", said="2 of 7 rays", colored=True)
    refused(scan(0, 5).rsplit("\n", 2)[0], tmp_path, "cut off", ".ptx")
    refused(scan(0, 5, matrix=np.ones((4, 4))), tmp_path, "transform", ".ptx")
    refused(rows(), tmp_path, "not a PTX", ".ptx")
    refused(scan(0, 5).replace("0.5", "word", 1), tmp_path, "damaged", ".ptx")


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.,; \t\n-+e#xyzXYZ/'", max_size=60))
def test_any_text_is_points_or_a_sentence(content: str) -> None:
    path = Path("/tmp") / f"any-{abs(hash(content))}.xyz"
    path.write_text(content)
    try:
        assert np.isfinite(load_shape(path).vertices).all()
    except CounterpointError as error:
        assert str(error).endswith((".", ").")) and "damaged or not in" not in str(error), error
    finally:
        path.unlink()


def test_blank_thousands_are_refused_wherever_they_are(tmp_path: Path) -> None:
    """Rows of "1 045" were two columns each."""
    places = np.random.default_rng(0).uniform(1000, 9000, (60, 3))
    blank = lambda value, digits: f"{value:,.{digits}f}".replace(",", " ")  # noqa: E731
    for digits, whole in ((0, 3), (1, 2), (2, 1)):
        lines = [" ".join([*(blank(v, digits) for v in row[:whole]), *map(str, row[whole:])]) for row in places]
        refused("\n".join(lines), tmp_path, "thousands")


def test_what_stands_for_no_measurement_is_said(tmp_path: Path) -> None:
    places = np.random.default_rng(0).uniform(-50, 50, (100, 3))
    for mark, words in ((0.0, "30 of 100 points of points.xyz lie at (0, 0, 0)"), (-9999.0, "far away")):
        some = np.where(np.arange(100)[:, None] < (30 if mark == 0 else 1), mark, places)
        shape = opened("\n".join(" ".join(map(str, row)) for row in some), tmp_path)
        assert any(words in one for one in shape.warnings), shape.warnings
    shape = opened("\n".join(" ".join(map(str, row)) for row in places), tmp_path)
    assert not shape.warnings
    gaps = [["nan"] * 6 if k % 7 == 0 else [*map(str, row), "250", str(k), "7"] for k, row in enumerate(places)]
    shape = opened("\n".join(map(" ".join, gaps)), tmp_path)  # colours are there where places are
    assert shape.colors is not None and len(shape.colors) == 85 and shape.colors[0].tolist() == [250, 1, 7]
