"""Photos from files: any depth, any orientation, as 8-bit RGB."""

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from core import masks
from core.color_profiles import say_other_colors, to_srgb
from core.deep_pixels import (
    DEEP_MODES,
    check_planes,
    colors_have_more_bits,
    deep_values,
    is_white_first,
    say_more_pages,
    to_8_bit,
    with_all_bits,
)
from core.errors import CounterpointError
from core.files import check_file, write_atomic
from core.foreign_photos import check_developed, check_known
from core.foreign_shapes import check_named
from core.image_formats import IMAGE_SUFFIXES
from core.notices import warn
from core.odd_photos import say_panorama
from core.orientation import upright_size
from core.units import METRE, Unit

MAX_MEGAPIXELS = 80

RGB = npt.NDArray[np.uint8]

warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # sizes are checked here, in a sentence


def load_image(path: str | Path) -> RGB:
    """Read an image file as uint8 [H, W, 3].

    EXIF rotation is applied, colours become those of sRGB, transparency is laid over white, 16-bit and float images are scaled to 8 bits, of several pages
    or frames the first is read; what that loses is said. The size is checked before anything is decoded.

    Raises:
        CounterpointError: not there, not readable, not an image, damaged, or larger than ``MAX_MEGAPIXELS``.
    """
    path = check_file(path)
    check_known(path)
    check_named(path)
    try:
        with Image.open(path) as image:
            _check_size(path, *image.size)
            check_developed(image, path.name)
            check_planes(image, path.name)
            say_more_pages(image, path.name)
            say_panorama(image, path.name)
            return _to_rgb(image, path.name)
    except CounterpointError:
        raise
    except UnidentifiedImageError:
        return _load_with_opencv(path)
    except Image.DecompressionBombError:
        raise CounterpointError(
            f"{path.name} claims far too many pixels; the limit is {MAX_MEGAPIXELS} megapixels, so reduce it first."
        ) from None
    except Exception as error:
        raise CounterpointError(f"{path.name} is damaged and cannot be read as an image ({error}).") from error


def image_size(path: str | Path) -> tuple[int, int]:
    """(width, height) of an image as :func:`load_image` reads it, which is not asked for more; raises as that does."""
    file = check_file(path)
    try:
        with Image.open(file) as image:
            return upright_size(image)
    except Exception:  # what Pillow does not know or refuses is said by the reader
        height, width = load_image(file).shape[:2]
        return width, height


def load_rgba(path: str | Path) -> npt.NDArray[np.uint8]:
    """An image file with its transparency, uint8 [H, W, 4]; raises as :func:`load_image` does."""
    pixels = load_image(path)
    alpha = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    with Image.open(path) as image:
        if "A" in image.getbands() or "transparency" in image.info:
            turned = to_srgb(ImageOps.exif_transpose(image), image.info.get("icc_profile"), Path(path).name)
            return np.asarray(turned.convert("RGBA"), np.uint8)
    return np.concatenate([pixels, alpha], axis=-1)


def load_mask(path: str | Path, image_size: tuple[int, int] | None = None) -> npt.NDArray[np.bool_]:
    """The object that an image file marks: bool [H, W].

    White on black, white on transparent, a cut-out on a transparent background, numbers or colours of classes (0 or black is the
    background); grey rims and JPEG's noise are cut at half. EXIF rotation is applied. What was assumed is said by
    :func:`core.notices.warn`.

    Args:
        path: of the file.
        image_size: (width, height) of the image that it belongs to; a mask of the same proportions is scaled to it.

    Raises:
        CounterpointError: as :func:`load_image`; nothing is marked, it is a photo, or of another size than the image.
    """
    path = check_file(path)
    mask = _read_mask(path)
    return masks.fit_size(masks.check_mask(mask, path.name), image_size, path.name)


