"""Observations of the descent.

They are the coordinates on the object that the picture says near where a pose puts them, and its silhouette.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.alignment.scorer import LEAST_OBJECT, PoseScorer
from core.arrays import Floats
from core.geometry.pose import Pose, shape_rays
from core.geometry.raycasting import surface_normal, surface_position
from core.geometry.sampling import spread

GRID = 64
"""Rays across the frame when the silhouette is cast."""

OUTLINE = 150
"""Points of the object's outline that a silhouette is compared with."""

FEWEST = 12
"""Cells that must show the object for their coordinates to count."""


@dataclass
class Observations:
    """What the photo says about H poses; all are float64 and padded to the longest row, where weights are zero.

    Attributes:
        pixels: [H, n, 2], pixels of the feature map's cells in the photo.
        points, normals: [H, n, 3], points of the surface that a pose puts there, and their unit normals (normalised
            frame).
        target: [H, n, 3], the coordinates that the picture says there (normalised frame).
        weight: [H, n], how sure it is that a cell shows the object, 0 to 1.
        depth: [H, n], measured along z in the shape's units, not finite where it is not known; or None.
        silhouette: [H, m, 3], points on the edge of the silhouette, in the shape's own frame.
        silhouette_weight: [H, m], 1 where there is a point.
    """

    pixels: torch.Tensor
    points: torch.Tensor
    normals: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    depth: torch.Tensor | None
    silhouette: torch.Tensor
    silhouette_weight: torch.Tensor


@dataclass
class SilhouetteTarget:
    """The outline of the object in the photo, which the silhouette of a pose is compared with.

    Attributes:
        size: longer side of the object's box in pixels.
        distance: float32 [1, 1, h, w], signed distance from the outline as a fraction of ``size``, above zero outside.
        corner: float64 [2], the pixel (u, v) of the first value of ``distance``.
        points: float64 [n, 2], pixels on the outline.
    """

    size: float
    distance: torch.Tensor
    corner: torch.Tensor
    points: torch.Tensor

    def distance_at(self, pixels: torch.Tensor) -> torch.Tensor:
        """The signed distance float32 [H, n] at pixels [H, n, 2] of the photo."""
        h, w = self.distance.shape[2:]
        place = (pixels - self.corner) / torch.tensor([max(w - 1, 1), max(h - 1, 1)]) * 2 - 1
        grid = place.float().clamp(-1, 1)[None]
        return torch.nn.functional.grid_sample(self.distance, grid, align_corners=True)[0, 0]


def silhouette_target(scorer: PoseScorer) -> SilhouetteTarget | None:
    """Make the silhouette target of the photo's mask; None where the mask has no pixel near the box."""
    x0, y0, x1, y1 = scorer.image.map.box
    size = max(x1 - x0, y1 - y0)
    margin = 0.5 * size
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    part = scorer.photo.mask[top : int(y1 + margin) + 1, left : int(x1 + margin) + 1].astype(np.uint8)
    outline = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    if not outline:
        return None
    points = np.concatenate([c[:, 0] for c in outline])
    points = points[spread(len(points), OUTLINE)] + [left, top]
    outside, inside = (cv2.distanceTransform(p, cv2.DIST_L2, 3) for p in (1 - part, part))
    distance = torch.from_numpy((outside - inside) / size)[None, None].float()
    return SilhouetteTarget(
        size, distance, torch.tensor([left, top], dtype=torch.float64), torch.from_numpy(points * 1.0)
    )


def observe(poses: list[Pose], scorer: PoseScorer, reach: float, outline: SilhouetteTarget | None) -> Observations:
    """Observe the photo where poses put the shape.

    Args:
        poses: H poses.
        scorer: has the photo's descriptors and the shape's field.
        reach: coordinates are looked for within this many diagonals of where a pose puts them.
        outline: the silhouette target, or None to leave silhouettes out.
    """
    shape, caster = scorer.shape.shape, scorer.shape.caster
    columns: list[list[Floats]] = [[] for _ in range(6)]
    silhouettes: list[Floats] = []
    for pose in poses:
        hits = caster.cast(*shape_rays(pose, scorer.K, shape, scorer.pixels))
        cells = np.flatnonzero(hits.mask & (scorer.object > LEAST_OBJECT))
        if len(cells) < FEWEST:
            cells = cells[:0]
        points = surface_position(shape, hits.face[cells], hits.bary[cells])
        normals = surface_normal(shape, hits.face[cells], hits.bary[cells])
        target = coordinates_near(scorer, cells, points, reach)
        depth = scorer.depth_at(cells)
        known = np.zeros(0) if depth is None else depth
        row = (scorer.pixels[cells], points, normals, target, scorer.object[cells], known)
        for column, values in zip(columns, row, strict=True):
            column.append(values)
        silhouettes.append(np.zeros((0, 3)) if outline is None else _silhouette_points(pose, scorer, outline))
    pixels, place, facing, targets, weight, depths = (_padded(column) for column in columns)
    silhouette_weight = _padded([np.ones(len(silhouette)) for silhouette in silhouettes])
    measured = None if scorer.photo.depth is None else depths
    return Observations(pixels, place, facing, targets, weight, measured, _padded(silhouettes), silhouette_weight)


def _padded(arrays: list[Floats]) -> torch.Tensor:
    longest = max(1, max(len(array) for array in arrays))
    filled = np.zeros((len(arrays), longest, *arrays[0].shape[1:]))
    for row, array in zip(filled, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(filled)


def _silhouette_points(pose: Pose, scorer: PoseScorer, outline: SilhouetteTarget) -> Floats:
    """Points [m, 3] of the shape's own frame on the silhouette's edge."""
    x0, y0, x1, y1 = scorer.image.map.box
    margin = 0.25 * outline.size
    u, v = np.linspace(x0 - margin, x1 + margin, GRID), np.linspace(y0 - margin, y1 + margin, GRID)
    shape = scorer.shape.shape
    hits = scorer.shape.caster.cast(*shape_rays(pose, scorer.K, shape, np.stack(np.meshgrid(u, v), axis=-1)))
    inner = cv2.erode(hits.mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1)
    silhouette = hits.mask & (inner == 0)
    return shape.to_own_frame(surface_position(shape, hits.face[silhouette], hits.bary[silhouette]))


def coordinates_near(scorer: PoseScorer, cells: npt.NDArray[np.int64], points: Floats, reach: float) -> Floats:
    """Find the coordinates that the picture says near where a pose puts them.

    Args:
        scorer: has the photo's descriptors and the shape's field.
        cells: numbers [n] of cells of the feature map that show the object (``LEAST_OBJECT``).
        points: surface points [n, 3] that the pose puts there (normalised frame).
        reach: in diagonals of the shape.

    Returns:
        Float64 [n, 3], for each cell the mean of the samples within ``reach``, weighted by how similar they are
        (normalised frame).
    """
    samples, likeness, row = scorer.likeness
    near = torch.cdist(torch.from_numpy(points.astype(np.float32)), samples) < reach
    weight = likeness[row[torch.from_numpy(cells)]] * near
    sums = weight @ torch.nn.functional.pad(samples, (0, 1), value=1.0)
    return (sums[:, :3] / sums[:, 3:].clamp(min=1e-30)).numpy().astype(np.float64)
