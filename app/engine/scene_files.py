"""What the engine does to open scenes; as :mod:`app.engine.files` it imports nothing heavy, so that a scene is there at once."""

from pathlib import Path

from app.engine.process import Report
from app.shared.results import ScenesFound, SmallPhoto
from core.errors import CounterpointError
from core.geometry.shape import load_shape
from core.progress import Progress
from core.scenes.opening import list_scenes
from core.scenes.opening import open_scene as read_scene
from core.scenes.scene import Scene, ScenePhoto, SceneShape
from core.scenes.thumbnails import thumbnail
from core.units import Unit, unit_of


def open_scene(progress: Progress, path: str) -> Scene | ScenesFound:
    """The scene of a folder or a file; what there is to choose of where there are several."""
    progress(0.1, f"Reading {Path(path).name}")
    places = list_scenes(path)
    return read_scene(places[0]) if len(places) == 1 else ScenesFound(tuple(str(place) for place in places))


def scene_thumbnails(progress: Report, photos: tuple[ScenePhoto, ...], side: int) -> None:
    """Small pictures; a :class:`SmallPhoto` of each is told as soon as it is there."""
    for number, photo in enumerate(photos):
        progress(number / len(photos), f"Small picture of {photo.key}")
        try:
            progress.tell(SmallPhoto(photo.key, thumbnail(photo, side)))
        except CounterpointError as error:
            progress.tell(SmallPhoto(photo.key, None, str(error)))


def read_scene_shape(progress: Progress, path: str, number: int, unit: Unit) -> SceneShape:
    """A shape for a scene whose translations are in ``unit``."""
    progress(0.1, f"Opening {Path(path).name}")
    shape = load_shape(path)
    low, high = (tuple(float(value) for value in row) for row in shape.bounds)
    scale = unit.metres / unit_of(path, shape.diagonal).metres
    return SceneShape(number, Path(path), Path(path).stem, scale, {}, (low, high))
