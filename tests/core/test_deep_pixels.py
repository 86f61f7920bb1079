"""Images of other depths, pages and orientations than cameras give: shown as they are meant, or it is said."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import CounterpointError
from core.images import image_size, load_depth, load_image
from core.notices import collect_warnings
from core.scenes.readers.photos import header_size

RAMP = np.linspace(0, 1, 40, dtype=np.float32)[None].repeat(30, axis=0)


def read(path: Path) -> tuple[np.ndarray, str]:
    """The grey of a photo as shares [H, W], and what was said."""
    with collect_warnings() as said:
        pixels = load_image(path)
    return pixels[..., 0] / 255, " ".join(said)


@pytest.mark.parametrize(
    ("values", "shown", "saying"),
    [
        (RAMP * 1.04, RAMP * 1.04, ""),  # what resampling adds is no other unit
        (RAMP * 1000, RAMP * 1000 / 1023, ""),  # counts as floats
        (RAMP * 20, RAMP, "HDR"),
        (np.where(RAMP == 1, np.inf, RAMP), RAMP, "not finite"),
        (2 * RAMP - 1, 2 * RAMP - 1, "below zero"),
        ((RAMP * 16383).astype(np.uint16), RAMP, ""),  # cameras of 14 bits
        ((RAMP * 30000).astype(np.int32) - 15000, (RAMP * 30000 - 15000) / 16383, "below zero"),
    ],
)
def test_deep_images_are_shown_as_bright_as_they_are(tmp_path, values, shown, saying):
    """Floats a little above 1, HDR, counts, infinities and numbers below zero: never black without a word."""
    Image.fromarray(values).save(tmp_path / "deep.tif")
    grey, said = read(tmp_path / "deep.tif")
    assert np.abs(grey - np.clip(shown, 0, 1)).max() < 0.03
    assert saying in said if saying else not said


def tiff(path: Path, pixels: np.ndarray, tags: dict[int, tuple[int, tuple[int, ...]]]) -> Path:
    """A plain TIFF with these tags beside those of size: (kind, values), at most two bytes of values each, or offsets."""
    entries: dict[int, tuple[int, tuple[int, ...]]] = {
        256: (3, (pixels.shape[-1],)),
        257: (3, (pixels.shape[-2],)),
        259: (3, (1,)),
    } | tags
    head = 8 + 2 + 12 * (len(entries) + 2) + 4
    lists, offset = b"", head
    planes = pixels.reshape(-1, *pixels.shape[-2:])
    data = head + 64
    entries[273] = (4, tuple(data + i * planes[0].nbytes for i in range(len(planes))))
    entries[279] = (4, (planes[0].nbytes,) * len(planes))
    table = b""
    for number, (kind, values) in sorted(entries.items()):
        packed = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            where, lists, offset = offset, lists + packed, offset + len(packed)
            packed = struct.pack("<I", where)
        table += struct.pack("<HHI", number, kind, len(values)) + packed.ljust(4, b"\0")
    whole = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4) + lists.ljust(64, b"\0")
    path.write_bytes(whole + pixels.tobytes())
    return path


def test_tiff_of_other_layouts(tmp_path):
    """32 bits without a sign, white at 0, and planes of 16 bits, which Pillow takes for pixels of eight."""
    large = (RAMP.astype(np.float64) * (2**32 - 1)).astype("<u4")
    grey = {258: (3, (32,)), 262: (3, (1,)), 277: (3, (1,))}
    assert np.abs(read(tiff(tmp_path / "u32.tif", large, grey))[0] - RAMP).max() < 0.01
    assert np.isfinite(load_depth(tmp_path / "u32.tif", (40, 30))[:, 1:]).all()
    white = {258: (3, (16,)), 262: (3, (0,)), 277: (3, (1,))}
    inverted = tiff(tmp_path / "white.tif", (RAMP * 65535).astype("<u2"), white)
    assert np.abs(read(inverted)[0] - (1 - RAMP)).max() < 0.01
    planes = {258: (3, (16, 16, 16)), 262: (3, (2,)), 277: (3, (3,)), 284: (3, (2,))}
    with pytest.raises(CounterpointError, match="planar TIFF of 16 bits"):
        load_image(tiff(tmp_path / "planar.tif", np.stack([(RAMP * 65535).astype("<u2")] * 3), planes))


def test_a_turned_tiff_has_the_size_that_it_is_read_with(tmp_path):
    """Pillow says the upright size of a TIFF; turning it once more made a scene's cameras those of other photos."""
    exif = Image.Exif()
    exif[274] = 6
    for suffix in ("tif", "jpg", "png", "webp"):
        file = tmp_path / f"turned.{suffix}"
        Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(file, exif=exif)
        assert load_image(file).shape == (40, 30, 3)
        assert image_size(file) == header_size(file) == (30, 40)


def test_pages_that_are_not_read_are_said(tmp_path):
    """Of a file with several pages or frames the first is read, for photos and for depth."""
    first, second = (Image.fromarray(np.full((30, 40), value, np.uint16)) for value in (1000, 2000))
    first.save(tmp_path / "pages.tif", save_all=True, append_images=[second])
    first.convert("L").save(
        tmp_path / "frames.gif", save_all=True, append_images=[second.point(lambda v: 0).convert("L")]
    )
    for file in ("pages.tif", "frames.gif"):
        assert "several pictures" in read(tmp_path / file)[1]
    with collect_warnings() as said:
        assert load_depth(tmp_path / "pages.tif", (40, 30)).max() == 1.0
    assert "several pictures" in " ".join(said)
