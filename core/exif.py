"""What the EXIF data of a photo tell about its camera."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

FILM = float(np.hypot(36.0, 24.0))
"""Millimetres of the diagonal of 35 mm film, by which focal lengths are converted (CIPA DCG-001)."""

MILLIMETRES = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
"""Of the units of ``FocalPlaneResolutionUnit`` (EXIF 2.3; 4 and 5 are common, if not of the standard)."""

SENSORS = (1.0, 100.0)
"""Millimetres along the longer side of a sensor that can be: others are mistakes."""

SAME_SHAPE = 0.02
"""Ratios of a picture's sides that differ by less than this share are those of one picture."""


def field_of_view(path: str | Path) -> float | None:
    """Degrees that the longer side of a photo spans, from the focal length that its EXIF data give.

    It is None where they tell none, or were written of a picture whose sides have another ratio: then the photo was cut
    out of that one, and nobody knows where.
    """
    try:
        with Image.open(path) as image:
            return _field(image.size, image.getexif().get_ifd(ExifTags.IFD.Exif))
    except Exception:  # no EXIF, or damaged: the image itself is read elsewhere
        return None


def _field(size: tuple[int, int], told: Mapping[int, Any]) -> float | None:
    longer, shorter = max(size), min(size)
    taken = [float(told.get(tag) or 0) for tag in (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)]
    if min(taken) > 0 and abs(np.log(max(taken) / min(taken) * shorter / longer)) > SAME_SHAPE:
        return None
    film = float(told.get(ExifTags.Base.FocalLengthIn35mmFilm) or 0)
    if film > 0:
        return _degrees(longer / np.hypot(longer, shorter) * FILM, film)
    unit = MILLIMETRES.get(told.get(ExifTags.Base.FocalPlaneResolutionUnit, 2), 0.0)
    pixels, focal = (
        float(told.get(tag) or 0) for tag in (ExifTags.Base.FocalPlaneXResolution, ExifTags.Base.FocalLength)
    )
    if not (pixels > 0 and focal > 0 and SENSORS[0] <= max(taken) / pixels * unit <= SENSORS[1]):
        return None
    return _degrees(max(taken) / pixels * unit, focal)


def _degrees(side: float, focal: float) -> float:
    return float(np.degrees(2 * np.arctan(side / 2 / focal)))
