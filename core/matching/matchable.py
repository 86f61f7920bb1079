"""What can be matched, images and shapes, behind one interface."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.spatial import cKDTree

from core.encoders.feature_map import FeatureMap
from core.errors import CounterpointError
from core.fields.field import FeatureField
from core.fields.interpolation import Interpolator
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.shape import Shape
from core.geometry.symmetry import symmetries
from core.matching.location import Location
from core.numbers import coordinate

_RUN, _RUNS = 64, 4096
"""The shortest run of samples in which peaks are looked for, and the largest number of runs."""


class Matchable(Protocol):
    """What :func:`core.matching.match.match` needs of its source and of its target.

    Its candidates, the places that can be matched, are numbered 0 to N - 1: the cells of a feature map or the samples
    of a feature field.

    Attributes:
        encoder: the fingerprint of the encoder that described it, by which answers are judged.
    """

    encoder: str

    def snap(self, at: Location) -> Location:
        """Return the valid location nearest to ``at``.

        Raises:
            CounterpointError: there is none.
        """
        ...

    def describe(self, at: Location) -> torch.Tensor:
        """Return the unit descriptor float32 [D] at a location."""
        ...

    def similarity(self, descriptor: torch.Tensor) -> npt.NDArray[np.float32]:
        """Return the cosine similarity float32 [N] of a unit descriptor float32 [D] with every candidate.

        -1 where no match may be.
        """
        ...

    def location(self, candidate: int) -> Location:
        """Return the location of a candidate."""
        ...

    def distance(self, a: Location, b: Location) -> float:
        """Return the distance of two locations as a fraction of the object's size.

        The size is the diagonal of the box or of the bounding box.
        """
        ...

    def distances(self, at: Location) -> npt.NDArray[np.floating]:
        """Return the distance of every candidate from a location, float [N], in the unit of :meth:`distance`."""
        ...

    def peaks(self, scores: npt.NDArray[np.float32], count: int, radius: float) -> list[int]:
        """Return the numbers of the best candidates after non-maximum suppression.

        Each is farther than ``radius`` from every better one.

        Args:
            scores: float32 [N] of all candidates; those of -1 are never returned.
            count: the largest number that is returned.
            radius: the least distance, in the unit of :meth:`distance`.
        """
        ...


@dataclass
class MatchableImage:
    """An image that can be matched. Its candidates are the cells of its feature map; its locations are pixels (u, v).

    Attributes:
        map: the feature map of the part of the image that its box frames.
        image_size: (width, height) of the image in pixels.
        other_turns: the feature maps of the same pixels, encoded with the picture turned by 90, 180 and 270 degrees.
        encoder: the fingerprint of the encoder that described it, by which answers are judged.
    """

    map: FeatureMap
    image_size: tuple[int, int]
    other_turns: tuple[FeatureMap, ...] = ()
    encoder: str = ""

    def turned_maps(self) -> tuple[FeatureMap, ...]:
        """Return the feature maps of all turns, the upright one first."""
        return (self.map, *self.other_turns)

    @cached_property
    def _flat(self) -> torch.Tensor:
        return self.map.unit.reshape(-1, self.map.descriptors.shape[-1])

    @cached_property
    def cell_pixels(self) -> npt.NDArray[np.floating]:
        """The image pixels (u, v) of the cells' centres, float64 [N, 2]."""
        return self.map.cell_pixels().reshape(-1, 2)

    @cached_property
    def _outside(self) -> npt.NDArray[np.bool_]:
        return ~self.map.inside().ravel()

    @property
    def _diagonal(self) -> float:
        x0, y0, x1, y1 = self.map.box
        return float(np.hypot(x1 - x0, y1 - y0))

    @property
    def box_size(self) -> float:
        """The root of the area of the box, in pixels."""
        x0, y0, x1, y1 = self.map.box
        return float(np.sqrt((x1 - x0) * (y1 - y0)))

    def foreground(self, at: Location) -> float:
        """Return the probability in [0, 1] that a pixel (u, v) shows an object; NaN if the encoder does not know."""
        if self.map.foreground is None:
            return float("nan")
        h, w = self.map.foreground.shape
        column, row = np.rint(self.map.to_cells(at)).astype(int)
        return float(self.map.foreground[min(max(row, 0), h - 1), min(max(column, 0), w - 1)])

    def snap(self, at: Location) -> Location:
        """See :meth:`Matchable.snap`."""
        if len(at) != 2 or not np.isfinite(at).all():
            raise CounterpointError("A place in an image is two numbers, the pixel U,V.")
        width, height = self.image_size
        if not (-0.5 <= at[0] <= width - 0.5 and -0.5 <= at[1] <= height - 0.5):
            raise CounterpointError(f"The pixel ({at[0]:.0f}, {at[1]:.0f}) is outside the image ({width} x {height}).")
        x0, y0, x1, y1 = self.map.frame
        if not (x0 <= at[0] <= x1 and y0 <= at[1] <= y1):
            raise CounterpointError(
                f"The pixel ({at[0]:.0f}, {at[1]:.0f}) is outside the box around the object, and only what is in the box "
                "is matched; take a place in it, or enlarge the box."
            )
        return at

    def describe(self, at: Location) -> torch.Tensor:
        """See :meth:`Matchable.describe`."""
        return self.map.sample([at])[0]

    def similarity(self, descriptor: torch.Tensor) -> npt.NDArray[np.float32]:
        """See :meth:`Matchable.similarity`."""
        scores = (self._flat @ descriptor).numpy()
        scores[self._outside] = -1
        return scores

    def location(self, candidate: int) -> Location:
        """See :meth:`Matchable.location`."""
        u, v = self.cell_pixels[candidate]
        return (float(u), float(v))

    def distance(self, a: Location, b: Location) -> float:
        """See :meth:`Matchable.distance`."""
        return float(np.hypot(a[0] - b[0], a[1] - b[1])) / self._diagonal

    def distances(self, at: Location) -> npt.NDArray[np.floating]:
        """See :meth:`Matchable.distances`."""
        return np.asarray(np.linalg.norm(self.cell_pixels - at, axis=1) / self._diagonal)

    def peaks(self, scores: npt.NDArray[np.float32], count: int, radius: float) -> list[int]:
        """See :meth:`Matchable.peaks`."""
        return _greedy_peaks(scores, self.cell_pixels, np.arange(len(scores)), count, radius * self._diagonal)

    def heatmap(
        self, scores: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], tuple[float, float, float, float]]:
        """Return scores as a picture of the cells in the box.

        Args:
            scores: float32 [N] of all cells.

        Returns:
            The picture float32 [h, w], and the part (x0, y0, x1, y1) of the image that it covers, in pixels.
        """
        h, w = self.map.descriptors.shape[:2]
        inside = self.map.inside()
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        part = scores.reshape(h, w)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        x0, y0 = self.map.to_pixels([columns[0] - 0.5, rows[0] - 0.5])
        x1, y1 = self.map.to_pixels([columns[-1] + 0.5, rows[-1] + 0.5])
        return np.ascontiguousarray(part), (float(x0), float(y0), float(x1), float(y1))


