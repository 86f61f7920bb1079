"""2D-3D correspondences that are certain: poses from them alone, and a say in the descent."""

from dataclasses import dataclass

import numpy as np

from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.pose import Pose, nearest_rotation, project
from core.geometry.shape import Shape
from core.notices import warn

FITS = 0.02
"""A pair fits a pose that puts its point within this of its pixel, as a share of the photo's longer side."""

BEYOND = 0.5
"""Pairs lie no farther outside the shape's box than this share of its diagonal, nor outside the photo of its longer side."""


@dataclass(frozen=True)
class Correspondences2D3D:
    """Pixels of a photo and the points of a shape that they show.

    Attributes:
        pixels: float64 [n, 2], pixels (u, v) of the photo.
        points: float64 [n, 3], points in the shape's own frame and units.
    """

    pixels: Floats
    points: Floats

    def __len__(self) -> int:
        return len(self.pixels)

    def error(self, pose: Pose, K: Floats) -> float:
        """Measure the mean distance in pixels between the projected points and their pixels.

        The points are projected by a pose and the intrinsics K [3, 3].
        """
        return float(np.linalg.norm(project(pose, K, self.points)[0] - self.pixels, axis=1).mean())

    def allow(self, pose: Pose, fitted: Pose, K: Floats) -> bool:
        """Whether a pose lies in the region of 95 % confidence of the pose that was fitted to the correspondences alone, for intrinsics K [3, 3].

        How exact they are is estimated from how far the fitted pose misses them (an F-test on the squared errors in pixels); three of
        them leave that open, and allow every pose.
        """
        from scipy.stats import f as f_distribution

        left = 2 * len(self) - 6
        if left <= 0:
            return True
        errors = [float(((project(one, K, self.points)[0] - self.pixels) ** 2).sum()) for one in (pose, fitted)]
        return bool(errors[0] <= errors[1] * (1 + 6 / left * f_distribution.ppf(0.95, 6, left)))

    def check(self, shape: Shape, size: tuple[int, int]) -> None:
        """Refuse pairs that cannot be meant for a shape and a photo of ``size`` (width, height).

        Raises:
            CounterpointError: a point lies far off the shape, or a pixel far outside the photo.
        """
        low, high = shape.bounds
        off = np.maximum(low - self.points, self.points - high).max(axis=1, initial=0) > BEYOND * shape.diagonal
        if off.any():
            raise CounterpointError(
                f"{off.sum()} of {len(self)} pairs have points far off the shape; give points in the units and axes of its file."
            )
        past = np.maximum(-self.pixels, self.pixels - size).max(axis=1, initial=0) > BEYOND * max(size)
        if past.any():
            raise CounterpointError(
                f"{past.sum()} of {len(self)} pairs have pixels far outside the photo of {size[0]} x {size[1]} pixels; "
                "give pixels of this photo in its own size."
            )

    def say_misfits(self, pose: Pose, K: Floats, size: tuple[int, int]) -> None:
        """Warn the user of the pairs that a pose does not fit; K [3, 3] and ``size`` are as in :func:`poses_from_correspondences`."""
        pixels, depth = project(pose, K, self.points)
        errors = np.where(depth > 0, np.linalg.norm(pixels - self.pixels, axis=1), np.inf)
        missed = np.flatnonzero(errors > FITS * max(size))
        if len(missed):
            numbers = ", ".join(str(i + 1) for i in missed[:6]) + (", ..." if len(missed) > 6 else "")
            warn(
                f"The pose does not fit {len(missed)} of {len(self)} pairs (number {numbers}): there the point lies more than "
                f"{FITS * max(size):.0f} pixels from its pixel; check which point belongs to which pixel."
            )


def poses_from_correspondences(correspondences: Correspondences2D3D, K: Floats, size: tuple[int, int]) -> list[Pose]:
    """Find the poses that put the points of at least three correspondences on their pixels.

    Args:
        correspondences: at least three.
        K: intrinsics [3, 3] in pixels.
        size: width and height of the photo in pixels.

    Returns:
        The poses, the best first: up to four for three correspondences (Grunert's P3P), else one.

    Raises:
        CounterpointError: there are too few correspondences, they lie on a line, or no pose puts them before the
            camera.
    """
    import poselib

    if len(correspondences) < 3:
        raise CounterpointError("A pose needs at least three pairs; place more (pins on both sides).")
    middle = correspondences.points.mean(0)
    near = correspondences.points - middle  # far from the origin the solvers would lose digits
    spread = np.linalg.svd(near, compute_uv=False)
    if spread[1] < 1e-3 * max(spread[0], 1e-12):
        raise CounterpointError("The pairs lie on a line, which leaves the pose open; place one beside that line.")
    if len(correspondences) == 3:
        rays = np.concatenate([(correspondences.pixels - K[:2, 2]) / [K[0, 0], K[1, 1]], np.ones((3, 1))], axis=1)
        found = poselib.p3p(rays / np.linalg.norm(rays, axis=1, keepdims=True), near)
    else:
        camera = {
            "model": "PINHOLE",
            "width": size[0],
            "height": size[1],
            "params": [K[0, 0], K[1, 1], K[0, 2], K[1, 2]],
        }
        options = {"max_reproj_error": FITS * max(size), "seed": 0}
        found = [poselib.estimate_absolute_pose(correspondences.pixels, near, camera, options, {})[0]]
    turns = [(nearest_rotation(np.asarray(one.R)), np.asarray(one.t)) for one in found if np.isfinite(one.t).all()]
    poses = [Pose(R, t - R @ middle) for R, t in turns]
    poses = [pose for pose in poses if (project(pose, K, correspondences.points)[1] > 0).all()]
    if not poses:
        raise CounterpointError(
            "No pose puts these pairs in front of the camera; check which point belongs to which pixel."
        )
    return sorted(poses, key=lambda pose: correspondences.error(pose, K))