def _read_mask(path: Path) -> npt.NDArray[np.bool_]:
    plain = load_image(path)  # says what is wrong with the file
    try:
        with Image.open(path) as image:
            turned = ImageOps.exif_transpose(image)
            if "A" in turned.getbands() or "transparency" in turned.info:
                return masks.mask_of_picture(np.asarray(turned.convert("RGBA")), path.name)
            if turned.mode == "P":
                return _mask_of_palette(turned, path.name)
            if turned.mode in ("1", "L", *DEEP_MODES):
                return masks.mask_of_pixels(np.asarray(turned) * 1, path.name)
    except UnidentifiedImageError:
        pass  # a TIFF that only OpenCV reads
    except (OSError, ValueError, SyntaxError) as error:
        raise CounterpointError(f"{path.name} is damaged and cannot be read as an image ({error}).") from error
    return masks.mask_of_pixels(plain, path.name)


def _mask_of_palette(image: Image.Image, name: str) -> npt.NDArray[np.bool_]:
    """Of few colours black is the background, or, where none is black, the first of the palette."""
    index, rgb = np.asarray(image), np.asarray(image.convert("RGB"))
    numbers, first = np.unique(index, return_index=True)
    colors = rgb.reshape(-1, 3)[first]
    black, plain = (colors == 0).all(axis=1), np.ptp(colors, axis=0).max() == 0
    colored = 0 in numbers and not black[1:].any() and np.ptp(colors, axis=1).max() > 0
    if len(numbers) <= masks.LEAST_IGNORED and (plain or colored):
        if not black[0] and len(numbers) > 1:
            warn(f"{name} has no black; its background was taken to be number {numbers[0]} of its palette.")
        return masks.mask_of_numbers(index.astype(np.int64), name)
    return masks.mask_of_pixels(rgb, name)


def load_depth(
    path: str | Path, size: tuple[int, int], unit: Unit = METRE, scale: float | None = None
) -> npt.NDArray[np.floating]:
    """Depth float64 [H, W] along z of an image of ``size`` (width, height) in the shape's units, NaN where it is not known.

    A 16-bit PNG or TIFF, or an array of integers, holds millimetres, or ``scale`` millimetres a count (BOP's ``depth_scale``); a guessed ``unit`` of the
    shape is said. ``.npy``, ``.npz`` with one array, float TIFF and EXR (channel Z, Y, or R) hold the shape's units. 0 is not known.

    Raises:
        CounterpointError: it cannot be read, is a picture (8 bits, colours, a palette), or is of another size.
    """
    file = check_file(path)
    try:
        values, counts = _depth_values(file)
    except CounterpointError:
        raise
    except Exception as error:  # numpy and Pillow raise of every kind on damaged files
        raise CounterpointError(f"{file.name} holds no depth that can be read ({error}).") from error
    if values.shape != (size[1], size[0]):
        raise CounterpointError(
            f"The depth is {'x'.join(map(str, values.shape[::-1]))} pixels and the image {size[0]} x {size[1]}."
        )
    if counts and not unit.known:
        warn(unit.reason)
    values = _without_marks(values, file.name)
    depth = values.astype(np.float64) * ((scale or 1.0) / 1000 / unit.metres if counts else 1.0)
    known = np.isfinite(depth) & (depth > 0)
    if (depth[np.isfinite(depth)] < 0).any():
        warn(f"{file.name} has depth below zero, which is taken as not known.")
    if not known.any():
        raise CounterpointError(f"{file.name} holds no depth above zero.")
    return np.where(known, depth, np.nan)


def _without_marks(values: npt.NDArray, name: str) -> npt.NDArray:
    """Depth float64 [H, W] that is NaN where the largest number of the format, or Blender's 1e10, stands for nothing."""
    marks = (values == 65535) if values.dtype.kind in "ui" else (values == 65504) | (np.abs(values) >= 1e9)
    marks &= np.isfinite(values)
    if marks.any():
        warn(f"{name} has pixels of the value {values[marks][0]:g}, which is taken as not known.")
    return np.where(marks, np.nan, values.astype(np.float64))


