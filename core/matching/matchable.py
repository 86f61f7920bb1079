"""The two things that can be matched, an image and a shape, behind the same few questions."""

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
from core.matching.location import Location

_RUN, _RUNS = 64, 4096


class Matchable(Protocol):
    """What :func:`core.matching.match.match` needs to know of either end. Candidates are numbered 0..N-1."""

    def snap(self, at: Location) -> Location:
        """The valid location nearest to ``at``; raises CounterpointError where there is none."""
        ...

    def describe(self, at: Location) -> torch.Tensor:
        """Unit descriptor float32 [D] at a location."""
        ...

    def similarity(self, descriptor: torch.Tensor) -> npt.NDArray[np.float32]:
        """Cosine similarity float32 [N] with every candidate; -1 where no match may be."""
        ...

    def location(self, candidate: int) -> Location:
        """Where a candidate is."""
        ...

    def distance(self, a: Location, b: Location) -> float:
        """Distance as a fraction of the size of the object: the diagonal of the box or of the bounding box."""
        ...

    def distances(self, at: Location) -> npt.NDArray[np.floating]:
        """Distance [N] of every candidate from a location, as :meth:`distance` tells it."""
        ...

    def peaks(self, scores: npt.NDArray[np.float32], count: int, radius: float) -> list[int]:
        """The best candidates that are farther than ``radius`` from each better one, best first."""
        ...


@dataclass
class MatchableImage:
    """An image, with the feature map of the part that its box frames."""

    map: FeatureMap
    image_size: tuple[int, int]
    """(width, height) in pixels."""
    other_turns: tuple[FeatureMap, ...] = ()
    """Feature maps of the same pixels, encoded with the picture turned by 90, 180 and 270 degrees."""

    def turned_maps(self) -> tuple[FeatureMap, ...]:
        """The maps of all turns, upright first."""
        return (self.map, *self.other_turns)

    @cached_property
    def _flat(self) -> torch.Tensor:
        return self.map.unit.reshape(-1, self.map.descriptors.shape[-1])

    @cached_property
    def cell_pixels(self) -> npt.NDArray[np.floating]:
        """Image pixels [N, 2] of the cells' centres."""
        h, w = self.map.descriptors.shape[:2]
        cells = np.stack(np.meshgrid(np.arange(w), np.arange(h)), axis=-1).reshape(-1, 2)
        return self.map.to_pixels(cells)

    @cached_property
    def _outside(self) -> npt.NDArray[np.bool_]:
        return ~self.map.inside().ravel()

    @property
    def _diagonal(self) -> float:
        x0, y0, x1, y1 = self.map.box
        return float(np.hypot(x1 - x0, y1 - y0))

    def snap(self, at: Location) -> Location:
        if len(at) != 2 or not np.isfinite(at).all():
            raise CounterpointError("A place in an image is two numbers, the pixel U,V.")
        width, height = self.image_size
        if not (-0.5 <= at[0] <= width - 0.5 and -0.5 <= at[1] <= height - 0.5):
            raise CounterpointError(f"The pixel {at[0]:g},{at[1]:g} lies outside the image ({width} x {height}).")
        x0, y0, x1, y1 = self.map.frame
        if not (x0 <= at[0] <= x1 and y0 <= at[1] <= y1):
            raise CounterpointError(
                f"The pixel {at[0]:g},{at[1]:g} lies outside the box that the encoder sees; move the box."
            )
        return at

    def describe(self, at: Location) -> torch.Tensor:
        return self.map.sample([at])[0]

    def similarity(self, descriptor: torch.Tensor) -> npt.NDArray[np.float32]:
        scores = (self._flat @ descriptor).numpy()
        scores[self._outside] = -1
        return scores

    def location(self, candidate: int) -> Location:
        u, v = self.cell_pixels[candidate]
        return (float(u), float(v))

    def distance(self, a: Location, b: Location) -> float:
        return float(np.hypot(a[0] - b[0], a[1] - b[1])) / self._diagonal

    def distances(self, at: Location) -> npt.NDArray[np.floating]:
        return np.asarray(np.linalg.norm(self.cell_pixels - at, axis=1) / self._diagonal)

    def peaks(self, scores: npt.NDArray[np.float32], count: int, radius: float) -> list[int]:
        return _greedy_peaks(scores, self.cell_pixels, np.arange(len(scores)), count, radius * self._diagonal)

    def heatmap(
        self, scores: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.float32], tuple[float, float, float, float]]:
        """Scores [N] as a picture float32 [h, w] of the cells in the box, and the part of the image it covers."""
        h, w = self.map.descriptors.shape[:2]
        inside = self.map.inside()
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        part = scores.reshape(h, w)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        x0, y0 = self.map.to_pixels([columns[0] - 0.5, rows[0] - 0.5])
        x1, y1 = self.map.to_pixels([columns[-1] + 0.5, rows[-1] + 0.5])
        return np.ascontiguousarray(part), (float(x0), float(y0), float(x1), float(y1))


