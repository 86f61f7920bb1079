"""Labels of an image's pixels in files: PNG index masks, COCO, NPZ."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, PngImagePlugin

from core import masks
from core.colors import rgb_of
from core.errors import CounterpointError
from core.files import check_file, read_json, write_atomic, write_json
from core.images import MAX_MEGAPIXELS
from core.interchange import element_labels as elements
from core.interchange.coco import from_coco, to_coco
from core.interchange.label_formats import IMAGE_LABELS, format_of
from core.interchange.labels import Labels, check_table, from_index
from core.notices import warn


def save_image_labels(path: str | Path, labels: Labels, image_name: str = "image") -> None:
    """Write labels [H, W] of an image in the format that the name of the file says.

    The formats are those of :data:`core.interchange.label_formats.IMAGE_LABELS`.

    PNG: an index mask (0 none, else the number of the part), 8 bits with a palette or 16 bits above 255 parts; names
    stand in a text chunk. JSON: COCO, every part a category and an annotation with compressed run-length encoding.

    Raises:
        CounterpointError: no such format, the file cannot be written, or parts overlap, which a PNG cannot hold.
    """
    format_of(path, IMAGE_LABELS, written=True).save(path, labels, image_name)


def load_image_labels(path: str | Path, shape: tuple[int, int] | None = None, image_name: str = "") -> Labels:
    """Read labels [H, W] of an image; what was left out or assumed is said by :func:`core.notices.warn`.

    Args:
        path: of the file, whose name or content says the format.
        shape: (height, width) that they must have; labels of the same proportions are scaled.
        image_name: path or name of the image, which chooses among those of a COCO file.

    Raises:
        CounterpointError: unreadable, no labels in it, or labels of another image.
    """
    path = check_file(path)
    labels: Labels = format_of(path, IMAGE_LABELS).load(path, shape, image_name)
    if labels.masks.ndim > 3:
        raise CounterpointError(
            f"{path.name} has {elements.sizes(labels.shape)} numbers; labels of an image are one number for every pixel (take the argmax of layers)."
        )
    if labels.masks.ndim != 3:
        raise CounterpointError(f"{path.name} holds labels of a shape, not of an image.")
    if not len(labels.masks):
        warn(f"{path.name} has no labels of this image.")
    size = None if shape is None else shape[::-1]
    fitted = [
        masks.fit_size(mask, size, path.name)
        for mask in (labels.masks if len(labels.masks) else np.zeros((1, *labels.shape), bool))
    ]
    return Labels(
        labels.names, labels.colors, np.array(fitted[: len(labels.masks)], bool).reshape(-1, *fitted[0].shape)
    )


def save_png(path: Path, labels: Labels, image_name: str) -> None:
    """An index mask, with names and colours in a text chunk."""
    if labels.overlap():
        raise CounterpointError(
            "Parts overlap, and a PNG holds one part for each pixel; save COCO JSON or NPZ instead."
        )
    index = labels.index()
    if len(labels.names) <= 255:
        picture = Image.frombytes("P", index.shape[::-1], index.astype(np.uint8).tobytes())
        picture.putpalette([0, 0, 0, *(v for color in labels.colors for v in rgb_of(color))])
    elif len(labels.names) <= 65535:
        picture = Image.fromarray(index.astype(np.uint16))
    else:
        raise CounterpointError("A PNG holds 65,535 parts at most; save NPZ instead.")
    about = PngImagePlugin.PngInfo()
    about.add_text("counterpoint", json.dumps({"names": labels.names, "colors": labels.colors}))
    content = BytesIO()
    picture.save(content, "PNG", pnginfo=about)
    write_atomic(path, content.getvalue())


def load_png(path: Path, shape: tuple[int, int] | None, image_name: str) -> Labels:
    """An index mask with or without names, classes by colour, or an object on black or on transparent."""
    try:
        with Image.open(path) as picture:
            if picture.size[0] * picture.size[1] > MAX_MEGAPIXELS * 1e6:
                raise CounterpointError(f"{path.name} has more than {MAX_MEGAPIXELS} megapixels.")
            text = picture.info.get("counterpoint")
            turned = ImageOps.exif_transpose(picture)
            pixels = np.asarray(turned) * 1
            if text is None and turned.mode == "P" and "transparency" not in turned.info:
                return _of_palette(pixels.astype(np.int64), np.asarray(turned.convert("RGB")), path.name)
            if text is None and turned.mode not in ("1", "L", "I", "I;16", "I;16B"):
                return _of_colors(np.asarray(turned.convert("RGBA")), path.name)
    except CounterpointError:
        raise
    except Exception as error:
        raise CounterpointError(f"{path.name} is damaged or not a PNG ({error}).") from error
    if text is None:
        return _of_numbers(pixels.astype(np.int64), path.name)
    try:
        table = json.loads(text)
        names, colors = check_table(table["names"], table["colors"], path.name)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CounterpointError(f"{path.name} is damaged: its list of parts cannot be read.") from error
    if pixels.ndim != 2 or pixels.max(initial=0) > len(names):
        raise CounterpointError(f"{path.name} is damaged: it has numbers of parts that its list does not name.")
    return from_index(pixels.astype(np.int64), names, colors)


def _of_numbers(index: npt.NDArray[np.int64], file: str, colors: dict[int, str] | None = None) -> Labels:
    """Of a map of class numbers; a grey mask with soft rims is one part."""
    numbers = [int(n) for n in np.unique(index)]
    if colors is None and len(numbers) > 2 and _has_soft_rims(index):
        warn(f"{file} is a mask with soft rims; it was taken as one part.")
        return from_index(masks.mask_of_pixels(index, file).astype(np.int64))
    if len(numbers) > 4096:
        raise CounterpointError(f"{file} has {len(numbers):,} values and is no index mask; each part has one number.")
    ignored = masks.ignored_number(numbers)
    if ignored is not None:
        warn(f"{file} has pixels of the number {ignored}, which were left out as undecided.")
        index = np.where(index == ignored, 0, index)
    labels = from_index(index)
    if colors is None and numbers in ([0, 255], [0, 65535], [0, 1]):
        labels.names = ["Part 1"]
    if colors is not None:
        found = [n for n in numbers if n not in (0, ignored)]
        labels.colors = [colors.get(n) or plain for n, plain in zip(found, labels.colors, strict=True)]
    return labels


def _has_soft_rims(index: npt.NDArray[np.int64]) -> bool:
    """Whether grey values are those of one mask.

    Such values are two solid ones, the brighter at least half of white, and some between.
    """
    if index.max() < 128:
        return False
    levels = masks.levels_of(np.clip(index * (255 / max(255, index.max())), 0, 255))
    return not levels.exact and len(levels.values) <= 2


def _of_palette(index: npt.NDArray[np.int64], rgb: npt.NDArray[np.uint8], file: str) -> Labels:
    """Number 0 is none where its colour is black or no number's is, else the black ones are."""
    numbers, first = np.unique(index, return_index=True)
    colors = rgb.reshape(-1, 3)[first]
    black = (colors == 0).all(axis=1)
    if np.ptp(colors, axis=1).max() == 0 and len(np.unique(colors, axis=0)) == len(numbers):
        return _of_numbers(rgb[..., 0].astype(np.int64), file)
    if black.any() and 0 in numbers and not black[0] and black.sum() == 1:
        dark = int(numbers[black.argmax()])
        warn(f"{file}: number {dark} of its palette is black and was taken as no part, and 0 as a part.")
        index = np.where(index == dark, 0, index + 1)
        numbers = np.where(numbers == dark, 0, numbers + 1)
    known = {int(n): "#{:02x}{:02x}{:02x}".format(*c) for n, c in zip(numbers, colors, strict=True) if c.any()}
    return _of_numbers(index, file, known)


