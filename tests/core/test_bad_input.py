"""Every file of the corpus opens, or is refused with one sentence that names it; nothing else escapes, and soon."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import CounterpointError
from core.geometry.shape import Shape, load_shape
from core.images import load_image
from tests.core.bad_files import IMAGES, RED, SHAPES, BadFile, write, write_all

SECONDS = 5.0


def by_name(entry: BadFile) -> str:
    return entry.name


def check_refusal(message: str, path: Path) -> None:
    assert path.name in message
    sentence = message.replace(str(path), "FILE").replace(path.name, "FILE")
    assert sentence.endswith(".") and sentence.count(". ") == 0 and "\n" not in sentence, message
    assert 20 < len(sentence) < 300, message


def open_entry(entry: BadFile, folder: Path) -> np.ndarray | Shape | None:
    """What the loader returns, or None where it refuses as it should."""
    if entry.name.startswith("locked") and os.geteuid() == 0:
        pytest.skip("root may read every file")
    (folder / entry.name).parent.mkdir(exist_ok=True)
    path = write(entry, folder)
    load = load_image if entry in IMAGES else load_shape
    started = time.perf_counter()
    try:
        loaded = load(path)
    except CounterpointError as error:
        check_refusal(str(error), path)
        loaded = None
    assert time.perf_counter() - started < SECONDS
    assert (loaded is None) == (entry.expect == "refused"), f"{entry.why}: {loaded}"
    return loaded


def opened(name: str, folder: Path) -> np.ndarray | Shape:
    loaded = open_entry(next(e for e in [*IMAGES, *SHAPES] if e.name == name), folder)
    assert loaded is not None
    return loaded


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.timeout(20)
@pytest.mark.parametrize("entry", IMAGES, ids=by_name)
def test_image(entry: BadFile, tmp_path: Path) -> None:
    rgb = open_entry(entry, tmp_path)
    if rgb is not None:
        assert rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3 and rgb.size and rgb.flags.c_contiguous


@pytest.mark.timeout(20)
@pytest.mark.parametrize("entry", SHAPES, ids=by_name)
def test_shape(entry: BadFile, tmp_path: Path) -> None:
    shape = open_entry(entry, tmp_path)
    if shape is None:
        return
    assert (
        np.isfinite(shape.vertices).all() and np.isfinite(shape.normals).all() and np.isfinite(shape.normalised).all()
    )
    assert len(shape.normals) == len(shape.vertices)
    np.testing.assert_allclose(np.linalg.norm(shape.normals, axis=1), 1, atol=1e-4)
    assert shape.diagonal > 0 and shape.digest and shape.name == Path(entry.name).name
    used = shape.vertices[np.unique(shape.faces)] if len(shape.faces) else shape.vertices
    back = shape.to_own_frame(shape.to_normalised(used))
    np.testing.assert_allclose(back, used, atol=1e-9 * np.abs(used).max())


@pytest.mark.timeout(60)
def test_names_are_unique_and_all_can_be_written(tmp_path: Path) -> None:
    entries = [*IMAGES, *SHAPES]
    assert len({e.name for e in entries}) == len(entries)
    (tmp_path / "outside").mkdir()
    assert len(write_all(entries, tmp_path)) == len(entries)


def test_sixteen_bits_keep_their_range(tmp_path: Path) -> None:
    rgb = opened("sixteen_bit.png", tmp_path)
    assert (
        rgb.shape == (48, 64, 3) and rgb[0, 0, 0] == 0 and rgb[-1, -1, 0] == 255 and abs(int(rgb[24, 0, 0]) - 128) <= 1
    )


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    red, green, blue = opened("cmyk.jpg", tmp_path)[24, 32].astype(int)
    assert red > 200 and green < 90 and blue < 90


def test_transparent_palette_lies_on_white(tmp_path: Path) -> None:
    rgb = opened("palette.png", tmp_path)
    assert tuple(rgb[24, 10]) == RED and tuple(rgb[24, 50]) == (255, 255, 255)


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    rgb = opened("turned.jpg", tmp_path)
    assert rgb.shape == (64, 48, 3)
    assert np.abs(rgb[4:10, -10:-4].reshape(-1, 3).mean(axis=0) - RED).max() < 20


def test_animation_shows_its_first_frame(tmp_path: Path) -> None:
    assert np.all(opened("animation.webp", tmp_path) == RED)


def test_polygons_become_triangles_of_the_same_area(tmp_path: Path) -> None:
    shape = opened("polygons.obj", tmp_path)
    assert len(shape.faces) == 2 + 1 + 3
    a, b, c = (shape.vertices[shape.faces[:, i]] for i in range(3))
    assert 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() == pytest.approx(4 + 1 + 5)


def test_negative_indices_count_from_the_end(tmp_path: Path) -> None:
    shape = opened("negative.obj", tmp_path)
    corners = {tuple(map(tuple, shape.vertices[face])) for face in shape.faces}
    assert corners == {((0, 0, 0), (0, 1, 0), (1, 0, 0)), ((0, 0, 0), (1, 0, 0), (0, 0, 1))}


def test_clouds_keep_normals_and_colours(tmp_path: Path) -> None:
    shape = opened("cloud.ply", tmp_path)
    assert shape.is_point_cloud and np.all(shape.normals == (0, 0, 1))
    expected = np.array([(20 * x, 20 * y, 7) for x in range(6) for y in range(6)])
    np.testing.assert_array_equal(shape.colors, expected)
    assert opened("three_columns.xyz", tmp_path).colors is None
    shape = opened("six_columns.xyz", tmp_path)
    assert shape.colors is not None and np.sum(shape.normals * shape.vertices, axis=1).mean() > 0.9


def test_unused_vertices_do_not_count_for_the_size(tmp_path: Path) -> None:
    assert opened("unused.obj", tmp_path).diagonal == pytest.approx(np.sqrt(3))
    assert opened("unused_nan.obj", tmp_path).diagonal == pytest.approx(np.sqrt(3))


def test_scale_does_not_change_the_normalised_shape(tmp_path: Path) -> None:
    huge, tiny = opened("huge.obj", tmp_path), opened("tiny.obj", tmp_path)
    np.testing.assert_allclose(huge.normalised, tiny.normalised, atol=1e-6)


def test_faces_without_area_are_said(tmp_path: Path) -> None:
    assert any("zero area" in warning for warning in opened("some_zero_area.obj", tmp_path).warnings)


@pytest.mark.parametrize("name", ["relative.glb", "absolute.glb", "relative.obj", "absolute.obj"])
def test_textures_outside_the_folder_are_not_read(name: str, tmp_path: Path) -> None:
    shape = opened(f"outside/{name}", tmp_path)
    assert shape.texture is None and shape.colors is None
    assert any("no texture" in warning for warning in shape.warnings)
