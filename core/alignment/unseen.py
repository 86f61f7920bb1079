"""Turns of a shape that a photo cannot tell: those after which it looks the same from where the camera stands.

A cup whose handle is behind it, half of a ball seen from its round side, a cone seen from below.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from core.alignment.verdict import SAME_DEGREES
from core.arrays import Floats
from core.geometry.pose import Pose, project, shape_rays
from core.geometry.raycasting import Raycaster, surface_normal
from core.geometry.render import surface_color
from core.geometry.symmetry import angle, candidate_axes
from core.parts.verdict import intersection_over_union

CELLS = 40
"""Rays across the longer side of the shape as it appears."""

DEGREES = (30, 60, 90, 120, 180, 240, 300, 330)
"""Turns about each axis that are tried."""

COVERS, BENT, PAINTED = 0.97, 0.1, 0.02
"""Two views look the same if their silhouettes overlap by the first, and normals and colours differ by less than the others
on average."""

LIKELY = 0.75
"""Silhouettes that overlap by less than this before one was moved are not looked at further."""

SPOT = 0.25
"""And if 98 % of what is seen differs by less than this."""


@dataclass(frozen=True)
class _Sight:
    """What rays hit: whether anything, bool [n]; the normals of the camera's frame and the colours there, float [n, 3]."""

    mask: npt.NDArray[np.bool_]
    normals: Floats
    colors: Floats


def unseen_turn(pose: Pose, K: Floats, caster: Raycaster, symmetries: Floats) -> float | None:
    """Return the least turn that a photo of a pose cannot tell, beside the symmetries of the shape.

    Args:
        pose: of the shape.
        K: intrinsics [3, 3] in pixels, without distortion.
        caster: of the shape.
        symmetries: rotations [n, 3, 3] that the shape looks the same after from everywhere.

    Returns:
        Degrees, or None where every turn of ``DEGREES`` about its axes would be seen.
    """
    shape = caster.shape
    corners = np.stack(np.meshgrid(*shape.bounds.T), axis=-1).reshape(-1, 3)
    pixels, depth = project(pose, K, corners)
    if (depth <= 0).any():
        return None
    low, high = pixels.min(0), pixels.max(0)
    step = float((high - low).max()) / CELLS
    grid = np.stack(np.meshgrid(*(np.arange(low[i] - 2 * step, high[i] + 2 * step, step) for i in (0, 1))), axis=-1)
    seen = _sight(pose, K, caster, grid.reshape(-1, 2))
    middle, found = pose(shape.center), []
    for axis in candidate_axes(shape):
        for degrees in DEGREES:
            R = pose.R @ Rotation.from_rotvec(np.radians(degrees) * axis).as_matrix()
            if angle(pose.R, R, symmetries) < SAME_DEGREES:
                continue
            turned = Pose(R, middle - R @ (np.asarray(pose.s) * shape.center), pose.s)
            if _looks_same(seen, turned, K, caster, grid.reshape(-1, 2), float(middle[2])):
                found.append(float(min(degrees, 360 - degrees)))
    return min(found, default=None)


def _looks_same(seen: _Sight, turned: Pose, K: Floats, caster: Raycaster, pixels: Floats, depth: float) -> bool:
    """Whether a pose looks as what is seen, after it was moved to where that is."""
    first = caster.cast(*shape_rays(turned, K, caster.shape, pixels)).mask
    if intersection_over_union(seen.mask, first) < LIKELY:
        return False
    gap = _middle(pixels[seen.mask]) - _middle(pixels[first])
    shift = np.append(gap / K[[0, 1], [0, 1]] * depth, 0.0)
    other = _sight(replace(turned, t=turned.t + shift), K, caster, pixels)
    if intersection_over_union(seen.mask, other.mask) < COVERS:
        return False
    both = seen.mask & other.mask
    bent = np.linalg.norm(seen.normals - other.normals, axis=1)[both]
    painted = np.abs(seen.colors - other.colors).mean(axis=1)[both]
    spots = max(float(np.quantile(bent, 0.98)) / 2, float(np.quantile(painted, 0.98)))
    return bool(bent.mean() < BENT and painted.mean() < PAINTED and spots < SPOT)


def _middle(pixels: Floats) -> Floats:
    return np.asarray((pixels.min(0) + pixels.max(0)) / 2)


def _sight(pose: Pose, K: Floats, caster: Raycaster, pixels: Floats) -> _Sight:
    shape = caster.shape
    hits = caster.cast(*shape_rays(pose, K, shape, pixels))
    normals, colors = np.zeros((len(pixels), 3)), np.zeros((len(pixels), 3))
    if hits.mask.any():
        own = surface_normal(shape, hits.face[hits.mask], hits.bary[hits.mask])
        facing = own @ pose.R.T
        normals[hits.mask] = facing * np.where(facing[:, 2:] > 0, -1, 1)  # of thin shells both sides are seen
        painted = surface_color(shape, hits.face[hits.mask], hits.bary[hits.mask])
        if painted is not None:
            colors[hits.mask] = painted[..., :3]
    return _Sight(hits.mask, normals, colors)
