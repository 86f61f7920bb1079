"""Cameras of photos from files, however they are written.

What is not understood or does not fit the photo is refused or said.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from core.errors import CounterpointError
from core.files import check_file, read_json
from core.geometry.camera import PhotoCamera
from core.geometry.pose import camera_matrix, resized_intrinsics
from core.interchange.camera_values import camera_of, holds_intrinsics, matrix_of
from core.interchange.names import listed, number_of, picked
from core.notices import warn
from core.numbers import by_number

SAME_FOCAL = 1.1
"""The ratio of fx and fy from which they are said to differ: pixels are square, but for a few per cent."""

OFF_CENTRE = 0.05
"""How far, as a share of the photo, a principal point may lie from its middle without being told: that of a photo a tenth larger or smaller."""


def load_camera(
    path: str | Path, image_size: tuple[int, int] | None = None, image_name: str | None = None
) -> PhotoCamera:
    """The camera of a photo of ``image_size`` (width, height) called ``image_name``, from a file or folder.

    Read are: JSON with fx, fy, cx, cy (and k1 ..) or K as nested or flat numbers, row or column by column; our own
    poses; BOP's ``camera.json`` and ``scene_camera.json``; ``transforms.json`` of nerfstudio and instant-ngp;
    RealSense, Open3D; YAML and XML of OpenCV, ROS and Kalibr; COLMAP as text or binary; 3 x 3, 3 x 4 or 4 x 4 numbers
    as text or ``.npy``; ``.npz``. Pixel (0, 0) is the centre of the top-left pixel afterwards, whatever the format
    counts from. What was assumed, scaled or left out is said by :func:`core.notices.warn`.

    Raises:
        CounterpointError: it is none of these, holds several cameras of which the name chooses none, or does not fit
            the photo.
    """
    return fitted(_understood(path, image_size, image_name), image_size, Path(path).name)


def check_sizes(path: str | Path, photos: Mapping[str, tuple[int, int]]) -> None:
    """Check that a file does not give photos of several sizes the same camera without saying of which size it is.

    Args:
        path: of the file, as in :func:`load_camera`.
        photos: their sizes (width, height) by their names.

    Raises:
        CounterpointError: it does.
    """
    first: dict[tuple[float, ...], tuple[int, int]] = {}
    for name, size in photos.items():
        try:
            camera = _understood(path, size, name)
        except CounterpointError:  # said of that photo when it is opened
            continue
        if camera.size is None and camera.K[0, 0] >= 10:  # less is a share of the photo
            other = first.setdefault(tuple(camera.K.ravel()), size)
            if other != size:
                raise CounterpointError(
                    f"{Path(path).name} gives photos of {other[0]} x {other[1]} and of {size[0]} x {size[1]} pixels the same camera, "
                    "which is right for one size only; write the width and height that it is of into the file."
                )


def _understood(path: str | Path, image_size: tuple[int, int] | None, image_name: str | None) -> PhotoCamera:
    try:
        return _read(Path(path), image_size, image_name)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CounterpointError(f"{Path(path).name} holds no camera that can be read ({error}).") from error


def fitted(camera: PhotoCamera, image_size: tuple[int, int] | None, name: str) -> PhotoCamera:
    """The camera for a photo of this size: scaled where it is of the same photo in another size, which is said.

    Raises:
        CounterpointError: the sizes are not of one photo, the focal length is not in pixels, or the principal point
            lies outside.
    """
    if camera.size is not None and min(camera.size) <= 0:
        raise CounterpointError(
            f"{name} is for pictures of {camera.size[0]} x {camera.size[1]} pixels; give their width and height."
        )
    if camera.K[0, 0] < 10 and camera.K[1, 1] < 10:
        camera = _from_normalised(camera, image_size, name)
    if image_size is not None and camera.size is not None and camera.size != image_size:
        camera = _resized(camera, image_size, name)
    size = image_size or camera.size
    cx, cy = camera.K[0, 2], camera.K[1, 2]
    if size is None:
        if cx <= 0 or cy <= 0:
            raise CounterpointError(f"{name} has its principal point at ({cx:.4g}, {cy:.4g}), outside the picture.")
        return camera
    width, height = size
    focal, longer = (camera.K[0, 0], camera.K[1, 1]), max(size)
    if not (0 < cx < width and 0 < cy < height):
        raise CounterpointError(
            f"{name} has its principal point at ({cx:.4g}, {cy:.4g}), outside the picture of {width} x {height} pixels; "
            "give the intrinsics of this photo."
        )
    if not all(0.1 * longer < f < 100 * longer for f in focal):
        raise CounterpointError(
            f"{name} has focal lengths of {focal[0]:.4g} and {focal[1]:.4g}, which are no pixels of a picture of {width} x {height}; "
            "give fx and fy in pixels."
        )
    if max(abs(cx / width - 0.5), abs(cy / height - 0.5)) > OFF_CENTRE:
        warn(
            f"{name} has its principal point at ({cx:.4g}, {cy:.4g}), far from the middle of the picture of {width} x {height}: "
            "check that it is of photos of this size, turned as this one, and not cut out of a larger one."
        )
    if max(focal) > SAME_FOCAL * min(focal):
        warn(f"{name} has focal lengths that differ much ({focal[0]:.4g} and {focal[1]:.4g} pixels); check them.")
    return PhotoCamera(camera.K, size, camera.lens, camera.depth_scale)


def _resized(camera: PhotoCamera, size: tuple[int, int], name: str) -> PhotoCamera:
    """For the same photo in another size."""
    assert camera.size is not None
    (was_wide, was_high), (wide, high) = camera.size, size
    if abs(wide * was_high - high * was_wide) > max(was_wide, was_high, wide, high):
        turned = " (it seems to be turned)" if abs(wide * was_wide - high * was_high) <= max(camera.size) else ""
        raise CounterpointError(
            f"{name} is for photos of {was_wide} x {was_high} pixels, and this one has {wide} x {high}{turned}; "
            "give the intrinsics of this photo."
        )
    warn(f"{name} is for photos of {was_wide} x {was_high} pixels; it was scaled to {wide} x {high}.")
    return replace(camera, K=resized_intrinsics(camera.K, (wide / was_wide, high / was_high)), size=size)


def _from_normalised(camera: PhotoCamera, size: tuple[int, int] | None, name: str) -> PhotoCamera:
    """Of focal lengths and principal point as shares of the picture."""
    K, size = camera.K, size or camera.size
    if not (0.2 < K[0, 2] < 0.8 and 0.2 < K[1, 2] < 0.8):
        raise CounterpointError(
            f"{name} has a focal length of {K[0, 0]:.4g}, which is no number of pixels; give fx and fy in pixels."
        )
    if size is None:
        raise CounterpointError(
            f"{name} gives its intrinsics as shares of the picture, and no width and height; give pixels."
        )
    warn(f"{name} gives its intrinsics as shares of the picture: they were multiplied by {size[0]} x {size[1]} pixels.")
    width, height = size
    pixels = camera_matrix(K[0, 0] * width, K[1, 1] * height, K[0, 2] * width - 0.5, K[1, 2] * height - 0.5)
    return PhotoCamera(pixels, size, camera.lens, camera.depth_scale)


def _read(path: Path, size: tuple[int, int] | None, image: str | None) -> PhotoCamera:
    if os.path.isdir(path):
        if (path / "scene_camera.json").exists():
            return _of_json(path / "scene_camera.json", size, image)
        return _of_colmap(path, image)
    if path.name in ("cameras.txt", "cameras.bin", "images.txt", "images.bin"):
        return _of_colmap(check_file(path).parent, image)
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        return _of_numpy(check_file(path))
    if suffix in (".yaml", ".yml", ".xml"):
        return _of_yaml(check_file(path))
    if suffix in (".pkl", ".pickle", ".pth", ".pt", ".mat"):
        raise CounterpointError(
            f"{path.name} is not opened, because such files can run programs; save it as JSON or text."
        )
    if suffix == ".json":
        return _of_json(path, size, image)
    return _of_text(check_file(path), size, image)


def _of_json(path: Path, size: tuple[int, int] | None, image: str | None) -> PhotoCamera:
    return of_content(read_json(path), path, size, image)


def of_content(content: Any, path: Path, size: tuple[int, int] | None, image: str | None) -> PhotoCamera:
    """The camera of what a JSON file holds."""
    if isinstance(content, dict) and ("frames" in content or "camera_angle_x" in content or "fl_x" in content):
        from core.interchange.poses.nerfstudio import camera_for

        return camera_for(content, path, size, image)
    if isinstance(content, dict) and content and all(str(key).isdecimal() for key in content):
        return _of_scene(content, path.name, image)
    if isinstance(content, dict) and isinstance(content.get("lens"), dict) and "model" in content["lens"]:
        from core.interchange.poses.json import camera_in

        return camera_in(content)
    if isinstance(content, dict) and content.get("perFrameIntrinsicCoeffs"):
        warn(f"{path.name} has intrinsics of each frame; the one K for all is taken.")
    several = _several(content)
    if several:
        chosen = picked(list(several), image, f"{path.name} has the cameras")
        return camera_of(list(several.values())[chosen], path.name)
    return camera_of(content, path.name)


def _several(content: Any) -> dict[str, Any]:
    """The cameras by their names of a list of them, or of a dictionary that holds nothing else; none where it is a single one."""
    if isinstance(content, list) and content and all(isinstance(one, dict) for one in content):
        named = [next((str(one[key]) for key in _CALLED if key in one), str(i)) for i, one in enumerate(content)]
        if len(set(named)) < len(named):
            raise CounterpointError(
                f"A list of cameras has the same name twice ({listed(named)}); give each photo one."
            )
        return dict(zip(named, content, strict=True))
    if isinstance(content, dict) and len(content) > 1 and all(holds_intrinsics(one) for one in content.values()):
        return {str(key): one for key, one in content.items()}
    return {}


_CALLED = ("image", "img_name", "image_name", "file_name", "file_path", "filename", "name", "id")
"""What the photo, or the camera, of one of several is called."""


def _of_scene(content: dict[str, Any], name: str, image: str | None) -> PhotoCamera:
    """``scene_camera.json`` of BOP: the photo's number chooses, or all are the same."""
    cameras = {int(key): camera_of(value, name) for key, value in by_number(content, name).items()}
    number = number_of(image) if image else None
    if number in cameras:
        return cameras[number]
    first = next(iter(cameras.values()))
    if all(np.array_equal(one.K, first.K) and one.depth_scale == first.depth_scale for one in cameras.values()):
        if len(cameras) > 1 or number is not None:
            warn(
                f"{name} has no camera for {image or 'a photo without a name'}; the one that all its photos share is taken."
            )
        return first
    raise CounterpointError(
        f"{name} has cameras of the photos {listed(list(cameras))} and none of {image or 'a photo without a name'}; "
        "name the photo by its number."
    )


