"""Small pictures: the right way up, made once, and again when the photo is another one."""

import os

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import CounterpointError
from core.scenes.readers import video
from core.scenes.scene import ScenePhoto
from core.scenes.thumbnails import thumbnail


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "thumbnails"


def half(width=1200, height=800):
    """White above, black below."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_photo_becomes_small_and_stays_so_on_disk(cache, tmp_path, name, monkeypatch):
    half().save(tmp_path / name)
    small = thumbnail(ScenePhoto("a", tmp_path / name), 120)
    assert small.shape == (80, 120, 3) and small[:36].min() > 200 and small[44:].max() < 50
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr("core.scenes.thumbnails.photo_pixels", None)  # the photo is not read again
    monkeypatch.setattr("core.scenes.thumbnails._quick", None)
    assert np.abs(thumbnail(ScenePhoto("a", tmp_path / name), 120).astype(int) - small).max() < 12


def test_a_photo_that_changed_or_lies_on_its_side(cache, tmp_path):
    file = tmp_path / "a.jpg"
    half().save(file)
    before = thumbnail(ScenePhoto("a", file), 120)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    half().save(file, exif=exif)
    os.utime(file, ns=(1, 1))
    after = thumbnail(ScenePhoto("a", file), 120)
    assert np.abs(after[::-1].astype(int) - before).max() < 12


def test_a_picture_of_a_video_and_what_is_not_there(cache, tmp_path):
    film = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (320, 240))
    for number in range(3):
        film.write(np.full((240, 320, 3), 100 * number, np.uint8))
    film.release()
    photos = video.read(tmp_path / "a.avi").photos
    assert [round(thumbnail(photo, 100).mean(), -2) for photo in photos] == [0, 100, 200]
    with pytest.raises(CounterpointError, match="does not exist"):
        thumbnail(ScenePhoto("b", tmp_path / "b.jpg"), 100)
