"""Photos with outlines of their objects: a folder ``images/`` and, of each photo, ``labels/NAME.txt``.

A line is an object: its class, then x y of its outline as fractions of width and height.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.images import load_image

HELD_OUT = 0.3
"""About this share of the photos is held back from training, by their names."""


@dataclass
class LabelledPhoto:
    """A photo and the outlines of its objects.

    Attributes:
        name: of the file, without its ending.
        image: uint8 [H, W, 3].
        outlines: float32 [n, 2] each, pixels (u, v).
    """

    name: str
    image: npt.NDArray[np.uint8]
    outlines: list[npt.NDArray[np.float32]]

    def mask(self, number: int) -> npt.NDArray[np.bool_]:
        """The pixels of an object, bool [H, W]; hairlines that join the pieces of an outline are none of it."""
        canvas = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillPoly(canvas, [np.round(self.outlines[number]).astype(np.int32)], 1)
        opened = cv2.morphologyEx(canvas, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        return np.asarray((opened if opened.sum() > 0.8 * canvas.sum() else canvas) > 0)


def photo_names(folder: str | Path) -> list[str]:
    """The names of the photos in ``folder`` that have outlines, in order.

    Raises:
        CounterpointError: there are none.
    """
    names = sorted(file.stem for file in (Path(folder) / "labels").glob("*.txt"))
    if not names:
        raise CounterpointError(f"{folder} holds no photos with outlines (images/NAME.jpg and labels/NAME.txt).")
    return names


def is_held_out(name: str) -> bool:
    """Whether a photo of this name is held back from training."""
    return zlib.crc32(name.encode()) % 100 < 100 * HELD_OUT


def read_labelled(folder: str | Path, name: str) -> LabelledPhoto:
    """Read a photo with its outlines.

    Raises:
        CounterpointError: there is no such photo, or its outlines are none.
    """
    files = sorted((Path(folder) / "images").glob(f"{name}.*"))
    if not files:
        raise CounterpointError(f"{folder}/images has no photo {name}; labels/{name}.txt belongs to none.")
    image = load_image(files[0])
    size = np.array([image.shape[1], image.shape[0]], np.float32)
    outlines = []
    for number, line in enumerate((Path(folder) / "labels" / f"{name}.txt").read_text().splitlines(), 1):
        try:
            values = np.array(line.split()[1:], np.float32).reshape(-1, 2)
        except ValueError as error:
            raise CounterpointError(
                f"Line {number} of labels/{name}.txt is no class with x y ... behind it."
            ) from error
        if len(values) >= 3:
            outlines.append(values * size)
    return LabelledPhoto(name, image, outlines)