def _of_colmap(folder: Path, image: str | None) -> PhotoCamera:
    from core.interchange.poses.colmap import read_cameras, read_images

    cameras = read_cameras(folder)
    if not cameras:
        raise CounterpointError(
            f"{folder.name} is a COLMAP model without cameras; export the one of the reconstruction."
        )
    if len(cameras) == 1:
        return next(iter(cameras.values()))
    images = read_images(folder)
    chosen = picked([name for name, *_ in images], image, f"{folder.name} has {len(cameras)} cameras and")
    return cameras[images[chosen][1]]


def _of_numpy(path: Path) -> PhotoCamera:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return PhotoCamera(matrix_of(loaded, path.name))
        with loaded:
            return camera_of({name: loaded[name].tolist() for name in loaded.files}, path.name)
    except CounterpointError:
        raise
    except Exception as error:  # numpy and zipfile raise of every kind on damaged files
        raise CounterpointError(f"{path.name} holds no camera that can be read ({error}).") from error


def _of_yaml(path: Path) -> PhotoCamera:
    text = _text(path)
    if text.startswith("%YAML:1.0") or "opencv-matrix" in text or "<opencv_storage>" in text:
        return camera_of(_file_storage(path), path.name)
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CounterpointError(f"{path.name} is not YAML that can be read ({error}).".replace("\n", " ")) from error
    if isinstance(content, dict):
        cameras = [
            key for key, value in content.items() if re.fullmatch(r"cam\d+", str(key)) and isinstance(value, dict)
        ]
        if len(cameras) > 1:
            raise CounterpointError(f"{path.name} holds several cameras ({', '.join(cameras)}); give a file with one.")
        content = content[cameras[0]] if cameras else content
    return camera_of(content, path.name)


