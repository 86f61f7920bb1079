"""Poses from correspondences in space.

Where depth is measured, each cell of the object is a point before the camera.
"""

import numpy as np
import numpy.typing as npt
import torch

from core.alignment.correspondences import Correspondences2D3D
from core.alignment.scorer import PoseScorer
from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.pose import Pose, nearest_rotation, rotation_error

NEIGHBOURS = 3
"""Samples of the field that each cell is tried with."""

SAMPLES = 3000
"""Triples of correspondences of which a pose is made."""

NEAR = 0.1
"""A correspondence agrees with a pose that brings the two this close, in diagonals of the posed shape."""

KEEP, SUPPRESSION_DEGREES = 4, 20.0
"""So many of the poses that differ by so many degrees."""

STRETCH = 2.0
"""No axis is scaled by more than this over or under what all three have in common."""

PRIOR = 0.2
"""Weight of that common scale, as a share of the points' mean spread: an axis along which little is seen takes it."""


def by_depth(scorer: PoseScorer, dof: int) -> list[Pose]:
    """Find the poses that most correspondences in space agree on.

    They are found by 3D-3D RANSAC on triples (Umeyama, PAMI 1991) and least squares.

    Args:
        scorer: has the photo's descriptors and depth, and the shape's field.
        dof: 9 for a scale of each axis, 7 for one scale, 6 for none.

    Returns:
        At most ``KEEP`` poses that differ; none where there is no depth or the object is too small.
    """
    cells = np.flatnonzero(scorer.object > 0.5)
    depth = scorer.depth_at(cells)
    if depth is None:
        return []
    cells, depth = cells[np.isfinite(depth)], depth[np.isfinite(depth)]
    if len(cells) < 12:
        return []
    ray = np.concatenate([scorer.pixels[cells], np.ones((len(cells), 1))], axis=1) @ np.linalg.inv(scorer.K).T
    there = ray * depth[:, None]
    own, which = _candidates(scorer, cells)
    chosen = np.random.default_rng(0).integers(len(which), size=(SAMPLES, 3))
    R, t, s = similarities(own[chosen], there[which[chosen]], dof > 6)
    size = scorer.shape.shape.diagonal
    votes = np.array([_agreeing(*pose, own, there, which, size)[1] for pose in zip(R, t, s, strict=True)])
    found: list[Pose] = []
    for index in np.argsort(-votes):
        if len(found) == KEEP or votes[index] < 6:
            break
        if all(rotation_error(R[index], other.R) >= SUPPRESSION_DEGREES for other in found):
            found.extend(_settled(Pose(R[index], t[index], np.full(3, s[index])), own, there, which, size, dof))
    return found


def by_measured_pairs(correspondences: Correspondences2D3D, scorer: PoseScorer, dof: int) -> list[Pose]:
    """The pose that brings the points of pairs to where depth is measured at their pixels: pairs in space (Umeyama, PAMI 1991).

    Args:
        correspondences: pixels of the photo and points of the shape.
        scorer: has the photo's depth and K.
        dof: 9 or 7 for one scale, 6 for none.

    Returns:
        One pose; none where depth is known at fewer than three of the pixels, or they lie on a line.
    """
    depth = scorer.photo.depth
    if depth is None:
        return []
    measured = np.array([_depth_around(depth, pixel) for pixel in correspondences.pixels])
    known = np.isfinite(measured)
    rays = np.concatenate([correspondences.pixels, np.ones((len(measured), 1))], axis=1) @ np.linalg.inv(scorer.K).T
    points, there = correspondences.points[known], (rays * measured[:, None])[known]
    if len(points) < 3:
        return []
    spread = np.linalg.svd(points - points.mean(0), compute_uv=False)
    if spread[1] < 1e-3 * max(spread[0], 1e-12):
        return []
    R, t, s = (values[0] for values in similarities(points[None], there[None], dof > 6))
    pose = Pose(nearest_rotation(R), t, np.full(3, s))
    return [pose] if (pose(points)[:, 2] > 0).all() else []


def _depth_around(depth: Floats, pixel: Floats) -> float:
    """The median of what is known in the 3 x 3 pixels around one, NaN where nothing is."""
    u, v = np.rint(pixel).astype(int)
    near = depth[max(v - 1, 0) : v + 2, max(u - 1, 0) : u + 2]
    near = near[np.isfinite(near)]
    return float(np.median(near)) if len(near) else np.nan


