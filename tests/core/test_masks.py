"""One known mask in every way that programs write masks: the same pixels come back, or a sentence does."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import CounterpointError
from core.images import load_mask
from core.interchange.image_labels import load_image_labels
from core.notices import collect_warnings

SIZE = (96, 64)
ROWS, COLUMNS = np.mgrid[: SIZE[1], : SIZE[0]]
MASK = (COLUMNS - 40) ** 2 / 500 + (ROWS - 30) ** 2 / 300 < 1
PHOTO = np.random.default_rng(0).integers(60, 200, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
BLACK = np.zeros_like(PHOTO)


def grey(on: int = 255, off: int = 0, dtype: type = np.uint8) -> Image.Image:
    return Image.fromarray(np.where(MASK, on, off).astype(dtype))


def colored(on: tuple[int, int, int], off: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    return Image.fromarray(np.where(MASK[..., None], on, off).astype(np.uint8))


def transparent(rgb: np.ndarray, alpha: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([rgb, alpha]).astype(np.uint8))


def palette(colors: list[tuple[int, int, int]], index: np.ndarray = MASK) -> Image.Image:
    picture = Image.fromarray(index.astype(np.uint8), "P")
    picture.putpalette([v for color in colors for v in color])
    return picture


def antialiased() -> Image.Image:
    large = grey().resize((SIZE[0] * 4, SIZE[1] * 4), Image.Resampling.NEAREST)
    return large.resize(SIZE, Image.Resampling.BOX).resize((SIZE[0], SIZE[1]))


ALPHA = np.where(MASK, 255, 0)
EXACT = {
    "white": grey(),
    "white rgb": colored((255, 255, 255)),
    "ones": grey(1),
    "grey": grey(77),
    "one bit": grey().convert("1"),
    "16 bits": grey(65535, 0, np.uint16),
    "16 bits of one": grey(1, 0, np.uint16),
    "32 bits": grey(70000, 0, np.int32),
    "float": Image.fromarray(MASK.astype(np.float32)),
    "float of 255": Image.fromarray(MASK.astype(np.float32) * 255),
    "a colour": colored((255, 0, 0)),
    "a dark colour": colored((0, 0, 40)),
    "white on transparent": transparent(np.full_like(PHOTO, 255), ALPHA),
    "black on transparent": transparent(BLACK, ALPHA),
    "cut-out": transparent(PHOTO, ALPHA),
    "cut-out with black below": transparent(np.where(MASK[..., None], PHOTO, 0), ALPHA),
    "half transparent rest": transparent(PHOTO, np.where(MASK, 255, 60)),
    "opaque alpha": transparent(np.where(MASK[..., None], 255, 0), np.full(MASK.shape, 255)),
    "grey and alpha": Image.merge("LA", (Image.fromarray(PHOTO[..., 0]), Image.fromarray(ALPHA.astype(np.uint8)))),
    "palette": palette([(0, 0, 0), (128, 0, 0)]),
    "palette, white first": palette([(255, 255, 255), (0, 0, 0)], ~MASK),
    "palette of number 3": palette([(0, 0, 0), (9, 9, 9), (8, 8, 8), (0, 128, 0)], MASK * 3),
    "palette of nothing": palette([(0, 0, 0)] * 3),
    "soft rims": antialiased(),
}
SUFFIXES = {"float": ".tif", "float of 255": ".tif", "32 bits": ".tif"}


def saved(picture: Image.Image, name: str, folder: Path, **more: object) -> Path:
    path = folder / f"{name.replace(' ', '-')}{SUFFIXES.get(name, '.png')}"
    picture.save(path, **more)
    return path


def said(path: Path, size: tuple[int, int] | None = SIZE) -> tuple[np.ndarray, list[str]]:
    with collect_warnings() as warnings:
        return load_mask(path, size), warnings


@pytest.mark.parametrize("name", EXACT)
def test_a_mask_of_every_kind_is_the_same_mask(name: str, tmp_path: Path) -> None:
    mask, warnings = said(saved(EXACT[name], name, tmp_path))
    assert mask.dtype == bool and np.array_equal(mask, MASK)
    assert not warnings


@pytest.mark.parametrize("kind", ["jpg", "webp", "bmp", "tif"])
@pytest.mark.parametrize("color", [(255, 255, 255), (255, 0, 0), (0, 200, 255)])
def test_other_formats_and_their_noise(kind: str, color: tuple[int, int, int], tmp_path: Path) -> None:
    path = tmp_path / f"mask.{kind}"
    colored(color).save(path, **({"quality": 75} if kind in ("jpg", "webp") else {}))
    mask, warnings = said(path)
    assert (mask != MASK).sum() <= (0.02 * MASK.sum() if color == (255, 255, 255) else 0.08 * MASK.sum())
    assert not warnings


@pytest.mark.parametrize(
    ("name", "picture", "words"),
    [
        ("two classes", np.where(MASK & (COLUMNS > 40), 2, MASK * 1), "2 classes"),
        (
            "two colours",
            np.where(MASK[..., None], np.where(COLUMNS[..., None] > 40, (255, 0, 0), (0, 0, 255)), 0),
            "2 classes",
        ),
        ("three greys", np.where(MASK & (COLUMNS > 40), 128, MASK * 255), "2 classes"),
        ("no black", np.where(MASK, 200, 40), "background"),
        ("one and two", np.where(MASK, 2, 1), "background"),
        ("cut out on black", np.where(MASK[..., None], PHOTO, 0), "cut out on black"),
        ("black and white on transparent", None, "white was taken"),
    ],
)
def test_what_had_to_be_assumed_is_said(name: str, picture: np.ndarray | None, words: str, tmp_path: Path) -> None:
    if picture is None:
        rgb = np.where(MASK[..., None], 255, 0) * np.ones(3, int)
        image = transparent(rgb, np.where(COLUMNS < 90, 255, 0))
    else:
        image = Image.fromarray(picture.astype(np.uint8))
    mask, warnings = said(saved(image, name, tmp_path))
    assert np.array_equal(mask, MASK) and any(words in one for one in warnings), warnings


@pytest.mark.parametrize("on_border", [False, True])
def test_a_mask_that_only_fades_is_cut_at_half(on_border: bool, tmp_path: Path) -> None:
    wide = np.hypot(
        (np.arange(400) - 200)[None] / 160, (np.arange(300) - (150 if not on_border else 20))[:, None] / 120
    )
    soft = (255 / (1 + np.exp(12 * (wide - 0.5)))).astype(np.uint8)
    for name, picture in (("grey", Image.fromarray(soft)), ("rgb", Image.fromarray(soft).convert("RGB"))):
        mask, warnings = said(saved(picture, name, tmp_path), (400, 300))
        assert np.mean(mask != (wide < 0.5)) < 0.002 and "shades of grey" in warnings[0]


def test_an_undecided_border_is_left_out(tmp_path: Path) -> None:
    rim = (COLUMNS - 40) ** 2 / 600 + (ROWS - 30) ** 2 / 360 < 1
    index = np.where(MASK, 15, np.where(rim, 255, 0)).astype(np.uint8)
    mask, warnings = said(saved(Image.fromarray(index), "void", tmp_path))
    assert np.array_equal(mask, MASK) and "255" in warnings[0]
    labels = load_image_labels(saved(Image.fromarray(index), "void", tmp_path), SIZE[::-1])
    assert labels.names == ["Part 15"] and np.array_equal(labels.masks[0], MASK)


def test_thin_lines_and_single_pixels(tmp_path: Path) -> None:
    lines = np.zeros(MASK.shape, bool)
    lines[10, 5:50] = lines[20:40, 70] = lines[50, 50] = True
    for name, on in (("white", 255), ("one", 1), ("red", (255, 0, 0))):
        picture = np.where(lines[..., None] if name == "red" else lines, on, 0).astype(np.uint8)
        assert np.array_equal(said(saved(Image.fromarray(picture), name, tmp_path))[0], lines)


def test_inverted_and_whole_masks_are_said(tmp_path: Path) -> None:
    mask, warnings = said(saved(Image.fromarray(np.where(MASK, 0, 255).astype(np.uint8)), "inverted", tmp_path))
    assert np.array_equal(mask, ~MASK) and "inverted" in warnings[0]
    mask, warnings = said(saved(Image.new("L", SIZE, 255), "whole", tmp_path))
    assert mask.all() and "whole image" in warnings[0]


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (Image.new("L", SIZE, 0), "marks nothing"),
        (Image.new("RGB", SIZE), "marks nothing"),
        (Image.new("RGBA", SIZE, (255, 255, 255, 0)), "transparent everywhere"),
        (Image.fromarray(PHOTO), "no mask"),
        (Image.fromarray(PHOTO[..., 0]), "no mask"),
    ],
)
def test_what_marks_nothing_is_refused(picture: Image.Image, words: str, tmp_path: Path) -> None:
    with pytest.raises(CounterpointError, match=words):
        load_mask(saved(picture, "bad", tmp_path), SIZE)


def test_sizes(tmp_path: Path) -> None:
    path = saved(grey(), "mask", tmp_path)
    mask, warnings = said(path, (192, 128))
    assert mask.shape == (128, 192) and np.array_equal(mask[::2, ::2], MASK) and "scaled" in warnings[0]
    assert said(path, None)[0].shape == MASK.shape
    for size in ((64, 96), (97, 80), (96, 63 * 2)):
        with pytest.raises(CounterpointError, match=f"96 x 64 pixels and the image {size[0]} x {size[1]}"):
            load_mask(path, size)


def test_a_mask_turns_as_its_exif_data_say(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the picture is to be turned clockwise
    path = tmp_path / "turned.png"
    Image.fromarray(np.rot90(np.where(MASK, 255, 0)).astype(np.uint8)).save(path, exif=exif)
    assert np.array_equal(said(path)[0], MASK)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_masks_open_or_are_refused(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    for name in ("white", "palette", "cut-out", "16 bits", "soft rims"):
        path = saved(EXACT[name], name, tmp_path)
        data = bytearray(path.read_bytes())
        for _ in range(6):
            data[int(rng.integers(8, len(data)))] = int(rng.integers(256))
        path.write_bytes(data)
        with contextlib.suppress(CounterpointError), collect_warnings():
            assert load_mask(path).dtype == bool
        with contextlib.suppress(CounterpointError), collect_warnings():
            assert load_image_labels(path).masks.ndim == 3


def test_a_map_of_many_classes(tmp_path: Path) -> None:
    """Numbers close to each other and to 0 are classes, not noise."""
    blocks = np.kron(np.arange(1, 151).reshape(10, 15), np.ones((8, 8), int))
    index = np.zeros((100, 140), int)
    index[10:90, 10:130] = blocks
    path = saved(Image.fromarray(index.astype(np.uint8)), "classes", tmp_path)
    mask, warnings = said(path, (140, 100))
    assert np.array_equal(mask, index > 0) and "150 classes" in warnings[0]
    assert np.array_equal(load_image_labels(path).index(), index)


def test_a_large_jpeg_of_a_mask(tmp_path: Path) -> None:
    large = np.kron(MASK, np.ones((20, 20), bool))
    Image.fromarray(np.where(large, 255, 0).astype(np.uint8)).save(tmp_path / "large.jpg", quality=60)
    mask, warnings = said(tmp_path / "large.jpg", None)
    assert (mask != large).mean() < 1e-3 and not warnings
