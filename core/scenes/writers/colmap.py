"""Scenes as a COLMAP model without points, with the photos in ``images``."""

from dataclasses import replace
from pathlib import Path

from core.errors import CounterpointError
from core.files import make_folder
from core.interchange.poses import colmap
from core.orientation import lies
from core.progress import Progress
from core.scenes.scene import Scene, ScenePhoto
from core.scenes.writers.pictures import copied, place_picture
from core.scenes.writers.views import placed_photos


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
    for number, (photo, view) in enumerate(photos):
        progress(number / len(photos), f"photo {number + 1} of {len(photos)}")
        views.append(replace(view, image=_place(photo, path / "images")))
    colmap.save(make_folder(model), views)
    return [model, path / "images"]


def _place(photo: ScenePhoto, folder: Path) -> str:
    """The photo in the folder, and what it is called in it: as in the scene, without ways out of the folder."""
    parts = [part for part in Path(photo.key).parts if part not in ("..", "/", "images")] or ["photo"]
    target = folder.joinpath(*parts)
    make_folder(target.parent)
    if photo.frame is not None or not target.suffix or lies(photo.path) != 1:
        return place_picture(photo, target.with_suffix("")).relative_to(folder).as_posix()
    if not target.exists():
        copied(photo.path, target)
    return target.relative_to(folder).as_posix()
