"""What the readers of scenes have in common: photos in folders, and their sizes by what their files' heads say."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.formats import SHAPE_SUFFIXES
from core.image_formats import IMAGE_SUFFIXES
from core.interchange.cameras import fitted
from core.interchange.lying import say_meant_upright
from core.interchange.names import listed
from core.notices import collect_warnings, warn
from core.orientation import SIDEWAYS, exif_orientation, may_be_meant_lying, upright_size
from core.scenes.plausible import say_odd_cameras
from core.scenes.scene import ScenePhoto, SceneShape

_NUMBERED = (*IMAGE_SUFFIXES, ".gif")


def header_size(path: str | Path) -> tuple[int, int] | None:
    """(width, height) of a photo as it stands upright, by the head of its file alone; None where that does not say it."""
    try:
        with Image.open(path) as image:
            return upright_size(image)
    except Exception:  # Pillow raises of every kind on what it does not know
        return None


def other_size(path: Path, size: tuple[int, int], said: Sequence[object]) -> str:
    """What is said of an upright photo of ``size`` (width, height) in a file that says another one."""
    turned = (
        ", as it lies in its file, which EXIF turns upright"
        if exif_orientation(path) in SIDEWAYS and tuple(said) == size[::-1]
        else ""
    )
    return f"{size[0]} x {size[1]}, not {said[0]} x {said[1]}{turned}"


def photos_in(folder: Path) -> list[Path]:
    """The files of a folder whose names are those of photos, by name; nothing of the folders below."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name.lower().endswith(_NUMBERED) and entry.is_file()]
    return [folder / name for name in sorted(names) if not name.startswith(".")]


def sized(photos: Iterable[ScenePhoto], where: str) -> tuple[ScenePhoto, ...]:
    """The photos whose files are photos, with the sizes of their pictures in their cameras.

    A file that is none is left out. A camera of the same photo in another size is scaled to it, and one that is of
    another photo is left out; all of that is said, with the first of them named. ``where`` begins the sentences.
    """
    kept: list[ScenePhoto] = []
    broken: list[str] = []
    scaled: list[str] = []
    other: list[str] = []
    turned: list[str] = []
    for photo in photos:
        size = header_size(photo.path)
        if size is None:
            broken.append(photo.path.name)
            continue
        camera = photo.camera
        if camera is not None and may_be_meant_lying(photo.path, camera.size):
            turned.append(photo.path.name)
        if camera is not None and camera.size is not None and camera.size != size:
            fitting = _fitting(camera, size)
            told = f"{photo.path.name} ({other_size(photo.path, size, camera.size)})"
            (other if fitting is None else scaled).append(told)
            photo = replace(photo, camera=fitting)
        elif camera is not None and camera.size is None:
            photo = replace(photo, camera=PhotoCamera(camera.K, size, camera.lens, camera.depth_scale))
        kept.append(photo)
    say_odd_cameras(kept, where)
    say_meant_upright(turned, where)
    if broken:
        warn(f"{where} has {len(broken)} files that are no photos, which are left out: {listed(broken, 3)}.")
    if scaled:
        warn(
            f"{where} has {len(scaled)} photos in another size than their cameras are for, which were scaled: {listed(scaled, 3)}."
        )
    if other:
        warn(f"{where} has {len(other)} cameras that are not of their photos, which are left out: {listed(other, 3)}.")
    return tuple(kept)


def _fitting(camera: PhotoCamera, size: tuple[int, int]) -> PhotoCamera | None:
    """The camera for the photo in another size; None where it is of another photo."""
    with collect_warnings():
        try:
            return fitted(camera, size, "")
        except CounterpointError:
            return None


def shapes_called(folder: Path, names: Mapping[int, str]) -> dict[int, SceneShape]:
    """The shapes in ``models`` or ``shapes`` of a folder that are called as things of these numbers."""
    found = {}
    for place in (folder / "models", folder / "shapes"):
        for file in sorted(place.iterdir()) if place.is_dir() else ():
            if file.suffix.lower() in SHAPE_SUFFIXES:
                found.update({number: SceneShape(number, file, file.stem) for number, name in names.items()
                              if name == file.stem and number not in found})  # fmt: skip
    return found