@dataclass
class SurfacePoint:
    """A point on a shape: face (point index in a cloud), barycentric coordinates, position in the file's units."""

    face: int
    bary: tuple[float, float, float]
    position: tuple[float, float, float]


@dataclass
class MatchableShape:
    """A shape with its feature field."""

    shape: Shape
    caster: Raycaster
    field: FeatureField

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self.field.points.position)

    @cached_property
    def surface_graph(self) -> sparse.csr_array:
        """[N, N], rows sum to 1: each sample's eight nearest, by how well their normals agree, so that little crosses a crease."""
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
        """Carries values at the samples to the centres of the faces of the shape's file (the points of a cloud)."""
        shape = self.shape
        if shape.is_point_cloud:
            return Interpolator.build(self.field.points, shape.normalised, shape.normals)
        centers, normals = (values[shape.faces].mean(axis=1) for values in (shape.normalised, shape.normals))
        return Interpolator.build(self.field.points, centers, normals)

    def closest(self, at: Location) -> SurfacePoint:
        """The surface point closest to a point in the file's units."""
        hit = self.caster.closest(self.shape.to_normalised(np.array([at])))
        position = self.shape.to_own_frame(surface_position(self.shape, hit.face, hit.bary))[0]
        return SurfacePoint(int(hit.face[0]), tuple(map(float, hit.bary[0])), tuple(map(float, position)))  # type: ignore[arg-type]

    def sample_point(self, candidate: int) -> SurfacePoint:
        """The surface point that a candidate stands for."""
        points = self.field.points
        position = self.shape.to_own_frame(points.position[candidate])
        bary = tuple(float(b) for b in points.bary[candidate])
        return SurfacePoint(int(points.face[candidate]), bary, tuple(map(float, position)))  # type: ignore[arg-type]

    def snap(self, at: Location) -> Location:
        if len(at) != 3 or not np.isfinite(at).all():
            raise CounterpointError("A place on a shape is three numbers, the point X,Y,Z.")
        point = self.closest(at)
        if self.distance(at, point.position) > 0.5:
            raise CounterpointError(
                f"The point {at[0]:g},{at[1]:g},{at[2]:g} is far from the shape (its box is {_extent(self.shape)}); check units and axes."
            )
        return point.position

    def describe(self, at: Location) -> torch.Tensor:
        distance, index = self._tree.query(self.shape.to_normalised(np.array(at)), k=min(4, len(self.field)))
        weights = torch.from_numpy(np.atleast_1d(1 / np.maximum(distance, 1e-6))).float()
        mixed = weights @ self.field.descriptors[torch.from_numpy(np.atleast_1d(index))].float()
        return torch.nn.functional.normalize(mixed, dim=0)

    def similarity(self, descriptor: torch.Tensor) -> npt.NDArray[np.float32]:
        return self.field.similarity(descriptor)

    def location(self, candidate: int) -> Location:
        return self.sample_point(candidate).position

    def distance(self, a: Location, b: Location) -> float:
        return float(np.linalg.norm(np.subtract(a, b))) / self.shape.diagonal

    def distances(self, at: Location) -> npt.NDArray[np.floating]:
        place = self.shape.to_normalised(np.array(at)).astype(np.float32)
        return np.asarray(np.linalg.norm(self.field.points.position - place, axis=1))

    def peaks(self, scores: npt.NDArray[np.float32], count: int, radius: float) -> list[int]:
        """Samples are in spatial order, so the best of each short run stands for its neighbourhood: one pass over memory."""
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
    return " to ".join("(" + ", ".join(f"{v:.4g}" for v in corner) + ")" for corner in (low, high))
