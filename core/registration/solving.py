"""Poses of several objects in the world, and of cameras, that explain all pairs together: one robust least-squares problem.

Bundle adjustment over poses (Triggs et al., "Bundle Adjustment: A Modern Synthesis", 1999) with SciPy's trust-region solver:
residuals are whitened, the loss is Cauchy's, derivatives are exact. How sure the poses are: :mod:`core.registration.uncertainty`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares
from scipy.sparse import coo_matrix, csr_matrix
from scipy.spatial.transform import Rotation

from core.arrays import Floats
from core.geometry.pose import Pose, nearest_rotation
from core.registration.pairs import Pairs
from core.registration.planes import Planes
from core.registration.things import InstanceKey
from core.registration.uncertainty import Cluster, Uncertainty, covariances, parts_of

SCALE = 2.0
"""Whitened residuals beyond this count less and less (Cauchy)."""


@dataclass(frozen=True)
class Problem:
    """What is known of poses.

    Attributes:
        objects: the poses of things in the world, ``x_world = R diag(s) x + t``, to begin with.
        centers: what they turn about, float [3] in their own axes, and ``sizes``, what they move by.
        cameras: ``x_cam = R x_world + t``, to begin with.
        Ks: float [3, 3], the intrinsics of the photos.
        seen: pairs by photo and thing, and ``planes`` what depth says.
        free: photos whose camera is sought too, each with the standard deviations of what is known of it: (radians,
            units of the scene).
        known: what is known of the free cameras, those to begin with where nothing is said.
        fixed: things whose pose stays.
        turn: by how much, in radians, a thing may turn from where it begins (standard deviation).
    """

    objects: Mapping[InstanceKey, Pose]
    centers: Mapping[InstanceKey, Floats]
    sizes: Mapping[InstanceKey, float]
    cameras: Mapping[str, Pose]
    Ks: Mapping[str, Floats]
    seen: Mapping[tuple[str, InstanceKey], Pairs]
    planes: Mapping[tuple[str, InstanceKey], Planes] = field(default_factory=dict)
    free: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    known: Mapping[str, Pose] = field(default_factory=dict)
    fixed: frozenset[InstanceKey] = frozenset()
    turn: float = 1.0


@dataclass(frozen=True)
class Solution:
    """The poses that were found, how sure each is, and the root mean square of what is left, by photo and thing.

    ``residuals`` are medians in pixels of the photo.
    """

    objects: dict[InstanceKey, Pose]
    cameras: dict[str, Pose]
    uncertainty: dict[InstanceKey, Uncertainty]
    residuals: dict[tuple[str, InstanceKey], float]


def solve(problem: Problem, steps: int = 15) -> Solution:
    """Solve a problem of poses.

    Args:
        problem: what is known.
        steps: evaluations of the residuals at most.
    """
    layout = _Layout(problem)
    start = np.zeros(layout.size)
    if layout.size == 0 or layout.rows == 0:
        return _solution(problem, layout, start, None)
    sparse = layout.size > 60

    def jacobian(values: Floats) -> csr_matrix | Floats:
        found = layout.evaluate(values)[1]
        return found if sparse else found.toarray()

    answer = least_squares(
        lambda values: layout.evaluate(values)[0],
        start,
        jac=jacobian,
        method="trf",
        loss="cauchy",
        f_scale=SCALE,
        x_scale="jac" if not sparse else 1.0,
        tr_solver="lsmr" if sparse else "exact",
        max_nfev=steps,
        xtol=1e-7,
        ftol=1e-6,
    )
    return _solution(problem, layout, answer.x, answer.x)


class _Layout:
    """Which numbers of the vector of unknowns are whose; six for each thing and each free camera."""

    def __init__(self, problem: Problem):
        self.problem = problem
        self.things = [thing for thing in problem.objects if thing not in problem.fixed]
        self.photos = list(problem.free)
        unknown: list[InstanceKey | str] = [*self.things, *self.photos]
        self.place = {name: 6 * number for number, name in enumerate(unknown)}
        self.size = 6 * len(unknown)
        self.unit = float(np.mean(list(problem.sizes.values())))
        self.moved = {photo: self._moved(photo) for photo in self.photos}
        count = 2 * sum(map(len, problem.seen.values())) + sum(map(len, problem.planes.values()))
        self.rows = count + 6 * len(self.photos) + 3 * len(self.things) if count else 0

    def _moved(self, photo: str) -> Floats:
        """How far a camera [6] begins from what is known of it, in the unknowns' units."""
        start = self.problem.cameras[photo]
        known = self.problem.known.get(photo, start)
        turn = start.R @ known.R.T
        return np.concatenate([Rotation.from_matrix(turn).as_rotvec(), (start.t - turn @ known.t) / self.unit])

    def object_pose(self, thing: InstanceKey, values: Floats) -> Pose:
        pose = self.problem.objects[thing]
        if thing not in self.place:
            return pose
        at = values[self.place[thing] : self.place[thing] + 6]
        center = self.problem.centers[thing]
        R = Rotation.from_rotvec(at[:3]).as_matrix() @ pose.R
        middle = pose(center) + self.problem.sizes[thing] * at[3:]
        return Pose(nearest_rotation(R), middle - R @ (np.asarray(pose.s) * center), pose.s)

    def camera_pose(self, photo: str, values: Floats) -> Pose:
        pose = self.problem.cameras[photo]
        if photo not in self.place:
            return pose
        at = values[self.place[photo] : self.place[photo] + 6]
        turn = Rotation.from_rotvec(at[:3]).as_matrix()
        return Pose(nearest_rotation(turn @ pose.R), turn @ pose.t + self.unit * at[3:])

    def evaluate(self, values: Floats) -> tuple[Floats, csr_matrix]:
        residuals: list[Floats] = []
        blocks: list[tuple[int, int, Floats]] = []
        row = 0
        for (photo, thing), pairs in self.problem.seen.items():
            x, parts = self._chain(photo, thing, pairs.points, values)
            K, z = self.problem.Ks[photo], np.maximum(x[:, 2], 1e-6)
            uv = x[:, :2] / z[:, None] * [K[0, 0], K[1, 1]] + K[:2, 2]
            residuals.append(np.einsum("nij,nj->ni", pairs.weight, uv - pairs.pixels).ravel())
            slope = np.zeros((len(x), 2, 3))
            slope[:, 0, 0], slope[:, 1, 1] = K[0, 0] / z, K[1, 1] / z
            slope[:, 0, 2], slope[:, 1, 2] = -K[0, 0] * x[:, 0] / z**2, -K[1, 1] * x[:, 1] / z**2
            whitened = pairs.weight @ slope
            blocks += [(row, column, (whitened @ part).reshape(-1, 6)) for column, part in parts]
            row += 2 * len(x)
        for (photo, thing), planes in self.problem.planes.items():
            x, parts = self._chain(photo, thing, planes.points, values)
            along = planes.normals / planes.sigma
            residuals.append((along * (x - planes.targets)).sum(1))
            blocks += [(row, column, np.einsum("nj,njk->nk", along, part)) for column, part in parts]
            row += len(x)
        for photo, (angle, place) in self.problem.free.items():
            at, sigma = self.place[photo], np.repeat([angle, place / self.unit], 3)
            residuals.append((self.moved[photo] + values[at : at + 6]) / sigma)
            blocks.append((row, at, np.diag(1 / sigma)))
            row += 6
        for thing in self.things:
            at = self.place[thing]
            residuals.append(values[at : at + 3] / self.problem.turn)
            blocks.append((row, at, np.eye(3) / self.problem.turn))
            row += 3
        return np.concatenate(residuals), _sparse(blocks, row, self.size)

    def _chain(
        self, photo: str, thing: InstanceKey, points: Floats, values: Floats
    ) -> tuple[Floats, list[tuple[int, Floats]]]:
        """Points [n, 3] in the camera, and their derivatives [n, 3, 6] by the unknowns from a column on."""
        camera, pose = self.camera_pose(photo, values), self.object_pose(thing, values)
        world = pose(points)
        x, parts = camera(world), []
        if thing in self.place:
            column = self.place[thing]
            arm = world - pose(self.problem.centers[thing])
            turn = -_cross(arm) @ _left(values[column : column + 3])
            move = np.broadcast_to(self.problem.sizes[thing] * np.eye(3), turn.shape)
            parts.append((column, camera.R @ np.concatenate([turn, move], axis=-1)))
        if photo in self.place:
            column = self.place[photo]
            start = x - self.unit * values[column + 3 : column + 6]
            turn = -_cross(start) @ _left(values[column : column + 3])
            move = np.broadcast_to(self.unit * np.eye(3), turn.shape)
            parts.append((column, np.concatenate([turn, move], axis=-1)))
        return x, parts


