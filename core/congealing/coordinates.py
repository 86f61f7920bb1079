"""Canonical coordinate maps.

Which point of the canonical shape a pixel of a photo shows, and where a photo shows a point.

A pose alone puts a shape that differs from the object a little off. As in 3D Congealing (Eq. 10) each photo is matched
with the shape drawn at its pose by a displacement of every cell, forward (photo to drawing) and reverse (drawing to
photo), that brings similar descriptors together, stays short (l2) and is smooth (Eq. 14 to 16). All photos are solved
together by descent, coarse to fine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.alignment.adam import Adam
from core.arrays import Floats
from core.congealing.posed_photos import PosedPhoto
from core.fields.field import FeatureField
from core.geometry.pixel_grid import pixels_of, values_at
from core.geometry.pose import project, shape_rays
from core.geometry.raycasting import Hits, surface_position
from core.progress import Progress, silent


@dataclass(frozen=True)
class MapSettings:
    """How coordinate maps are found. Displacements are in widths of the photo's frame.

    Attributes:
        levels: the sides of the grids that the displacements are found on, coarse to fine.
        steps: the number of Adam's steps on each level.
        rate: the learning rate of Adam, in widths of the frame.
        l2: the weight of the displacements' squared length beside the distance of the descriptors.
        smooth: the weight of their squared differences between neighbours.
    """

    levels: tuple[int, ...] = (8, 16, 32)
    steps: int = 25
    rate: float = 0.01
    l2: float = 50.0
    smooth: float = 20.0


@dataclass
class CoordinateMap:
    """The displacements of a photo, in widths of its frame.

    Attributes:
        forward: float32 [g, g, 2], from a cell of the photo to the place where the shape, drawn at the pose, shows the
            same.
        reverse: float32 [g, g, 2], from a cell of the drawing to the place where the photo shows the same.
    """

    forward: npt.NDArray[np.float32]
    reverse: npt.NDArray[np.float32]


def solve(
    members: Sequence[PosedPhoto],
    field: FeatureField,
    settings: MapSettings = MapSettings(),
    progress: Progress = silent,
) -> list[CoordinateMap]:
    """Find the coordinate maps of all photos.

    Args:
        members: the photos with their poses.
        field: the feature field that they are compared with.
        settings: how the maps are found.
        progress: is told how far it is.
    """
    if not members:
        return []
    found: list[CoordinateMap] = []
    for start in range(0, len(members), 16):
        progress(start / len(members), f"Coordinate maps: photo {start + 1} of {len(members)}")
        pictures = [_pictures(one, field, settings.levels[-1]) for one in members[start : start + 16]]
        photos, drawings, masks, silhouettes = (torch.stack(each) for each in zip(*pictures, strict=True))
        forward = _displace(photos, masks, drawings, silhouettes, settings)
        reverse = _displace(drawings, silhouettes, photos, masks, settings)
        found += [CoordinateMap(a, b) for a, b in zip(forward, reverse, strict=True)]
    return found


def points_at(one: PosedPhoto, found: CoordinateMap, pixels: npt.ArrayLike) -> Hits:
    """Return the points of the canonical shape that pixels (u, v) [n, 2] of a photo show.

    The face is -1 where they show none.
    """
    pixels = np.asarray(pixels, np.float64)
    there = pixels + _at(found.forward, one, pixels)
    shape = one.scorer.shape.shape
    return one.scorer.shape.caster.cast(*shape_rays(one.best.pose, one.scorer.K, shape, there))


def pixels_at(one: PosedPhoto, found: CoordinateMap, positions: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Find where a photo shows points of the canonical shape.

    Args:
        one: the photo.
        found: its map.
        positions: float [n, 3] in the shape's normalised frame.

    Returns:
        Pixels (u, v) float64 [n, 2], and whether nothing hides the points, bool [n].
    """
    shape = one.scorer.shape.shape
    drawn, depth = project(one.best.pose, one.scorer.K, shape.to_own_frame(positions))
    origin, directions = shape_rays(one.best.pose, one.scorer.K, shape, drawn)
    distance = one.scorer.shape.caster.cast(origin, directions).distance
    visible = (depth > 0) & (distance > np.linalg.norm(positions - origin, axis=1) - 0.02)
    return drawn + _at(found.reverse, one, drawn), visible


