"""The photos of a collection opened together; what cannot be used is left out with its reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.congealing.collection import OpenedPhoto
from core.congealing.photos import open_photo
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.errors import CounterpointError
from core.image_formats import IMAGE_SUFFIXES
from core.images import image_size, load_mask
from core.interchange.cameras import check_sizes, load_camera
from core.interchange.names import listed, nearest_name
from core.notices import warn
from core.progress import Progress, silent

FEWEST = 2
"""Photos that make a collection."""


@dataclass
class OpenedPhotos:
    """Photos that are ready to be posed.

    Attributes:
        photos: those that can be used, named by their paths.
        shrunk: how much each was shrunk (1 or less), by its path.
        refused: the path of each of the others, and why it cannot be used.
    """

    photos: list[OpenedPhoto]
    shrunk: dict[str, float]
    refused: list[tuple[str, str]]


def open_photos(
    paths: Sequence[str],
    encoder: ImageEncoder,
    boxes: Mapping[str, Box] | None = None,
    masks: str | Path | None = None,
    camera: str | Path | None = None,
    progress: Progress = silent,
) -> OpenedPhotos:
    """Open the photos of a collection.

    Args:
        paths: the photos' files.
        encoder: the image encoder.
        boxes: the objects' boxes x0, y0, x1, y1 in pixels, by path (as many folders as tell the photos
            apart) or name. In a photo without box and mask the object is looked for, which the user is told once for all
            photos.
        masks: a folder with masks, named as the photos and ending in ``.png``; or None.
        camera: a file with the photos' camera, or None to go by EXIF data.
        progress: is told which photo is opened.

    Raises:
        CounterpointError: fewer than ``FEWEST`` photos can be used, or photos of several sizes would have one camera.
    """
    boxes, found, searched = boxes or {}, OpenedPhotos([], {}, []), []
    names = list(boxes)
    of_photo = {path: nearest_name(names, path) for path in paths}
    _say_unused(names, of_photo)
    if masks is not None:
        _check_masks(Path(masks), paths)
    _check_camera(camera, paths)
    for number, path in enumerate(paths):
        progress(number / len(paths), f"Cutting out {Path(path).name} ({number + 1} of {len(paths)})")
        try:
            box, mask = boxes.get(of_photo[path] or ""), _mask(path, masks)
            known_camera = load_camera(camera, image_size(path), path) if camera else None
            photo, factor, known = open_photo(path, encoder, box, mask, known_camera)
        except CounterpointError as error:
            found.refused.append((path, str(error)))
            continue
        if box is None and mask is None:
            searched.append(Path(path).name)
        found.photos.append(OpenedPhoto(path, photo, known))
        found.shrunk[path] = factor
    if len(found.photos) < FEWEST:
        reasons = "; ".join(f"{Path(path).name}: {why}" for path, why in found.refused[:3])
        raise CounterpointError(f"Too few photos can be used. {reasons}")
    if searched:
        listed = ", ".join(searched[:3]) + (", ..." if len(searched) > 3 else "")
        warn(f"The object was looked for in {len(searched)} photos that have no box and no mask ({listed}).")
    return found


def _say_unused(names: Sequence[str], of_photo: Mapping[str, str | None]) -> None:
    """Warn of boxes that belong to no photo, and of those that belong to several."""
    uses = Counter(of_photo.values())
    unused = [name for name in names if not uses[name]]
    if unused:
        warn(f"The boxes of {listed(unused, 3)} are left out: they fit none of the photos, or the same as others do.")
    shared = [name for name in names if uses[name] > 1]
    if shared:
        warn(
            f"The boxes of {listed(shared, 3)} are each taken for several photos of that name; name them with their folders."
        )


def _check_masks(folder: Path, paths: Sequence[str]) -> None:
    """Warn of masks that belong to no photo, and of those that belong to several; refuse a folder that has none for them."""
    if not folder.is_dir():
        raise CounterpointError(f"{folder} is no folder; give the folder with the masks.")
    uses = Counter(Path(path).stem for path in paths)
    photos = {Path(path).resolve() for path in paths}
    files = [
        file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.resolve() not in photos
    ]
    there = sorted(file.name for file in files)
    unused = [name for name in there if not name.endswith(".png") or name.removesuffix(".png") not in uses]
    if len(unused) == len(there):
        example = f"{Path(paths[0]).stem}.png"
        raise CounterpointError(
            f"{folder} has no mask for any of the photos; call that of {Path(paths[0]).name} {example}."
        )
    if unused:
        warn(f"The masks {listed(unused, 3)} are left out: they are not called as any of the photos, ending in .png.")
    shared = [name for name, times in uses.items() if times > 1]
    if shared:
        warn(f"The masks of {listed(shared, 3)} are each taken for several photos of that name.")


def _mask(path: str, folder: str | Path | None) -> npt.NDArray[np.bool_] | None:
    if folder is None:
        return None
    file = Path(folder) / f"{Path(path).stem}.png"
    return load_mask(file) if file.exists() else None


def _check_camera(camera: str | Path | None, paths: Sequence[str]) -> None:
    if camera is None:
        return
    sizes = {}
    for path in paths:
        with suppress(CounterpointError):  # a photo that cannot be read is refused by its name
            sizes[path] = image_size(path)
    check_sizes(camera, sizes)
