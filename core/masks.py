"""What a picture marks as the object.

It may be white on black, opaque on transparent, numbers or colours of classes, with the noise of JPEG.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion

from core.arrays import Mask
from core.errors import CounterpointError
from core.notices import warn

IGNORED = 255
"""The number that label maps of eight bits give to what is to be left out (PASCAL VOC's borders)."""
LEAST_IGNORED = 128
"""All other numbers must be below this for ``IGNORED`` to have its meaning."""

_NUMBERS = 32
"""A grey picture whose largest value is at most this holds numbers, not shades."""
_FEW = 8
"""Pictures of more values than this may have noise (JPEG) or soft edges: they have where most values seldom fill an
area."""
MOST_CLASSES = 64
"""Noisy pictures of more classes than this are photos."""
_APART, _NEAR = 24, 6
"""Noisy values closer than ``_APART`` are one; at least ``LEAST_SHARE`` of the picture must lie within ``_NEAR`` of
one."""
LEAST_SHARE = 0.6
_SOLID = 4
"""A value is a class, not the rim of one, where this many pixels and their four neighbours have it."""
_FILLED = 0.3
"""A value fills areas where this share of its pixels are surrounded by it."""
_STEP = 0.07
"""Where neighbouring pixels differ by less than this share of the brightest there is no edge."""
_RIM = 4
"""Pixels along an outline that tell nothing of how many values the object has."""


@dataclass
class Levels:
    """The values of which a picture consists.

    Attributes:
        values: [K, C], the background first.
        index: int64 [H, W], the nearest value of every pixel.
        share: of the pixels that are (nearly) one of the values, in the picture or away from the outline of the object.
        exact: every pixel is one of the values.
    """

    values: npt.NDArray
    index: npt.NDArray[np.int64]
    share: float
    exact: bool


def mask_of_picture(rgba: npt.NDArray[np.uint8], name: str) -> Mask:
    """The object in uint8 [H, W, 4]: what is opaque, or where all is, what :func:`mask_of_pixels` says.

    Raises:
        CounterpointError: nothing is marked, or it is a photo.
    """
    mask = mask_of_alpha(rgba[..., 3], rgba[..., :3], name)
    return mask_of_pixels(rgba[..., :3], name) if mask is None else mask


def mask_of_alpha(alpha: npt.NDArray[np.uint8], rgb: npt.NDArray[np.uint8], name: str) -> Mask | None:
    """What is opaque: bool [H, W] of uint8 [H, W] and [H, W, 3]; None where transparency says nothing.

    Raises:
        CounterpointError: all is transparent.
    """
    if alpha.min() == alpha.max():
        if alpha.max() == 0:
            raise CounterpointError(f"{name} is transparent everywhere and marks nothing; export the mask again.")
        return None
    opaque = alpha >= 128
    if not opaque.any():
        opaque = alpha > 0
        warn(f"{name} is nowhere more than half opaque; what is not fully transparent was taken.")
    inside = rgb[opaque]
    white, black = (inside >= 250).all(axis=1), (inside <= 5).all(axis=1)
    if (white | black).all() and min(white.mean(), black.mean()) > 0.01:
        warn(f"{name} is white, black and transparent; what is white was taken.")
        return np.asarray(opaque & (rgb >= 128).all(axis=2))
    return np.asarray(opaque)


def mask_of_pixels(pixels: npt.NDArray, name: str) -> Mask:
    """The object in a grey picture [H, W] of any depth, or a coloured one uint8 [H, W, 3]: bool [H, W].

    Raises:
        CounterpointError: nothing is marked, or it is a photo.
    """
    if pixels.ndim == 3 and np.ptp(pixels, axis=2).max() <= 16:
        pixels = pixels.max(axis=2)
    if pixels.ndim == 2:
        pixels = np.nan_to_num(pixels)
        low, high = pixels.min(), pixels.max()
        if low == high:
            return _uniform(pixels, name)
        if _holds_numbers(pixels):
            return mask_of_numbers(pixels.astype(np.int64), name)
        pixels = pixels * (255 / high) if high > 255 or pixels.dtype.kind == "f" else pixels
    levels = levels_of(pixels)
    if len(levels.values) == 1:
        return _uniform(pixels, name) if levels.exact else _thin(pixels, levels, name)
    if levels.share < LEAST_SHARE or (len(levels.values) > MOST_CLASSES and not levels.exact):
        return _of_photo(pixels, name)
    if levels.values[0].max() > _APART:
        warn(f"{name} has no black; its background was taken to be {_named(levels.values[0])}.")
    if len(levels.values) > 2:
        marked = ", ".join(_named(value) for value in levels.values[1:4])
        more = ", ..." if len(levels.values) > 4 else ""
        warn(f"{name} marks {len(levels.values) - 1} classes ({marked}{more}); all of them were taken as the object.")
    return np.asarray(levels.index > 0)


def mask_of_numbers(index: npt.NDArray[np.integer], name: str) -> Mask:
    """The object in a map of class numbers [H, W], 0 for none: bool [H, W].

    Raises:
        CounterpointError: nothing is marked.
    """
    numbers = [int(n) for n in _distinct(index)[0]]
    ignored = ignored_number(numbers)
    mask = index != (0 if 0 in numbers else numbers[0])
    if len(numbers) == 1:
        return _uniform(index, name)
    if 0 not in numbers:
        warn(f"{name} has no pixels of the number 0; its background was taken to be {numbers[0]}.")
    if ignored is not None:
        mask &= index != ignored
        warn(f"{name} has pixels of the number {ignored}, which were left out as undecided.")
    marked = [n for n in numbers if n not in (0 if 0 in numbers else numbers[0], ignored)]
    if len(marked) > 1:
        shown = ", ".join(map(str, marked[:6])) + (", ..." if len(marked) > 6 else "")
        warn(f"{name} marks {len(marked)} classes ({shown}); all of them were taken as the object.")
    return np.asarray(mask)


def ignored_number(numbers: list[int]) -> int | None:
    """``IGNORED`` where it is among sorted class numbers and stands apart from them, else None."""
    others = [n for n in numbers if n not in (0, IGNORED)]
    return IGNORED if IGNORED in numbers and others and max(others) < LEAST_IGNORED else None


def levels_of(pixels: npt.NDArray) -> Levels:
    """The values of which a picture [H, W] or uint8 [H, W, 3] consists.

    Rims of mixed values and noise are none of their own.

    The background is black where there is black, else the commonest value along the border.
    """
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    code = np.zeros(pixels.shape[:2], np.int32)
    for band in range(bands):
        code += pixels.reshape(*code.shape, bands)[..., band].astype(np.int32) << (8 * band)
    found, place, count = _distinct(code)
    values = (found[:, None] >> (8 * np.arange(bands))) & 255 if bands > 1 else found[:, None]
    solid = np.bincount(place[_inner(code)], minlength=len(found))
    chosen = np.flatnonzero(solid >= _SOLID) if len(found) > 2 else np.arange(len(found))
    if len(chosen) == 0:
        chosen = np.array([np.argmax(count)])
    chosen = chosen[np.argsort(-count[chosen], kind="stable")]
    noisy = len(found) > _FEW and np.mean(solid < _FILLED * count) > 0.5
    centers: list[int] = []
    for one in chosen:
        if not noisy or all(np.abs(values[one] - values[other]).max() > _APART for other in centers):
            centers.append(int(one))
        if noisy and len(centers) > MOST_CLASSES:
            break
    border = np.concatenate([place[0], place[-1], place[:, 0], place[:, -1]])
    of_value = np.array([np.abs(values - values[center]).max(axis=1) for center in centers])
    nearest = of_value.argmin(axis=0)
    dark = [k for k, center in enumerate(centers) if values[center].max() <= (_APART if noisy else 0)]
    back = dark[0] if dark else int(np.bincount(nearest[border], minlength=len(centers)).argmax())
    order = np.array([back, *(k for k in range(len(centers)) if k != back)])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    off = of_value.min(axis=0)
    if not off.any():
        return Levels(values[np.array(centers)[order]], rank[nearest][place], 1.0, True)
    near, other = (off <= _NEAR)[place], (of_value[back] > _APART)[place]
    inside = binary_erosion(other, iterations=_RIM)
    share = min(float(near.mean()), float(near[inside].mean()) if inside.any() else 1.0)
    return Levels(values[np.array(centers)[order]], rank[nearest][place], share, bool((off == 0).all()))


def fit_size(mask: Mask, size: tuple[int, int] | None, name: str) -> Mask:
    """A mask bool [H, W] of a picture of ``size`` (width, height).

    One of the same proportions is scaled, and that is said.

    Raises:
        CounterpointError: it is of another size and other proportions.
    """
    height, width = mask.shape
    if size is None or size == (width, height):
        return mask
    if not same_proportions((width, height), size):
        turned = " It may be turned: the photo's EXIF data say how it is to be held." if size == (height, width) else ""
        raise CounterpointError(
            f"{name} is {width} x {height} pixels and the image {size[0]} x {size[1]}; use the mask of this image.{turned}"
        )
    warn(f"{name} is {width} x {height} pixels and was scaled to the image's {size[0]} x {size[1]}.")
    import cv2  # not at the top: the window loads this module

    return np.asarray(cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST_EXACT) > 0)