@dataclass
class SurfacePoint:
    """A point on the surface of a shape.

    Attributes:
        face: the number of the face; in a point cloud the number of the point.
        bary: the barycentric coordinates in the face.
        position: (x, y, z) in the units and axes of the shape's file.
    """

    face: int
    bary: tuple[float, float, float]
    position: tuple[float, float, float]


@dataclass
class MatchableShape:
    """A shape that can be matched.

    Its candidates are the samples of its feature field; its locations are points (x, y, z) of its file.

    Attributes:
        shape: the shape.
        caster: casts rays at it.
        field: its feature field.
        encoder: the fingerprint of the encoder that described it, by which answers are judged.
    """

    shape: Shape
    caster: Raycaster
    field: FeatureField
    encoder: str = ""

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.field.points.position)

    @cached_property
    def symmetries(self) -> npt.NDArray[np.floating]:
        """The rotations float64 [n, 3, 3] that the shape looks the same after, the identity first."""
        return symmetries(self.shape)

    @cached_property
    def surface_graph(self) -> sparse.csr_array:
        """A sparse matrix [N, N] that links each sample with its eight nearest.

        The weights of a row sum to 1 and go by how well the normals agree, so that little crosses a crease.
        """
        points = self.field.points
        count = min(9, len(points))
        _, index = self._tree.query(points.position, k=count, workers=-1)
        index = index.reshape(len(points), count)[:, 1:]
        alike = np.clip(np.einsum("nkd,nd->nk", points.normal[index], points.normal), 0.02, None) ** 4
        alike /= alike.sum(axis=1, keepdims=True)
        rows = np.repeat(np.arange(len(points)), count - 1)
        return sparse.csr_array((alike.ravel(), (rows, index.ravel())), shape=(len(points), len(points)))

    @cached_property
    def to_elements(self) -> Interpolator:
        """Carries values at the samples to the elements of the shape's file.

        These are the centres of the faces, or the points of a cloud.
        """
        shape = self.shape
        if shape.is_point_cloud:
            return Interpolator.build(self.field.points, shape.normalised, shape.normals)
        centers, normals = (values[shape.faces].mean(axis=1) for values in (shape.normalised, shape.normals))
        return Interpolator.build(self.field.points, centers, normals)

    def closest(self, at: Location) -> SurfacePoint:
        """Return the surface point closest to a point (x, y, z) in the units and axes of the file."""
        hit = self.caster.closest(self.shape.to_normalised(np.array([at])))
        position = self.shape.to_own_frame(surface_position(self.shape, hit.face, hit.bary))[0]
        return SurfacePoint(int(hit.face[0]), tuple(map(float, hit.bary[0])), tuple(map(float, position)))  # type: ignore[arg-type]

    def sample_point(self, candidate: int) -> SurfacePoint:
        """Return the surface point that a candidate stands for."""
        points = self.field.points
        position = self.shape.to_own_frame(points.position[candidate])
        bary = tuple(float(b) for b in points.bary[candidate])
        return SurfacePoint(int(points.face[candidate]), bary, tuple(map(float, position)))  # type: ignore[arg-type]

    def snap(self, at: Location) -> Location:
        """See :meth:`Matchable.snap`."""
        if len(at) != 3 or not np.isfinite(at).all():
            raise CounterpointError("A place on a shape is three numbers, the point X,Y,Z.")
        point = self.closest(at)
        if self.distance(at, point.position) > 0.5:
            raise CounterpointError(
                f"The point {','.join(map(coordinate, at))} is far from the shape (its box is {_extent(self.shape)}); check units and axes."
            )
        return point.position

    def describe(self, at: Location) -> torch.Tensor:
        """See :meth:`Matchable.describe`."""
        distance, index = self._tree.query(self.shape.to_normalised(np.array(at)), k=min(4, len(self.field)))
        weights = torch.from_numpy(np.atleast_1d(1 / np.maximum(distance, 1e-6))).float()
        mixed = weights @ self.field.descriptors[torch.from_numpy(np.atleast_1d(index))].float()
        return torch.nn.functional.normalize(mixed, dim=0)

    def similarity(self, descriptor: torch.Tensor) -> npt.NDArray[np.float32]:
        """See :meth:`Matchable.similarity`."""
        return self.field.similarity(descriptor)

    def location(self, candidate: int) -> Location:
        """See :meth:`Matchable.location`."""
        return self.sample_point(candidate).position

    def distance(self, a: Location, b: Location) -> float:
        """See :meth:`Matchable.distance`."""
        return float(np.linalg.norm(np.subtract(a, b))) / self.shape.diagonal

    def distances(self, at: Location) -> npt.NDArray[np.floating]:
        """See :meth:`Matchable.distances`."""
        place = self.shape.to_normalised(np.array(at)).astype(np.float32)
        return np.asarray(np.linalg.norm(self.field.points.position - place, axis=1))

    def peaks(self, scores: npt.NDArray[np.float32], count: int, radius: float) -> list[int]:
        """See :meth:`Matchable.peaks`."""
        # Samples are in spatial order, so the best of each short run stands for its neighbourhood: one pass over memory.
        run = max(_RUN, len(scores) // _RUNS)
        full = len(scores) // run * run
        best = np.arange(0, full, run) + scores[:full].reshape(-1, run).argmax(axis=1)
        if full < len(scores):
            best = np.append(best, full + scores[full:].argmax())
        return _greedy_peaks(scores[best], self.field.points.position[best], best, count, radius)


def _greedy_peaks(
    scores: npt.NDArray[np.float32],
    positions: npt.NDArray[np.floating],
    names: npt.NDArray[np.int64],
    count: int,
    radius: float,
) -> list[int]:
    remaining = scores.copy()
    found: list[int] = []
    while len(found) < count:
        best = int(remaining.argmax())
        if remaining[best] <= -1:
            break
        found.append(int(names[best]))
        near = np.sum((positions - positions[best]) ** 2, axis=1) <= radius**2
        remaining[near] = -1
    return found


def _extent(shape: Shape) -> str:
    low, high = shape.bounds
    return " to ".join("(" + ", ".join(coordinate(v, 4) for v in corner) + ")" for corner in (low, high))
