"""Poses with nine degrees of freedom: a rotation, a translation, and a scale for each axis of the object."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.camera import lengths

if TYPE_CHECKING:
    from core.geometry.lens import Lens
    from core.geometry.shape import Shape


@dataclass(frozen=True)
class Pose:
    """A pose ``x_cam = R @ diag(s) @ x_shape + t``, with OpenCV camera axes and the units and axes of the shape's file.

    Attributes:
        R: the rotation, float64 [3, 3].
        t: the translation, float64 [3] in the units of the file.
        s: the scales along the shape's axes, float64 [3], above 0.

    Raises:
        CounterpointError: numbers are not finite, scales not above 0, or the rotation is not one.
    """

    R: Floats
    t: Floats
    s: Floats = field(default_factory=lambda: np.ones(3))

    def __post_init__(self) -> None:
        if not (np.isfinite(self.R).all() and np.isfinite(self.t).all() and (np.asarray(self.s) > 0).all()):
            raise CounterpointError("A pose needs finite numbers and scales above zero.")
        if np.abs(self.R @ self.R.T - np.eye(3)).max() > 1e-3 or np.linalg.det(self.R) < 0:
            raise CounterpointError("The rotation of a pose must be a rotation: orthogonal, without mirroring.")

    def __call__(self, points: Floats) -> Floats:
        """Map points [..., 3] from the frame of the shape's file to the camera's: float64 [..., 3]."""
        return (np.asarray(points, np.float64) * self.s) @ self.R.T + self.t

    def inverse(self, points: Floats) -> Floats:
        """Map points [..., 3] from the camera's frame to that of the shape's file: float64 [..., 3]."""
        return ((np.asarray(points, np.float64) - self.t) @ self.R) / self.s


def nearest_rotation(matrix: Floats) -> Floats:
    """Return the rotation float64 [3, 3] nearest to a matrix [3, 3] whose numbers were rounded or drifted."""
    U, _, V = np.linalg.svd(matrix)
    return np.asarray(U @ V)


def rotation_error(a: Floats, b: Floats, symmetries: Floats | None = None) -> float:
    """Return the angle in degrees between two rotations.

    Args:
        a: float [3, 3].
        b: float [3, 3].
        symmetries: rotations float [n, 3, 3] that leave the object as it is, of which the best counts; None for no
            symmetry.
    """
    turns = np.eye(3)[None] if symmetries is None else symmetries
    return min(float(np.degrees(Rotation.from_matrix(a.T @ b @ turn).magnitude())) for turn in turns)


def shape_rays(pose: Pose, K: Floats, shape: "Shape", pixels: Floats) -> tuple[Floats, Floats]:
    """Return the rays through pixels in the shape's normalised frame.

    Args:
        pose: of the shape.
        K: the intrinsics, float [3, 3] in pixels.
        shape: the shape.
        pixels: (u, v), float [..., 2].

    Returns:
        Their origin float64 [3], which is the camera, and unit directions float64 [..., 3].
    """
    xy = (np.asarray(pixels, np.float64) - [K[0, 2], K[1, 2]]) / [K[0, 0], K[1, 1]]
    directions = (xy @ pose.R[:2] + pose.R[2]) / pose.s
    directions /= lengths(directions)[..., None]
    return shape.to_normalised(pose.inverse(np.zeros(3))), directions


def project(pose: Pose, K: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Project points of a shape to pixels.

    Args:
        pose: of the shape.
        K: the intrinsics, float [3, 3] in pixels.
        points: float [..., 3] in the units and axes of the shape's file.

    Returns:
        Pixels (u, v) float64 [..., 2], and the depth float64 [...] along z in the units of the file. Points behind the
        camera have negative depth, and their pixels mean nothing.
    """
    camera = pose(points)
    depth = camera[..., 2]
    safe = np.where(np.abs(depth) < 1e-12, 1e-12, depth)
    return camera[..., :2] / safe[..., None] * [K[0, 0], K[1, 1]] + [K[0, 2], K[1, 2]], depth


def reprojection_errors(pose: Pose, K: Floats, points: Floats, pixels: Floats, lens: "Lens | None" = None) -> Floats:
    """Return how far a pose puts points of a shape from the pixels where they are seen.

    Args:
        pose: of the shape.
        K: the intrinsics, float [3, 3] in pixels.
        points: float [n, 3] in the units and axes of the shape's file.
        pixels: (u, v) of the photo, float [n, 2].
        lens: how the photo's lens bends, if it does.

    Returns:
        Distances in pixels of the photo, float64 [n]; infinite for points behind the camera.
    """
    seen, depth = project(pose, K, points)
    if lens is not None:
        seen = lens.distort_pixels(seen, K)
    return np.where(depth > 0, np.linalg.norm(seen - pixels, axis=-1), np.inf)


def camera_matrix(fx: float, fy: float, cx: float, cy: float) -> Floats:
    """Return the intrinsics float64 [3, 3] of focal lengths and a principal point, all in pixels."""
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float64)


def resized_intrinsics(K: Floats, factor: npt.ArrayLike) -> Floats:
    """Return the intrinsics float64 [3, 3] of a picture with those of ``K`` [3, 3], resized by ``factor``, or by one along each axis [2]."""
    factors = np.broadcast_to(np.asarray(factor, np.float64), 2)
    resized = np.array(K, np.float64)
    resized[:2] *= factors[:, None]
    resized[:2, 2] += (factors - 1) / 2
    return resized


FOV = 50.0
"""Degrees that the longer side of a photo spans where nothing tells."""


def intrinsics(size: tuple[int, int], fov: float = FOV) -> Floats:
    """Return the intrinsics float64 [3, 3] of a camera whose principal point is the middle of the picture.

    Args:
        size: (width, height) of the picture in pixels.
        fov: the angle that its longer side spans, in degrees.
    """
    focal = max(size) / 2 / np.tan(np.radians(fov) / 2)
    return camera_matrix(focal, focal, (size[0] - 1) / 2, (size[1] - 1) / 2)


def frustum(pose: Pose, K: Floats, size: tuple[int, int], middle: Floats, length: float = 0.08) -> Floats:
    """Return the frustum of a photo's camera, to be drawn beside the shape.

    Args:
        pose: of the shape in the photo.
        K: the intrinsics, float [3, 3] in pixels.
        size: (width, height) of the photo in pixels.
        middle: of the shape, float [3] in the frame of its file.
        length: the depth of the frustum, as a fraction of the distance to the shape's middle.

    Returns:
        float64 [6, 3] in the frame of the shape's file: the eye, the four corners of the picture, and the shape's
        middle.
    """
    width, height = size
    corners = [(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)]
    rays = np.linalg.solve(K, np.array([(u, v, 1.0) for u, v in corners]).T).T
    there = pose(middle)
    return pose.inverse(np.vstack([np.zeros(3), rays * length * float(np.linalg.norm(there)), there]))
