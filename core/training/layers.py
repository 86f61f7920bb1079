"""Backgrounds of training pictures, things on them, and things in front of the object."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional as F

from core.training.draw import Draw
from core.training.photos import Cuts

CELLS = (3, 8, 24, 64)
"""Cells along a side of the picture of each of the noises that a texture is made of."""


class Layer:
    """A texture over some pictures, K of them: noise of several scales around one colour, or a cut-out of a photo.

    Attributes:
        pictures: the K numbers of the pictures.
        in_front: whether it hides the object.
    """

    def __init__(
        self,
        draw: Draw,
        pictures: Sequence[int],
        photos: str | None,
        extents: tuple[float, float] | None,
        in_front: bool,
    ):
        """Draw a layer.

        Args:
            draw: the random numbers.
            pictures: the numbers of the pictures.
            photos: a folder of photos, or None.
            extents: range of half the width and height of the turned rectangles and ellipses that the texture is laid
                within, in sides of the picture; None lays it everywhere.
            in_front: whether it hides the object.
        """
        count, self.pictures, self.in_front = len(pictures), list(pictures), in_front
        self._base, self._photos = draw.between(0.05, 0.95, count, 3, 1, 1), Cuts(draw, photos, count)
        areas = [cells**2 for cells in CELLS]
        scale = torch.arange(len(CELLS), device=draw.device).repeat_interleave(torch.tensor(areas, device=draw.device))
        sigma, gray = draw.between(0, 0.22, count, 1, len(CELLS)), draw.chance(2 / 3, count, 1, len(CELLS))
        noise = draw.normal(count, 3, sum(areas))
        noise = torch.where(gray[..., scale], noise[:, :1], noise) * sigma[..., scale]
        self._noises = [part.unflatten(2, (-1, n)) for part, n in zip(noise.split(areas, dim=2), CELLS, strict=True)]
        self._is_patch = extents is not None
        self._center, self._half = draw.between(0, 1, count, 2), draw.between(*(extents or (1, 1)), count, 2)
        self._angle, self._ellipse = draw.between(0, np.pi, count, 1), draw.chance(0.5, count, 1, 1)

    def lay(self, image: torch.Tensor, covered: torch.Tensor) -> None:
        """Draw the layer over images float32 [N, 3, S, S], in place.

        If it is in front, mark it in ``covered`` bool [N, S, S].
        """
        size, device = image.shape[-1], image.device
        rows, columns = self._bounds(size)
        ups = _upsampling(size, device)
        across = torch.cat(
            [up @ noise for up, noise in zip(ups[rows].split(CELLS, dim=1), self._noises, strict=True)], dim=-1
        )
        texture = self._base + across @ ups[columns].T
        if self._photos.rows:
            texture[self._photos.rows] = self._photos.images(size, device)[..., rows, columns]
        where = self._inside(*((torch.arange(part.start, part.stop, device=device) / size) for part in (rows, columns)))
        picture, row, column = torch.nonzero(where, as_tuple=True)
        at = torch.tensor(self.pictures, device=device)[picture], row + rows.start, column + columns.start
        image[at[0], :, at[1], at[2]] = texture[picture, :, row, column]
        if self.in_front:
            covered[at] = True

    def _bounds(self, size: int) -> tuple[slice, slice]:
        """The rows and the columns of pictures of ``size`` pixels that hold all of the layer."""
        if not self._is_patch:
            return slice(0, size), slice(0, size)
        reach = self._half.norm(dim=1, keepdim=True)
        low = ((self._center - reach).amin(0) * size).floor().long().clamp(0, size - 1).tolist()
        high = ((self._center + reach).amax(0) * size).ceil().long().clamp(1, size).tolist()
        return slice(low[1], high[1]), slice(low[0], high[0])

    def _inside(self, row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
        """Pixels within the layer, bool [K, R, C], of rows [R] and columns [C] in sides of the picture."""
        if not self._is_patch:
            return torch.ones(len(self.pictures), len(row), len(column), dtype=torch.bool, device=row.device)
        (x, y), (half_x, half_y) = (
            (column - self._center[:, :1], row - self._center[:, 1:]),
            self._half[..., None].unbind(1),
        )
        cos, sin = self._angle.cos(), self._angle.sin()
        across = (x * cos / half_x)[:, None] + (y * sin / half_x)[..., None]
        along = (y * cos / half_y)[..., None] - (x * sin / half_y)[:, None]
        largest = torch.maximum(across.abs(), along.abs())
        return torch.where(self._ellipse, across.square() + along.square(), largest) < 1


def draw_layers(draw: Draw, pictures: Sequence[int], photos: str | None, occluded: float) -> list[Layer]:
    """Draw the background, up to eight things on it, and up to three in front of objects.

    Things are in front of the share ``occluded`` of the objects.

    The layers of ``pictures`` are in order from the back to the front.
    """
    if not pictures:
        return []
    clutter = draw.whole(0, 9, len(pictures)).tolist()
    front = (draw.whole(1, 4, len(pictures)) * draw.chance(occluded, len(pictures))).tolist()
    layers = [Layer(draw, pictures, photos, None, False)]
    for counts, extents, in_front in ((clutter, (0.05, 0.35), False), (front, (0.06, 0.22), True)):
        for number in range(max(counts)):
            some = [picture for picture, count in zip(pictures, counts, strict=True) if number < count]
            layers.append(Layer(draw, some, photos, extents, in_front))
    return layers


@lru_cache
def _upsampling(size: int, device: torch.device) -> torch.Tensor:
    """The matrices [size, cells] that enlarge cells to pixels, bicubically, for each of ``CELLS``, side by side."""
    enlarged = []
    for cells in CELLS:
        each_cell = torch.eye(cells, device=device)[None, :, :, None].expand(1, cells, cells, cells)
        enlarged.append(F.interpolate(each_cell, (size, cells), mode="bicubic", align_corners=False)[0, :, :, 0].T)
    return torch.cat(enlarged, dim=1)
