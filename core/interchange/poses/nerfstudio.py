"""Cameras as ``transforms.json`` of nerfstudio and instant-ngp: the shape's frame is the world, axes are OpenGL's.

Pixels are counted from the corner of the top-left one there, and from its centre here.
"""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.errors import CounterpointError
from core.files import read_json, write_json
from core.geometry.camera import PhotoCamera
from core.geometry.lens import FISHEYE, OPENCV, Lens, opencv_lens
from core.geometry.pose import Pose, camera_matrix
from core.interchange.camera_leftovers import check_skew
from core.interchange.names import matches, say_other_folder
from core.interchange.poses.matrix import rotation_of, to_matrix
from core.interchange.poses.view import Entry, View, guarded, rigid
from core.notices import warn

_GL = np.diag([1.0, -1.0, -1.0, 1.0])
"""OpenGL camera axes (y up, z backward) from OpenCV's."""

_SUFFIXES = ("", ".png", ".jpg", ".jpeg")


def save(path: str | Path, views: list[View]) -> None:
    """Cameras in the shape's frame, OpenGL axes, intrinsics with every frame.

    Raises:
        CounterpointError: a pose has a scale, or a lens bends as nerfstudio cannot say.
    """
    write_json(path, content_of(views), indent=1)


def content_of(views: list[View]) -> dict[str, Any]:
    """What :func:`save` writes: the camera model, and a frame for each view; raises as that does."""
    frames, models = [], set()
    for view in views:
        rigid(view.pose, "nerfstudio")
        to_world = np.linalg.inv(to_matrix(view.pose)) @ _GL
        K, (width, height) = view.K, view.size
        model, bend = _bend(view.lens)
        models.add(model)
        inner = {"fl_x": K[0, 0], "fl_y": K[1, 1], "cx": K[0, 2] + 0.5, "cy": K[1, 2] + 0.5, "w": width, "h": height}
        frames.append({"file_path": view.image, "transform_matrix": to_world.tolist()} | inner | bend)
    if len(models) > 1:
        raise CounterpointError(
            "nerfstudio has one camera model for all photos, and these are fisheyes and others; save as COLMAP."
        )
    return {"camera_model": "".join(models) or "OPENCV", "frames": frames}


def load(path: str | Path) -> list[Entry]:
    """All frames of a ``transforms.json``."""
    return [Entry(view.pose, view.image, view.camera) for view in load_views(path)]


def load_views(path: str | Path) -> list[View]:
    """The frames of a ``transforms.json``; intrinsics may stand once for all frames.

    Raises:
        CounterpointError: a camera model that is not understood, no size, or what is no pose.
    """
    content = read_json(path)

    def read() -> list[View]:
        _say_what_moves(content, Path(path).name)
        views = []
        for frame in content["frames"]:
            camera = _camera(content | frame, Path(path), None)
            assert camera.size is not None
            pose = _pose(frame["transform_matrix"], Path(path).name)
            views.append(View(str(frame["file_path"]), camera.size, camera.K, pose, camera.lens))
        return views

    return guarded(path, read)


def camera_for(content: Any, path: Path, size: tuple[int, int] | None, image: str | None) -> PhotoCamera:
    """The camera of one photo of ``size`` called ``image``: of its frame, or what stands for all.

    Raises:
        CounterpointError: only other frames have intrinsics, or as :func:`load_views`.
    """
    frames = content.get("frames") or []
    agreeing = [matches(str(frame.get("file_path", "")), image) if image else 0 for frame in frames]
    best = max(agreeing, default=0)
    chosen = [frame for frame, agrees in zip(frames, agreeing, strict=True) if agrees == best and best]
    own = [frame for frame in frames if INNER & set(frame)]
    if not chosen and own and len(own) > 1 and any(_inner(frame) != _inner(own[0]) for frame in own):
        raise CounterpointError(f"{path.name} has intrinsics of each photo, and none is {image or 'chosen'}.")
    frame = (chosen or own or frames or [{}])[0]
    if len(chosen) > 1 and any(_inner(one) != _inner(chosen[0]) for one in chosen):
        raise CounterpointError(f"{path.name} has several photos called {image}; give its folder too.")
    if chosen and image:
        say_other_folder(str(frame.get("file_path", "")), image, path.name)
    return guarded(path, lambda: _camera(content | frame, path, size))


_DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")
"""In the order of nerfstudio's ``distortion_params``."""

INNER = {"fl_x", "fl_y", "cx", "cy", *_DISTORTION, "distortion_params", "camera_angle_x", "camera_model", "w", "h"}
"""The fields of a frame, or of all frames, that say the camera's inside."""


def _inner(frame: Any) -> dict[str, Any]:
    return {key: value for key, value in frame.items() if key in INNER}


