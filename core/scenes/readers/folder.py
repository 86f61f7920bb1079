"""Scenes that are a plain folder of photos, with a camera for all and with shapes where these are in it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import CounterpointError
from core.foreign_photos import say_unread
from core.geometry.formats import SHAPE_SUFFIXES
from core.interchange.cameras import fitted, load_camera
from core.interchange.names import listed, number_of
from core.notices import warn
from core.scenes.readers.photos import header_size, photos_in, sized
from core.scenes.scene import Scene, ScenePhoto, SceneShape
from core.units import Unit

if TYPE_CHECKING:
    from core.geometry.camera import PhotoCamera

UNIT = Unit(1.0, False, "Nothing says the unit of the folder's shapes: it is taken to be a metre.")

_BELOW = ("images", "photos", "rgb")
_CAMERAS = tuple(
    f"{name}{suffix}"
    for name in ("camera", "intrinsics", "calibration")
    for suffix in (".json", ".yaml", ".yml", ".txt")
)
"""What a file with the camera of all photos may be called."""


def recognises(path: Path) -> bool:
    """Whether ``path`` is a folder with photos in it, or in ``images``, ``photos`` or ``rgb`` of it."""
    return path.is_dir() and any(photos_in(path / name) for name in ("", *_BELOW))


def read(path: Path) -> Scene:
    """Read the photos' names and sizes, the camera and the shapes."""
    place = next(path / name for name in ("", *_BELOW) if photos_in(path / name))
    beside = [name for name in _BELOW if path / name != place and photos_in(path / name)]
    if beside:
        warn(
            f"{path} also has photos in {listed(beside)}, which are left out; open that folder, or put all photos into one."
        )
    bare = [ScenePhoto(file.relative_to(path).as_posix(), file) for file in photos_in(place)]
    say_unread(place.iterdir(), str(place))
    photos = sized(bare, str(path))
    if not photos:
        raise CounterpointError(f"{path} has no file that is a photo.")
    return Scene(path, "folder", _with_camera(path, photos), _shapes(path), unit=UNIT)


def _with_camera(path: Path, photos: tuple[ScenePhoto, ...]) -> tuple[ScenePhoto, ...]:
    """The photos with the one camera that a file in the folder gives."""
    files = [path / name for name in _CAMERAS if (path / name).is_file()]
    if not files:
        return photos
    file = files[0]
    if len(files) > 1:
        warn(f"{path} has several files of cameras ({listed([one.name for one in files])}); {file.name} is taken.")
    fitting: dict[tuple[int, int] | None, PhotoCamera] = {}
    found = []
    for photo in photos:
        size = header_size(photo.path)
        if size not in fitting:
            fitting[size] = fitted(load_camera(file), size, file.name)
        found.append(replace(photo, camera=fitting[size]))
    return tuple(found)


def _shapes(path: Path) -> dict[int, SceneShape]:
    """The shapes in the folder, in ``models`` or in ``shapes``: by the numbers in their names, or else in their order."""
    files = [
        file
        for place in (path, path / "models", path / "shapes")
        if place.is_dir()
        for file in sorted(place.iterdir())
        if file.suffix.lower() in SHAPE_SUFFIXES and file.is_file()
    ]
    numbers = [number_of(file.name) for file in files]
    if None in numbers or len(set(numbers)) < len(numbers):
        if any(number is not None for number in numbers):
            warn(f"The shapes in {path} have no numbers of their own in their names; they are numbered in their order.")
        numbers = list(range(1, len(files) + 1))
    return {n: SceneShape(n, file, file.stem) for n, file in zip(numbers, files, strict=True) if n is not None}
