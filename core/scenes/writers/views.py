"""Photos whose cameras stand in the world, for the formats that know cameras alone."""

import os
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from core.errors import CounterpointError
from core.interchange.names import listed
from core.interchange.poses.view import View
from core.notices import warn
from core.scenes.scene import Scene, ScenePhoto


def placed_photos(scene: Scene, what: str) -> list[tuple[ScenePhoto, View]]:
    """The photos that have a camera and a place in the world; that others are left out is said, and so are poses.

    Raises:
        CounterpointError: there is none.
    """
    found, lost = [], []
    for photo in scene.photos:
        camera, pose = photo.camera, photo.cam_from_world
        if camera is None or camera.size is None or pose is None:
            lost.append(photo.key)
        else:
            found.append((photo, View(photo.key, camera.size, camera.K, pose, camera.lens)))
    if not found:
        raise CounterpointError(
            f"No photo of {scene.root} has a camera with a place in the world, which {what} is about; choose BOP or COCO."
        )
    if lost:
        warn(
            f"{what} has no photos without a camera and its place in the world: {len(lost)} are left out ({listed(lost)})."
        )
    if scene.poses:
        warn(f"{what} knows cameras alone: the poses of {len(scene.things())} things are not in it.")
    return found


def told_apart(names: Sequence[str], suffixes: Sequence[str] | None = None) -> list[str]:
    """Names of files with their suffixes, of which those that were there before get a number."""
    taken: set[str] = set()
    found = []
    for name, suffix in zip(names, suffixes or [""] * len(names), strict=True):
        tries = chain([name + suffix], (f"{name}_{number}{suffix}" for number in count(2)))
        new = next(one for one in tries if one.lower() not in taken)  # some systems know no capitals
        taken.add(new.lower())
        found.append(new)
    return found


def relative(file: Path, folder: Path) -> str:
    """The path of a file as it is written in one that stands in ``folder``."""
    return Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()
