"""Poses as our own JSON documents, and as others write R and t, or a matrix, into JSON."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.errors import CounterpointError
from core.files import write_json
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.interchange.camera_values import camera_of
from core.interchange.poses.matrix import drift, from_matrix, rotation_of
from core.interchange.poses.view import Entry, View
from core.notices import warn
from core.units import parse_unit

_MATRICES = (
    "pose",
    "matrix",
    "T",
    "T_cam_from_obj",
    "cam_T_obj",
    "ob_in_cam",
    "extrinsic",
    "object_to_camera",
    "model_to_camera",
)
"""What a matrix from the shape's frame to the camera's is called."""

_PHOTOS = ("image", "image_name", "file_name", "file_path", "img_name", "im_id", "image_id", "frame")
"""What the photo is called."""

_UNIT = re.compile(r"(?i)(^|_)units?($|_(t|trans|translation|length|position)$)")
_ANGLE = re.compile(r"(?i)rot|angle|rvec")
"""What the unit of lengths is called, and what that of turns."""

_SAYS_AXES = re.compile(r"(?i)conven|coord|axes|axis|frame|direction|pose_?type|system")
_OTHER_AXES = re.compile(
    r"(?i)opengl|blender|unity|unreal|arkit|pytorch3d|c2w|(to|2)[ _-]?world|cam(era)?[ _-]?(to|2)[ _-]?(obj|mod)|inverse"
)
"""Words by which others say that x does not lead right, y down and z forward, or that poses lead from the camera."""

_INVERSE = (
    "c2w",
    "cam2world",
    "camera_to_world",
    "camera_to_object",
    "cam_in_ob",
    "cameraPoseARFrame",
    "transform_matrix",
    "to_world",
)
"""What one that leads from the camera's frame is called."""


def save(path: str | Path, view: View) -> None:
    """``image``, ``width``, ``height``, ``K``, ``R``, ``t``, ``s``, and ``lens`` where it bends."""
    pose = {"R": view.pose.R.tolist(), "t": view.pose.t.tolist(), "s": np.asarray(view.pose.s).tolist()}
    about = {"image": view.image, "width": view.size[0], "height": view.size[1], "K": view.K.tolist()}
    write_json(path, about | ({} if view.lens is None else {"lens": view.lens.as_json()}) | pose, indent=1)


def camera_in(content: Any) -> PhotoCamera:
    """The camera of what :func:`save` wrote."""
    plain = camera_of({key: value for key, value in content.items() if key != "lens"}, "The pose")
    return PhotoCamera(plain.K, plain.size, _lens(content))


def read_entries(content: Any, name: str) -> list[Entry]:
    """The pose in a JSON document: R and t (and s), rvec and tvec, or a matrix by one of its usual names."""
    if isinstance(content, list) and any(isinstance(one, dict) for one in content):
        return [entry for one in content for entry in read_entries(one, name)]
    if isinstance(content, list):
        return [Entry(from_matrix(content, name))]
    if len(content) > 1 and all(_holds_pose(one) for one in content.values()):
        return [
            replace(entry, image=entry.image or str(key))
            for key, one in content.items()
            for entry in read_entries(one, name)
        ]
    unit = _unit(content, name)
    return [replace(entry, unit=entry.unit or unit) for entry in _read_one(content, name)]


def _holds_pose(content: Any) -> bool:
    return isinstance(content, dict) and bool(
        {"R", "rotation", "rvec", "cam_R_m2c", *_MATRICES, *_INVERSE} & set(content)
    )


def _unit(content: Any, name: str) -> float | None:
    """Metres of the ``unit`` that a document gives its translations in."""
    said = [value for key, value in content.items() if _UNIT.search(str(key)) and not _ANGLE.search(str(key))]
    found = {parse_unit(str(value)) for value in said}
    if len(found) > 1:
        raise CounterpointError(f"{name} gives several units; give the one of its translations.")
    return next(iter(found), None)