def _candidates(scorer: PoseScorer, cells: npt.NDArray[np.int64]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Points [m, 3] of the shape's own frame, and the number [m] of the cell that each may be."""
    points = scorer.shape.field.points.position
    step = max(1, len(points) // 5000)
    similar = scorer.descriptors[torch.from_numpy(cells)] @ scorer.field[::step].T
    best = similar.topk(min(NEIGHBOURS, similar.shape[1]), dim=1).indices.numpy()
    own = scorer.shape.shape.to_own_frame(points[::step][best.ravel()])
    return own, np.repeat(np.arange(len(cells)), best.shape[1])


def similarities(points: Floats, targets: Floats, scaled: bool) -> tuple[Floats, Floats, Floats]:
    """The similarities that bring ``points`` [n, m, 3] onto ``targets`` [n, m, 3] best in least squares.

    Returns:
        Rotations [n, 3, 3], translations [n, 3] and scales [n] (Umeyama, PAMI 1991, Eq. 40 to 42); scales are 1 unless
        ``scaled``.
    """
    a, b = points.mean(1, keepdims=True), targets.mean(1, keepdims=True)
    x, y = points - a, targets - b
    U, D, V = np.linalg.svd(y.transpose(0, 2, 1) @ x)
    sign = np.ones((len(points), 3))
    sign[:, 2] = np.sign(np.linalg.det(U @ V))
    R = (U * sign[:, None]) @ V
    s = (D * sign).sum(1) / np.maximum((x**2).sum((1, 2)), 1e-12) if scaled else np.ones(len(points))
    s = np.maximum(s, 1e-6)
    return R, b[:, 0] - s[:, None] * (R @ a[:, 0, :, None])[..., 0], s


def stretched(points: Floats, targets: Floats, start: Floats, rounds: int = 10) -> Pose:
    """The pose with a scale for each axis that brings ``points`` [n, 3] onto ``targets`` [n, 3] best.

    Rotation and scales are found in turns from the scale ``start`` [3] on, of which no axis that is hardly seen strays
    far.

    Raises:
        CounterpointError: the points do not fix a pose.
    """
    a, b, mean = points.mean(0), targets.mean(0), float(np.mean(start))
    x, y, s = points - a, targets - b, np.asarray(start, np.float64)
    prior = PRIOR * (x**2).mean() * len(x)
    if len(x) < 4 or prior <= 0:
        raise CounterpointError(
            "There are too few correspondences for a pose; draw a box around the object, or place pairs."
        )
    R = np.eye(3)
    for _ in range(rounds):
        U, _, V = np.linalg.svd(y.T @ (x * s))
        R = (U * [1, 1, np.sign(np.linalg.det(U @ V))]) @ V
        s = ((x * (y @ R)).sum(0) + prior * mean) / ((x**2).sum(0) + prior)
        s = np.clip(s, mean / STRETCH, mean * STRETCH)
    return Pose(nearest_rotation(R), b - R @ (s * a), s)


def _agreeing(
    R: Floats, t: Floats, s: float | Floats, own: Floats, there: Floats, which: npt.NDArray[np.int64], size: float
) -> tuple[npt.NDArray[np.bool_], int]:
    """The correspondences [m] that a pose brings together, and how many cells have one."""
    gap = np.linalg.norm((own * s) @ R.T + t - there[which], axis=1)
    right = gap < NEAR * size * np.mean(s)
    return right, len(np.unique(which[right]))


def _settled(pose: Pose, own: Floats, there: Floats, which: npt.NDArray[np.int64], size: float, dof: int) -> list[Pose]:
    """The pose by least squares on what agrees, twice; as it was where too little does."""
    for _ in range(2):
        right, cells = _agreeing(pose.R, pose.t, pose.s, own, there, which, size)
        if cells < 6:
            break
        R, t, s = (v[0] for v in similarities(own[right][None], there[which[right]][None], dof > 6))
        pose = Pose(nearest_rotation(R), t, np.full(3, s))
        if dof == 9:
            pose = stretched(own[right], there[which[right]], pose.s)
    return [pose] if (pose(own)[:, 2] > 0).all() else []
