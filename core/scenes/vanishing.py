"""The focal length of a photo from edges that are at right angles to each other, as those of a box, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.pose import nearest_rotation
from core.scenes.focal import DETERMINED

END_SIGMA = 1.0
"""Pixels (standard deviation) that a clicked end of an edge is taken to be off by."""

LEAST_EDGE = 8.0
"""Pixels: a shorter edge says nothing of its direction."""


@dataclass(frozen=True)
class FoundFocal:
    """What edges say of a photo's focal length.

    Attributes:
        focal: in pixels, None where the edges do not determine it.
        sigma: its standard deviation in pixels, infinite where nothing says anything.
        size: (width, height) of the photo.
    """

    focal: float | None
    sigma: float
    size: tuple[int, int]

    @property
    def field_of_view(self) -> tuple[float, float]:
        """Degrees that the longer side of the photo spans, and their standard deviation.

        Raises:
            CounterpointError: the edges do not determine it.
        """
        if self.focal is None:
            raise CounterpointError(self.sentence)
        half = max(self.size) / 2
        field = 2 * np.arctan(half / self.focal)
        return float(np.degrees(field)), float(np.degrees(2 * half / (self.focal**2 + half**2)) * self.sigma)

    @property
    def sentence(self) -> str:
        """What a person should know."""
        if self.focal is None:
            return "These edges do not determine the focal length; choose edges that run into the depth of the photo, in two directions or three."
        field, sigma = self.field_of_view
        return f"The focal length is {self.focal:.0f} ± {self.sigma:.0f} pixels (a field of view of {field:.1f} ± {sigma:.1f}°)."


def focal_of_edges(directions: Sequence[Floats], size: tuple[int, int]) -> FoundFocal:
    """Find the focal length in which edges of two or three directions are at right angles.

    Least squares over the focal length and the rotation of the three axes, each edge weighted by its length as the noise of its ends
    (``END_SIGMA``) demands; the standard deviation is that of the normal matrix.

    Args:
        directions: edges of each direction, float [n, 2, 2], n at least 2: the pixels of their two ends.
        size: (width, height) of the photo, whose middle is the principal point.

    Raises:
        CounterpointError: fewer than two directions of two edges, or an edge that is too short.
    """
    edges = [np.asarray(one, np.float64).reshape(-1, 2, 2) for one in directions]
    if len(edges) < 2 or min(map(len, edges)) < 2:
        raise CounterpointError("The focal length needs at least two edges in each of two directions at right angles.")
    if min(float(np.linalg.norm(one[:, 0] - one[:, 1], axis=-1).min()) for one in edges) < LEAST_EDGE:
        raise CounterpointError(f"An edge is shorter than {LEAST_EDGE:g} pixels, which says nothing of its direction.")
    problem = _Directions(edges, size)
    best = min((problem.solve(start) for start in problem.starts()), key=lambda answer: answer.cost, default=None)
    if best is None:
        return FoundFocal(None, np.inf, size)
    eigen, vectors = np.linalg.eigh(best.jac.T @ best.jac)
    spare = len(problem.ends) - len(best.x)
    noise = max(
        1.0, float(np.sqrt(2 * best.cost / spare)) if spare > 0 else 1.0
    )  # more where the edges contradict each other
    relative = noise * float(np.sqrt((vectors[0] ** 2 / np.maximum(eigen, 1e-12 * eigen[-1])).sum()))
    focal = float(np.exp(best.x[0]))
    return FoundFocal(focal if relative < DETERMINED else None, focal * relative, size)


class _Directions:
    """Residuals of log f and a rotation: each edge points at the vanishing point of its axis.

    One number an edge, in standard deviations: how far its ends lie from the line through its middle and that point.
    """

    def __init__(self, edges: Sequence[Floats], size: tuple[int, int]):
        self.center, self.longer = (np.array(size) - 1) / 2, float(max(size))
        own = [one - self.center for one in edges]
        self.axis = np.concatenate([np.full(len(one), number) for number, one in enumerate(own)])
        self.ends = np.concatenate(own)
        self.edges = own

    def starts(self) -> list[Floats]:
        points = np.array([vanishing_point(one) for one in self.edges])
        closed = focal_of_vanishing(points, np.zeros(2))
        found = []
        for focal in {closed or self.longer, 0.6 * self.longer, self.longer, 2 * self.longer}:
            rays = points / [focal, focal, 1]
            rays /= np.linalg.norm(rays, axis=1, keepdims=True)
            third = rays[2] if len(rays) == 3 else np.cross(rays[0], rays[1])
            R = nearest_rotation(np.stack([rays[0], rays[1], third], axis=1) * self._handed(rays, third))
            found.append(np.concatenate([[np.log(focal)], Rotation.from_matrix(R).as_rotvec()]))
        return found

    def _handed(self, rays: Floats, third: Floats) -> Floats:
        """A vanishing point is that of a direction and of its opposite: the signs that make the axes right-handed."""
        return np.array([1.0, 1.0, 1.0 if np.cross(rays[0], rays[1]) @ third >= 0 else -1.0])

    def residuals(self, values: Floats) -> Floats:
        focal, R = np.exp(values[0]), Rotation.from_rotvec(values[1:]).as_matrix()
        toward = R.T[self.axis] * [focal, focal, 1]
        middle, half = self.ends.mean(1), (self.ends[:, 1] - self.ends[:, 0]) / 2
        way = toward[:, :2] - middle * toward[:, 2:]
        length = np.maximum(np.linalg.norm(way, axis=1), 1e-9)
        return np.asarray((half[:, 0] * way[:, 1] - half[:, 1] * way[:, 0]) / length * (np.sqrt(2) / END_SIGMA))

    def solve(self, start: Floats) -> Any:
        return least_squares(self.residuals, start, x_scale="jac", max_nfev=100)


def vanishing_point(lines: Floats) -> Floats:
    """Return the homogeneous point [3] of unit length nearest to lines [n, 2, 2] of two pixels each, n at least 2."""
    ends = np.concatenate([lines, np.ones((len(lines), 2, 1))], axis=-1)
    scale = max(float(np.abs(lines).max()), 1.0)
    ends = ends / [scale, scale, 1]
    normals = np.cross(ends[:, 0], ends[:, 1])
    normals /= np.linalg.norm(normals[:, :2], axis=1, keepdims=True)
    found = np.linalg.svd(normals)[2][-1] * [scale, scale, 1]
    return np.asarray(found / np.linalg.norm(found))


def focal_of_vanishing(points: Floats, center: Floats) -> float | None:
    """Return the focal length in pixels that makes the directions of vanishing points orthogonal.

    For each two of them (v - c) . (w - c) + f^2 = 0 with the principal point c (Caprile and Torre, "Using vanishing
    points for camera calibration", IJCV 1990); several are weighted by how far from infinity they are.

    Args:
        points: homogeneous, float [n, 3], two or three, of orthogonal directions (the edges of a box).
        center: the principal point float [2].

    Returns:
        None where they do not determine it: edges that are parallel in the photo.
    """
    shift = np.array([[1, 0, -center[0]], [0, 1, -center[1]], [0, 0, 1.0]])
    own = np.asarray(points, np.float64) @ shift.T
    own = own / np.linalg.norm(own / [1000.0, 1000.0, 1.0], axis=1, keepdims=True)
    above, below = 0.0, 0.0
    for i in range(len(own)):
        for j in range(i):
            weight = float(own[i, 2] * own[j, 2])
            above -= weight * float(own[i, :2] @ own[j, :2])
            below += weight**2
    return float(np.sqrt(above / below)) if below > 1e-4 and above > 0 else None
