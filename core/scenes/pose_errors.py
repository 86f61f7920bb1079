"""How far poses of a scene are from its truth, with its symmetries, its lens and what hides what."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.alignment.metrics import PoseErrors, diameter, pose_errors, vsd
from core.arrays import Floats
from core.geometry.pose import Pose
from core.notices import warn
from core.registration.things import InstanceKey
from core.scenes.casting import (
    DELTA,
    Silhouette,
    camera_in,
    distances,
    measured_distances,
    shape_of,
    silhouettes,
    window_of,
)
from core.scenes.models_info import measured_info, symmetry_transformations
from core.scenes.scene import Scene, ScenePhoto, SceneShape

MOST_POINTS = 20_000
"""Errors are measured at all vertices of a shape, or at so many of a large one."""


@dataclass(frozen=True)
class SceneErrors(PoseErrors):
    """Of one pose, beside the true one; lengths in millimetres, ``mspd`` in pixels of a pinhole camera.

    Attributes:
        reprojection: the mean distance in pixels of the photo, lens and all; infinite where a point is not shown.
        vsd: float64 [10], one for each of :data:`core.alignment.metrics.TAUS`.
        diameter: of the shape, in millimetres.
    """

    reprojection: float
    vsd: Floats
    diameter: float


class PhotoErrors:
    """Measures poses in one photo against the poses of a scene."""

    def __init__(self, scene: Scene, photo: ScenePhoto):
        self.scene, self.photo, self.camera = scene, photo, camera_in(photo)

    @cached_property
    def _silhouettes(self) -> dict[InstanceKey, Silhouette]:
        return {shown.thing: shown for shown in silhouettes(self.scene, self.photo)}

    def visibility(self, thing: InstanceKey) -> float | None:
        """The share of a true pose's silhouette that nothing hides, as the data set says or else as it is drawn.

        None where it would not be seen at all.
        """
        told = self.scene.by_photo[self.photo.key][thing].info.get("visib_fract")
        if told is not None:
            return float(told)
        shown = self._silhouettes[thing]
        whole = int(shown.whole.sum())
        return int(shown.seen.sum()) / whole if whole else None

    @cached_property
    def _surroundings(self) -> Floats:
        """Distances along the rays of the photo [H, W]: measured, or of all true poses where there is no depth."""
        measured = measured_distances(self.scene, self.photo)
        if measured is not None:
            return measured
        assert self.camera.size is not None
        nearest = np.full(self.camera.size[::-1], np.inf, np.float32)
        for shown in self._silhouettes.values():
            nearest = np.minimum(nearest, shown.depth())
        return nearest

    def __call__(self, thing: InstanceKey, estimate: Pose) -> SceneErrors:
        """The errors of a pose beside the true pose of ``thing``.

        Raises:
            CounterpointError: the shape cannot be read.
        """
        shape, truth = self.scene.shapes[thing.object_id], self.scene.by_photo[self.photo.key][thing].pose
        points, symmetries = points_of(shape), symmetries_of(shape)
        millimetres = self.scene.unit.metres * 1000
        errors = pose_errors(estimate, truth, points, self.camera.K, symmetries)
        size = diameter_of(shape)
        return SceneErrors(
            errors.rotation,
            errors.translation * millimetres,
            errors.add * millimetres,
            errors.adds * millimetres,
            errors.mssd * millimetres,
            errors.mspd,
            self._reprojection(estimate, truth, points),
            self._vsd(shape, estimate, truth, size),
            size * millimetres,
        )

    def _reprojection(self, estimate: Pose, truth: Pose, points: Floats) -> float:
        gaps = self.camera.project(estimate(points))[0] - self.camera.project(truth(points))[0]
        return float(np.nan_to_num(np.linalg.norm(gaps, axis=1), nan=np.inf).mean())

    def _vsd(self, shape: SceneShape, estimate: Pose, truth: Pose, size: float) -> Floats:
        assert self.camera.size is not None
        both = [window_of(self.camera, pose, shape) for pose in (estimate, truth)]
        x0, y0 = (max(0, min(window[i] for window in both)) for i in range(2))
        x1, y1 = (min(self.camera.size[i], max(window[i + 2] for window in both)) for i in range(2))
        if x1 <= x0 or y1 <= y0:
            return np.ones(10)
        window = x0, y0, x1, y1
        seen, true = (distances(self.camera, pose, shape, window) for pose in (estimate, truth))
        return vsd(seen, true, self._surroundings[y0:y1, x0:x1], size, DELTA / self.scene.unit.metres)


def points_of(shape: SceneShape) -> Floats:
    """Vertices float64 [n, 3] of a shape in units of the scene, ``MOST_POINTS`` at most."""
    vertices = shape_of(shape).vertices
    return np.asarray(vertices[:: max(1, len(vertices) // MOST_POINTS)] / shape.scale)


def diameter_of(shape: SceneShape) -> float:
    """What the data set says, or else the largest distance of two vertices, in units of the scene."""
    told = shape.info.get("diameter")
    return (float(told) if told else diameter(shape_of(shape).vertices)) / shape.scale


def symmetries_of(shape: SceneShape) -> Floats:
    """The transformations float64 [n, 4, 4] that map a shape to itself, in units of the scene, the identity first."""
    if not shape.info:
        warn(f"Nothing says the symmetries of {shape.path}: they were looked for in the shape itself.")
        turns = measured_info(shape_of(shape)).symmetries.copy()
    else:
        turns = symmetry_transformations(shape.info)
    turns[:, :3, 3] /= shape.scale
    return turns