def _read_one(content: Any, name: str) -> list[Entry]:
    camera = _camera(content, name)
    image = str(next((content[key] for key in _PHOTOS if key in content), ""))
    if "cam_R_m2c" in content and "cam_t_m2c" in content:
        pose = Pose(rotation_of(content["cam_R_m2c"], name), np.array(content["cam_t_m2c"], float).reshape(3))
        return [Entry(pose, image, camera, int(content["obj_id"]) if "obj_id" in content else None, 0.001)]
    _say_degrees(content, name)
    _check_convention(content, name)
    _check_once(content, name)
    if ("R" in content and "t" in content) or ("rotation" in content and "translation" in content):
        return [Entry(_rigid_parts(content, name), image, camera)]
    if "rvec" in content and "tvec" in content:
        rvec = np.array(content["rvec"], float).reshape(3)
        if np.linalg.norm(rvec) > 2 * np.pi + 0.01:
            raise CounterpointError(
                f"{name} has an rvec of length {np.linalg.norm(rvec):.3g}, more than a whole turn; give it in radians."
            )
        R = cv2.Rodrigues(rvec)[0]
        return [Entry(Pose(R, np.array(content["tvec"], float).reshape(3)), image, camera)]
    matrices = [key for key in _MATRICES if key in content]
    if len(matrices) == 1 and isinstance(content[matrices[0]], dict):
        return [replace(one, image=one.image or image, camera=one.camera or camera)
                for one in read_entries(content[matrices[0]], name)]  # fmt: skip
    if len(matrices) == 1:
        return [Entry(from_matrix(content[matrices[0]], name), image, camera)]
    inverse = [key for key in _INVERSE if key in content]
    if inverse:
        raise CounterpointError(
            f"{name} has {inverse[0]!r}, which leads from the camera; give the matrix from the shape's frame to the camera's (OpenCV axes)."
        )
    raise CounterpointError(f"{name} holds no pose: give R (3 x 3) and t, or a matrix of 4 x 4 called 'pose'.")


def _say_degrees(content: Any, name: str) -> None:
    """Refuse turns that are said to be in degrees: the ones that are read here are in radians."""
    for key, value in content.items():
        if _ANGLE.search(str(key)) and "unit" in str(key).lower() and str(value).lower().startswith("deg"):
            raise CounterpointError(f"{name} gives its turns in degrees ({key}); give R as 3 x 3.")


def _check_convention(content: Any, name: str) -> None:
    """Refuse a document that says in words that its poses are in other axes, or lead the other way."""
    for key, value in content.items():
        if _SAYS_AXES.search(str(key)) and isinstance(value, str) and _OTHER_AXES.search(value):
            raise CounterpointError(
                f"{name} says that its poses are '{value}' ({key}); give x_cam = R x_shape + t with OpenCV axes (x right, y down, z forward)."
            )


def _check_once(content: Any, name: str) -> None:
    """Refuse a document that gives the pose twice, and not the same.

    Raises:
        CounterpointError: it does.
    """
    if "R" not in content or "t" not in content:
        return
    pose = _rigid_parts(content, name)
    for key in _MATRICES:
        values = content.get(key)
        if isinstance(values, list) and np.size(values) in (12, 16):
            other = from_matrix(values, name)
            size = max(1e-9, float(np.abs(pose.t).max()))
            if np.abs(other.R - pose.R).max() > 0.01 or np.abs(other.t - pose.t).max() > 0.01 * size:
                raise CounterpointError(f"{name} gives the pose as R and t and as {key!r}, and not the same; give one.")


def _rigid_parts(content: Any, name: str) -> Pose:
    R, t = (
        content[key] if key in content else content[other] for key, other in (("R", "rotation"), ("t", "translation"))
    )
    if np.size(R) != 9:
        raise CounterpointError(
            f"{name} has a rotation of {np.size(R)} numbers whose order is not known; give R as 3 x 3."
        )
    s = np.array(content.get("s", content.get("scale", (1, 1, 1))), float)
    if drift(R) > 1e-3:
        warn(f"The rotation in {name} is off by {drift(R):.2g}; the nearest one is taken.")
    return Pose(rotation_of(R, name), np.array(t, float).reshape(3), np.broadcast_to(s, 3).copy())


def _camera(content: Any, name: str) -> PhotoCamera | None:
    if "K" not in content:
        return None
    return camera_in(content) if content.get("lens") else camera_of(content, name)


def _lens(content: Any) -> Lens | None:
    return Lens.from_json(content["lens"]) if content.get("lens") else None
