"""Scenes of COLMAP: its sparse model as text or binary, and the photos beside it."""

from pathlib import Path

from core.errors import CounterpointError
from core.interchange.names import listed
from core.interchange.poses import colmap
from core.notices import warn
from core.scenes.readers.photos import sized
from core.scenes.scene import Scene, ScenePhoto
from core.units import Unit

UNIT = Unit(1.0, False, "COLMAP's lengths have no unit: they are taken to be metres.")

_MODEL = ("", "sparse/0", "sparse", "0")
_FILES = ("cameras.txt", "cameras.bin", "images.txt", "images.bin")


def recognises(path: Path) -> bool:
    """Whether ``path`` is a model's folder, the folder of a capture with one in it, or a file of a model."""
    return path.name in _FILES or any((path / place / name).is_file() for place in _MODEL for name in _FILES)


def read(path: Path) -> Scene:
    """Read the model and find its photos.

    Raises:
        CounterpointError: the model is damaged or its cameras are not understood, or none of its photos is there.
    """
    folder = path.parent if path.name in _FILES else path
    cameras, places = colmap.read_cameras(folder), _places(folder)
    found, missing = [], []
    for name, number, pose in colmap.read_images(folder):
        if number not in cameras:
            raise CounterpointError(f"{folder} has no camera {number}, which {name} was taken with.")
        file = next((place / name for place in places if (place / name).is_file()), None)
        if file is None:
            missing.append(name)
        else:
            found.append(ScenePhoto(name, file, cameras[number], pose))
    if not found:
        raise CounterpointError(
            f"The photos of {folder} ({listed(missing, 3)}) are not there; put them into its folder images."
        )
    if missing:
        warn(
            f"{folder} has {len(missing)} images whose photos are not there, which are left out: {listed(missing, 3)}."
        )
    names = [photo.key for photo in found]
    if len(set(names)) < len(names):
        raise CounterpointError(f"{folder} has two images of one name, so that they cannot be told apart.")
    photos = sized(found, str(folder))
    return Scene(folder, "colmap", photos, unit=UNIT)


def _places(folder: Path) -> list[Path]:
    """Where the photos may be: beside the model or in ``images``, or one or two folders above (``sparse/0``)."""
    above = [folder, *list(folder.absolute().parents)[:2]]
    return [one / name for one in above for name in ("images", "rgb", "")]
