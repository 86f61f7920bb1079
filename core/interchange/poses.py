"""Poses in files: plain JSON, a 4 x 4 matrix, BOP, Scan2CAD, COLMAP and nerfstudio, out and in.

Everywhere ``x_cam = R diag(s) x_shape + t`` with OpenCV axes. COLMAP and nerfstudio know cameras only: there the shape's frame is the world,
and a scale other than 1 is refused.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError
from core.files import check_file, read_json, write_atomic
from core.geometry.pose import Pose, camera_matrix, nearest_rotation

Floats = npt.NDArray[np.floating]

_GL = np.diag([1.0, -1.0, -1.0, 1.0])
"""OpenGL camera axes (y up, z backward) from OpenCV's."""


@dataclass(frozen=True)
class View:
    """A shape in a photo.

    Attributes:
        image: name of the photo's file; ``size`` is its (width, height).
        K: float64 [3, 3].
    """

    image: str
    size: tuple[int, int]
    K: Floats
    pose: Pose


def matrix(pose: Pose) -> Floats:
    """float64 [4, 4], scale included."""
    whole = np.eye(4)
    whole[:3, :3], whole[:3, 3] = pose.R * pose.s, pose.t
    return whole


def from_matrix(whole: Floats) -> Pose:
    """The pose of a matrix [4, 4] (or [3, 4]).

    Raises:
        CounterpointError: it shears, mirrors or is not finite.
    """
    whole = np.asarray(whole, np.float64)
    if whole.shape not in ((4, 4), (3, 4)) or not np.isfinite(whole).all():
        raise CounterpointError("A pose is a matrix of 4 x 4 finite numbers.")
    s = np.linalg.norm(whole[:3, :3], axis=0)
    if (s <= 0).any():
        raise CounterpointError("The matrix flattens the shape: one of its scales is zero.")
    return Pose(whole[:3, :3] / s, whole[:3, 3].copy(), s)


def save_json(path: str | Path, view: View) -> None:
    """``image``, ``width``, ``height``, ``K``, ``R``, ``t``, ``s``."""
    pose = {"R": view.pose.R.tolist(), "t": view.pose.t.tolist(), "s": np.asarray(view.pose.s).tolist()}
    about = {"image": view.image, "width": view.size[0], "height": view.size[1], "K": view.K.tolist()}
    _write(path, about | pose)


def load_json(path: str | Path) -> View:
    """What :func:`save_json` wrote."""
    content = read_json(path)
    return _guarded(path, lambda: View(
        str(content["image"]), (int(content["width"]), int(content["height"])), np.array(content["K"], float).reshape(3, 3),
        Pose(np.array(content["R"], float).reshape(3, 3), np.array(content["t"], float).reshape(3), np.array(content["s"], float).reshape(3)),
    ))  # fmt: skip


def save_matrix(path: str | Path, pose: Pose) -> None:
    """Four lines of four numbers."""
    lines = [" ".join(f"{value:.17g}" for value in row) for row in matrix(pose)]
    write_atomic(path, ("\n".join(lines) + "\n").encode())


def load_matrix(path: str | Path) -> Pose:
    """Of a text file of 4 x 4 numbers."""
    return _guarded(path, lambda: from_matrix(np.loadtxt(check_file(path), ndmin=2)))


def save_bop(folder: str | Path, views: list[tuple[int, View]], millimetres: float = 1000.0) -> None:
    """``scene_gt.json`` and ``scene_camera.json`` of BOP; views are (object's number, view), photos numbered in order of their names.

    ``millimetres`` are one unit of the shape. BOP has no scale: other than 1 is refused.
    """
    names = sorted({view.image for _, view in views})
    truth: dict[str, list[Any]] = {str(i): [] for i in range(len(names))}
    cameras: dict[str, Any] = {}
    for number, view in views:
        _rigid(view.pose, "BOP")
        key = str(names.index(view.image))
        truth[key].append(
            {
                "cam_R_m2c": view.pose.R.ravel().tolist(),
                "cam_t_m2c": (view.pose.t * millimetres).tolist(),
                "obj_id": number,
            }
        )
        cameras[key] = {
            "cam_K": view.K.ravel().tolist(),
            "depth_scale": 1.0,
            "image": view.image,
            "size": list(view.size),
        }
    _write(Path(folder) / "scene_gt.json", truth)
    _write(Path(folder) / "scene_camera.json", cameras)


