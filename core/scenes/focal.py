"""The camera of a photo from what is seen in it: focal length and distortion solved together with the pose.

From 2D-3D pairs of one photo or of several of the same camera. Every answer says how sure it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.pose import Pose, camera_matrix, nearest_rotation

FIELDS = (25.0, 45.0, 65.0, 90.0)
"""Degrees over the longer side of a photo that the search begins with."""

DETERMINED = 0.15
"""A focal length whose standard deviation is more than this share of it is not determined."""

DISTORTED = 3.0
"""Distortion counts where it is this many standard deviations from none."""

LEAST_SIGMA = 0.5
"""Pixels: no click is taken for more exact than this."""


@dataclass(frozen=True)
class PhotoPairs:
    """Pixels of one photo, float64 [n, 2], and the points that they show, float64 [n, 3], n at least 4."""

    pixels: Floats
    points: Floats


@dataclass(frozen=True)
class SolvedCamera:
    """A camera that was solved with the poses of its photos.

    Attributes:
        K: float64 [3, 3]; the principal point is the middle of the photo.
        k1: the first radial coefficient of OpenCV's model, 0 where it is not determined.
        poses: of the points in each photo.
        focal_sigma, k1_sigma: standard deviations, infinite where nothing says anything; of the focal length in pixels.
        error: root mean square of the residuals in pixels.
        focal_determined, k1_determined: whether the views say it at all.
    """

    K: Floats
    k1: float
    poses: tuple[Pose, ...]
    focal_sigma: float
    k1_sigma: float
    error: float
    focal_determined: bool
    k1_determined: bool

    @property
    def focal(self) -> float:
        """In pixels."""
        return float(self.K[0, 0])

    @property
    def sentence(self) -> str:
        """What a person should know."""
        if not self.focal_determined:
            return "The pairs do not determine the focal length; place pairs at different depths, or from another side."
        said = f"The focal length is {self.focal:.0f} ± {self.focal_sigma:.0f} pixels"
        return said + (f", k1 {self.k1:.3f} ± {self.k1_sigma:.3f}." if self.k1_determined else ".")


def solve_camera(photos: Sequence[PhotoPairs], size: tuple[int, int]) -> SolvedCamera:
    """Solve focal length, distortion (where it is significant) and poses of photos that one camera took.

    Robust least squares on the reprojection (Hartley and Zisserman, "Multiple View Geometry", ch. 7.2) over log f, k1 and
    six numbers of each pose, from poses of PnP at several fields of view; the covariance is that of the normal matrix.

    Args:
        photos: the pairs of each photo.
        size: (width, height) of the photos in pixels.

    Raises:
        CounterpointError: fewer than four pairs in a photo, or no camera shows them.
    """
    if not photos or min(len(one.pixels) for one in photos) < 4:
        raise CounterpointError("A camera needs at least four pairs in each photo.")
    problem = _Lensed(photos, size)
    starts = [found for fov in FIELDS if (found := problem.start(fov)) is not None]
    if not starts:
        raise CounterpointError("No camera shows the points at their pixels; check which point belongs to which pixel.")
    few = [problem.solve(start, bent=False) for start in starts]
    best = min(few, key=lambda answer: answer.cost)
    plain = problem.result(best, False)
    if problem.spare(True) < 4 or not plain.focal_determined:
        return plain
    start = np.insert(best.x, 1, 0.0)
    bent = problem.result(problem.solve(start, bent=True), True)
    return bent if bent.k1_determined and bent.focal_determined else plain


class _Lensed:
    """Residuals of unknowns: log f, k1 where it is bent, and (rotation vector, translation / depth) of each photo."""

    def __init__(self, photos: Sequence[PhotoPairs], size: tuple[int, int]):
        self.photos, self.size = photos, size
        self.center = (np.array(size) - 1) / 2
        self.middles = [one.points.mean(0) for one in photos]
        self.units = [max(float(np.linalg.norm(np.ptp(one.points, axis=0))), 1e-12) for one in photos]
        self.count = sum(len(one.pixels) for one in photos)

    def spare(self, bent: bool) -> int:
        return 2 * self.count - 6 * len(self.photos) - 1 - bent

    def start(self, fov: float) -> Floats | None:
        import cv2

        focal = max(self.size) / 2 / np.tan(np.radians(fov) / 2)
        K = camera_matrix(focal, focal, *self.center)
        values = [np.log(focal)]
        for one, middle, unit in zip(self.photos, self.middles, self.units, strict=True):
            points = np.ascontiguousarray((one.points - middle) / unit)
            pixels = np.ascontiguousarray(one.pixels, np.float64)
            try:
                done, turn, place = cv2.solvePnP(points, pixels, K, None, flags=cv2.SOLVEPNP_SQPNP)
            except cv2.error:
                return None
            if not done or place[2, 0] <= 0:
                return None
            values += [*turn[:, 0], place[0, 0] / place[2, 0], place[1, 0] / place[2, 0], np.log(place[2, 0] / focal)]
        return np.array(values)

    def residuals(self, values: Floats, bent: bool) -> Floats:
        focal, k1 = np.exp(values[0]), values[1] if bent else 0.0
        rows = []
        for number, one in enumerate(self.photos):
            at = values[1 + bent + 6 * number :][:6]
            depth = np.exp(at[5]) * focal
            place = np.array([at[3], at[4], 1.0]) * depth
            own = (one.points - self.middles[number]) / self.units[number]
            x = own @ Rotation.from_rotvec(at[:3]).as_matrix().T + place
            xy = x[:, :2] / np.maximum(x[:, 2:], 1e-6)
            xy = xy * (1 + k1 * (xy**2).sum(1, keepdims=True))
            rows.append((xy * focal + self.center - one.pixels).ravel())
        return np.concatenate(rows)

    def solve(self, start: Floats, bent: bool) -> Any:
        return least_squares(
            self.residuals, start, args=(bent,), loss="soft_l1", f_scale=3.0, x_scale="jac", max_nfev=200
        )

    def result(self, answer: Any, bent: bool) -> SolvedCamera:
        values = answer.x
        residuals = self.residuals(values, bent)
        jacobian = answer.jac
        robust = float(np.sqrt((np.minimum(np.abs(residuals), 9.0) ** 2).sum() / max(self.spare(bent), 1)))
        noise = max(robust, LEAST_SIGMA)
        eigen, vectors = np.linalg.eigh(jacobian.T @ jacobian)
        covariance = (vectors / np.maximum(eigen, 1e-10 * eigen[-1])) @ vectors.T * noise**2
        focal, relative = float(np.exp(values[0])), float(np.sqrt(covariance[0, 0]))
        k1, k1_sigma = (float(values[1]), float(np.sqrt(covariance[1, 1]))) if bent else (0.0, np.inf)
        poses = []
        for number, (middle, unit) in enumerate(zip(self.middles, self.units, strict=True)):
            at = values[1 + bent + 6 * number :][:6]
            R = nearest_rotation(Rotation.from_rotvec(at[:3]).as_matrix())
            t = np.array([at[3], at[4], 1.0]) * np.exp(at[5]) * focal * unit
            poses.append(Pose(R, t - R @ middle))
        error = float(np.sqrt((residuals**2).sum() / max(len(residuals) / 2, 1)))
        determined = self.spare(bent) > 0 and relative < DETERMINED
        return SolvedCamera(
            camera_matrix(focal, focal, *self.center),
            k1,
            tuple(poses),
            focal * relative,
            k1_sigma,
            error,
            determined,
            bent and abs(k1) > DISTORTED * k1_sigma,
        )
