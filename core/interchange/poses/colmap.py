"""Cameras as COLMAP's sparse model, text or binary, all camera models by pycolmap: the shape's frame is the world.

Pixels are counted from the corner of the top-left one there, and from its centre here.
"""

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError
from core.files import check_file, write_atomic
from core.geometry.camera import PhotoCamera
from core.geometry.lens import FISHEYE, OPENCV, Lens
from core.geometry.pose import Pose, camera_matrix
from core.interchange.poses.view import Entry, View, guarded, rigid
from core.notices import warn

Posed = tuple[str, int, Pose]

_OURS = {"OPENCV": OPENCV, "FULL_OPENCV": OPENCV, "OPENCV_FISHEYE": FISHEYE}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_IMAGE = re.compile(rf"\s*(\d+)((?:\s+{_NUMBER}){{7}})\s+(\d+)\s+(\S.*?)\s*$")
"""A line of ``images.txt``: number, quaternion and translation, number of the camera, name (which may have blanks)."""


def save(folder: str | Path, views: list[View]) -> None:
    """``cameras``, ``images`` and an empty ``points3D``.

    They are written as text, or binary where a name has blanks, which the text cannot hold.

    Raises:
        CounterpointError: a pose has a scale, a lens bends as COLMAP cannot say, or the folder holds a model of the
            other kind.
    """
    import pycolmap

    binary = any(character.isspace() for view in views for character in view.image)
    other = ".txt" if binary else ".bin"
    folder = Path(folder)
    if (folder / f"images{other}").exists():
        raise CounterpointError(
            f"{folder} holds a COLMAP model as {other} already, which would be read instead; choose another folder."
        )
    model = pycolmap.Reconstruction()
    for number, view in enumerate(views, 1):
        rigid(view.pose, "COLMAP")
        model.add_camera_with_trivial_rig(_camera_of(number, view))
        image = pycolmap.Image(name=view.image, camera_id=number, image_id=number)
        place = pycolmap.Rigid3d(pycolmap.Rotation3d(Rotation.from_matrix(view.pose.R).as_quat()), view.pose.t)
        model.add_image_with_trivial_frame(image, place)
    with tempfile.TemporaryDirectory() as made:
        (model.write_binary if binary else model.write_text)(made)
        for file in sorted(Path(made).iterdir()):
            write_atomic(folder / file.name, file.read_bytes())
    if binary:
        warn("The COLMAP model is written as binary, because its text has no names with blanks.")


def load(path: str | Path) -> list[Entry]:
    """All images of a model's folder."""
    return [Entry(view.pose, view.image, view.camera) for view in load_views(path)]


def load_views(path: str | Path) -> list[View]:
    """The images of a folder with ``cameras`` and ``images`` (also ``sparse/0`` in it).

    The binary files are read where both kinds are there.

    Raises:
        CounterpointError: a file is missing or damaged, or a camera's model is not understood.
    """
    cameras, views = read_cameras(path), []
    for name, number, pose in read_images(path):
        if number not in cameras:
            raise CounterpointError(f"{Path(path).name} has no camera {number}, which {name} was taken with.")
        camera = cameras[number]
        assert camera.size is not None
        views.append(View(name, camera.size, camera.K, pose, camera.lens))
    return views


def read_cameras(path: str | Path) -> dict[int, PhotoCamera]:
    """The cameras of a model by their numbers."""
    import pycolmap

    folder, kind = _place(Path(path))
    if kind == ".bin":
        return {number: _ours(camera) for number, camera in _binary(folder).cameras.items()}

    def read() -> dict[int, PhotoCamera]:
        cameras = {}
        for line in _lines(folder / "cameras.txt"):
            number, model, width, height, *params = line.split()
            if model not in pycolmap.CameraModelId.__members__ or model == "INVALID":
                raise CounterpointError(f"{folder.name} has a camera of the model {model}, which COLMAP does not have.")
            made = pycolmap.Camera.create_from_model_name(int(number), model, 1.0, int(width), int(height))
            if len(made.params) != len(params):
                raise CounterpointError(
                    f"{folder.name} has a {model} with {len(params)} numbers, not {len(made.params)}."
                )
            made.params = [float(value) for value in params]
            if int(number) in cameras:
                raise CounterpointError(f"{folder.name}/cameras.txt has the camera {number} twice; keep one of them.")
            cameras[int(number)] = _ours(made)
        return cameras

    return guarded(folder, read)


def read_images(path: str | Path) -> list[Posed]:
    """(name, number of the camera, pose) of each image, in the file's order.

    In the text the lines of points after each image may be missing, empty or full; comments and empty lines are left
    out.
    """
    folder, kind = _place(Path(path))
    if kind == ".bin":
        images = _binary(folder).images
        found = [
            (image.name, image.camera_id, image.cam_from_world())
            for _, image in sorted(images.items())
            if image.has_pose
        ]
        if len(found) < len(images):
            warn(f"{folder.name} has {len(images) - len(found)} images without a pose, which are left out.")
        return [
            (name, number, Pose(place.rotation.matrix(), np.array(place.translation))) for name, number, place in found
        ]

    def read() -> list[Posed]:
        posed = []
        for line in _lines(folder / "images.txt"):
            if _points(line):
                continue
            found = _IMAGE.match(line)
            if not found:
                raise CounterpointError(f"{folder.name}/images.txt has a line that is no image: {line[:60]}")
            w, x, y, z, *t = (float(value) for value in found[2].split())
            if not abs(np.linalg.norm([w, x, y, z]) - 1) < 0.02:
                raise CounterpointError(
                    f"{folder.name}/images.txt has a quaternion for {found[4]} whose length is not 1."
                )
            posed.append((found[4], int(found[3]), Pose(Rotation.from_quat([x, y, z, w]).as_matrix(), np.array(t))))
        return posed

    return guarded(folder, read)


