"""Images of more than eight bits: what their numbers mean, and how they are shown in eight."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps

from core.errors import CounterpointError
from core.notices import warn
from core.orientation import orientation

DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes of grey images of more than eight bits."""

_COUNTS = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
"""The largest numbers of cameras' bit depths, and 1 of images that hold shares."""
_BRIGHT = 99.5
"""Per cent of the numbers of a float image that are not highlights."""
_BRIGHT_BYTE = 64
"""Upper bytes of 16 bits from which on all sixteen are used."""
_FLAT = 0.08
"""If all numbers lie within this share of their range, nothing would be seen."""
_OVERSHOOT = 0.1
"""By what share filters may exceed white, or go below black, without being told."""
_BITS, _PHOTOMETRIC, _PLANES, _SAMPLES = 258, 262, 284, 339
"""Tags of TIFF."""


def to_8_bit(values: npt.NDArray, name: str) -> npt.NDArray[np.uint8]:
    """Grey [H, W] or colours [H, W, C] of any depth -> uint8 [H, W, 3]; what is lost is said.

    The range of integers is the smallest usual bit depth that holds the largest of them. That of floats is 0 to 1 where nearly
    all of them lie in it, or that of counts; others (HDR) are divided by their bright parts.
    """
    is_float = values.dtype.kind == "f"
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    if not known.all():
        warn(f"{name} has {int((~known).sum()):,} numbers that are not finite; they are shown black, or white.")
    found = values[known] if known.any() else np.zeros(1)
    full = _white_of_floats(found, name) if is_float else _white_of_counts(float(found.max()))
    low, high = np.percentile(found[:: max(1, found.size // 100_000)], [0.5, 99.5])
    if not is_float and full > 255 and 0 < high - low < _FLAT * full:
        warn(
            f"{name} uses only numbers from {low:g} to {high:g} (as thermal cameras do): they are shown from black to white."
        )
        values, full = np.clip(values - low, 0, None), high - low
    if found.min() < (-_OVERSHOOT * full if is_float else 0):
        warn(f"{name} has numbers below zero (down to {found.min():.4g}), which are shown black.")
    values = np.clip(np.nan_to_num(values, posinf=full, neginf=0.0), 0, full)
    scaled = (values * (255.0 / full) + 0.5).astype(np.uint8)
    return np.repeat(scaled[..., None], 3, axis=2) if scaled.ndim == 2 else scaled[..., :3]


def _white_of_counts(top: float) -> float:
    return next((full for full in _COUNTS if top <= full), top)


def _white_of_floats(values: npt.NDArray[np.float64], name: str) -> float:
    """Of finite numbers."""
    bright, top = float(np.percentile(values, _BRIGHT)), float(values.max())
    if bright <= 1 + _OVERSHOOT:
        return 1.0
    are_counts = bool((values[:: max(1, values.size // 4096)] % 1 == 0).all())
    full = next((full for full in _COUNTS if bright <= full * (1 + _OVERSHOOT)), 0.0)
    if full and (are_counts or full / 4 <= bright):
        return max(full, _white_of_counts(top)) if are_counts else full
    warn(f"{name} has numbers up to {top:.4g} (HDR); {bright:.4g} and more is shown white.")
    return bright


def deep_values(image: Image.Image, turned: Image.Image | None = None) -> npt.NDArray:
    """The numbers [H, W] of an image of :data:`DEEP_MODES`, or of it ``turned``; those of 32 bits without a sign stay above zero."""
    values = np.array(image if turned is None else turned)
    unsigned = values.dtype == np.int32 and image.format == "TIFF" and _tag(image, _SAMPLES, (1,)) == (1,)
    return values.view(np.uint32) if unsigned else values


def colors_have_more_bits(image: Image.Image) -> bool:
    """Whether an image in colours that is opened and not loaded yet has 16 bits, of which Pillow takes the upper eight."""
    tiles: list[Any] = getattr(image, "tile", None) or []
    return image.mode in ("RGB", "RGBA") and bool(tiles) and ";16" in str(tiles[0].args)


def with_all_bits(image: Image.Image, turned: Image.Image, name: str) -> Image.Image:
    """The picture ``turned`` of 16-bit colours, made anew of all their bits where the upper eight are dark: a camera's twelve, say."""
    if np.asarray(turned)[..., :3].max() >= _BRIGHT_BYTE:
        return turned
    import cv2  # not at the top: the window loads this module

    values = cv2.imread(str(getattr(image, "filename", "")), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        warn(f"{name} uses few of its 16 bits and is shown dark.")
        return turned
    pixels = to_8_bit(values[..., 2::-1], name)
    if turned.mode == "RGBA":
        pixels = np.concatenate([pixels, (values[..., 3:] // 257).astype(np.uint8)], axis=2)
    made = Image.fromarray(pixels)
    made.getexif()[ExifTags.Base.Orientation] = orientation(image)
    return ImageOps.exif_transpose(made)


def is_white_first(image: Image.Image) -> bool:
    """Whether 0 is white in a deep TIFF, which Pillow does not turn round."""
    return _tag(image, _PHOTOMETRIC, 1) == 0


def _tag(image: Image.Image, number: int, default: object) -> object:
    return getattr(image, "tag_v2", {}).get(number, default)


def say_more_pages(image: Image.Image, name: str) -> None:
    """Warn of pages or frames that are not read; phones put other pictures of the same view behind the first of a JPEG."""
    if image.format != "MPO" and getattr(image, "is_animated", False):
        warn(f"{name} holds several pictures (pages or frames); the first is read.")


def check_planes(image: Image.Image, name: str) -> None:
    """Refuse a TIFF of more than eight bits with a plane for each colour, whose bytes Pillow takes for pixels.

    Raises:
        CounterpointError: it is one.
    """
    bits = _tag(image, _BITS, (8,))
    if _tag(image, _PLANES, 1) == 2 and isinstance(bits, tuple) and max(bits) > 8:
        raise CounterpointError(
            f"{name} keeps each of its colours in a plane of its own (planar TIFF of {max(bits)} bits), which cannot be read; save it as PNG."
        )
