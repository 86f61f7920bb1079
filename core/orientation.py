"""How photos lie in their files (EXIF's orientation)."""

from pathlib import Path

from PIL import ExifTags, Image, ImageFile

SIDEWAYS = (5, 6, 7, 8)
"""Orientations whose upright picture is as wide as the one in the file is high."""

_TAIL = 1 << 16
_BEHIND = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type")
"""What a PNG may say of its orientation behind its pixels."""


def orientation(image: Image.Image) -> int:
    """How an opened photo lies, 1 for upright; what :func:`PIL.ImageOps.exif_transpose` would go by."""
    if image.format == "PNG" and not _png_says(image):
        return 1  # Pillow would decode all pixels to look behind them
    found = image.getexif().get(ExifTags.Base.Orientation, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def exif_orientation(path: str | Path) -> int:
    """The EXIF orientation of a photo's file, 1 to 8: 1 is upright, and what is said of no picture that Pillow knows."""
    try:
        with Image.open(path) as image:
            return orientation(image)
    except Exception:  # Pillow raises of every kind on what it does not know
        return 1


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(width, height) of an opened image when its orientation is applied; of a TIFF Pillow says that already."""
    turned = image.format != "TIFF" and orientation(image) in SIDEWAYS
    return image.size[::-1] if turned else image.size


def may_be_meant_lying(path: str | Path, size: tuple[int, int] | None = None) -> bool:
    """Whether pixels that a file tells of a photo may be those of the photo as it lies: it does, and no size tells which.

    Args:
        path: of the photo.
        size: (width, height) for which the pixels are told, those of the upright photo; None where nothing says it.
    """
    found = exif_orientation(path)
    return found != 1 and (size is None or found not in SIDEWAYS or size[0] == size[1])


def _png_says(image: Image.Image) -> bool:
    if {"exif", "Raw profile type exif", "XML:com.adobe.xmp"} & set(image.info):
        return True
    file = image.fp if isinstance(image, ImageFile.ImageFile) else None
    if file is None:
        return False
    at = file.tell()
    file.seek(0, 2)
    file.seek(max(0, file.tell() - _TAIL))
    tail = file.read()
    file.seek(at)
    return any(sign in tail for sign in _BEHIND)
