"""Writes scenes: back to where they came from, or as another format."""

from collections.abc import Callable
from pathlib import Path

from core.errors import CounterpointError
from core.interchange.names import listed
from core.notices import warn
from core.progress import Progress, silent
from core.scenes.formats import FORMATS
from core.scenes.scene import Scene
from core.scenes.writers import bop, coco, colmap, nerfstudio, scan2cad, yolo

WRITERS: dict[str, Callable[[Scene, Path, Progress], list[Path]]] = {
    "bop": bop.write,
    "coco": coco.write,
    "yolo": yolo.write_boxes,
    "yolo-seg": yolo.write_polygons,
    "nerfstudio": nerfstudio.write,
    "colmap": colmap.write,
    "scan2cad": scan2cad.write,
}
"""How each of ``FORMATS`` is written."""

_WITH_MARKS = ("coco", "yolo", "yolo-seg")
"""Formats that hold masks and boxes of things without a pose."""


def save_scene(
    scene: Scene, path: str | Path | None = None, file_format: str | None = None, progress: Progress = silent
) -> list[Path]:
    """Write a scene; returns the files and folders that hold it.

    Args:
        scene: with its poses.
        path: where to; by default where it came from.
        file_format: one of ``FORMATS``; by default that in which it came.
        progress: told of every photo.

    Raises:
        CounterpointError: the format is unknown or cannot say this scene, or a file cannot be written.
    """
    name = file_format or scene.layout
    if name not in FORMATS:
        raise CounterpointError(f"Scenes are written as {listed(list(FORMATS))}, not as {name}; choose one of them.")
    if path is None and name != scene.layout:
        raise CounterpointError(f"{scene.root} did not come as {name}; say where it is to be written.")
    bare = sum(at not in scene.poses and not one.drawn for at, one in scene.regions.items())
    if bare and name not in _WITH_MARKS:
        warn(f"{name} has no masks or boxes of things without a pose: {bare} are not in it.")
    written = WRITERS[name](scene, scene.root if path is None else Path(path), progress)
    progress(1.0, "Written")
    return written
