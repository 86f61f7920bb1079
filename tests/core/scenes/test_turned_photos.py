"""Photos that lie turned in their files (EXIF): what is written of them can be used by programs that leave EXIF out, or it is said."""

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.images import image_size, load_image
from core.interchange.pins import PinMatch, PlacedPin, save_correspondences
from core.notices import collect_warnings
from core.orientation import orientation
from core.scenes.opening import open_scene
from core.scenes.saving import save_scene
from core.scenes.scene import Scene
from tests.core.scenes import made

WIDE, HIGH = made.SIZE


def turned(path: Path, code: int, upright: np.ndarray) -> Path:
    """A file whose photo looks as ``upright`` where EXIF is followed."""
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[code]  # Pillow's transposes that undo the code
    exif = Image.Exif()
    exif[0x0112] = code
    Image.fromarray(upright).transpose(Image.Transpose(back)).save(path, exif=exif)
    assert np.array_equal(load_image(path), upright)
    return path


def scene(folder: Path, code: int = 6) -> Scene:
    """Two photos with places in the world, the first lying in its file; and one of the same name beside it."""
    known = made.scene(folder, [PhotoCamera(made.K, made.SIZE)] * 2, [Pose(np.eye(3), np.zeros(3))] * 2)
    pixels = np.random.default_rng(0).integers(0, 255, (HIGH, WIDE, 3), np.uint8)
    first = turned(folder / "photos" / "IMG.1.png", code, pixels)
    return replace(known, photos=(replace(known.photos[0], key="photos/IMG.1.png", path=first), known.photos[1]))


def seen(file: Path) -> np.ndarray:
    """As a program sees it that leaves EXIF out."""
    with Image.open(file) as image:
        return np.asarray(image)


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6, 7, 8])
def test_what_is_written_names_upright_photos(tmp_path: Path, code: int) -> None:
    known = scene(tmp_path / "in", code)
    upright = load_image(known.photos[0].path)
    for layout in ("nerfstudio", "colmap", "bop", "yolo", "coco"):
        out = tmp_path / layout
        made_of = known
        if layout == "coco":  # photos with neither pose nor mark have no place in it
            made_of = replace(known, layout="yolo", root=tmp_path)
        save_scene(made_of, out, layout)
        if layout == "coco":
            names = [one["file_name"] for one in json.loads((out / "annotations.json").read_text())["images"]]
            file = out / names[0]
        elif layout == "nerfstudio":
            file = out / json.loads((out / "transforms.json").read_text())["frames"][0]["file_path"]
        elif layout == "colmap":
            lines = (out / "sparse/0/images.txt").read_text().splitlines()
            file = out / "images" / next(line for line in lines if "IMG" in line).split()[-1]
        else:
            file = next(one for one in sorted((out).rglob("*.png")) if "IMG" in one.name or "rgb" in one.parts)
        assert np.array_equal(seen(file), upright), layout
        if layout in ("nerfstudio", "colmap"):
            with collect_warnings() as said:
                again = open_scene(out)
            assert np.array_equal(load_image(again.photos[0].path), upright)
            assert not any("EXIF" in one for one in said)


def test_what_is_read_of_photos_that_lie_is_said(tmp_path: Path) -> None:
    """Of a file that does not say whether its pixels are those of the lying photo."""
    pixels = np.zeros((HIGH, WIDE, 3), np.uint8)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    turned(tmp_path / "images" / "a.png", 6, pixels)
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "data.yaml").write_text("names: [a]\ntrain: images\n")
    with collect_warnings() as said:
        open_scene(tmp_path / "data.yaml")
    assert "turned upright by their EXIF data (a.png)" in " ".join(said)
    mark = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    images = [{"id": 1, "file_name": "a.png", "width": WIDE, "height": HIGH}]
    coco = {"images": images, "annotations": [mark], "categories": [{"id": 1, "name": "a"}]}
    for code, size, word in (
        (6, (WIDE, HIGH), ""),
        (3, (WIDE, HIGH), "upright"),
        (6, (HIGH, WIDE), "lies in its file"),
    ):
        turned(tmp_path / "images" / "a.png", code, pixels)
        Image.new("RGB", (5, 5)).save(tmp_path / "images" / "b.png")
        images[0]["width"], images[0]["height"] = size
        coco["images"] = [*images, {"id": 2, "file_name": "b.png"}]
        (tmp_path / "c.json").write_text(json.dumps(coco))
        with collect_warnings() as said:
            open_scene(tmp_path / "c.json")
        assert (word in " ".join(said)) if word else not said


def test_pins_of_photos_that_lie_are_said(tmp_path: Path) -> None:
    file = turned(tmp_path / "a.png", 6, np.zeros((HIGH, WIDE, 3), np.uint8))
    match = PinMatch("b.ply", (1.0, 2.0, 3.0), "good", 0.9, False, (), 0.5, 0.1, 0.0)
    with collect_warnings() as said:
        save_correspondences(tmp_path / "c.csv", [PlacedPin("p", "#fff", str(file), (3.0, 4.0), (match,))])
    assert len(said) == 1 and "a.png" in said[0] and "upright" in said[0]


def test_an_orientation_behind_the_pixels_of_a_png_counts(tmp_path: Path) -> None:
    """ExifTool writes it there."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", made.SIZE).save(tmp_path / "a.png")
    content, data = (tmp_path / "a.png").read_bytes(), b"eXIf" + exif.tobytes()[6:]
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    (tmp_path / "a.png").write_bytes(content[:-12] + chunk + content[-12:])
    with Image.open(tmp_path / "a.png") as image:
        assert orientation(image) == 6
    assert image_size(tmp_path / "a.png") == load_image(tmp_path / "a.png").shape[1::-1] == (HIGH, WIDE)
