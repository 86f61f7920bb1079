"""Pictures that no single pinhole camera took: panoramas all around, and stereo pairs side by side."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.notices import warn

RGB = npt.NDArray[np.uint8]

SIDE = 96
"""Pixels of the small pictures that are compared."""

ALIKE, SHIFT = 0.95, 0.1
"""The halves of a stereo pair correlate by this, one moved against the other by at most this share."""

PLAIN, POLE, SEAM = 8.0, 4.0, 2.0
"""Grey levels: what hardly varies, of a pole still less; and how many times the usual step the one between the ends of a panorama may be."""


def say_panorama(image: Image.Image, name: str) -> None:
    """Warn where a file says that its picture goes all around (GPano's XMP data)."""
    told = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    text = told if isinstance(told, bytes) else str(told).encode("utf-8", "ignore")
    if b"equirectangular" in text.lower():
        _say_all_around(name, "is")


def say_odd(pixels: RGB, name: str) -> None:
    """Warn where a photo looks like a panorama all around, or like two pictures of a stereo camera; pixels [H, W, 3]."""
    height, width = pixels.shape[:2]
    if min(height, width) < 2 * SIDE:
        return
    if abs(width - 2 * height) <= 2 and _goes_around(pixels):
        _say_all_around(name, "seems to be")
    elif _halves_alike(pixels):
        warn(
            f"The left and right halves of {name} show nearly the same, as stereo pairs do: if it is one, cut one half out, "
            "as one camera is taken to have seen the whole."
        )


def _say_all_around(name: str, how: str) -> None:
    warn(
        f"{name} {how} a panorama all around (equirectangular), which no camera of the program sees: poses in it are wrong; "
        "cut a perspective view of the object out of it first."
    )


def _small(pixels: RGB, size: tuple[int, int]) -> npt.NDArray[np.float64]:
    grey = Image.fromarray(pixels).convert("L").resize(size, Image.Resampling.BOX)
    return np.asarray(grey, np.float64)


def _goes_around(pixels: RGB) -> bool:
    """Whether the ends of the rows meet, and the first and last row are one place each, as the poles are."""
    grey = _small(pixels, (2 * SIDE, SIDE))
    ends = [_small(rows, (2 * SIDE, 1)) for rows in (pixels[:1], pixels[-1:])]
    poles = max(np.ptp(np.quantile(row, [0.05, 0.95])) for row in ends)
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=0)
    seam = np.abs(grey[:, 0] - grey[:, -1]).mean()
    varied = grey[SIDE // 4 : -SIDE // 4].std(axis=1).mean()
    return bool(poles < POLE and varied > PLAIN and seam < SEAM * np.median(steps) + 0.5)


def _halves_alike(pixels: RGB) -> bool:
    """Whether one half is the other moved sideways; what does not change along rows, as sky and ground, does not count."""
    grey = _small(pixels, (2 * SIDE, SIDE))
    left, right = grey[:, :SIDE], grey[:, SIDE:]
    most = 0.0
    for shift in range(-int(SHIFT * SIDE), int(SHIFT * SIDE) + 1):
        one = left[:, max(0, shift) : SIDE + min(0, shift)]
        other = right[:, max(0, -shift) : SIDE + min(0, -shift)]
        one, other = one - one.mean(axis=1, keepdims=True), other - other.mean(axis=1, keepdims=True)
        if min(one.std(), other.std()) > PLAIN:
            most = max(most, float((one * other).mean() / (one.std() * other.std())))
    return most > ALIKE
