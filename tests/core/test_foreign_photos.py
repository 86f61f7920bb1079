"""Pictures of kinds that phones, cameras and renderers write: read as they are meant, or refused by name."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from core.errors import CounterpointError
from core.images import load_image
from core.notices import collect_warnings
from core.scenes.opening import open_scene


def raw_tiff(path: Path, tags: dict[int, tuple[int, object]]) -> None:
    """A TIFF whose first page is a thumbnail, as cameras write it."""
    about = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, (kind, value) in tags.items():
        about[tag], about.tagtype[tag] = value, kind
    Image.new("RGB", (16, 12)).save(path, "TIFF", tiffinfo=about)


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.heic", struct.pack(">I", 24) + b"ftypheic" + bytes(99), "HEIC"),
        ("phone.jpg", struct.pack(">I", 24) + b"ftypheix" + bytes(99), "HEIC"),
        ("a.jxl", b"\xff\x0a" + bytes(99), "JPEG XL"),
        ("a.png", b"%PDF-1.7" + bytes(99), "PDF"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        ("a.svg", b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("a.exr", b"\x76\x2f\x31\x01" + bytes(99), "OpenEXR"),
        ("a.hdr", b"#?RADIANCE\n" + bytes(99), "Radiance"),
        ("a.cr3", struct.pack(">I", 24) + b"ftypcrx " + bytes(99), "raw"),
        ("a.nef", None, "raw"),
        ("a.tif", {50706: (1, b"\1\4\0\0")}, "raw"),
        ("b.tif", {254: (4, 1), 330: (4, 8)}, "raw"),
    ],
)
def test_other_kinds_are_refused_by_name(tmp_path: Path, name: str, content: object, word: str) -> None:
    """Cameras' raw files are TIFF inside, whose thumbnail was shown as the photo."""
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        raw_tiff(tmp_path / name, content or {})
    with pytest.raises(CounterpointError, match=f"{name} is .*{word}.*save it as"):
        load_image(tmp_path / name)


def test_avif_is_read(tmp_path: Path) -> None:
    Image.new("RGB", (16, 12), (200, 40, 40)).save(tmp_path / "a.avif")
    assert np.abs(load_image(tmp_path / "a.avif")[5, 5] - [200.0, 40, 40]).max() < 4
    assert open_scene(tmp_path).photos[0].key == "a.avif"


def test_photos_of_a_folder_that_are_not_read_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.HEIC").write_bytes(b"x")
    with pytest.raises(CounterpointError, match=r"\.heic"):
        open_scene(tmp_path)
    Image.new("RGB", (16, 12)).save(tmp_path / "b.png")
    with collect_warnings() as said:
        assert len(open_scene(tmp_path).photos) == 1
    assert ".heic" in " ".join(said)


def test_a_photo_of_nothing_is_said(tmp_path: Path) -> None:
    for alpha, count in ((0, 1), (1, 0)):
        Image.new("RGBA", (16, 12), (9, 9, 9, alpha)).save(tmp_path / "a.png")
        with collect_warnings() as said:
            load_image(tmp_path / "a.png")
        assert len(said) == count and all("transparent everywhere" in one for one in said)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_colours_of_twelve_bits_are_as_bright_as_they_are(tmp_path: Path, suffix: str) -> None:
    """In 16 bits, whose upper eight alone show next to nothing."""
    for name, channels in (("a", 3), ("b", 4)):
        values = np.zeros((12, 16, channels), np.uint16)
        values[..., 2], values[:6, :, 1], values[..., 3:] = 4000, 1001, 65535
        file = tmp_path / f"{name}.{suffix}"
        cv2.imwrite(str(file), values)
        with Image.open(file) as image:
            assert ";16" in str(image.tile[0].args)
        pixels = load_image(file)
        assert pixels[0, 0].tolist() == [249, 62, 0] and pixels[-1, 0].tolist() == [249, 0, 0]