def same_proportions(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether one size is the other, scaled and rounded to whole pixels."""
    scale = max(other) / max(size)
    step = max(1.0, scale)
    return all(abs(a * scale - b) <= step for a, b in zip(size, other, strict=True)) and min(*size, *other) > 1


def check_mask(mask: Mask, name: str) -> Mask:
    """A mask bool [H, W] that marks something; one that may be inverted is said to be.

    Raises:
        CounterpointError: it marks nothing.
    """
    if not mask.any():
        raise CounterpointError(f"{name} marks nothing: no pixel is on; mark the object in white on black.")
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    if mask.all():
        warn(f"{name} marks the whole image.")
    elif border.mean() > 0.99:
        warn(f"{name} marks {mask.mean():.0%} of the image with its whole border; it may be inverted.")
    return mask


def _uniform(pixels: npt.NDArray, name: str) -> Mask:
    if pixels.max() == 0:
        raise CounterpointError(f"{name} marks nothing: all its pixels are black; mark the object in white on black.")
    return np.ones(pixels.shape[:2], bool)


def _thin(pixels: npt.NDArray, levels: Levels, name: str) -> Mask:
    """Only lines and dots stand on the background.

    They are what is nearer to the value that differs most than to the background.
    """
    wide = pixels.reshape(*pixels.shape[:2], -1).astype(np.int64)
    off = np.abs(wide - levels.values[0]).max(axis=2)
    if levels.share < LEAST_SHARE:
        return _of_photo(pixels, name)
    return np.asarray(off * 2 >= off.max())


def _of_photo(pixels: npt.NDArray, name: str) -> Mask:
    """Of an object cut out on black what is not black; of grey that only fades the brighter half."""
    bright = pixels if pixels.ndim == 2 else pixels.max(axis=2)
    dark = bright <= 10
    border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    middle = (bright > 0.1 * bright.max()) & (bright < 0.9 * bright.max())
    if border.mean() > 0.5 and dark.mean() > 0.05 and not (pixels.ndim == 2 and _fades(pixels)):
        warn(
            f"{name} looks like an object cut out on black; what is not black was taken, so dark places may be missing."
        )
        return np.asarray(~dark)
    if pixels.ndim == 2 and middle.mean() < 0.5:
        warn(f"{name} has shades of grey; what is at least half as bright as its brightest pixel was taken.")
        return np.asarray(bright >= bright.max() / 2)
    raise CounterpointError(
        f"{name} is a picture of many shades and no mask; mark the object in white on black, or make the rest transparent."
    )


def _fades(grey: npt.NDArray) -> bool:
    """Whether a grey picture [H, W] nowhere has an edge, as a mask with soft rims or a map of probabilities."""
    grey = grey.astype(np.float32)
    step = np.maximum(np.abs(np.diff(grey, axis=0))[:, :-1], np.abs(np.diff(grey, axis=1))[:-1])
    lit = grey[:-1, :-1] > 0.04 * grey.max()
    return bool(lit.any()) and float(np.percentile(step[lit], 99.9)) < _STEP * float(grey.max())


def _holds_numbers(pixels: npt.NDArray) -> bool:
    """Whether a grey picture [H, W] has class numbers and no shades: small ones, or more than two that fill areas."""
    if not np.array_equal(pixels, np.rint(pixels)) or pixels.min() < 0:
        return False
    code = pixels.astype(np.int64)
    found, place, count = _distinct(code)
    numbers = [int(n) for n in found]
    if max(n for n in numbers if n != ignored_number(numbers)) <= _NUMBERS:
        return True
    solid = np.bincount(place[_inner(code)], minlength=len(found))
    return len(found) > 2 and float(np.mean(solid >= _FILLED * count)) > 0.7


def _distinct(code: npt.NDArray[np.integer]) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    """The distinct numbers [n] of an array, ascending, and how often [n] each occurs.

    Between the two stands the place among them of each element.
    """
    if code.max() >= 1 << 24:
        found, place, count = np.unique(code, return_inverse=True, return_counts=True)
        return found, place.reshape(code.shape), count
    often = np.bincount(code.ravel())
    found = np.flatnonzero(often)
    rank = np.zeros(len(often), np.int32)
    rank[found] = np.arange(len(found))
    return found, rank[code], often[found]


def _inner(code: npt.NDArray[np.integer]) -> Mask:
    """Pixels whose four neighbours have the same value; the picture goes on beyond its border."""
    wide = np.pad(code, 1, mode="edge")
    return np.asarray(
        (wide[:-2, 1:-1] == code) & (wide[2:, 1:-1] == code) & (wide[1:-1, :-2] == code) & (wide[1:-1, 2:] == code)
    )


def _named(value: npt.NDArray) -> str:
    return "#" + "".join(f"{int(v):02x}" for v in value) if len(value) == 3 else f"grey {int(value[0])}"
