"""How sure solved poses are, where residuals do not err each by itself.

What is wrong with one photo of one thing (an occluder that nobody posed, a camera that is a little off) moves all its pairs together.
So the covariance is the jackknife over clusters of pairs: each is left out in turn, and how far the poses move says how far
they may be off (Cameron and Miller, "A Practitioner's Guide to Cluster-Robust Inference", 2015, Sec. III and VI: CV3, and
Student's t for few clusters). Where that is less than what the pairs claim for themselves, their claim stands.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from core.arrays import Floats
from core.geometry.pose import Pose
from core.registration.things import InstanceKey, PoseUncertainty

FEWEST = 4
"""Clusters that say how far they differ: Student's t of fewer has no variance."""

OPEN = 1e6
"""The variance of what nothing determines, in radians or sizes of the thing."""


@dataclass(frozen=True)
class Uncertainty:
    """How sure a pose is, at least.

    It is a lower bound. It holds what differs from photo to photo, or over the outline in a single photo; what errs alike
    in all of them (a shape of the wrong size, wrong intrinsics, a wrong optimum) cannot be seen from within.

    Attributes:
        covariance: float64 [6, 6] of the rotation vector (radians, axes of the world, about the object's middle) and
            of the middle's place (units of the scene); very large where the photos leave it open.
    """

    covariance: Floats

    @property
    def degrees(self) -> float:
        """The angle by which the rotation may be off, as a root mean square over all axes."""
        return float(np.degrees(np.sqrt(np.trace(self.covariance[:3, :3]))))

    @property
    def moved(self) -> float:
        """The distance by which the middle may be off, as a root mean square, in units of the scene."""
        return float(np.sqrt(np.trace(self.covariance[3:, 3:])))

    @property
    def ellipsoid(self) -> tuple[Floats, Floats]:
        """The half axes of the place's ellipsoid of one standard deviation float64 [3], and their directions [3, 3]."""
        values, vectors = np.linalg.eigh(self.covariance[3:, 3:])
        return np.sqrt(np.maximum(values, 0)), vectors

    def seen_from(self, camera: Pose) -> PoseUncertainty:
        """The same in the axes of a camera, ``x_cam = R x_world + t``."""
        lengths, directions = self.ellipsoid
        axes = (camera.R @ directions * lengths).T
        return PoseUncertainty(self.degrees, tuple((float(x), float(y), float(z)) for x, y, z in axes))


@dataclass(frozen=True)
class Cluster:
    """Residuals that err together.

    Attributes:
        thing: which they are of.
        rows: their numbers.
        columns: the unknowns that they depend on.
    """

    thing: InstanceKey
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]


def parts_of(pixels: Floats, photos: int) -> list[npt.NDArray[np.intp]]:
    """The numbers of what a photo's pixels [n, 2] say of one thing, by cluster.

    All are one cluster if enough ``photos`` show the thing; else the quarters around its middle, each with as many pixels.
    """
    if photos >= FEWEST:
        return [np.arange(len(pixels))]
    away = pixels - np.median(pixels, axis=0)
    order = np.argsort(np.arctan2(away[:, 1], away[:, 0]))
    return [part for part in np.array_split(order, FEWEST) if len(part)]


def covariances(
    residual: Floats, jacobian: csr_matrix, trust: Floats, clusters: Sequence[Cluster], place: Mapping[InstanceKey, int]
) -> dict[InstanceKey, Floats]:
    """The covariances float64 [6, 6] of the unknowns of things.

    Args:
        residual: float [n], whitened, at the solution.
        jacobian: [n, m] of them.
        trust: float [n], how much each counts in the loss.
        clusters: of those rows that are pairs.
        place: the first of the six unknowns of each thing.
    """
    inverse = _inverse((jacobian.T @ jacobian.multiply(trust[:, None])).toarray())
    moves: Floats = np.zeros((len(clusters), len(inverse)))
    for number, one in enumerate(clusters):
        slope = jacobian[one.rows][:, one.columns].toarray()
        moves[number] = _moved(inverse, one.columns, slope, trust[one.rows], residual[one.rows])
    counts: Counter[InstanceKey] = Counter(one.thing for one in clusters)
    found: dict[InstanceKey, Floats] = {}
    for thing, at in place.items():
        claimed, mine, count = inverse[at : at + 6, at : at + 6], moves[:, at : at + 6], counts[thing]
        if count < FEWEST:
            found[thing] = claimed + OPEN * np.eye(6)
        else:
            few = (count - 1) ** 2 / (count * (count - 3))  # the jackknife's factor times the variance of Student's t
            found[thing] = _larger(claimed, few * mine.T @ mine)
    return found


def _inverse(normal: Floats) -> Floats:
    values, vectors = np.linalg.eigh(normal)
    return np.asarray((vectors / np.maximum(values, 1 / OPEN)) @ vectors.T)


def _moved(inverse: Floats, columns: npt.NDArray[np.intp], slope: Floats, trust: Floats, residual: Floats) -> Floats:
    """How far all unknowns [m] move where a cluster is left out, by the inverse of the whole normal matrix (Woodbury)."""
    score, normal = slope.T @ (trust * residual), slope.T @ (trust[:, None] * slope)
    own = inverse[np.ix_(columns, columns)]
    rest = (1 + 1e-9) * np.eye(len(columns)) - own @ normal
    here = np.linalg.solve(rest, own @ score)
    return np.asarray(inverse[:, columns] @ (score + normal @ here))


def _larger(one: Floats, other: Floats) -> Floats:
    """The covariance that is along every direction the larger of two, seen where the first is the unit ball."""
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 1e-18))
    unit = np.linalg.solve(root, np.linalg.solve(root, other).T)
    ratio, turned = np.linalg.eigh((unit + unit.T) / 2)
    axes = root @ turned
    return np.asarray((axes * np.maximum(ratio, 1)) @ axes.T)
