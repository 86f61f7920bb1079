"""Pinhole cameras in the OpenCV convention.

X right, y down, z forward, pixel (0, 0) is the centre of the top-left pixel.
"""

from dataclasses import dataclass

import numpy as np

from core.arrays import Floats
from core.geometry.lens import Lens


@dataclass(frozen=True)
class PhotoCamera:
    """The camera of a photo, wherever it stands.

    Attributes:
        K: float64 [3, 3] intrinsics in pixels, without skew.
        size: (width, height) of the photo in pixels, or None where nobody said it.
        lens: how the lens bends, or None where it does not.
        depth_scale: millimetres that one count of the photo's depth picture is (BOP), or None where nobody said it.
    """

    K: Floats
    size: tuple[int, int] | None = None
    lens: Lens | None = None
    depth_scale: float | None = None

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Points [..., 3] of the camera's frame -> pixels [..., 2] of the photo and depth along z [...].

        Pixels are NaN where the lens does not show a point (behind the camera, or farther out than it bends back).
        """
        points = np.asarray(points, np.float64)
        depth = points[..., 2]
        xy = np.where(
            depth[..., None] > 1e-12, points[..., :2] / np.where(depth > 1e-12, depth, 1.0)[..., None], np.nan
        )
        if self.lens is not None:
            bent = self.lens.distort(np.nan_to_num(xy))
            again = self.lens.undistort(bent)
            shown = (np.abs(again - xy) < 1e-6 * (1 + np.abs(xy))).all(-1, keepdims=True)
            xy = np.where(shown, bent, np.nan)
        return xy * [self.K[0, 0], self.K[1, 1]] + self.K[:2, 2], depth


@dataclass(frozen=True)
class Camera:
    """A calibrated view of an object.

    Attributes:
        K: float64 [3, 3] intrinsics in pixels.
        R, t: float64 [3, 3] and [3]; ``x_cam = R @ x_obj + t``.
        width, height: pixels.
    """

    K: Floats
    R: Floats
    t: Floats
    width: int
    height: int

    @property
    def center(self) -> Floats:
        """Camera centre in the object frame, float64 [3]."""
        return -self.R.T @ self.t

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Object points [..., 3] -> pixels [..., 2] (u, v) and depth along z [...]; depth <= 0 is behind the camera."""
        cam = np.asarray(points, np.float64) @ self.R.T + self.t
        depth = cam[..., 2]
        safe = np.where(np.abs(depth) < 1e-12, 1e-12, depth)
        pixels = cam[..., :2] / safe[..., None] * [self.K[0, 0], self.K[1, 1]] + [self.K[0, 2], self.K[1, 2]]
        return pixels, depth

    def rays(self, pixels: Floats) -> tuple[Floats, Floats]:
        """Rays through pixels [..., 2]: origins and unit directions float64 [..., 3] in the object frame."""
        pixels = np.asarray(pixels, np.float64)
        xy = (pixels - [self.K[0, 2], self.K[1, 2]]) / [self.K[0, 0], self.K[1, 1]]
        directions = xy @ self.R[:2] + self.R[2]
        directions /= lengths(directions)[..., None]
        return np.broadcast_to(self.center, directions.shape), directions

    def pixel_grid(self) -> Floats:
        """All pixels float64 [height, width, 2] as (u, v)."""
        return np.stack(np.meshgrid(np.arange(self.width), np.arange(self.height)), axis=-1).astype(np.float64)


def lengths(vectors: Floats) -> Floats:
    """Euclidean lengths [...] of vectors [..., D], several times quicker than numpy's norm where D is small."""
    return np.asarray(np.sqrt(np.einsum("...d,...d->...", vectors, vectors)))


def look_at(direction: Floats, up: Floats, roll: float = 0.0) -> Floats:
    """Rotation [3, 3] of a camera that stands in ``direction`` from the origin and looks at it.

    The direction ``up`` points upwards in the image.

    ``roll`` (radians) turns the image clockwise. Where direction and up coincide another up is taken.
    """
    z = -np.asarray(direction, np.float64)
    z = z / np.linalg.norm(z)
    x = np.cross(z, up)
    if np.linalg.norm(x) < 1e-6:
        x = np.cross(z, np.roll(up, 1))
    x = x / np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z])
    c, s = np.cos(roll), np.sin(roll)
    return np.asarray(np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ rotation)


def framing_camera(points: Floats, R: Floats, size: int, fov: float, fill: float = 0.9) -> Camera:
    """A square camera with rotation ``R`` that frames ``points`` [N, 3]: they span ``fill`` of the image, centred.

    The camera stands where the points' bounding sphere would fit the field of view ``fov`` (radians); framing is by
    focal length and principal point, so perspective is the same for all directions.
    """
    center = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = float(np.linalg.norm(points - center, axis=1).max())
    t = np.array([0, 0, radius / np.sin(fov / 2)]) - R @ center
    cam = points @ R.T + t
    xy = cam[:, :2] / cam[:, 2:]
    low, high = xy.min(axis=0), xy.max(axis=0)
    focal = fill * size / max(float((high - low).max()), 1e-9)
    cx, cy = (size - 1) / 2 - focal * (low + high) / 2
    return Camera(np.array([[focal, 0, cx], [0, focal, cy], [0, 0, 1]]), R, t, size, size)