def coordinates(one: PosedPhoto, found: CoordinateMap) -> npt.NDArray[np.float32]:
    """Return the canonical coordinates of a photo's pixels, float32 [H, W, 3] in the shape's normalised frame.

    NaN off the shape.
    """
    result = np.full((*one.scorer.photo.mask.shape, 3), np.nan, np.float32)
    pixels = pixels_of(one.scorer.photo.mask)
    hits = points_at(one, found, pixels)
    ok = hits.mask
    result[pixels[ok, 1], pixels[ok, 0]] = surface_position(one.scorer.shape.shape, hits.face[ok], hits.bary[ok])
    return result


def _pictures(one: PosedPhoto, field: FeatureField, size: int) -> tuple[torch.Tensor, ...]:
    """Return the descriptors of the photo and of the shape drawn there, and both masks.

    Descriptors are [size, size, D], masks [size, size].
    """
    scorer, image = one.scorer, one.scorer.image.map
    h, w, channels = image.descriptors.shape
    shape = scorer.shape.shape
    hits = scorer.shape.caster.cast(*shape_rays(one.best.pose, one.scorer.K, shape, scorer.pixels))
    silhouette = torch.from_numpy(hits.mask.astype(np.float32)).reshape(h, w)
    drawn = torch.zeros(h * w, channels)
    cells = np.flatnonzero(hits.mask)
    if len(cells):
        _, nearest = scorer.tree.query(surface_position(shape, hits.face[cells], hits.bary[cells]))
        own = field.descriptors.float()
        centred = F.normalize(own - own.mean(0), dim=1)
        drawn[torch.from_numpy(cells)] = centred[torch.from_numpy(nearest)]
    mask = torch.from_numpy(scorer.object).reshape(h, w)
    photo = scorer.descriptors.reshape(h, w, channels) * mask[..., None]
    return (
        _shrunk(photo, size),
        _shrunk(drawn.reshape(h, w, channels), size),
        _shrunk(mask[..., None], size)[..., 0],
        _shrunk(silhouette[..., None], size)[..., 0],
    )


def _shrunk(grid: torch.Tensor, size: int) -> torch.Tensor:
    """Average a grid [h, w, D] to [size, size, D]."""
    return F.adaptive_avg_pool2d(grid.permute(2, 0, 1)[None], size)[0].permute(1, 2, 0)


def _displace(
    source: torch.Tensor, inside: torch.Tensor, target: torch.Tensor, allowed: torch.Tensor, settings: MapSettings
) -> npt.NDArray[np.float32]:
    """Find displacements [B, g, g, 2] of the cells of ``source`` to similar cells of ``target``.

    Both are [B, g, g, D]; cells count where ``inside`` [B, g, g].
    """
    move = torch.zeros(len(source), 2, settings.levels[0], settings.levels[0])
    for level in settings.levels:
        here = F.normalize(F.adaptive_avg_pool2d(source.permute(0, 3, 1, 2), level), dim=1)
        there = F.adaptive_avg_pool2d(target.permute(0, 3, 1, 2), level)
        weight = F.adaptive_avg_pool2d(inside[:, None], level)[:, 0]
        valid = F.adaptive_avg_pool2d(allowed[:, None], level)
        stacked = torch.cat([F.normalize(there, dim=1) * valid, valid], dim=1)
        move = F.interpolate(move, (level, level), mode="bilinear", align_corners=False).requires_grad_()
        ticks = (torch.arange(level) + 0.5) * 2 / level - 1
        base = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)
        optimizer = Adam([move], settings.rate)
        total = weight.sum().clamp(min=1e-6)
        for _ in range(settings.steps):
            met = F.grid_sample(stacked, base + 2 * move.permute(0, 2, 3, 1), align_corners=False)
            similar = (here * met[:, :-1]).sum(1)
            distance = 1 - similar + (1 - met[:, -1])
            short = (move**2).sum(1)
            rough = sum(((move.diff(dim=axis) * level) ** 2).sum(1).mean() for axis in (2, 3))
            loss = ((distance + settings.l2 * short) * weight).sum() / total + settings.smooth / level * rough
            optimizer.step(loss)
        move = move.detach()
    return np.asarray(move.permute(0, 2, 3, 1).numpy(), np.float32)


def _at(displacement: npt.NDArray[np.float32], one: PosedPhoto, pixels: Floats) -> Floats:
    """Return the displacements in pixels [n, 2] at pixels (u, v) [n, 2]."""
    x0, y0, x1, _ = one.scorer.image.map.frame
    cells = (pixels - [x0, y0]) / (x1 - x0) * len(displacement) - 0.5
    return values_at(displacement, cells, beyond=True).astype(np.float64) * (x1 - x0)
