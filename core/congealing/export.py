"""Export of a congealed collection to a folder: poses, coordinate maps and the average picture."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.congealing.collection import Congealed
from core.congealing.coordinates import coordinates
from core.congealing.photos import as_in_photo
from core.congealing.posed_photos import PosedPhoto
from core.congealing.propagate import average
from core.files import make_folder
from core.geometry.pose import resized_intrinsics
from core.images import save_image
from core.interchange.collections import PosedImage, save_collection, save_map
from core.interchange.lying import say_written_upright
from core.interchange.names import file_stems, short_names
from core.interchange.poses import View, colmap, nerfstudio
from core.progress import Progress, silent


def posed_image(path: str, one: PosedPhoto, shrunk: float) -> PosedImage:
    """Return the record of a photo for ``collection.json``, with size, intrinsics and lens of its file.

    Args:
        path: of its file.
        one: the photo.
        shrunk: the factor (1 or less) by which the file's pixels were shrunk when it was opened.
    """
    height, width = one.scorer.photo.pixels.shape[:2]
    camera, name = one.scorer.photo.camera, Path(path).name
    if camera is not None and camera.lens is not None and camera.size is not None:
        view = View(name, camera.size, camera.K, one.best.pose, camera.lens)
    else:
        size = (round(width / shrunk), round(height / shrunk))
        view = View(name, size, resized_intrinsics(one.scorer.K, 1 / shrunk), one.best.pose)
    sure = (one.best.probability, one.best.reasons)
    return PosedImage(path, view, one.best.score, one.agreement, one.inlier, one.fixed, *sure)


def write_poses(
    out: Path,
    found: Congealed,
    paths: list[str],
    shrunk: list[float],
    shape: str,
    file_format: str | None = None,
    **more: Any,
) -> list[Path]:
    """Write ``collection.json``, and the poses of the inliers in another format.

    Args:
        out: the folder.
        found: the collection.
        paths: of the photos' files.
        shrunk: for each photo the factor (1 or less) by which its file's pixels were shrunk.
        shape: the canonical shape's file.
        file_format: the other format, "colmap" or "nerfstudio"; None for no other.
        **more: further entries of ``collection.json``.

    Returns:
        The files and folders that were written.
    """
    say_written_upright(paths, out.name or str(out))
    images = [
        replace(posed_image(path, one, factor), copy_of="" if one.copy_of is None else paths[one.copy_of])
        for path, one, factor in zip(paths, found.members, shrunk, strict=True)
    ]
    save_collection(out / "collection.json", shape, images, **({"up": found.canon.up, "finished": True} | more))
    saved, names = [out / "collection.json"], short_names([str(Path(path).absolute()) for path in paths])
    views = [replace(one.view, image=name) for one, name in zip(images, names, strict=True) if one.inlier]
    if file_format == "colmap":
        make_folder(out / "colmap")
        colmap.save(out / "colmap", views)
        saved.append(out / "colmap")
    elif file_format == "nerfstudio":
        nerfstudio.save(out / "transforms.json", views)
        saved.append(out / "transforms.json")
    return saved


def write_maps(out: Path, found: Congealed, paths: list[str], suffix: str, progress: Progress = silent) -> list[Path]:
    """Write the coordinate maps and the average picture.

    Args:
        out: the folder.
        found: the collection.
        paths: of the photos' files, which the maps are named by.
        suffix: the format of the maps, see :func:`core.interchange.collections.save_map`.
        progress: is told of every map.

    Returns:
        The files that were written.
    """
    make_folder(out / "maps")
    saved = []
    for number, (name, one, solved) in enumerate(zip(file_stems(paths), found.members, found.maps, strict=True)):
        progress(number / len(paths), f"Writing the map of {name} ({number + 1} of {len(paths)})")
        saved.append(out / "maps" / f"{name}.{suffix}")
        save_map(saved[-1], as_in_photo(coordinates(one, solved), one.scorer.photo.camera))
    picture = average(found)
    shade = picture[..., 3:].astype(np.float32) / 255
    save_image(out / "average.png", (picture[..., :3] * shade + 255 * (1 - shade)).astype(np.uint8))
    return [*saved, out / "average.png"]
