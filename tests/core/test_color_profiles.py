"""Photos in other colours than sRGB: shown as they are meant, or it is said."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.images import load_image, load_rgba
from core.notices import collect_warnings

GAMMA = 2.19921875
SRGB_TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
"""Adapted to D50, as profiles are."""
ADOBE_TO_XYZ = np.array(
    [[0.6097559, 0.2052401, 0.1492240], [0.3111242, 0.6256560, 0.0632197], [0.0194811, 0.0608902, 0.7448387]]
)


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A profile (ICC 2) of these tags."""
    tags = {b"desc": b"desc\0\0\0\0\0\0\0\2a\0" + bytes(78), b"wtpt": xyz([0.9642, 1, 0.8249])} | tags
    at, table, data = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">II", at + len(data), len(value))
        data += value
    head = struct.pack(">I4xI", at + len(data), 0x02400000) + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", *(round(65536 * v) for v in (0.9642, 1, 0.8249)))
    return head.ljust(128, b"\0") + table + data


def xyz(values: list[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * v) for v in values))


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(256 * gamma))


def adobe_rgb() -> bytes:
    columns = {
        name: xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), ADOBE_TO_XYZ.T.tolist(), strict=True)
    }
    return profile(b"RGB ", columns | {name: curve(GAMMA) for name in (b"rTRC", b"gTRC", b"bTRC")})


def shown_of_adobe(color: list[int]) -> np.ndarray:
    light = np.linalg.solve(SRGB_TO_XYZ, ADOBE_TO_XYZ @ (np.array(color) / 255) ** GAMMA).clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_colours_of_a_profile_are_shown_in_srgb(tmp_path: Path, suffix: str) -> None:
    color = [180, 120, 90]
    for mode in ("RGB", "RGBA") if suffix != "jpg" else ("RGB",):
        options = {"lossless": True} if suffix == "webp" else {}
        Image.new(mode, (8, 8), (*color, 255)[: len(mode)]).save(
            tmp_path / f"a.{suffix}", icc_profile=adobe_rgb(), **options
        )
        with collect_warnings() as said:
            for pixels in (load_image(tmp_path / f"a.{suffix}"), load_rgba(tmp_path / f"a.{suffix}")):
                assert np.abs(pixels[4, 4, :3] - shown_of_adobe(color)).max() < 2.5, mode
        assert not said


def test_grey_and_palettes_have_profiles_too(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 128).save(tmp_path / "grey.png", icc_profile=profile(b"GRAY", {b"kTRC": curve(1.0)}))
    assert load_image(tmp_path / "grey.png")[4, 4].tolist() == [188] * 3
    deep = Image.fromarray(np.full((8, 8), 32768, np.uint16))
    deep.save(tmp_path / "deep.png", icc_profile=profile(b"GRAY", {b"kTRC": curve(1.0)}))
    assert abs(int(load_image(tmp_path / "deep.png")[4, 4, 0]) - 188) <= 1
    Image.new("LAB", (8, 8), (128, 128, 128)).save(tmp_path / "lab.tif")
    with collect_warnings() as said:
        assert np.ptp(load_image(tmp_path / "lab.tif")[4, 4].astype(int)) < 4 and not said
    Image.new("RGB", (8, 8), (180, 120, 90)).convert("P").save(tmp_path / "p.png", icc_profile=adobe_rgb())
    with Image.open(tmp_path / "p.png") as image:
        color = image.convert("RGB").getpixel((4, 4))
    assert np.abs(load_image(tmp_path / "p.png")[4, 4] - shown_of_adobe(list(color))).max() < 2.5


def test_what_cannot_be_followed_is_said(tmp_path: Path) -> None:
    cases = {
        "broken.png": ("RGB", {"icc_profile": b"no profile at all" * 20}, "cannot be followed"),
        "cut.jpg": ("RGB", {"icc_profile": adobe_rgb()[:200]}, "cannot be followed"),
        "other.png": ("RGB", {"icc_profile": profile(b"GRAY", {b"kTRC": curve(1.0)})}, "cannot be followed"),
        "cmyk.jpg": ("CMYK", {}, "CMYK without a colour profile"),
        "cmyk.tif": ("CMYK", {"icc_profile": adobe_rgb()}, "cannot be followed"),
    }
    for name, (mode, options, word) in cases.items():
        Image.new(mode, (8, 8), (200, 40, 40, 0)[: len(mode)]).save(tmp_path / name, **options)
        with collect_warnings() as said:
            load_image(tmp_path / name)
        assert len(said) == 1 and word in said[0] and name in said[0]
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    Image.new("RGB", (8, 8)).save(tmp_path / "camera.jpg", exif=exif)
    with collect_warnings() as said:
        load_image(tmp_path / "camera.jpg")
    assert "Adobe RGB" in " ".join(said)
