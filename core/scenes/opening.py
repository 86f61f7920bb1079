"""Opens data sets of every layout as scenes; no pixel is read and nothing is copied."""

from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import CounterpointError
from core.foreign_photos import unread
from core.scenes.plausible import say_odd_poses
from core.scenes.readers.bop import scene_folders
from core.scenes.scene import Scene

LAYOUTS = ("video", "bop", "nerfstudio", "colmap", "coco", "yolo", "folder")
"""The modules of ``core.scenes.readers``, in the order in which they are asked whether they know what is opened."""


def open_scene(path: str | Path) -> Scene:
    """Open a data set.

    It may be a BOP data set with one scene, or a scene of it; a COLMAP capture; ``transforms.json`` or its folder; a file of
    COCO; labels for YOLO (``data.yaml``); a video; or a folder of photos. What is left out or assumed is said by :func:`core.notices.warn`.

    Raises:
        CounterpointError: it is none of these, is broken, or is a BOP data set of several scenes: they are listed, and
            :func:`list_scenes` gives them.
    """
    path = Path(path)
    if not path.exists():
        raise CounterpointError(f"{path} does not exist; check the name.")
    reader = _reader_of(path)
    if reader is None:
        kinds = unread(path.iterdir()) if path.is_dir() else []
        if kinds:
            raise CounterpointError(
                f"{path} has pictures that cannot be read ({', '.join(kinds)}); save them as JPEG or PNG."
            )
        raise CounterpointError(
            f"{path} is no scene that is understood: give a BOP data set, a COLMAP capture, transforms.json of "
            "nerfstudio, annotations of COCO, data.yaml of YOLO, a video, or a folder with photos."
        )
    scene: Scene = reader.read(path)
    if not scene.photos:
        raise CounterpointError(f"{path} has no photo that can be worked on; what it has was left out.")
    say_odd_poses(scene)
    return scene


def list_scenes(path: str | Path) -> list[Path]:
    """What can be opened of ``path``: the folders of a BOP data set's scenes, or itself."""
    path = Path(path)
    reader = _reader_of(path)
    several = scene_folders(path) if reader is not None and reader.__name__.endswith(".bop") and path.is_dir() else []
    return several or [path]


def _reader_of(path: Path) -> Any:
    readers = (import_module(f"core.scenes.readers.{layout}") for layout in LAYOUTS)
    return next((reader for reader in readers if reader.recognises(path)), None)
