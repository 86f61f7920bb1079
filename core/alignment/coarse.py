"""Where an object may stand: views around the shape compared with the whole crop, the best of them made poses and scored.

The joint step is the template search of 3D Congealing (semantic distance inside both masks, Eq. 7), with the feature field in place of
rendered pictures.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from torch.nn import functional as F

from core.geometry.pose import Pose, shape_rays
from core.geometry.raycasting import surface_position
from core.matching.joint import JointSettings, ViewSet, view_scores
from core.matching.sides import ImageSide, ShapeSide

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class CoarseSettings:
    """How many are tried.

    Attributes:
        views: of all views, this many are made poses and scored.
        keep: hypotheses that are kept.
        apart: of two that differ by less than this many degrees only the better is kept.
        refinements: rounds of correspondences and PnP for each that is kept.
        reach: a correspondence lies at most this far (of the diagonal) from where the pose puts it, in the first round; then less.
    """

    views: int = 60
    keep: int = 10
    apart: float = 20.0
    refinements: int = 3
    reach: float = 0.2


@dataclass
class Hypothesis:
    """A pose and how well the picture agrees with it.

    Attributes:
        similarity: mean cosine similarity inside both masks, of centred descriptors.
        overlap: intersection over union of the silhouette and the object's mask.
        score: similarity x overlap.
    """

    pose: Pose
    similarity: float
    overlap: float

    @property
    def score(self) -> float:
        return max(self.similarity, 0.0) * self.overlap


class PoseScorer:
    """Compares poses of one shape with one image.

    ``mask`` is bool [H, W], the object's visible pixels; without one the encoder's own estimate of the foreground in the box stands in.
    """

    def __init__(self, image: ImageSide, shape: ShapeSide, K: Floats, mask: npt.NDArray[np.bool_] | None = None):
        self.image, self.shape, self.K = image, shape, K
        h, w = image.map.descriptors.shape[:2]
        self.pixels = image.cell_pixels
        self.inside = image.map.inside().ravel()
        if mask is not None:
            at = np.rint(self.pixels).astype(int)
            within = ((at >= 0) & (at < image.image_size)).all(1)
            self.object = np.zeros(h * w, np.float32)
            self.object[within] = mask[at[within, 1], at[within, 0]]
        elif image.map.foreground is not None:
            self.object = self.inside * image.map.foreground.numpy().ravel()
        else:
            self.object = self.inside.astype(np.float32)
        unit = image.map.unit.reshape(h * w, -1)
        weight = torch.from_numpy(self.object[:, None] + 1e-6)
        self.descriptors = F.normalize(unit - (unit * weight).sum(0) / weight.sum(), dim=1)

    @cached_property
    def field(self) -> torch.Tensor:
        """Centred unit descriptors float32 [N, D]."""
        field = self.shape.field.descriptors.float()
        return F.normalize(field - field.mean(0), dim=1)

    @cached_property
    def tree(self) -> cKDTree:
        return cKDTree(self.shape.field.points.position)

    def seen(self, pose: Pose) -> tuple[npt.NDArray[np.int64], Floats]:
        """Which cells show the object, and the surface points there [n, 3] (normalised frame)."""
        hits = self.shape.caster.cast(*shape_rays(pose, self.K, self.shape.shape, self.pixels))
        cells = np.flatnonzero(hits.mask)
        return cells, surface_position(self.shape.shape, hits.face[cells], hits.bary[cells])

    def __call__(self, pose: Pose) -> Hypothesis:
        cells, points = self.seen(pose)
        if len(cells) == 0:
            return Hypothesis(pose, 0.0, 0.0)
        silhouette = np.zeros(len(self.object), np.float32)
        silhouette[cells] = 1
        both = float(np.minimum(silhouette, self.object).sum())
        overlap = both / max(float(np.maximum(silhouette, self.object).sum()), 1e-6)
        _, nearest = self.tree.query(points)
        similar = (self.descriptors[torch.from_numpy(cells)] * self.field[torch.from_numpy(nearest)]).sum(1).numpy()
        weight = self.object[cells]
        return Hypothesis(pose, float((similar * weight).sum() / max(float(weight.sum()), 1e-6)), overlap)


def coarse_poses(scorer: PoseScorer, views: ViewSet, settings: CoarseSettings = CoarseSettings()) -> list[Hypothesis]:
    """The best hypotheses, the best first."""
    image, shape = scorer.image, scorer.shape
    scores, rotations = [], []
    place, turn = views.place, np.eye(3)
    for feature_map in image.turned_maps():
        scores.append(view_scores(feature_map, shape, views, place, JointSettings()).numpy())
        rotations.append(turn @ views.rotations)
        place = torch.stack([-place[..., 1], place[..., 0]], dim=-1)
        turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]) @ turn
    flat, every = np.concatenate(scores), np.concatenate(rotations)
    best = np.argsort(-flat)[: settings.views]
    found = [scorer(framed(every[i], scorer)) for i in best]
    kept = distinct(found, settings.keep, settings.apart)
    refined = [refine_by_matches(one, scorer, settings) for one in kept]
    return distinct(refined, settings.keep, settings.apart / 2)


def distinct(found: list[Hypothesis], count: int, apart: float) -> list[Hypothesis]:
    """The best of them that differ in rotation by at least ``apart`` degrees from all better ones."""
    kept: list[Hypothesis] = []
    for one in sorted(found, key=lambda h: -h.score):
        turns = [Rotation.from_matrix(one.pose.R.T @ other.pose.R).magnitude() for other in kept]
        if len(kept) < count and all(np.degrees(turn) >= apart for turn in turns):
            kept.append(one)
    return kept


def framed(rotation: Floats, scorer: PoseScorer, rounds: int = 4) -> Pose:
    """The pose of a view ``rotation`` (as seen straight ahead) whose silhouette fills the image's box."""
    x0, y0, x1, y1 = scorer.image.map.box
    K, shape = scorer.K, scorer.shape.shape
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    points = shape.to_own_frame(scorer.shape.field.points.position[::8])
    ray = np.linalg.solve(K, [*middle, 1.0])
    R = _toward(ray) @ rotation
    depth = K[0, 0] * shape.diagonal / max(x1 - x0, y1 - y0)
    t = ray * depth - R @ shape.center
    for _ in range(rounds):
        camera = points @ R.T + t
        uv = camera[:, :2] / camera[:, 2:] * [K[0, 0], K[1, 1]] + [K[0, 2], K[1, 2]]
        low, high = uv.min(0), uv.max(0)
        scale = max((high - low) / [x1 - x0, y1 - y0])
        center = R @ shape.center + t
        center *= scale
        shift = (middle - (low + high) / 2) * center[2] / [K[0, 0], K[1, 1]]
        t = center + [*shift, 0.0] - R @ shape.center
    return Pose(R, t)


