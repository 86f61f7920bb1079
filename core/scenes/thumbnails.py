"""Small pictures of a scene's photos, kept on disk: made once, and again when a photo's file changes."""

import hashlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.color_profiles import to_srgb
from core.errors import CounterpointError
from core.files import cache_dir, make_folder, write_atomic
from core.images import load_image
from core.orientation import orientation
from core.scenes.pixels import photo_pixels
from core.scenes.scene import ScenePhoto

QUALITY = 85
"""Of the JPEG on disk."""


def thumbnail(photo: ScenePhoto, side: int) -> npt.NDArray[np.uint8]:
    """The photo as RGB uint8 [h, w, 3], no longer than ``side``.

    Raises:
        CounterpointError: the photo cannot be read.
    """
    kept = cache_dir() / "thumbnails" / f"{_name(photo, side)}.jpg"
    if kept.is_file():
        with suppress(CounterpointError):  # a damaged one is made again
            return load_image(kept)
    picture = _quick(photo, side) or Image.fromarray(photo_pixels(photo))
    picture.thumbnail((side, side), Image.Resampling.BOX)
    content = BytesIO()
    picture.save(content, "JPEG", quality=QUALITY)
    with suppress(CounterpointError):  # without a cache it is made anew each time
        make_folder(kept.parent)
        write_atomic(kept, content.getvalue())
    return np.asarray(picture)


def _quick(photo: ScenePhoto, side: int) -> Image.Image | None:
    """A JPEG is decoded no larger than it is needed; None where that cannot be done."""
    if photo.frame is not None or photo.path.suffix.lower() not in (".jpg", ".jpeg"):
        return None
    try:
        with Image.open(photo.path) as image:
            if image.mode != "RGB" or orientation(image) != 1:
                return None
            image.draft("RGB", (2 * side, 2 * side))
            return to_srgb(image, image.info.get("icc_profile"), photo.path.name).convert("RGB")
    except Exception:  # what Pillow does not know or refuses is said by the reader
        return None


def _name(photo: ScenePhoto, side: int) -> str:
    try:
        status = photo.path.stat()
    except OSError:
        raise CounterpointError(f"{photo.path} does not exist; check the name.") from None
    about = (str(photo.path.absolute()), photo.frame, status.st_mtime_ns, status.st_size, side)
    return hashlib.sha256(repr(about).encode()).hexdigest()[:32]
