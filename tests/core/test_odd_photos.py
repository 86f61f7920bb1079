"""Pictures of no single camera are said to be such, and photos are not."""

import numpy as np
import pytest
from PIL import Image

from core.images import load_image
from core.notices import collect_warnings
from core.odd_photos import say_odd


def said(picture):
    with collect_warnings() as sentences:
        say_odd(picture, "a.jpg")
    return " ".join(sentences)


def around(size=400):
    """A picture that goes all around: a smooth function of the direction."""
    across, down = np.meshgrid(np.arange(2 * size) / size * np.pi, (np.arange(size) + 0.5) / size * np.pi)
    x, y, z = np.sin(down) * np.cos(across), np.sin(down) * np.sin(across), np.cos(down)
    waves = np.sin(7 * x + 3) + np.sin(9 * y * x + 5 * z) + 0.5 * np.sin(15 * y)
    grey = np.clip(128 + 40 * waves, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def test_stereo_pairs_and_panoramas_are_said(sample):
    photo = load_image(sample["image"])
    assert not said(photo) and not said(photo[:640])  # the last one twice as wide as high
    assert "stereo" in said(np.hstack([photo, np.roll(photo, 30, axis=1)]))
    assert "all around" in said(around())
    assert not said(np.roll(around(), 100, axis=1)[:, :700]) and not said(np.full((400, 800, 3), 90, np.uint8))


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_panoramas_say_it_themselves(suffix, tmp_path):
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" GPano:ProjectionType="equirectangular"/>'
    Image.new("RGB", (64, 32), "grey").save(tmp_path / f"a{suffix}", xmp=xmp)
    with collect_warnings() as sentences:
        load_image(tmp_path / f"a{suffix}")
    assert "all around" in sentences[0]


def test_a_narrow_range_of_counts_is_shown_whole(tmp_path):
    """A thermal camera's picture was grey all over, without a word."""
    counts = 29315 + np.linspace(0, 900, 64 * 48).reshape(48, 64)
    Image.fromarray(counts.astype(np.uint16)).save(tmp_path / "thermal.tif")
    with collect_warnings() as sentences:
        shown = load_image(tmp_path / "thermal.tif")
    assert shown.min() == 0 and shown.max() == 255 and abs(shown.mean() - 127) < 4 and "thermal" in sentences[0]
    Image.fromarray(np.full((48, 64), 29315, np.uint16)).save(tmp_path / "plain.tif")
    assert np.ptp(load_image(tmp_path / "plain.tif")) == 0
