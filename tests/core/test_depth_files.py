"""Depth of every kind of file, and in other units than the shape: right, scaled and said, or refused."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.alignment.depth import check_distance, in_shape_units
from core.alignment.scorer import Photo
from core.errors import CounterpointError
from core.geometry.pose import intrinsics
from core.geometry.shape import make_shape
from core.images import load_depth
from core.notices import collect_warnings
from core.units import METRE, Unit

SIZE = (32, 24)
MM, GUESS = Unit(0.001, True, ""), Unit(0.001, False, "It is taken to be in millimetres.")
DEPTH = np.full((24, 32), 1.25)
DEPTH[:4] = 0


def exr(path, values, channel):
    import OpenEXR

    OpenEXR.File({"type": OpenEXR.scanlineimage}, {channel: values.astype(np.float32)}).write(str(path))


def test_every_kind_of_file(tmp_path):
    counts = np.round(DEPTH * 1000).astype(np.uint16)
    Image.fromarray(counts).save(tmp_path / "png16.png")
    Image.fromarray(counts).save(tmp_path / "tiff16.tif")
    Image.fromarray(DEPTH.astype(np.float32)).save(tmp_path / "float.tif")
    np.save(tmp_path / "float.npy", DEPTH.astype(np.float32))
    np.save(tmp_path / "counts.npy", counts[..., None])
    np.savez(tmp_path / "one.npz", depth=DEPTH)
    exr(tmp_path / "z.exr", DEPTH, "Z")
    exr(tmp_path / "y.exr", DEPTH, "Y")
    for name in ("png16.png", "tiff16.tif", "float.tif", "float.npy", "counts.npy", "one.npz", "z.exr", "y.exr"):
        depth = load_depth(tmp_path / name, SIZE, METRE)
        assert np.isnan(depth[:4]).all() and np.allclose(depth[4:], 1.25), name
    assert np.allclose(load_depth(tmp_path / "png16.png", SIZE, MM)[4:], 1250)
    assert np.allclose(load_depth(tmp_path / "png16.png", SIZE, MM, 0.1)[4:], 125)
    for kind in (np.int32, np.int64, np.uint32):
        np.save(tmp_path / "integers.npy", counts.astype(kind))
        assert np.allclose(load_depth(tmp_path / "integers.npy", SIZE, METRE)[4:], 1.25), kind
    for values in (np.where(counts, counts, 65535).astype(np.uint16), np.where(DEPTH, DEPTH, 1e10)):
        np.save(tmp_path / "marked.npy", values)
        with collect_warnings() as said:
            depth = load_depth(tmp_path / "marked.npy", SIZE, METRE)
        assert np.isnan(depth[:4]).all() and np.allclose(depth[4:], 1.25) and "not known" in said[0]
    with collect_warnings() as said:
        load_depth(tmp_path / "png16.png", SIZE, GUESS)
        load_depth(tmp_path / "float.npy", SIZE, GUESS)
    assert said == [GUESS.reason]


def test_pictures_of_depth_are_refused(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (24, 32), np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    Image.fromarray(np.repeat(grey[..., None], 3, 2)).save(tmp_path / "jet.png")
    Image.fromarray(grey > 100).save(tmp_path / "bits.png")
    for name in ("grey.png", "palette.png", "jet.png", "bits.png"):
        with pytest.raises(CounterpointError, match="picture of depth"):
            load_depth(tmp_path / name, SIZE)
    for values in (grey, grey > 9, grey.astype(complex), grey.astype(str)):
        np.save(tmp_path / "kind.npy", values)
        with pytest.raises(CounterpointError, match="no depth"):
            load_depth(tmp_path / "kind.npy", SIZE)
    np.save(tmp_path / "small.npy", np.ones((3, 3)))
    np.save(tmp_path / "empty.npy", np.zeros((24, 32)))
    np.savez(tmp_path / "two.npz", a=DEPTH, b=DEPTH)
    (tmp_path / "bad.exr").write_bytes(b"no")
    for name in ("small.npy", "empty.npy", "two.npz", "bad.exr"):
        with pytest.raises(CounterpointError):
            load_depth(tmp_path / name, SIZE)


def photo_at(distance, size=0.3):
    """A cube of ``size`` at ``distance``, as large as it appears."""
    K = intrinsics((640, 480), 50)
    half = int(K[0, 0] * size / distance / 2)
    mask = np.zeros((480, 640), bool)
    mask[240 - half : 240 + half, 320 - half : 320 + half] = True
    return Photo(np.zeros((480, 640, 3), np.uint8), None, K, mask, np.where(mask, distance, np.nan))


def cube(size):
    corners = np.stack(np.meshgrid(*[[-0.5, 0.5]] * 3), axis=-1).reshape(-1, 3) * size
    return make_shape(corners, np.array([[0, 1, 2], [1, 2, 3], [4, 5, 6], [5, 6, 7], [0, 1, 4], [2, 3, 6]]))


@pytest.mark.parametrize(("size", "factor"), [(0.3, 1), (300.0, 1000), (0.0003, 0.001), (30.0, 100)])
def test_depth_in_other_units_is_scaled_and_said(size, factor):
    photo = photo_at(1.0)
    with collect_warnings() as said:
        scaled = in_shape_units(photo, cube(size))
    assert np.nanmedian(scaled.depth) == pytest.approx(factor) and bool(said) == (factor != 1)


def test_depth_that_no_unit_explains_is_refused():
    photo = photo_at(1.0)
    with pytest.raises(CounterpointError, match="--unit"):
        in_shape_units(replace(photo, depth=photo.depth * 12), cube(0.3))
    with pytest.raises(CounterpointError, match="--dof 7"):
        check_distance(5.0, 1.0)  # 16-bit PNG of 1/5000 m, as TUM writes it
    check_distance(1.3, 1.0)
    with collect_warnings() as said:
        assert in_shape_units(replace(photo, depth=np.full((480, 640), np.nan)), cube(0.3)).depth is not None
    assert "nowhere" in said[0]