def load_bop(folder: str | Path, millimetres: float = 1000.0) -> list[tuple[int, View]]:
    """Of a folder with ``scene_gt.json`` and ``scene_camera.json``; photos of other writers are called by their numbers."""
    truth, cameras = (read_json(Path(folder) / f"scene_{name}.json") for name in ("gt", "camera"))

    def read() -> list[tuple[int, View]]:
        views = []
        for key in sorted(truth, key=int):
            camera = cameras[key]
            width, height = camera.get("size", (0, 0))
            name = str(camera.get("image", f"{int(key):06d}.png"))
            for entry in truth[key]:
                R = _rotation(np.array(entry["cam_R_m2c"], float).reshape(3, 3))
                pose = Pose(R, np.array(entry["cam_t_m2c"], float) / millimetres)
                K = np.array(camera["cam_K"], float).reshape(3, 3)
                views.append((int(entry["obj_id"]), View(name, (int(width), int(height)), K, pose)))
        return views

    return _guarded(folder, read)


def to_scan2cad(pose: Pose) -> dict[str, list[float]]:
    """``trs`` of Scan2CAD: translation, rotation as a quaternion w x y z, scale."""
    x, y, z, w = Rotation.from_matrix(pose.R).as_quat()
    return {"translation": pose.t.tolist(), "rotation": [w, x, y, z], "scale": np.asarray(pose.s).tolist()}


def from_scan2cad(trs: Any) -> Pose:
    """The pose of a ``trs``."""

    def read() -> Pose:
        w, x, y, z = (float(v) for v in trs["rotation"])
        R = Rotation.from_quat([x, y, z, w]).as_matrix()
        return Pose(R, np.array(trs["translation"], float).reshape(3), np.array(trs["scale"], float).reshape(3))

    return _guarded("trs", read)


def save_colmap(folder: str | Path, views: list[View]) -> None:
    """``cameras.txt`` and ``images.txt``: the shape's frame is the world."""
    cameras, images = ["# CAMERA_ID MODEL WIDTH HEIGHT fx fy cx cy"], ["# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"]
    for number, view in enumerate(views, 1):
        _rigid(view.pose, "COLMAP")
        if any(character.isspace() for character in view.image):
            raise CounterpointError(f"COLMAP has no names with blanks; rename {view.image}.")
        K = view.K
        # COLMAP counts pixels from the corner of the top-left one
        numbers = (K[0, 0], K[1, 1], K[0, 2] + 0.5, K[1, 2] + 0.5)
        cameras.append(f"{number} PINHOLE {view.size[0]} {view.size[1]} " + " ".join(f"{v:.17g}" for v in numbers))
        x, y, z, w = Rotation.from_matrix(view.pose.R).as_quat()
        values = " ".join(f"{v:.17g}" for v in (w, x, y, z, *view.pose.t))
        images += [f"{number} {values} {number} {view.image}", ""]
    write_atomic(Path(folder) / "cameras.txt", ("\n".join(cameras) + "\n").encode())
    write_atomic(Path(folder) / "images.txt", ("\n".join(images) + "\n").encode())


def load_colmap(folder: str | Path) -> list[View]:
    """Of ``cameras.txt`` (PINHOLE or SIMPLE_PINHOLE) and ``images.txt``."""

    def read() -> list[View]:
        cameras = {}
        for line in _lines(Path(folder) / "cameras.txt"):
            if not line:
                continue
            number, model, width, height, *numbers = line.split()
            values = [float(v) for v in numbers]
            if model not in ("PINHOLE", "SIMPLE_PINHOLE"):
                raise CounterpointError(
                    f"Cameras of the kind {model} have a lens that bends; undistort the photos first."
                )
            fx, fy, cx, cy = values if model == "PINHOLE" else (values[0], *values)
            K = np.array([[fx, 0, cx - 0.5], [0, fy, cy - 0.5], [0, 0, 1]])
            cameras[number] = K, (int(width), int(height))
        views = []
        for line in _lines(Path(folder) / "images.txt")[::2]:
            if not line:
                continue
            _, w, x, y, z, *t, camera, name = line.split()
            K, size = cameras[camera]
            R = Rotation.from_quat([float(v) for v in (x, y, z, w)]).as_matrix()
            views.append(View(name, size, K, Pose(R, np.array([float(v) for v in t]))))
        return views

    return _guarded(folder, read)


def save_nerfstudio(path: str | Path, views: list[View]) -> None:
    """``transforms.json``: cameras in the shape's frame, OpenGL axes, intrinsics with every frame."""
    frames = []
    for view in views:
        _rigid(view.pose, "nerfstudio")
        to_world = np.linalg.inv(matrix(view.pose)) @ _GL
        K, (width, height) = view.K, view.size
        lens = {"fl_x": K[0, 0], "fl_y": K[1, 1], "cx": K[0, 2] + 0.5, "cy": K[1, 2] + 0.5, "w": width, "h": height}
        frames.append({"file_path": view.image, "transform_matrix": to_world.tolist()} | lens)
    _write(path, {"camera_model": "OPENCV", "frames": frames})