def _cross(vectors: Floats) -> Floats:
    """The matrices [n, 3, 3] of the cross products with vectors [n, 3]."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(-1, 3, 3)


def _left(vector: Floats) -> Floats:
    """The left Jacobian [3, 3] of SO(3) at a rotation vector [3] (Sola et al., 2018, Eq. 145)."""
    angle = float(np.linalg.norm(vector))
    skew = _cross(vector[None])[0]
    if angle < 1e-6:
        return np.asarray(np.eye(3) + 0.5 * skew)
    first, second = (1 - np.cos(angle)) / angle**2, (angle - np.sin(angle)) / angle**3
    return np.asarray(np.eye(3) + first * skew + second * skew @ skew)


def _sparse(blocks: Sequence[tuple[int, int, Floats]], rows: int, columns: int) -> csr_matrix:
    i = np.concatenate([np.repeat(row + np.arange(len(block)), block.shape[1]) for row, _, block in blocks])
    j = np.concatenate([np.tile(column + np.arange(block.shape[1]), len(block)) for _, column, block in blocks])
    return coo_matrix((np.concatenate([b.ravel() for _, _, b in blocks]), (i, j)), shape=(rows, columns)).tocsr()


def _solution(problem: Problem, layout: _Layout, values: Floats, found: Floats | None) -> Solution:
    objects = {thing: layout.object_pose(thing, values) for thing in problem.objects}
    cameras = {photo: layout.camera_pose(photo, values) for photo in problem.cameras}
    residuals = {}
    for (photo, thing), pairs in problem.seen.items():
        if len(pairs):
            x, K = cameras[photo](objects[thing](pairs.points)), problem.Ks[photo]
            uv = x[:, :2] / np.maximum(x[:, 2:], 1e-6) * [K[0, 0], K[1, 1]] + K[:2, 2]
            whitened = np.linalg.norm(np.einsum("nij,nj->ni", pairs.weight, uv - pairs.pixels), axis=1)
            largest = np.linalg.norm(pairs.weight, axis=(1, 2))
            residuals[photo, thing] = float(np.median(whitened / largest))
    return Solution(objects, cameras, {} if found is None else _uncertainty(layout, found), residuals)


def _uncertainty(layout: _Layout, values: Floats) -> dict[InstanceKey, Uncertainty]:
    """How sure things are; residuals that are far off count as little as the loss lets them."""
    residual, jacobian = layout.evaluate(values)
    trust = 1 / (1 + (residual / SCALE) ** 2)
    place = {thing: layout.place[thing] for thing in layout.things}
    found = {}
    for thing, covariance in covariances(residual, jacobian, trust, _clusters(layout), place).items():
        unit = np.repeat([1.0, layout.problem.sizes[thing]], 3)
        found[thing] = Uncertainty(covariance * unit[:, None] * unit)
    return found


def _clusters(layout: _Layout) -> list[Cluster]:
    """Which rows of pairs and planes err together."""
    kinds: list[tuple[Mapping[tuple[str, InstanceKey], Pairs | Planes], int]] = [(layout.problem.seen, 2)]
    kinds.append((layout.problem.planes, 1))
    photos = Counter(thing for _, thing in {at for seen, _ in kinds for at, some in seen.items() if len(some)})
    rows: dict[tuple[str, InstanceKey, int], list[npt.NDArray[np.intp]]] = {}
    row = 0
    for seen, width in kinds:
        for (photo, thing), some in seen.items():
            for number, part in enumerate(parts_of(some.pixels, photos[thing]) if len(some) else []):
                own = (row + width * part[:, None] + np.arange(width)).ravel()
                rows.setdefault((photo, thing, number), []).append(own)
            row += width * len(some)
    found = []
    for (photo, thing, _), some_rows in rows.items():
        columns = [layout.place[name] + np.arange(6) for name in (thing, photo) if name in layout.place]
        if columns:
            found.append(Cluster(thing, np.concatenate(some_rows), np.concatenate(columns)))
    return found
