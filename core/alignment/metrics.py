"""Errors of poses as the BOP toolkit defines them (Hodan et al., ECCV Workshops 2020).

They are in the shape's own units unless a function says otherwise.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, cKDTree
from scipy.spatial.distance import pdist

from core.arrays import Floats
from core.geometry.pose import Pose, project, rotation_error


@dataclass(frozen=True)
class PoseErrors:
    """Of an estimated pose.

    Attributes:
        rotation: degrees, the best over the object's symmetries.
        translation: distance of the origins.
        add, adds: mean distance of points to where they belong, and to the nearest point of the true object.
        mssd, mspd: largest distance over the points, the best over the symmetries: in space, and in the picture
            (pixels).
    """

    rotation: float
    translation: float
    add: float
    adds: float
    mssd: float
    mspd: float


def pose_errors(estimate: Pose, truth: Pose, points: Floats, K: Floats, symmetries: Floats | None = None) -> PoseErrors:
    """``points`` [n, 3] of the shape, ``symmetries`` [k, 4, 4] that map it to itself (the identity among them)."""
    turns = np.eye(4)[None] if symmetries is None else symmetries
    there, true = estimate(points), truth(points)
    pixels = project(estimate, K, points)[0]
    in_space, in_picture = [], []
    for turn in turns:
        moved = points @ turn[:3, :3].T + turn[:3, 3]
        in_space.append(float(np.linalg.norm(there - truth(moved), axis=1).max()))
        in_picture.append(float(np.linalg.norm(pixels - project(truth, K, moved)[0], axis=1).max()))
    return PoseErrors(
        rotation_error(estimate.R, truth.R, turns[:, :3, :3]),
        float(np.linalg.norm(estimate.t - truth.t)),
        float(np.linalg.norm(there - true, axis=1).mean()),
        float(cKDTree(there).query(true)[0].mean()),
        min(in_space),
        min(in_picture),
    )


def diameter(points: Floats) -> float:
    """The largest distance between two of the points [n, 3]."""
    hull = ConvexHull(points, qhull_options="QJ")
    return float(pdist(np.asarray(points)[hull.vertices]).max())


def average_recall(vsd: float, mssd: float, mspd: float) -> float:
    """AR of the BOP challenge since 2019: the mean of the three average recalls, in [0, 1]."""
    return (vsd + mssd + mspd) / 3


SHARES = np.arange(0.05, 0.51, 0.05)
"""Limits of MSSD in BOP, as shares of the diameter."""

PIXELS = np.arange(5, 51, 5)
"""Limits of MSPD in BOP, in pixels of a picture 640 wide."""


def mspd_recall(errors: Floats, width: int) -> float:
    """Mean recall of MSPD [n] at 5, 10, ..., 50 pixels of a picture 640 wide, as in the BOP challenge."""
    limits = PIXELS * width / 640
    return float(np.mean(np.asarray(errors)[:, None] < limits))


def mssd_recall(errors: Floats, diameters: Floats) -> float:
    """Mean recall of MSSD [n] at 5, 10, ..., 50 % of the object's diameter."""
    return float(np.mean((np.asarray(errors) / np.asarray(diameters))[:, None] < SHARES))


TAUS = np.arange(0.05, 0.51, 0.05)
"""Tolerances of VSD, and its limits of correctness, in BOP."""


def vsd(estimate: Floats, truth: Floats, scene: Floats, diameter: float, delta: float) -> Floats:
    """Visible surface discrepancy [10], one for each of ``TAUS`` (of the diameter).

    ``estimate`` and ``truth`` [H, W] are distances along the rays to the posed object, inf where it is not; ``scene``
    those measured, inf where nothing is. What lies at most ``delta`` behind the scene counts as visible.
    """
    with np.errstate(invalid="ignore"):  # inf - inf: nothing before nothing
        there = np.isfinite(truth) & (truth - scene <= delta)
        seen = np.isfinite(estimate) & ((estimate - scene <= delta) | there)
    both, either = there & seen, there | seen
    if not either.any():
        return np.ones(len(TAUS))
    gap = np.abs(truth[both] - estimate[both]) / diameter
    wrong = (gap[:, None] >= TAUS).sum(0) + either.sum() - both.sum()
    return np.asarray(wrong / either.sum())


def vsd_recall(errors: Floats) -> float:
    """Mean recall of VSD [n, 10] at the limits ``TAUS``."""
    return float(np.mean(np.asarray(errors)[..., None] < TAUS))


NEAR = np.array([20.0, 0.2, 0.2])
"""Degrees, metres and share of the scale within which an alignment counts as right (ROCA, SPARC)."""


def alignment_errors(estimate: Pose, truth: Pose, middle: Floats, symmetries: Floats | None = None) -> Floats:
    """Errors [3] of a pose, to be compared with ``NEAR``.

    They are degrees (the best over ``symmetries`` [k, 3, 3]), the distance of the shape's ``middle`` [3] from where it
    belongs, and by how much the mean of the three scales' ratios is off 1 (as ROCA's released evaluation has it).
    """
    rotation = rotation_error(estimate.R, truth.R, symmetries)
    scale = float(abs(np.mean(np.asarray(estimate.s) / truth.s) - 1))
    return np.array([rotation, float(np.linalg.norm(estimate(middle) - truth(middle))), scale])


def alignment_shares(errors: Floats) -> dict[str, float]:
    """Of errors [n, 3]: the share within each of ``NEAR``, and within all."""
    right = np.asarray(errors) < NEAR
    names = ("rot < 20", "trans < 0.2", "scale < 20 %")
    return dict(zip(names, right.mean(0).tolist(), strict=True)) | {"all three": float(right.all(1).mean())}
