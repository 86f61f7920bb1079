"""A pose that somebody else found, as a start: whether it can be meant as it is read."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.geometry.shape import Shape
from core.interchange.cameras import fitted
from core.interchange.poses import load_entry
from core.notices import warn
from core.units import unit_of

SMALLER, LARGER = 0.5, 8.0
"""How large the shape's ball may appear as a multiple of the object's extent; some of the object may be hidden."""

_GL = np.diag([1.0, -1.0, -1.0])

LEAST, MOST = 5.0, 30.0
"""A shape that appears smaller than so many pixels, or larger than so many pictures, is hardly in the pose's unit."""


def open_posed(
    path: str | Path, image: str | Path, size: tuple[int, int], shape_path: str | Path, shape: Shape
) -> tuple[PhotoCamera, Pose]:
    """The camera of a photo (of ``size``, width and height) and the pose of a shape in it, of one file.

    Raises:
        CounterpointError: it has no pose or no camera of the two, or they do not fit the photo and the shape.
    """
    name = Path(path).name
    entry = load_entry(path, str(image), Path(shape_path).name, unit_of(shape_path, shape.diagonal))
    if entry.camera is None:
        raise CounterpointError(
            f"{name} has a pose and no camera; give JSON with K, R and t, as counterpoint align --out writes it."
        )
    camera = fitted(entry.camera, size, name)
    check_start(entry.pose, camera.K, size, shape, name)
    return camera, entry.pose


def check_start(
    pose: Pose,
    K: Floats,
    size: tuple[int, int],
    shape: Shape,
    name: str,
    mask: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Refuse a pose that only makes sense in another convention, and say what looks odd.

    Args:
        pose: of the shape in the photo.
        K: intrinsics float64 [3, 3] in pixels.
        size: (width, height) of the undistorted picture of ``K``.
        shape: that the pose places.
        name: of the file that the pose is from.
        mask: bool [H, W], the object's pixels in that picture, or None where it is not known.

    Raises:
        CounterpointError: the shape lies behind the camera, or beside the picture while axes of OpenGL, or the inverse,
            put it inside.
    """
    depth = float(pose(shape.center)[2])
    if _inside(pose, K, size, shape):
        pixels = shape.diagonal * float(np.max(pose.s)) * K[0, 0] / depth
        if not LEAST < pixels < MOST * max(size):
            warn(
                f"{name} puts the shape at a distance of {depth:.4g}, where it appears {pixels:.0f} pixels large: "
                "the unit of the pose may not be that of the shape (--unit on the command line)."
            )
        elif mask is not None and mask.any():
            _compare(pose, K, shape, name, mask)
        return
    meant = [what for what, other in _others(pose) if _inside(other, K, size, shape)]
    if meant:
        raise CounterpointError(
            f"{name} puts the shape {'behind the camera' if depth <= 0 else 'outside the picture'}; it seems to be {' or '.join(meant)}. "
            "Give x_cam = R x_shape + t with OpenCV axes (x right, y down, z forward)."
        )
    if depth <= 0:
        raise CounterpointError(
            f"{name} puts the shape behind the camera; give x_cam = R x_shape + t with OpenCV axes."
        )
    warn(f"{name} puts the shape outside the picture: check that it belongs to this photo and these intrinsics.")


def _compare(pose: Pose, K: Floats, shape: Shape, name: str, mask: npt.NDArray[np.bool_]) -> None:
    """Warn where the shape's ball appears much smaller or larger than the object, or beside it."""
    rows, columns = np.nonzero(mask)
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    reach = 0.5 * shape.diagonal * float(np.max(pose.s)) * K[0, 0] / float(pose(shape.center)[2])
    if not SMALLER < 2 * reach / longer < LARGER:
        warn(
            f"{name} makes the shape appear {2 * reach:.0f} pixels large, and the object has {longer:.0f}: "
            "the unit of the pose may not be that of the shape (--unit on the command line)."
        )
    elif not _on_object(pose, K, shape, mask):
        other = [what for what, one in _others(pose) if _on_object(one, K, shape, mask)]
        seems = f"; it may be {' or '.join(other)}" if other else ""
        warn(f"{name} puts the shape beside the object in the photo: check its convention{seems}.")


def _on_object(pose: Pose, K: Floats, shape: Shape, mask: npt.NDArray[np.bool_]) -> bool:
    """Whether the shape's ball, as it appears, reaches the object."""
    x, y, z = pose(shape.center)
    if z <= 0:
        return False
    rows, columns = np.nonzero(mask)
    u, v = K[0, 0] * x / z + K[0, 2], K[1, 1] * y / z + K[1, 2]
    reach = 0.5 * shape.diagonal * float(np.max(pose.s)) * K[0, 0] / z
    return bool(np.hypot(columns - u, rows - v).min() <= reach)


def _inside(pose: Pose, K: Floats, size: tuple[int, int], shape: Shape) -> bool:
    """Whether the middle of the shape is before the camera, and its ball reaches into the picture."""
    x, y, z = pose(shape.center)
    if z <= 0:
        return False
    reach = 0.5 * shape.diagonal * float(np.max(pose.s)) * K[0, 0] / z
    u, v = K[0, 0] * x / z + K[0, 2], K[1, 1] * y / z + K[1, 2]
    return bool(-reach < u < size[0] + reach and -reach < v < size[1] + reach)


def _others(pose: Pose) -> list[tuple[str, Pose]]:
    """What the same numbers may have meant."""
    found = [("a pose with OpenGL's camera axes (y up, z backward)", Pose(_GL @ pose.R, _GL @ pose.t, pose.s))]
    if np.abs(np.asarray(pose.s) - 1).max() < 1e-9:
        back = Pose(pose.R.T, -pose.R.T @ pose.t)
        found.append(("a pose of the camera (camera to shape)", back))
        gl = Pose(_GL @ pose.R.T, -_GL @ pose.R.T @ pose.t)
        found.append(("a pose of the camera with OpenGL's axes", gl))
    return found
