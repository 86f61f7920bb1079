"""Scenes of nerfstudio and instant-ngp: ``transforms.json`` with the photos beside it."""

from pathlib import Path
from typing import Any

from core.errors import CounterpointError
from core.files import read_json
from core.geometry.camera import PhotoCamera
from core.interchange.names import listed
from core.interchange.poses import nerfstudio
from core.notices import warn
from core.scenes.readers.photos import sized
from core.scenes.scene import Scene, ScenePhoto
from core.units import Unit

UNIT = Unit(1.0, False, "nerfstudio's lengths have no unit: they are taken to be metres.")

FILE = "transforms.json"


def recognises(path: Path) -> bool:
    """Whether ``path`` is such a file, or a folder with one."""
    if path.is_dir():
        return (path / FILE).is_file()
    named = path.suffix.lower() == ".json" and path.is_file()
    return named and (path.name == FILE or b'"frames"' in path.read_bytes())


def read(path: Path) -> Scene:
    """Read the frames whose photos are there.

    Raises:
        CounterpointError: as :func:`core.interchange.poses.nerfstudio.load_views`, or none of the photos is there.
    """
    file = path / FILE if path.is_dir() else path
    content = read_json(file)
    views = nerfstudio.load_views(file)
    found, missing, seen = [], [], set()
    for view, frame in zip(views, content["frames"], strict=True):
        photo = nerfstudio.file_of(file.parent, view.image)
        if photo is None:
            missing.append(view.image)
            continue
        if view.image in seen:
            raise CounterpointError(f"{file} has two frames of the photo {view.image}, which cannot be told apart.")
        seen.add(view.image)
        camera = PhotoCamera(view.K, view.size, view.lens, _depth_scale(content | frame))
        depth = frame.get("depth_file_path")
        found.append(
            ScenePhoto(
                view.image,
                photo,
                camera,
                view.pose,
                nerfstudio.file_of(file.parent, depth) if depth else None,
                None,
                frame,
            )
        )
    if not found and not missing:
        raise CounterpointError(f"{file} names no photo; it has no frames.")
    if not found:
        raise CounterpointError(f"None of the photos of {file} is there ({listed(missing, 3)}); put them beside it.")
    if missing:
        warn(f"{file} has {len(missing)} frames whose photos are not there, which are left out: {listed(missing, 3)}.")
    about = {key: value for key, value in content.items() if key != "frames"}
    return Scene(file, "nerfstudio", sized(found, str(file)), unit=UNIT, info=about)


def _depth_scale(said: dict[str, Any]) -> float | None:
    """Millimetres a count of the depth pictures; nerfstudio's factor is metres."""
    if not said.get("depth_file_path"):
        return None
    return 1000 * float(said.get("depth_unit_scale_factor") or 0.001)