def _file_storage(path: Path) -> dict[str, Any]:
    """What OpenCV wrote, as plain values."""
    try:
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
        root = storage.root()
        return {key: _node(root.getNode(key)) for key in root.keys()}  # noqa: SIM118
    except (cv2.error, SystemError) as error:
        raise CounterpointError(f"{path.name} is damaged and cannot be read as OpenCV writes it.") from error


def _node(node: Any) -> Any:
    if node.isMap():
        keys = node.keys()
        return (
            node.mat().tolist() if {"rows", "cols", "data"} <= set(keys) else {k: _node(node.getNode(k)) for k in keys}
        )
    if node.isSeq():
        return [_node(node.at(i)) for i in range(node.size())]
    return node.string() if node.isString() else node.real()


def _of_text(path: Path, size: tuple[int, int] | None, image: str | None) -> PhotoCamera:
    text = _text(path)
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if text.lstrip().startswith("{"):
        return of_content(json.loads(text), path, size, image)
    numbers = " ".join(lines).replace(",", " ").replace(";", " ").replace("[", " ").replace("]", " ").split()
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        content = _of_lines(lines) if ":" in text or "=" in text else None
        if not isinstance(content, dict):
            raise CounterpointError(f"{path.name} holds no camera that can be read: it is not numbers only.") from None
        return camera_of(content, path.name)
    if len(values) in (4, 8):
        warn(
            f"{path.name} has {len(values)} numbers: they are taken as fx, fy, cx, cy{', k1, k2, p1, p2' * (len(values) == 8)}."
        )
        named = dict(zip(("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2"), values, strict=False))
        return camera_of(named, path.name)
    return PhotoCamera(matrix_of(values, path.name))


def _of_lines(lines: list[str]) -> Any:
    """What lines "name = value" or "name: value" say, those of an INI file too; None where they are something else."""
    try:
        return yaml.safe_load(
            "\n".join(line.replace("=", ": ", 1) for line in lines if not re.match(r"\s*\[.*\]\s*$", line))
        )
    except yaml.YAMLError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CounterpointError(f"{path.name} holds no camera that can be read (it is no text).") from error
