"""Where an object stands: rotation, translation, a scale for each of its axes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError

if TYPE_CHECKING:
    from core.geometry.shape import Shape

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Pose:
    """``x_cam = R @ diag(s) @ x_shape + t``: OpenCV camera axes, the units and axes of the shape's file.

    Attributes:
        R, t, s: float64 [3, 3], [3], [3].
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
        """Points [..., 3] of the shape's frame in the camera's."""
        return (np.asarray(points, np.float64) * self.s) @ self.R.T + self.t

    def inverse(self, points: Floats) -> Floats:
        """Points [..., 3] of the camera's frame in the shape's."""
        return ((np.asarray(points, np.float64) - self.t) @ self.R) / self.s

    def rotated(self, rotation: Floats) -> "Pose":
        """The same place and scale with another rotation [3, 3]."""
        return Pose(rotation, self.t, self.s)


def nearest_rotation(matrix: Floats) -> Floats:
    """The rotation [3, 3] nearest to a matrix whose numbers were rounded (or drifted)."""
    U, _, V = np.linalg.svd(matrix)
    return np.asarray(U @ V)


def rotation_error(a: Floats, b: Floats, symmetries: Floats | None = None) -> float:
    """Angle in degrees between two rotations; of several ``symmetries`` [n, 3, 3] of the object the best counts."""
    turns = np.eye(3)[None] if symmetries is None else symmetries
    return min(float(np.degrees(Rotation.from_matrix(a.T @ b @ turn).magnitude())) for turn in turns)


def shape_rays(pose: Pose, K: Floats, shape: "Shape", pixels: Floats) -> tuple[Floats, Floats]:
    """The rays through pixels [..., 2] in the shape's normalised frame: origin [3] and unit directions [..., 3]."""
    xy = (np.asarray(pixels, np.float64) - [K[0, 2], K[1, 2]]) / [K[0, 0], K[1, 1]]
    directions = (np.concatenate([xy, np.ones_like(xy[..., :1])], axis=-1) @ pose.R) / pose.s
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    return shape.to_normalised(pose.inverse(np.zeros(3))), directions


def project(pose: Pose, K: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Pixels [..., 2] of points of the shape's own frame, and their depth [...] along z."""
    camera = pose(points)
    depth = camera[..., 2]
    safe = np.where(np.abs(depth) < 1e-12, 1e-12, depth)
    return camera[..., :2] / safe[..., None] * [K[0, 0], K[1, 1]] + [K[0, 2], K[1, 2]], depth


def camera_matrix(fx: float, fy: float, cx: float, cy: float) -> Floats:
    """``K`` [3, 3] of focal lengths and principal point in pixels."""
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float64)


def intrinsics(size: tuple[int, int], fov: float = 50.0) -> Floats:
    """``K`` [3, 3] of a picture (width, height) whose longer side spans ``fov`` degrees, the principal point in its middle."""
    focal = max(size) / 2 / np.tan(np.radians(fov) / 2)
    return camera_matrix(focal, focal, (size[0] - 1) / 2, (size[1] - 1) / 2)


def frustum(pose: Pose, K: Floats, size: tuple[int, int], middle: Floats, length: float = 0.08) -> Floats:
    """A photo's camera in the shape's frame [6, 3]: the eye, the corners of a picture (width, height) at ``length`` of the distance to the
    shape's ``middle`` [3] (of its own frame), and that middle."""
    width, height = size
    corners = [(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)]
    rays = np.linalg.solve(K, np.array([(u, v, 1.0) for u, v in corners]).T).T
    there = pose(middle)
    return pose.inverse(np.vstack([np.zeros(3), rays * length * float(np.linalg.norm(there)), there]))