def _of_colors(rgba: npt.NDArray[np.uint8], file: str) -> Labels:
    """One part for each colour that is not the background, which is black, transparent or the border's colour."""
    alpha, rgb = rgba[..., 3], rgba[..., :3]
    opaque = alpha >= 128 if alpha.min() < alpha.max() else np.ones(alpha.shape, bool)
    shown = np.where(opaque[..., None], rgb, 0).astype(np.uint8)
    if opaque.all() and np.ptp(rgb, axis=2).max() == 0:
        return _of_numbers(rgb[..., 0].astype(np.int64), file)
    levels = masks.levels_of(shown)
    if len(levels.values) > masks.MOST_CLASSES or levels.share < masks.LEAST_SHARE:
        return from_index(masks.mask_of_picture(rgba, file).astype(np.int64), ["Part 1"])
    if not opaque.all() and (opaque & (shown.max(axis=2) == 0)).any():
        return from_index(opaque.astype(np.int64), ["Part 1"])
    if not levels.exact:
        warn(f"{file} has colours between those of its parts; such pixels were given to the nearest.")
    if levels.values[0].any():
        warn(f"{file} has no black; its background was taken to be #{bytes(levels.values[0].astype(np.uint8)).hex()}.")
    labels = from_index(levels.index, [f"Part {n}" for n in range(1, len(levels.values))])
    labels.colors = [f"#{bytes(value.astype(np.uint8)).hex()}" for value in levels.values[1:]]
    return labels


def load_json(path: Path, shape: tuple[int, int] | None, image_name: str) -> Labels:
    """Ours, or COCO."""
    content: Any = read_json(path)
    if isinstance(content, dict) and content.get("format") == elements.FORMAT:
        return elements.labels_from_json(content, path.name)
    return from_coco(content, path.name, image_name, shape)


def save_coco(path: Path, labels: Labels, image_name: str) -> None:
    """COCO with compressed run-length encodings."""
    write_json(path, to_coco(labels, Path(image_name).name))


def load_npz(path: Path, shape: tuple[int, int] | None, image_name: str) -> Labels:
    """Ours, or an array of numbers [H, W]."""
    return elements.load_npz(path)[0]


def save_npz(path: Path, labels: Labels, image_name: str) -> None:
    """All parts, which may overlap."""
    elements.save_npz(path, labels)