def load_nerfstudio(path: str | Path) -> list[View]:
    """Of a ``transforms.json``; intrinsics may stand once for all frames."""
    content = read_json(path)

    def read() -> list[View]:
        views = []
        for frame in content["frames"]:
            lens = content | frame
            K = np.array([[lens["fl_x"], 0, lens["cx"] - 0.5], [0, lens["fl_y"], lens["cy"] - 0.5], [0, 0, 1]], float)
            to_camera = np.linalg.inv(np.array(frame["transform_matrix"], float).reshape(4, 4) @ _GL)
            pose = Pose(_rotation(to_camera[:3, :3]), to_camera[:3, 3])
            views.append(View(str(frame["file_path"]), (int(lens["w"]), int(lens["h"])), K, pose))
        return views

    return _guarded(path, read)


def save_scan2cad(path: str | Path, view: View) -> None:
    """One ``trs`` with the photo's name and camera."""
    _write(
        path,
        {
            "image": view.image,
            "size": list(view.size),
            "K": view.K.tolist(),
            "trs": to_scan2cad(view.pose),
            "sym": "__SYM_NONE",
        },
    )


def _made(folder: str | Path) -> Path:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CounterpointError(f"The folder {folder} cannot be made ({error.strerror}).") from error
    return Path(folder)


SAVERS = {
    "json": save_json,
    "matrix": lambda path, view: save_matrix(path, view.pose),
    "bop": lambda folder, view: save_bop(_made(folder), [(1, view)]),
    "scan2cad": save_scan2cad,
    "colmap": lambda folder, view: save_colmap(_made(folder), [view]),
    "nerfstudio": lambda path, view: save_nerfstudio(path, [view]),
}
"""How one view is written, by the name of the format; bop and colmap make a folder."""


def save_view(path: str | Path, view: View, form: str | None = None) -> None:
    """As one of ``SAVERS``; by default a matrix for ``.txt`` and else JSON.

    Raises:
        CounterpointError: the format has no scale and the pose has one, or the file cannot be written.
    """
    SAVERS[form or ("matrix" if str(path).lower().endswith(".txt") else "json")](path, view)


def load_pose(path: str | Path) -> Pose:
    """Of a file of 4 x 4 numbers (``.txt``) or JSON with R and t, and s where there is a scale."""
    if str(path).lower().endswith(".txt"):
        return load_matrix(path)
    content = read_json(path)

    def read() -> Pose:
        numbers = [np.array(content[name], float).reshape(size) for name, size in (("R", (3, 3)), ("t", 3))]
        return Pose(_rotation(numbers[0]), numbers[1], np.array(content.get("s", (1, 1, 1)), float).reshape(3))

    return _guarded(path, read)


def load_intrinsics(path: str | Path) -> Floats:
    """``K`` [3, 3] from JSON with fx, fy, cx and cy in pixels, or with K itself."""
    content = read_json(path)
    if isinstance(content, dict) and "K" in content:
        return _guarded(path, lambda: np.array(content["K"], float).reshape(3, 3))
    try:
        fx, fy, cx, cy = (float(content[name]) for name in ("fx", "fy", "cx", "cy"))
    except (KeyError, TypeError, ValueError):
        raise CounterpointError(f"{Path(path).name} has no intrinsics: give fx, fy, cx and cy in pixels.") from None
    return camera_matrix(fx, fy, cx, cy)


def _rigid(pose: Pose, where: str) -> None:
    if np.abs(np.asarray(pose.s) - 1).max() > 1e-9:
        raise CounterpointError(f"{where} has no scale, and this pose has; save it as JSON, a matrix or Scan2CAD.")


def _rotation(R: Floats) -> Floats:
    """The nearest rotation; a mirror stays one, and is refused by :class:`Pose`."""
    return nearest_rotation(R) if np.linalg.det(R) > 0 else R


def _lines(path: Path) -> list[str]:
    """Without comments; empty lines stay, they mean something in ``images.txt``."""
    return [line.strip() for line in check_file(path).read_text().splitlines() if not line.startswith("#")]


def _write(path: str | Path, content: Any) -> None:
    write_atomic(path, (json.dumps(content, indent=1) + "\n").encode())


def _guarded(path: str | Path, read: Any) -> Any:
    """Any way in which a file can be wrong as one sentence."""
    try:
        return read()
    except CounterpointError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, np.linalg.LinAlgError, OSError) as error:
        raise CounterpointError(f"{Path(path).name} holds no poses that can be read ({error}).") from error
