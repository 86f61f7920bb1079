"""Poses made exact: descent on how far the picture's coordinates on the object, and its silhouette, are from the pose's.

After "Zero-Shot Inexact CAD Model Alignment from a Single Image" (ICCV 2025): losses in normalised object coordinates (NOC, L1) and on the
silhouette. What is seen is cast anew every few steps; between, gradients go through the projection and through the planes of the faces.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.alignment.coarse import Hypothesis, PoseScorer, match_near
from core.alignment.pins import Pins
from core.geometry.pose import Pose, nearest_rotation, shape_rays
from core.geometry.raycasting import surface_normal, surface_position

Floats = npt.NDArray[np.floating]
Watch = Callable[[int, list[Pose]], None]

GRID = 64
"""Rays across the frame when the silhouette is cast."""


@dataclass(frozen=True)
class FineSettings:
    """The descent.

    Attributes:
        steps: of Adam; what is seen is cast anew every ``recast``.
        noc, silhouette, pins: weights of the losses; pins are certain.
        rate: of Adam, in radians, diagonals and log scale.
        reach: coordinates are looked for within this many diagonals of where the pose puts them, half of it at the end.
        dof: 6 (rotation and translation), 7 (and one scale) or 9 (and one for each axis).
    """

    steps: int = 60
    recast: int = 10
    noc: float = 1.0
    silhouette: float = 1.0
    pins: float = 20.0
    rate: float = 0.01
    reach: float = 0.15
    dof: int = 6


def refine(
    starts: list[Hypothesis],
    scorer: PoseScorer,
    mask: npt.NDArray[np.bool_] | None = None,
    settings: FineSettings = FineSettings(),
    watch: Watch | None = None,
    pins: Pins | None = None,
) -> list[Hypothesis]:
    """Every hypothesis refined, the best first; one that would score worse stays as it was.

    ``mask`` bool [H, W] is the object's silhouette; without one the silhouette has no say. ``watch`` is told the poses as they improve.
    """
    refined = refine_each(starts, scorer, mask, settings, watch, pins)
    if pins is not None:
        return sorted(refined, key=lambda h: pins.error(h.pose, scorer.K) / (h.score + 1e-6))
    chosen = [max(pair, key=lambda h: h.score) for pair in zip(starts, refined, strict=True)]
    return sorted(chosen, key=lambda h: -h.score)


def refine_each(
    starts: list[Hypothesis],
    scorer: PoseScorer,
    mask: npt.NDArray[np.bool_] | None,
    settings: FineSettings,
    watch: Watch | None = None,
    pins: Pins | None = None,
) -> list[Hypothesis]:
    """The end of every descent, in the order of the starts."""
    descents = [_Descent(start.pose, scorer, settings, pins) for start in starts]
    edge = None if mask is None else _Edge(mask, scorer)
    for step in range(settings.steps):
        for descent in descents:
            if step % settings.recast == 0:
                descent.look(settings.reach * (1 - 0.5 * step / settings.steps), edge)
            descent.step(edge)
        if watch is not None:
            watch(step + 1, [descent.pose() for descent in descents])
    return [scorer(descent.pose()) for descent in descents]


class _Edge:
    """The outline of the object in the picture."""

    def __init__(self, mask: npt.NDArray[np.bool_], scorer: PoseScorer):
        x0, y0, x1, y1 = scorer.image.map.box
        self.size = max(x1 - x0, y1 - y0)
        margin = 0.5 * self.size
        left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
        part = mask[top : int(y1 + margin) + 1, left : int(x1 + margin) + 1].astype(np.uint8)
        outside = cv2.distanceTransform(1 - part, cv2.DIST_L2, 3)
        inside = cv2.distanceTransform(part, cv2.DIST_L2, 3)
        self.distance = torch.from_numpy((outside - inside) / self.size)[None, None].float()
        self.corner = torch.tensor([left, top], dtype=torch.float64)
        self.shape = part.shape
        outline = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        points = np.concatenate([c[:, 0] for c in outline]) if outline else np.zeros((0, 2))
        few = points[:: max(1, len(points) // 200)] + [left, top]
        self.points = torch.from_numpy(few.astype(np.float64))

    def at(self, pixels: torch.Tensor) -> torch.Tensor:
        """Signed distance [n] to the outline at pixels [n, 2], outside above zero, as a fraction of the box."""
        h, w = self.shape
        place = (pixels - self.corner) / torch.tensor([max(w - 1, 1), max(h - 1, 1)]) * 2 - 1
        grid = place.float().clamp(-1, 1)[None, None]
        return torch.nn.functional.grid_sample(self.distance, grid, align_corners=True)[0, 0, 0]


class _Descent:
    """One pose on its way; parameters are changes of rotation (so(3)), place (diagonals) and log scale."""

    def __init__(self, start: Pose, scorer: PoseScorer, settings: FineSettings, pins: Pins | None = None):
        self._scorer, self._settings, self._start = scorer, settings, start
        self._turn = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        self._move = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        self._grow = torch.zeros(3 if settings.dof == 9 else 1, dtype=torch.float64, requires_grad=settings.dof > 6)
        self._optimizer = torch.optim.Adam(
            [p for p in (self._turn, self._move, self._grow) if p.requires_grad], settings.rate
        )
        self._R, self._t, self._s = (torch.from_numpy(np.array(v, np.float64)) for v in (start.R, start.t, start.s))
        self._K = torch.from_numpy(np.asarray(scorer.K, np.float64))
        shape = scorer.shape.shape
        self._center, self._size = torch.from_numpy(shape.center), shape.diagonal
        self._pins = None if pins is None else (torch.from_numpy(pins.pixels), torch.from_numpy(pins.points))
        self._seen: tuple[torch.Tensor, ...] | None = None
        self._rim: torch.Tensor | None = None

    def pose(self) -> Pose:
        with torch.no_grad():
            R, t, s = self._values()
        return Pose(nearest_rotation(R.numpy()), t.numpy(), s.numpy())

    def look(self, reach: float, edge: _Edge | None) -> None:
        """Cast what the pose sees, and find the coordinates that the picture says near by."""
        pose, scorer = self.pose(), self._scorer
        shape, caster = scorer.shape.shape, scorer.shape.caster
        origin, directions = shape_rays(pose, scorer.K, shape, scorer.pixels)
        hits = caster.cast(origin, directions)
        cells = np.flatnonzero(hits.mask & (scorer.object > 0.3))
        self._seen = None
        if len(cells) >= 12:
            points = surface_position(shape, hits.face[cells], hits.bary[cells])
            normals = surface_normal(shape, hits.face[cells], hits.bary[cells])
            target = match_near(scorer, cells, points, reach)
            arrays = (scorer.pixels[cells], points, normals, target, scorer.object[cells])
            self._seen = tuple(torch.from_numpy(np.asarray(array, np.float64)) for array in arrays)
        self._rim = None if edge is None else self._outline(pose, edge)

    def _outline(self, pose: Pose, edge: _Edge) -> torch.Tensor | None:
        """Points [n, 3] of the shape's own frame on the silhouette's edge."""
        scorer = self._scorer
        x0, y0, x1, y1 = scorer.image.map.box
        margin = 0.25 * edge.size
        u, v = np.linspace(x0 - margin, x1 + margin, GRID), np.linspace(y0 - margin, y1 + margin, GRID)
        grid = np.stack(np.meshgrid(u, v), axis=-1)
        hits = scorer.shape.caster.cast(*shape_rays(pose, scorer.K, scorer.shape.shape, grid))
        mask = hits.mask.astype(np.uint8)
        rim = hits.mask & (cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=1) == 0)
        if rim.sum() < 8:
            return None
        position = surface_position(scorer.shape.shape, hits.face[rim], hits.bary[rim])
        return torch.from_numpy(scorer.shape.shape.to_own_frame(position))

    def step(self, edge: _Edge | None) -> None:
        """One step of Adam."""
        self._optimizer.zero_grad()
        R, t, s = self._values()
        loss = torch.zeros((), dtype=torch.float64)
        if self._seen is not None:
            loss = loss + self._settings.noc * self._noc(R, t, s)
        if edge is not None and self._rim is not None and len(edge.points):
            loss = loss + self._settings.silhouette * self._silhouette(R, t, s, edge)
        if self._pins is not None:
            loss = loss + self._settings.pins * self._pinned(R, t, s, *self._pins)
        if loss.requires_grad:
            loss.backward()
            self._optimizer.step()

    def _values(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """R, t, s now: the shape turns around its middle, which moves; scale is about it too."""
        x, y, z = self._turn
        zero = torch.zeros((), dtype=torch.float64)
        skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero]).reshape(3, 3)
        s = self._s * torch.exp(self._grow)
        R = torch.linalg.matrix_exp(skew) @ self._R
        middle = self._R @ (self._s * self._center) + self._t
        depth = middle[2].abs()
        moved = middle + self._move * torch.stack([self._size * torch.ones(()), self._size * torch.ones(()), depth])
        return R, moved - R @ (s * self._center), s

    def _noc(self, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
        """Mean L1 between the coordinates where rays meet the planes of the faces seen, and those that the picture says."""
        assert self._seen is not None
        pixels, points, normals, target, weight = self._seen
        xy = (pixels - self._K[:2, 2]) / torch.stack([self._K[0, 0], self._K[1, 1]])
        ray = torch.cat([xy, torch.ones(len(xy), 1, dtype=torch.float64)], dim=1)
        directions = (ray @ R) / s
        origin = ((-(t @ R)) / s - self._center) / self._size
        facing = (directions * normals).sum(1)
        facing = torch.where(
            facing.abs() < 0.15 * directions.norm(dim=1), 0.15 * directions.norm(dim=1) * facing.sign(), facing
        )
        along = ((points - origin) * normals).sum(1) / facing
        met = origin + along[:, None] * directions
        error = (met - target).abs().sum(1).clamp(max=0.5)
        return (error * weight).sum() / weight.sum().clamp(min=1e-6)

    def _silhouette(self, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor, edge: _Edge) -> torch.Tensor:
        """How far the silhouette's edge is from the outline, and the outline from it; far parts, which may be hidden, count little."""
        assert self._rim is not None
        camera = (self._rim * s) @ R.T + t
        uv = (
            camera[:, :2] / camera[:, 2:].clamp(min=1e-9) * torch.stack([self._K[0, 0], self._K[1, 1]]) + self._K[:2, 2]
        )
        there = edge.at(uv).abs().clamp(max=0.2).mean()
        back = (torch.cdist(edge.points, uv) / edge.size).amin(1).clamp(max=0.2).mean()
        return there + back

    def _pinned(
        self, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor, pixels: torch.Tensor, points: torch.Tensor
    ) -> torch.Tensor:
        """How far the pins are from their pixels, as a fraction of the box."""
        x0, y0, x1, y1 = self._scorer.image.map.box
        return (self._project(R, t, s, points) - pixels).norm(dim=1).mean() / max(x1 - x0, y1 - y0)

    def _project(self, R: torch.Tensor, t: torch.Tensor, s: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        camera = (points * s) @ R.T + t
        focal = torch.stack([self._K[0, 0], self._K[1, 1]])
        return camera[:, :2] / camera[:, 2:].clamp(min=1e-9) * focal + self._K[:2, 2]
