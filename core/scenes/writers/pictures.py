"""The pictures of a scene's photos where a format wants them: as they are, or made upright, or taken out of a video."""

import filecmp
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import CounterpointError
from core.files import make_folder, write_atomic
from core.images import load_depth
from core.orientation import exif_orientation
from core.scenes.pixels import photo_pixels
from core.scenes.scene import Scene, ScenePhoto
from core.scenes.writers.views import relative

PLAIN = (".png", ".jpg", ".jpeg")
"""What every program reads."""


def place_picture(photo: ScenePhoto, target: Path) -> Path:
    """Make the picture of a photo at ``target``, a name without suffix, which follows; returns the file.

    A PNG or JPEG that lies upright is copied byte by byte, everything else becomes a PNG. A picture that is there already
    stays if it is the same.

    Raises:
        CounterpointError: another picture is there, or it cannot be written.
    """
    place = target.with_name(target.name + picture_suffix(photo))
    if _is_plain(photo):
        return place if already(photo.path, place) else copied(photo.path, place)
    if photo.frame is not None and place.exists():
        return place
    content = png_of(Image.fromarray(photo_pixels(photo)))
    if place.exists() and place.read_bytes() != content:
        raise CounterpointError(f"{place} is another picture than {photo.path}; choose another folder.")
    write_atomic(place, content)
    return place


def picture_suffix(photo: ScenePhoto) -> str:
    """The suffix of the file that :func:`place_picture` makes."""
    return photo.path.suffix.lower() if _is_plain(photo) else ".png"


def _is_plain(photo: ScenePhoto) -> bool:
    return photo.frame is None and photo.path.suffix.lower() in PLAIN and exif_orientation(photo.path) == 1


def named_picture(photo: ScenePhoto, folder: Path) -> str:
    """What a photo is called in a file that stands in ``folder``: it stays where it is, unless it lies turned in its file.

    Of such a photo, and of a picture of a video, an upright one is made in ``images``.
    """
    if photo.frame is None and exif_orientation(photo.path) == 1:
        return relative(photo.path, folder)
    parts = [part for part in Path(photo.key).parts if part not in ("..", "/", "images")]
    target = (folder / "images").joinpath(*parts).with_suffix("")
    make_folder(target.parent)
    return relative(place_picture(photo, target), folder)


def place_depth(scene: Scene, photo: ScenePhoto, target: Path) -> float:
    """Make a 16-bit depth picture at ``target``; returns the millimetres of a count."""
    assert photo.depth is not None
    scale = (photo.camera.depth_scale if photo.camera else None) or 1.0
    if photo.depth.suffix.lower() == ".png":
        if not already(photo.depth, target):
            copied(photo.depth, target)
        return scale
    assert photo.camera is not None
    assert photo.camera.size is not None
    millimetres = load_depth(photo.depth, photo.camera.size, scene.unit, scale) * scene.unit.metres * 1000
    step = 0.1 if np.nanmax(millimetres) < 6500 else 1.0
    counts = np.nan_to_num(np.clip(np.rint(millimetres / step), 0, 65534)).astype(np.uint16)
    write_atomic(target, png_of(Image.fromarray(counts)))
    return step


def png_of(image: Image.Image) -> bytes:
    """An image as the bytes of a PNG file."""
    content = BytesIO()
    image.save(content, "PNG", compress_level=3)
    return content.getvalue()


def copied(source: Path, place: Path) -> Path:
    """A file copied whole or not at all."""
    make_folder(place.parent)
    beside = place.parent / f".counterpoint-{place.name}"
    try:
        shutil.copyfile(source, beside)
        beside.replace(place)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CounterpointError(f"{place} cannot be written: {error.strerror or error}.") from error
    return place


def already(source: Path, place: Path) -> bool:
    """Whether the file is there; another one of this name is refused."""
    if not place.exists():
        return False
    if place.samefile(source) or filecmp.cmp(source, place, shallow=False):
        return True
    raise CounterpointError(f"{place} is another picture than {source}; choose another folder.")
