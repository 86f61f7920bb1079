"""Views of shapes, for the closer look (dense re-ranking).

A query is compared cell by cell with the views of every candidate.

One vector for a whole shape forgets where things are. Views around the standing shape, as descriptors on a small grid,
are compared with the photo's tight crop position by position inside both masks (the semantic image distance of 3D
Congealing, Eq. 7), or with the views of another shape at every turn about its up axis.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from torch.nn import functional as F

from core.encoders.base import ImageEncoder
from core.geometry.raycasting import Raycaster
from core.geometry.render import render
from core.geometry.viewpoints import ring_cameras
from core.matching.crops import cells_of, centred, rolled, shrink

AZIMUTHS = 12
ELEVATIONS = (5.0, 35.0)
SIZE = 112
CELLS = 7
SHORT = 256
"""The length of the vector that a view is projected to, for the index."""

FINE = 14
"""The cells to a side that the encoder's are averaged to first; then those of the object only are averaged to
``CELLS``."""


@dataclass
class Views:
    """Views of an object as grids of descriptors: those of ``ELEVATIONS`` x ``AZIMUTHS`` of a shape, or one of a photo.

    Attributes:
        descriptors: float32 [V, c, c, D] of unit length.
        masks: float32 [V, c, c] in [0, 1], the part of each cell that shows the object.
    """

    descriptors: torch.Tensor
    masks: torch.Tensor

    def to_bytes(self) -> bytes:
        """Return the views as bytes, with eight bits a number."""
        tensors = {
            "descriptors": (self.descriptors * 127).round().to(torch.int8),
            "masks": (self.masks * 255).round().to(torch.uint8),
        }
        return safetensors.torch.save(tensors)

    @classmethod
    def from_bytes(cls, content: bytes) -> "Views":
        """Return the views that :meth:`to_bytes` made bytes of."""
        tensors = safetensors.torch.load(content)
        return cls(F.normalize(tensors["descriptors"].float(), dim=-1), tensors["masks"].float() / 255)


def shape_views(caster: Raycaster, encoder: ImageEncoder, up: str) -> Views:
    """Make the views of a standing shape, whose file has the axis ``up`` pointing up."""
    cameras = ring_cameras(caster.shape.normalised, up, AZIMUTHS, ELEVATIONS, SIZE, 0.78)
    pictures = [render(caster, camera, supersample=1) for camera in cameras]
    masks = [picture.hits.mask.astype(np.float32) for picture in pictures]
    return _views(encoder, np.stack([picture.rgb for picture in pictures]), masks)


def short(views: Views) -> npt.NDArray[np.float32]:
    """Return unit vectors float32 [V, SHORT] whose cosines are nearly those of the views' cells.

    They are made by a fixed random projection.
    """
    cells = (centred(views.descriptors, views.masks, together=True) * views.masks[..., None]).flatten(1)
    return np.asarray(F.normalize(cells @ _projection(cells.shape[1]), dim=1).numpy())


@lru_cache(maxsize=2)
def _projection(size: int) -> torch.Tensor:
    # RandomState, not default_rng: its numbers are promised never to change, and galleries are kept
    return torch.from_numpy((np.random.RandomState(0).standard_normal((size, SHORT)) / SHORT**0.5).astype(np.float32))


def photo_views(image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], encoder: ImageEncoder) -> Views:
    """Make the view of the object in a photo, cut tightly to its mask.

    Args:
        image: RGB uint8 [H, W, 3].
        mask: bool [H, W], the pixels of the object.
        encoder: describes the pixels.
    """
    (crop,) = rolled(image, mask, SIZE, rolls=1)
    return _views(encoder, crop.picture[None], [crop.mask])


def view_similarity(query: Views, shape: Views) -> float:
    """Return the similarity of a photo or a shape with a shape, a number of at most 1."""
    score, _, _ = _compared(query, shape)
    if len(query.masks) == 1:
        return float(score.max())
    rings = score.unflatten(0, (len(ELEVATIONS), AZIMUTHS)).unflatten(2, (len(ELEVATIONS), AZIMUTHS))
    level, view = torch.arange(len(ELEVATIONS)), torch.arange(AZIMUTHS)
    same = rings[level, :, level]
    turned = same[:, view, (view + view[:, None]) % AZIMUTHS]
    return float(turned.mean((0, 2)).max())


def most_alike(query: Views, shape: Views) -> tuple[float, float]:
    """Return the similarity inside both masks, and the overlap of the silhouettes, of the views that are most alike.

    Both are at most 1. Of a photo it is the view that it is most similar to; of a shape the mean over its views of the
    largest similarity and of the largest overlap.
    """
    score, similar, covered = _compared(query, shape)
    if len(query.masks) == 1:
        best = int(score.argmax())
        return float(similar.flatten()[best]), float(covered.flatten()[best])
    return float(similar.amax(1).mean()), float(covered.amax(1).mean())


def _compared(query: Views, shape: Views) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the score, the similarity inside both masks and the overlap of all pairs of views, float32 [A, B] each."""
    mine, theirs = (centred(v.descriptors, v.masks, together=True) for v in (query, shape))
    both = torch.einsum("aij,bij->ab", query.masks, shape.masks)
    similar = torch.einsum("aijd,bijd->ab", mine * query.masks[..., None], theirs * shape.masks[..., None])
    similar, covered = (similar / both.clamp(min=1e-6)).clamp(min=0), overlap(query.masks, shape.masks)
    return similar * covered**2, similar, covered


def overlap(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the intersection over union float32 [A, B] of masks float32 [A, c, c] and [B, c, c] in [0, 1]."""
    apart = torch.cdist(a.flatten(1), b.flatten(1), p=1)
    both = a.sum((1, 2))[:, None] + b.sum((1, 2))
    return (both - apart).clamp(min=0) / (both + apart).clamp(min=1e-6)  # of empty masks it is a little below zero


def contains(part: torch.Tensor, shape: Views) -> float:
    """Return how well a part is found on a shape.

    This is the mean, over the part's descriptors, of the best similarity with the shape's cells.

    Args:
        part: unit descriptors float32 [n, D].
        shape: the views of the shape.
    """
    cells = shape.descriptors[shape.masks > 0.3]
    return float((part @ cells.T).amax(1).mean()) if len(cells) else 0.0


def _views(encoder: ImageEncoder, pictures: npt.NDArray[np.uint8], masks: list[npt.NDArray[np.float32]]) -> Views:
    descriptors = cells_of(encoder, pictures, FINE)
    weight = torch.stack([shrink(mask, FINE) for mask in masks])
    k = FINE // CELLS
    inside = (descriptors * weight[..., None]).permute(0, 3, 1, 2)
    pooled = F.normalize(F.avg_pool2d(inside, k).permute(0, 2, 3, 1), dim=-1)
    return Views(pooled, F.avg_pool2d(weight[:, None], k)[:, 0])
