"""Scenes as ``transforms.json``: cameras in the world; fields and frames of others stay."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from core.files import make_folder, read_json, write_json
from core.interchange.poses.nerfstudio import INNER, content_of
from core.progress import Progress
from core.scenes.readers.nerfstudio import FILE
from core.scenes.scene import Scene, ScenePhoto
from core.scenes.writers.pictures import named_picture, place_depth
from core.scenes.writers.views import placed_photos, relative

_ALL = INNER | {"camera_angle_y", "is_fisheye"}


def write(scene: Scene, path: Path, progress: Progress) -> list[Path]:
    """Write ``path``, or ``transforms.json`` in it; photos stay where they are.

    Of a picture of a video, and of a photo that lies turned in its file (EXIF), an upright one is made in ``images``.

    Raises:
        CounterpointError: no camera has a place in the world, or nerfstudio cannot say a lens.
    """
    file = path if path.suffix.lower() == ".json" else make_folder(path) / FILE
    ours = scene.layout == "nerfstudio"
    photos = placed_photos(scene, "transforms.json")
    views = []
    for number, (photo, view) in enumerate(photos):
        progress(number / len(photos), f"photo {number + 1} of {len(photos)}")
        same = ours and file.parent.resolve() == scene.root.parent.resolve()
        views.append(view if same else replace(view, image=named_picture(photo, file.parent)))
    content = content_of(views)
    before = read_json(file) if file.is_file() else {}
    own = {frame["file_path"] for frame in content["frames"]}
    others = [frame for frame in before.get("frames", []) if str(frame.get("file_path")) not in own]
    shared = {key: value for key, value in before.items() if key in _ALL and key != "camera_model"}
    frames = [
        _rest(photo.info if ours else {}) | frame | _depth(scene, photo, file.parent)
        for (photo, _), frame in zip(photos, content["frames"], strict=True)
    ]
    about = _rest(scene.info if ours else {}) | _rest(before)
    about.pop("frames", None)
    made = about | {"camera_model": content["camera_model"], "frames": frames + [shared | frame for frame in others]}
    write_json(file, made, indent=1)
    return [file]


def _rest(said: Any) -> dict[str, Any]:
    """What does not say the camera's inside: that is written with every frame."""
    return {key: value for key, value in said.items() if key not in _ALL}


def _depth(scene: Scene, photo: ScenePhoto, folder: Path) -> dict[str, Any]:
    if photo.depth is None:
        return {}
    if photo.depth.suffix.lower() == ".png":
        scale = (photo.camera.depth_scale if photo.camera else None) or 1.0
        return {"depth_file_path": relative(photo.depth, folder), "depth_unit_scale_factor": scale / 1000}
    place = make_folder(folder / "depth") / f"{Path(photo.key).stem}.png"
    scale = place_depth(scene, photo, place)
    return {"depth_file_path": relative(place, folder), "depth_unit_scale_factor": scale / 1000}