def _camera(said: Any, path: Path, size: tuple[int, int] | None) -> PhotoCamera:
    """Of a frame's values and those for all frames."""
    own_size = (int(said["w"]), int(said["h"])) if "w" in said and "h" in said else size or _photo_size(said, path)
    if own_size is None:
        raise CounterpointError(
            f"{path.name} says no size of its photos and {said.get('file_path', 'the photo')!r} is not beside it; add w and h."
        )
    width, height = own_size
    if "fl_x" in said:
        fx = float(said["fl_x"])
    elif "camera_angle_x" in said:
        if not 0 < float(said["camera_angle_x"]) < np.pi:
            raise CounterpointError(
                f"{path.name} has a camera_angle_x of {said['camera_angle_x']}, which is no field of view in radians."
            )
        fx = width / 2 / np.tan(float(said["camera_angle_x"]) / 2)
    else:
        raise CounterpointError(f"{path.name} has neither fl_x nor camera_angle_x.")
    fy = float(said["fl_y"]) if "fl_y" in said else fx
    if "fl_x" not in said and "camera_angle_y" in said:
        fy = height / 2 / np.tan(float(said["camera_angle_y"]) / 2)
    cx, cy = float(said.get("cx", width / 2)), float(said.get("cy", height / 2))
    K = camera_matrix(fx, fy, cx - 0.5, cy - 0.5)
    if not np.isfinite(K).all() or fx <= 0 or fy <= 0:
        raise CounterpointError(f"{path.name} has a focal length that is not above zero.")
    check_skew({key: said[key] for key in ("s", "skew") if key in said}, fx, (cy - 0.5) / fy, path.name)
    return PhotoCamera(K, own_size, _lens(said, path.name))


def _lens(said: Any, name: str) -> Lens | None:
    model = str(said.get("camera_model", "OPENCV")).upper()
    if said.get("is_fisheye"):
        model = "OPENCV_FISHEYE"
    if any(map(float, np.ravel(said.get("rolling_shutter") or 0))):
        warn(f"{name} has a rolling_shutter, which is left out: the photos are taken to be exposed at once.")
    given = list(said.get("distortion_params") or [])
    named = {key: said[key] for key in _DISTORTION if said.get(key)} or dict(zip(_DISTORTION, given, strict=False))
    if len(given) > len(_DISTORTION):
        raise CounterpointError(f"{name} has {len(given)} distortion_params, and nerfstudio has 6.")
    k1, k2, k3, k4, p1, p2 = (float(named.get(key) or 0) for key in _DISTORTION)
    if model == "OPENCV_FISHEYE":
        if p1 or p2:
            raise CounterpointError(f"{name} has a fisheye lens with p1 or p2, which is not understood.")
        return Lens(FISHEYE, (k1, k2, k3, k4))
    if model in ("PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE") and any((k1, k2, k3, k4, p1, p2)):
        raise CounterpointError(f"{name} calls its camera {model} and gives distortion; it must be one of the two.")
    if model not in ("OPENCV", "SIMPLE_RADIAL", "RADIAL", "PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE"):
        raise CounterpointError(
            f"{name} has cameras of the model {model}, which is not understood; undistort the photos first."
        )
    if k4:
        raise CounterpointError(f"{name} has a k4 beside OPENCV, which is not understood; undistort the photos first.")
    return opencv_lens([k1, k2, p1, p2, k3] if k3 else [k1, k2, p1, p2])


def _bend(lens: Lens | None) -> tuple[str, dict[str, float]]:
    """nerfstudio's camera model and distortion."""
    if lens is None:
        return "OPENCV", {}
    values = lens.coefficients
    if lens.model == FISHEYE:
        return "OPENCV_FISHEYE", dict(zip(("k1", "k2", "k3", "k4"), values, strict=True))
    if lens.model == OPENCV and not any(values[5:]):
        return "OPENCV", dict(zip(("k1", "k2", "p1", "p2", "k3"), values[:5], strict=False))
    raise CounterpointError(f"nerfstudio cannot say this lens ({lens.model}); save as JSON or COLMAP.")


def _pose(values: Any, name: str) -> Pose:
    to_world = np.eye(4)
    matrix = np.array(values, np.float64).reshape(-1, 4)
    if len(matrix) == 4 and np.abs(matrix[3] - [0, 0, 0, 1]).max() > 1e-9:
        raise CounterpointError(f"{name} has a transform_matrix whose last row is not 0 0 0 1.")
    to_world[:3] = matrix[:3]
    to_world[:3, :3] = rotation_of(matrix[:3, :3], name)
    to_camera = np.linalg.inv(to_world @ _GL)
    return Pose(to_camera[:3, :3], to_camera[:3, 3])


def _say_what_moves(content: Any, name: str) -> None:
    """The world that is meant is the file's own, whatever was done to make it."""
    applied = content.get("applied_transform")
    if applied is not None and np.abs(np.array(applied, float).reshape(-1, 4)[:3] - np.eye(4)[:3]).max() > 1e-9:
        warn(
            f"{name} has an applied_transform: poses are in the world after it, and the shape is taken to be there too."
        )
    if float(content.get("applied_scale") or 1) != 1:
        warn(f"{name} has an applied_scale of {content['applied_scale']}: places are in its scaled units.")
    for key in ("orientation_override", "auto_scale_poses_override", "center_method_override"):
        if content.get(key) is not None:
            warn(
                f"{name} has {key}, which nerfstudio applies when it trains; here poses are taken as they are written."
            )


def _photo_size(said: Any, path: Path) -> tuple[int, int] | None:
    """Of the photo's own file beside ``transforms.json``, if it is there."""
    place = file_of(path.parent, str(said.get("file_path", "")))
    if place is None or not place.resolve().is_relative_to(path.parent.resolve()):
        return None
    try:
        with Image.open(place) as image:
            return image.size
    except OSError:
        return None


def file_of(folder: Path, name: str) -> Path | None:
    """The file that a frame names, with or without its suffix and with folders as any system parts them, if it is there."""
    names = dict.fromkeys((name, name.replace("\\", "/")))
    places = (folder / (one + suffix) for one in names for suffix in _SUFFIXES)
    return next((place for place in places if place.is_file()), None)
