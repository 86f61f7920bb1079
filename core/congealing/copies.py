"""Photos that are nearly the same picture: copies of one file, in another size, quality or mirrored, or of one burst.

Two of them are no two witnesses: they agree because they are the same.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from core.alignment.scorer import Photo
from core.encoders.feature_map import box_around

Picture = npt.NDArray[np.float32]

LONGEST = 256
"""Pixels: photos are compared in this size."""

SIDE = 48
"""Pixels of the object's small picture."""

SAME = 0.25
"""The difference of small pictures, where it is largest, up to which they are the same; their deviation is 1.

Of the same photo saved again as JPEG of quality 10 to 90 or at a third to twice its size 95 of 100 differ by less, and one of ten
pairs that show an object 10 degrees apart.
"""

PROPORTION = 0.03
"""The natural logarithm by which the proportions of the same picture differ at most."""


def same_pictures(photos: Sequence[Photo]) -> npt.NDArray[np.int64]:
    """Find out which photos are nearly the same picture as an earlier one, where the object is.

    Returns:
        int64 [P], the number of the first photo that each is the same as; its own number where there is none.
    """
    small, first = [_Small(one) for one in photos], np.arange(len(photos))
    for number, one in enumerate(small):
        for other in np.flatnonzero(first[:number] == np.arange(number)):
            if small[other].shows(one):
                first[number] = other
                break
    return first


class _Small:
    """A photo in small, in grey, and where in it the object is."""

    def __init__(self, photo: Photo):
        height, width = photo.pixels.shape[:2]
        self.proportion = width / height
        factor = LONGEST / max(width, height)
        self.size = max(8, round(width * factor)), max(8, round(height * factor))
        grey = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
        self.pixels: Picture = cv2.resize(grey, self.size, interpolation=cv2.INTER_AREA).astype(np.float32)
        x0, y0, x1, y1 = (v * factor for v in box_around(photo.mask))
        self.rows, self.columns = slice(max(0, int(y0)), int(y1) + 2), slice(max(0, int(x0)), int(x1) + 2)
        self.seen = self._thumbnail(self.pixels)

    def shows(self, other: "_Small") -> bool:
        """Return whether another photo is nearly this one, or its mirror image."""
        if abs(np.log(self.proportion / other.proportion)) > PROPORTION:
            return False
        theirs = other.pixels if other.size == self.size else cv2.resize(other.pixels, self.size)
        return any(_difference(self.seen, self._thumbnail(one)) < SAME for one in (theirs, theirs[:, ::-1]))

    def _thumbnail(self, pixels: Picture) -> Picture:
        """Return what is where this photo's object is, float32 [SIDE, SIDE] of mean 0 and deviation 1."""
        cut = cv2.resize(pixels[self.rows, self.columns], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        smooth = cv2.GaussianBlur(cut, (0, 0), 1.5)
        return np.asarray((smooth - smooth.mean()) / max(float(smooth.std()), 1.0), np.float32)


def _difference(one: Picture, other: Picture) -> float:
    return float(np.sqrt(cv2.GaussianBlur((one - other) ** 2, (0, 0), 3.0).max()))