def _points(line: str) -> bool:
    """Whether a line of ``images.txt`` is that of points: x, y, number, and so on."""
    words = line.split()
    return len(words) % 3 == 0 and all(re.fullmatch(_NUMBER, word) for word in words)


def _place(path: Path) -> tuple[Path, str]:
    """The folder that holds the model, and the suffix of its files."""
    folder = path if os.path.isdir(path) else path.parent
    for place in (folder, folder / "sparse" / "0", folder / "sparse", folder / "0"):
        for kind in (".bin", ".txt"):
            there = [what for what in ("cameras", "images") if (place / f"{what}{kind}").exists()]
            if len(there) == 2:
                return place, kind
            if there:
                missing = "images" if there == ["cameras"] else "cameras"
                raise CounterpointError(
                    f"{place.name} holds {there[0]}{kind} of COLMAP and no {missing}{kind}; put both into the folder."
                )
    raise CounterpointError(f"{folder.name} holds no COLMAP model: cameras and images, as .txt or .bin, are not there.")


def _binary(folder: Path) -> Any:
    """The model as pycolmap reads it, without points if they are missing."""
    import pycolmap

    with tempfile.TemporaryDirectory() as made:
        for name in ("cameras.bin", "images.bin", "points3D.bin", "rigs.bin", "frames.bin"):
            if (folder / name).exists():
                (Path(made) / name).symlink_to(check_file(folder / name).resolve())
        if not (folder / "points3D.bin").exists():
            (Path(made) / "points3D.bin").write_bytes(bytes(8))
        model = pycolmap.Reconstruction()
        try:
            model.read_binary(made)
        except Exception as error:  # pycolmap raises of every kind on damaged files
            raise CounterpointError(
                f"{folder.name} holds no COLMAP model that can be read ({error}).".replace("\n", " ")
            ) from error
        return model


def _ours(camera: Any) -> PhotoCamera:
    """Of pycolmap's camera; a lens whose coefficients are zero does not bend."""
    name = camera.model_name
    if name == "EQUIRECTANGULAR":
        raise CounterpointError(
            "Cameras of the model EQUIRECTANGULAR have no focal length and are not understood; cut out views first."
        )
    params, extra = np.array(camera.params), list(camera.extra_params_idxs())
    fx, fy = (
        params[list(camera.focal_length_idxs())] if len(camera.focal_length_idxs()) == 2 else (params[0], params[0])
    )
    cx, cy = params[list(camera.principal_point_idxs())]
    if not np.isfinite(params).all() or fx <= 0 or fy <= 0:
        raise CounterpointError(f"A camera of the model {name} has a focal length that is not above zero.")
    K = camera_matrix(fx, fy, cx - 0.5, cy - 0.5)
    coefficients = tuple(map(float, params[extra]))
    straight = name in ("PINHOLE", "SIMPLE_PINHOLE") or not (
        any(coefficients) or "FISHEYE" in name or name in ("FOV", "EUCM")
    )
    lens = None if straight else Lens(_OURS.get(name, name), coefficients)
    return PhotoCamera(K, (camera.width, camera.height), lens)


def _camera_of(number: int, view: View) -> Any:
    """pycolmap's camera of a view."""
    import pycolmap

    model, coefficients = _model(view.lens)
    camera = pycolmap.Camera.create_from_model_name(number, model, 1.0, *view.size)
    params = np.array(camera.params, np.float64)
    focal = list(camera.focal_length_idxs())
    if len(focal) == 1 and abs(view.K[0, 0] - view.K[1, 1]) > 1e-6 * view.K[0, 0]:
        raise CounterpointError(f"COLMAP's {model} has one focal length, and {view.image} has two; save as JSON.")
    params[focal] = [view.K[0, 0], view.K[1, 1]][: len(focal)]
    params[list(camera.principal_point_idxs())] = view.K[:2, 2] + 0.5
    params[list(camera.extra_params_idxs())] = coefficients
    camera.params = params.tolist()
    return camera


def _model(lens: Lens | None) -> tuple[str, tuple[float, ...]]:
    """COLMAP's camera model and its coefficients."""
    if lens is None:
        return "PINHOLE", ()
    if lens.model == FISHEYE:
        return "OPENCV_FISHEYE", lens.coefficients
    if lens.model != OPENCV:
        return lens.model, lens.coefficients
    if any(lens.coefficients[8:]):
        raise CounterpointError("COLMAP has no lens with thin prism or tilt beside OpenCV's k1 .. k6; save as JSON.")
    full = (lens.coefficients[:8] + (0.0,) * 8)[:8]
    return ("FULL_OPENCV", full) if any(full[4:]) else ("OPENCV", full[:4])


def _lines(path: Path) -> list[str]:
    """Lines that say something; comments go."""
    text = check_file(path).read_text(encoding="utf-8-sig")
    return [line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
