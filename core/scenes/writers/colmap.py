"""Scenes as a COLMAP model without points, with the photos in ``images``."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import CounterpointError
from core.files import make_folder
from core.interchange.poses import colmap
from core.orientation import exif_orientation
from core.progress import Progress
from core.scenes.scene import Scene, ScenePhoto
from core.scenes.writers.pictures import already, copied, picture_suffix, place_picture
from core.scenes.writers.views import placed_photos, told_apart


def write(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Write ``sparse/0`` and ``images`` in a new folder.

    Raises:
        CounterpointError: the folder has a model, whose points would be lost; no camera has a place in the world; or
            COLMAP cannot say a lens.
    """
    model = path / "sparse" / "0"
    if any((place / f"images{kind}").exists() for place in (path, model, path / "sparse") for kind in (".txt", ".bin")):
        raise CounterpointError(f"{path} has a COLMAP model, whose points would be lost; choose another folder.")
    photos = placed_photos(scene, "COLMAP's model")
    views = []
    names = _names([photo for photo, _ in photos])
    for number, ((photo, view), name) in enumerate(zip(photos, names, strict=True)):
        progress(number / len(photos), f"photo {number + 1} of {len(photos)}")
        _place(photo, path / "images" / name)
        views.append(replace(view, image=name))
    colmap.save(make_folder(model), views)
    return [model, path / "images"]


def _names(photos: Sequence[ScenePhoto]) -> list[str]:
    """What the photos are called in the folder: as in the scene, without ways out of the folder."""
    stems, suffixes = [], []
    for photo in photos:
        place = Path(*([part for part in Path(photo.key).parts if part not in ("..", "/", "images")] or ["photo"]))
        as_it_is = photo.frame is None and place.suffix and exif_orientation(photo.path) == 1
        stems.append(place.with_suffix("").as_posix())
        suffixes.append(place.suffix if as_it_is else picture_suffix(photo))
    return told_apart(stems, suffixes)


def _place(photo: ScenePhoto, target: Path) -> None:
    """The photo's file at ``target``, or an upright picture."""
    make_folder(target.parent)
    if photo.frame is not None or exif_orientation(photo.path) != 1 or not Path(photo.key).suffix:
        place_picture(photo, target.with_suffix(""))
    elif not already(photo.path, target):
        copied(photo.path, target)