def refine_by_matches(start: Hypothesis, scorer: PoseScorer, settings: CoarseSettings) -> Hypothesis:
    """Better poses by turns of matching near where the pose puts things, and PnP with RANSAC (PoseLib) on those matches."""
    import poselib

    best, current = start, start
    K, shape = scorer.K, scorer.shape.shape
    width, height = scorer.image.image_size
    camera = {"model": "PINHOLE", "width": width, "height": height, "params": [K[0, 0], K[1, 1], K[0, 2], K[1, 2]]}
    x0, y0, x1, y1 = scorer.image.map.box
    tolerance = 0.06 * max(x1 - x0, y1 - y0)
    for turn in range(settings.refinements):
        cells, points = scorer.seen(current.pose)
        use = scorer.object[cells] > 0.3
        cells, points = cells[use], points[use]
        if len(cells) < 12:
            return best
        where = match_near(scorer, cells, points, settings.reach / (1 + turn))
        pose, _ = poselib.estimate_absolute_pose(
            scorer.pixels[cells], shape.to_own_frame(where), camera,
            {"max_reproj_error": tolerance, "max_iterations": 300, "min_iterations": 50, "seed": 0},
            {"loss_type": "CAUCHY", "loss_scale": tolerance / 2},
        )  # fmt: skip
        if not np.isfinite(pose.t).all() or (pose.R @ shape.center + pose.t)[2] <= 0:
            return best
        current = scorer(Pose(np.asarray(pose.R), np.asarray(pose.t)))
        best = max(best, current, key=lambda h: h.score)
    return best


def match_near(scorer: PoseScorer, cells: npt.NDArray[np.int64], points: Floats, reach: float) -> Floats:
    """For each cell the mean place [n, 3] of the most similar samples within ``reach`` of its surface point."""
    positions = scorer.shape.field.points.position
    step = max(1, len(positions) // 3000)
    few = torch.from_numpy(positions[::step].astype(np.float32))
    offset = torch.cdist(torch.from_numpy(points.astype(np.float32)), few)
    similar = scorer.descriptors[torch.from_numpy(cells)] @ scorer.field[::step].T
    weight = torch.softmax(torch.where(offset < reach, similar / 0.05, -torch.inf), dim=1)
    return torch.nan_to_num(weight @ few).numpy().astype(np.float64)


def _toward(ray: Floats) -> Floats:
    """The rotation that turns the optical axis to a ray [3]."""
    axis = np.array([0.0, 0, 1])
    ray = ray / np.linalg.norm(ray)
    around = np.cross(axis, ray)
    return Rotation.from_rotvec(
        around / max(np.linalg.norm(around), 1e-12) * np.arctan2(np.linalg.norm(around), ray[2])
    ).as_matrix()
