"""Poses made exact: descent on how far the picture's coordinates on the object, and its silhouette, are from the pose's.

After "Zero-Shot Inexact CAD Model Alignment from a Single Image" (ICCV 2025): losses in normalised object coordinates (NOC, L1), on the
silhouette and on depth. What is seen is cast anew every few steps; between, gradients go through the projection and through the planes
of the faces. All hypotheses descend in one batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from core.alignment.adam import Adam
from core.alignment.correspondences import Correspondences2D3D
from core.alignment.freedom import FREEDOMS
from core.alignment.observations import Observations, SilhouetteTarget, observe, silhouette_target
from core.alignment.scorer import Hypothesis, PoseScorer, ranked
from core.geometry.pose import Pose, nearest_rotation

Watch = Callable[[int, list[Pose]], None]


@dataclass(frozen=True)
class FineSettings:
    """How poses descend.

    Attributes:
        steps: steps of Adam.
        recast: steps after which observations are made anew.
        trial, finalists: after so many steps only so many go on, those that agree best with the field.
        noc, silhouette, depth, correspondences: weights of the losses; correspondences are certain.
        rate: learning rate of Adam, in radians, diagonals of the shape and log scale.
        reach: coordinates are looked for within this many diagonals of where the pose puts them, half of it at the end.
        dof: degrees of freedom: 6 (rotation and translation), 7 (and one scale) or 9 (and one for each axis).
        locked: names of ``FREEDOMS`` that do not change.
    """

    steps: int = 40
    recast: int = 10
    trial: int = 10
    finalists: int = 5
    noc: float = 1.0
    silhouette: float = 1.0
    depth: float = 1.0
    correspondences: float = 20.0
    rate: float = 0.01
    reach: float = 0.15
    dof: int = 6
    locked: frozenset[str] = frozenset()


def refine(
    starts: list[Hypothesis],
    scorer: PoseScorer,
    settings: FineSettings = FineSettings(),
    watch: Watch | None = None,
    correspondences: Correspondences2D3D | None = None,
) -> list[Hypothesis]:
    """Make hypotheses exact; one that would score worse stays as it was.

    Args:
        starts: hypotheses to begin with.
        scorer: compares poses of the shape with the photo.
        settings: how poses descend.
        watch: called with the number of each step (from 1) and the poses in the order of ``starts``.
        correspondences: certain 2D-3D correspondences. With them a hypothesis stays only where the descent would leave what they allow
            (see :meth:`core.alignment.correspondences.Correspondences2D3D.allow`), and the smallest error in pixels for its score
            comes first.

    Returns:
        As many hypotheses, the best first; those that are not among the best after a trial stay as they were.
    """
    poses = [start.pose for start in starts]
    if correspondences is not None:
        refined = refine_each(poses, scorer, settings, watch, correspondences)
        pairs = zip(starts, refined, strict=True)
        refined = [end if correspondences.allow(end.pose, start.pose, scorer.K) else start for start, end in pairs]
        return sorted(refined, key=lambda h: correspondences.error(h.pose, scorer.K) / (h.score + 1e-6))
    ends = _finalists(poses, scorer, settings, watch)
    found = dict(zip(ends, scorer(list(ends.values())), strict=True))
    return ranked([max(start, found.get(i, start), key=lambda h: h.score) for i, start in enumerate(starts)])


def _finalists(starts: list[Pose], scorer: PoseScorer, settings: FineSettings, watch: Watch | None) -> dict[int, Pose]:
    """The ends of those poses that are still among the best after the trial, by their numbers."""
    if len(starts) <= settings.finalists:
        return dict(enumerate(descend(starts, scorer, settings, watch)))
    poses = _descend(starts, scorer, settings, range(min(settings.trial, settings.steps)), watch)
    chosen = np.argsort([-one.score for one in scorer.by_field(poses)], kind="stable")[: settings.finalists].tolist()

    def every(step: int, some: list[Pose]) -> None:
        if watch is not None:
            going = dict(zip(chosen, some, strict=True))
            watch(step, [going.get(number, pose) for number, pose in enumerate(poses)])

    some = [poses[i] for i in chosen]
    ends = _descend(some, scorer, settings, range(settings.trial, settings.steps), every)
    return dict(zip(chosen, ends, strict=True))


def refine_each(
    starts: list[Pose],
    scorer: PoseScorer,
    settings: FineSettings = FineSettings(),
    watch: Watch | None = None,
    correspondences: Correspondences2D3D | None = None,
) -> list[Hypothesis]:
    """Let poses descend as :func:`descend` does, and score where they end, in the order of ``starts``."""
    return scorer(descend(starts, scorer, settings, watch, correspondences))


def descend(
    starts: list[Pose],
    scorer: PoseScorer,
    settings: FineSettings = FineSettings(),
    watch: Watch | None = None,
    correspondences: Correspondences2D3D | None = None,
) -> list[Pose]:
    """Let poses descend in one batch, all to the end.

    All arguments are as in :func:`refine`; returns where they end in the order of ``starts``.
    """
    return _descend(starts, scorer, settings, range(settings.steps), watch, correspondences)


def _descend(
    starts: list[Pose],
    scorer: PoseScorer,
    settings: FineSettings,
    steps: range,
    watch: Watch | None = None,
    correspondences: Correspondences2D3D | None = None,
) -> list[Pose]:
    """Some of the steps of :func:`descend`."""
    if not starts:
        return []
    descent = _Descent(starts, scorer, settings, correspondences)
    outline = silhouette_target(scorer) if settings.silhouette > 0 else None
    for step in steps:
        if (step - steps.start) % settings.recast == 0:
            reach = settings.reach * (1 - 0.5 * step / settings.steps)
            descent.seen = observe(descent.poses(), scorer, reach, outline)
        descent.step(outline)
        if watch is not None:
            watch(step + 1, descent.poses())
    return descent.poses()


class _Descent:
    """H poses that descend; parameters are changes of rotation (so(3)), position of the middle (diagonals) and log scale."""

    def __init__(
        self,
        starts: list[Pose],
        scorer: PoseScorer,
        settings: FineSettings,
        correspondences: Correspondences2D3D | None = None,
    ):
        self._settings = settings
        count, scales = len(starts), 3 if settings.dof == 9 else 1
        self._turn, self._move, self._grow = (
            torch.zeros(count, size, dtype=torch.float64, requires_grad=True) for size in (3, 3, scales)
        )
        free = torch.tensor([float(name not in settings.locked) for name in FREEDOMS], dtype=torch.float64)
        self._free = (free[3:6], free[:3], free[6:] if settings.dof == 9 else free[6:].amin()[None])
        self._parameters = [self._turn, self._move, *([self._grow] if settings.dof > 6 else [])]
        self._optimizer = Adam(self._parameters, settings.rate)
        self._R, self._t, self._s = (
            torch.from_numpy(np.stack([np.asarray(getattr(pose, name), np.float64) for pose in starts]))
            for name in ("R", "t", "s")
        )
        K = torch.from_numpy(np.asarray(scorer.K, np.float64))
        self._focal, self._principal = torch.stack([K[0, 0], K[1, 1]]), K[:2, 2]
        shape = scorer.shape.shape
        self._center, self._size = torch.from_numpy(shape.center), shape.diagonal
        x0, y0, x1, y1 = scorer.image.map.box
        self._box = max(x1 - x0, y1 - y0)
        self._correspondences = (
            None
            if correspondences is None
            else (torch.from_numpy(correspondences.pixels), torch.from_numpy(correspondences.points))
        )
        self.seen: Observations | None = None

    def poses(self) -> list[Pose]:
        with torch.no_grad():
            values = [value.numpy() for value in self._values()]
        return [Pose(nearest_rotation(R), t, s) for R, t, s in zip(*values, strict=True)]

    def step(self, outline: SilhouetteTarget | None) -> None:
        """One step of Adam."""
        R, t, s = self._values()
        settings, loss = self._settings, torch.zeros((), dtype=torch.float64)
        if self.seen is not None:
            met = self._ray_plane_intersections(self.seen, R, t, s)
            loss = loss + settings.noc * self._noc_loss(self.seen, met).sum()
            if self.seen.depth is not None:
                loss = loss + settings.depth * self._depth_loss(self.seen, met, R, t, s).sum()
            if outline is not None:
                loss = loss + settings.silhouette * self._silhouette_loss(self.seen, outline, R, t, s).sum()
        if self._correspondences is not None:
            loss = loss + settings.correspondences * self._reprojection_loss(R, t, s, *self._correspondences).sum()
        if not loss.requires_grad:
            return
        self._optimizer.step(loss, self._free)

    def _values(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """R [H, 3, 3], t [H, 3], s [H, 3] now: the shape turns around its middle, which moves; scale is about it too."""
        x, y, z = self._turn.unbind(1)
        zero = torch.zeros_like(x)
        skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).reshape(-1, 3, 3)
        s = self._s * torch.exp(self._grow)
        R = torch.linalg.matrix_exp(skew) @ self._R
        middle = _apply(self._R, self._s * self._center) + self._t
        unit = torch.stack([torch.full_like(x, self._size), torch.full_like(x, self._size), middle[:, 2].abs()], dim=1)
        moved = middle + self._move * unit
        return R, moved - _apply(R, s * self._center), s

    def _ray_plane_intersections(
        self, seen: Observations, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor
    ) -> torch.Tensor:
        """Where the rays of the cells meet the planes of the faces seen [H, n, 3] (normalised frame)."""
        xy = (seen.pixels - self._principal) / self._focal
        ray = torch.cat([xy, torch.ones_like(xy[..., :1])], dim=-1)
        directions = (ray @ R) / s[:, None]
        origin = ((-_apply(R.transpose(1, 2), t)) / s - self._center) / self._size
        length = directions.norm(dim=-1)
        facing = (directions * seen.normals).sum(-1)
        least = 0.15 * length
        facing = torch.where(facing.abs() < least, least * torch.where(facing < 0, -1.0, 1.0), facing)
        along = ((seen.points - origin[:, None]) * seen.normals).sum(-1) / facing
        return origin[:, None] + along[..., None] * directions

    def _noc_loss(self, seen: Observations, met: torch.Tensor) -> torch.Tensor:
        """Mean L1 [H] between the coordinates where rays meet the shape, and those that the picture says."""
        error = (met - seen.target).abs().sum(-1).clamp(max=0.5)
        return (error * seen.weight).sum(1) / seen.weight.sum(1).clamp(min=1e-6)

    def _depth_loss(
        self, seen: Observations, met: torch.Tensor, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor
    ) -> torch.Tensor:
        """Mean L1 [H] between the depth of what is met and that measured, in diagonals; what is far off is something else."""
        assert seen.depth is not None
        own = met * self._size + self._center
        z = ((own * s[:, None]) @ R.transpose(1, 2))[..., 2] + t[:, 2:]
        known = torch.isfinite(seen.depth) * seen.weight
        error = ((z - torch.nan_to_num(seen.depth)) / self._size).abs().clamp(max=0.5)
        return (error * known).sum(1) / known.sum(1).clamp(min=1e-6)

    def _silhouette_loss(
        self, seen: Observations, outline: SilhouetteTarget, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor
    ) -> torch.Tensor:
        """How far the silhouette's edge is from the outline, and the outline from it [H]; far parts, which may be hidden, count little."""
        uv = self._project(R, t, s, seen.silhouette)
        there = outline.distance_at(uv).abs().clamp(max=0.2) * seen.silhouette_weight
        with torch.no_grad():
            gaps = torch.cdist(outline.points.expand(len(uv), -1, -1), uv)
            nearest = torch.where(seen.silhouette_weight[:, None] > 0, gaps, torch.inf).argmin(2, keepdim=True)
        met = uv.gather(1, nearest.expand(-1, -1, 2))
        back = ((outline.points - met).norm(dim=-1) / outline.size).clamp(max=0.2).mean(1)
        back = back * seen.silhouette_weight.amax(1)  # nothing is met where there is no silhouette
        gap: torch.Tensor = there.sum(1) / seen.silhouette_weight.sum(1).clamp(min=1) + back
        return gap

    def _reprojection_loss(
        self, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor, pixels: torch.Tensor, points: torch.Tensor
    ) -> torch.Tensor:
        """How far the correspondences are from their pixels [H], as a fraction of the box."""
        uv = self._project(R, t, s, points.expand(len(R), -1, -1))
        error: torch.Tensor = (uv - pixels).norm(dim=-1).mean(1) / self._box
        return error

    def _project(self, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        camera = (points * s[:, None]) @ R.transpose(1, 2) + t[:, None]
        return camera[..., :2] / camera[..., 2:].clamp(min=1e-9) * self._focal + self._principal


def _apply(R: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """R [H, 3, 3] times vectors [H, 3]."""
    return (R @ vectors[..., None])[..., 0]
