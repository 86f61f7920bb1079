"""Pixels and surface points that belong together for certain: poses from them alone, and a say in the descent."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.pose import Pose, nearest_rotation, project

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Pins:
    """Attributes:
    pixels, points: float64 [n, 2] and [n, 3] of the shape's own frame.
    """

    pixels: Floats
    points: Floats

    def __len__(self) -> int:
        return len(self.pixels)

    def error(self, pose: Pose, K: Floats) -> float:
        """Mean distance in pixels."""
        return float(np.linalg.norm(project(pose, K, self.points)[0] - self.pixels, axis=1).mean())


def poses_from_pins(pins: Pins, K: Floats, size: tuple[int, int]) -> list[Pose]:
    """The poses that put at least three pins where they belong, the best first: up to four for three pins (Grunert's P3P), else one.

    Raises:
        CounterpointError: too few pins, or they lie on a line.
    """
    import poselib

    if len(pins) < 3:
        raise CounterpointError("A pose needs at least three pins on both sides.")
    middle = pins.points.mean(0)
    near = pins.points - middle  # far from the origin the solvers would lose digits
    spread = np.linalg.svd(near, compute_uv=False)
    if spread[1] < 1e-3 * max(spread[0], 1e-12):
        raise CounterpointError("The pins lie on a line, which leaves the pose open; place one beside it.")
    if len(pins) == 3:
        rays = np.concatenate([(pins.pixels - K[:2, 2]) / [K[0, 0], K[1, 1]], np.ones((3, 1))], axis=1)
        found = poselib.p3p(rays / np.linalg.norm(rays, axis=1, keepdims=True), near)
    else:
        camera = {
            "model": "PINHOLE", "width": size[0], "height": size[1], "params": [K[0, 0], K[1, 1], K[0, 2], K[1, 2]],
        }  # fmt: skip
        options = {"max_reproj_error": 0.02 * max(size), "seed": 0}
        found = [poselib.estimate_absolute_pose(pins.pixels, near, camera, options, {})[0]]
    turns = [(nearest_rotation(np.asarray(one.R)), np.asarray(one.t)) for one in found if np.isfinite(one.t).all()]
    poses = [Pose(R, t - R @ middle) for R, t in turns]
    poses = [pose for pose in poses if (project(pose, K, pins.points)[1] > 0).all()]
    if not poses:
        raise CounterpointError("No pose puts the pins before the camera; check which point belongs to which pixel.")
    return sorted(poses, key=lambda pose: pins.error(pose, K))