def _depth_values(file: Path) -> tuple[npt.NDArray, bool]:
    """The numbers of a file with depth, and whether they are counts (integers) instead of lengths."""
    suffix = file.suffix.lower()
    if suffix in (".npy", ".npz"):
        loaded = np.load(file, allow_pickle=False)
        if not isinstance(loaded, np.ndarray):
            with loaded:
                if len(loaded.files) != 1:
                    raise CounterpointError(
                        f"{file.name} holds {len(loaded.files)} arrays; depth is one of them alone."
                    )
                loaded = loaded[loaded.files[0]]
        if loaded.dtype.kind not in "uif" or loaded.dtype.itemsize == 1:
            raise CounterpointError(
                f"{file.name} holds numbers of the kind {loaded.dtype}, which are no depth; give lengths, or 16-bit millimetres."
            )
        single = loaded.astype(np.float32) if loaded.dtype.kind == "f" and loaded.dtype.itemsize == 2 else loaded
        return np.squeeze(single), loaded.dtype.kind != "f"
    if suffix == ".exr":
        return _depth_of_exr(file), False
    with Image.open(file) as image:
        if image.mode not in DEEP_MODES:
            raise CounterpointError(
                f"{file.name} is a picture of depth ({image.mode}, 8 bits), not depth; give .npy, a 16-bit PNG, a float TIFF or EXR."
            )
        say_more_pages(image, file.name)
        return deep_values(image), image.mode != "F"


def _depth_of_exr(file: Path) -> npt.NDArray:
    import OpenEXR

    with OpenEXR.File(str(file), separate_channels=True) as opened:
        channels = {name.split(".")[-1].upper(): channel.pixels for name, channel in opened.channels().items()}
    found = next((name for name in ("Z", "Y", "V", "R", "DEPTH") if name in channels), None)
    if found is None:
        raise CounterpointError(f"{file.name} has no channel Z, Y or R with depth.")
    if found == "R" and any(not np.array_equal(channels[found], channels[c]) for c in "GB" if c in channels):
        raise CounterpointError(f"{file.name} is a picture in colours, not depth; give a channel Z.")
    return np.asarray(channels[found], np.float64)


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_MEGAPIXELS * 1e6:
        raise CounterpointError(
            f"{path.name} has {width * height / 1e6:.0f} megapixels ({width} x {height}); the limit is {MAX_MEGAPIXELS}, "
            "so reduce it or cut out the part you need first."
        )


def _to_rgb(image: Image.Image, name: str) -> RGB:
    image.seek(0)
    profile = image.info.get("icc_profile")
    say_other_colors(image, name)
    has_more_bits = colors_have_more_bits(image)
    turned = ImageOps.exif_transpose(image)
    if has_more_bits:
        turned = with_all_bits(image, turned, name)
    if turned.mode in DEEP_MODES:
        rgb = to_8_bit(deep_values(image, turned), name)
        grey = Image.fromarray((255 - rgb if is_white_first(image) else rgb)[..., 0])
        return np.array(to_srgb(grey, profile, name).convert("RGB"))
    turned = to_srgb(turned, profile, name)
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        layer = turned.convert("RGBA")
        if layer.getchannel("A").getextrema()[1] == 0:
            warn(f"{name} is transparent everywhere and is shown white.")
        turned = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.array(turned.convert("RGB"))


def _load_with_opencv(path: Path) -> RGB:
    """16-bit colour TIFF and other files that Pillow does not know."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise CounterpointError(f"{path.name} is not an image this program can read; use PNG, JPEG, WebP or TIFF.")
    import cv2  # not at the top: the window loads this module

    try:
        values = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        values = None
    if values is None:
        raise CounterpointError(f"{path.name} is not an image this program can read; use PNG, JPEG, WebP or TIFF.")
    _check_size(path, values.shape[1], values.shape[0])
    return values if values.dtype == np.uint8 else to_8_bit(values, path.name)


def save_image(path: str | Path, rgb: RGB) -> None:
    """Write uint8 [H, W, 3] in the format of the suffix, whole or not at all.

    Raises:
        CounterpointError: no such format, or the file cannot be written.
    """
    path, content = Path(path), BytesIO()
    kind = Image.registered_extensions().get(path.suffix.lower())
    try:
        Image.fromarray(rgb).save(content, kind or path.suffix)
    except (OSError, ValueError, KeyError) as error:
        raise CounterpointError(
            f"{path.name} cannot be written as '{path.suffix}'; use {', '.join(IMAGE_SUFFIXES)}."
        ) from error
    write_atomic(path, content.getvalue())
