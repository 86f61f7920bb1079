"""Where a shape is in a photo without a box: its templates slid over descriptors of the photo.

As in CNOS (Nguyen et al., 2023) views of the shape rank places; the places are all those of the photo instead of masks
that a net proposes, and the photo is described once for all shapes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.alignment.photo import SMALLEST_BOX
from core.alignment.templates import TemplateSet
from core.arrays import Floats
from core.encoders.base import ImageEncoder, encode_fitting
from core.encoders.feature_map import Box, cut_out, whole_image
from core.matching.crops import centred
from core.matching.location import Location
from core.progress import Progress, silent

Move = tuple[float, tuple[float, float]]

SQUARES = ((1.0, (4, 6, 8, 11)), (0.5, (5, 6, 7, 9, 10)), (0.28, (5, 6, 7, 9, 10, 12)))
"""Sides of the squares that the photo is described in, as shares of its shorter side, and the cells that the object
spans there."""

SIZE, CELLS = 112, 14
"""The side of a square's picture in pixels, and of its map of descriptors."""

BATCH = 16
"""Pictures that are described at once."""

COMPONENTS = 32
"""Principal components of the shape's descriptors that are compared."""

LOWEST = -0.3
"""Templates from farther below are left out: the sine of the elevation."""

SMALLEST = 16
"""The least width and height in pixels of a box."""

SAME = 0.4
"""Boxes that overlap by more (intersection over union) are one place."""

CLOSER, PLACES = 60, 10
"""So many places are looked at closely, and so many of them are said."""

FAR = ((0.8, (0, 0)), (1.25, (0, 0)), (1, (0.15, 0)), (1, (-0.15, 0)), (1, (0, 0.15)), (1, (0, -0.15)))
NEAR = ((0.9, (0, 0)), (1.1, (0, 0)), (1, (0.07, 0)), (1, (-0.07, 0)), (1, (0, 0.07)), (1, (0, -0.07)))
MOVES = ((14, FAR), (5, FAR + NEAR), (3, NEAR))
"""How many of the best are tried elsewhere, one round after the other: so much larger, and moved by such shares of their size."""

SMALLEST_SQUARE = 40
"""Squares with fewer pixels along their side are left out, unless they are as high or wide as the photo."""

MOST_SQUARES = 400
"""Of one size: a photo that is more than nine times as long as it is wide gets no small ones, or it would take minutes."""

LEAST = 0.21
"""Places with a lower score are none: pictures of noise reach 0.20, the sample's right place 0.31, and those of LM-O 0.23 and more."""


@dataclass(frozen=True)
class Located:
    """A place in a photo where a shape may be.

    Attributes:
        box: x0, y0, x1, y1 in pixels.
        score: the mean cosine similarity with the template that agrees best, inside its mask, at most 1.
    """

    box: Box
    score: float

    def holds(self, pixels: Sequence[Location]) -> bool:
        """Return whether all of some pixels (u, v) lie in the box."""
        x0, y0, x1, y1 = self.box
        return all(x0 <= u <= x1 and y0 <= v <= y1 for u, v in pixels)


@dataclass(frozen=True)
class Squares:
    """Squares of one size of a photo.

    Attributes:
        frames: float64 [T, 4], x0, y0, x1, y1 of each in pixels.
        descriptors: float32 [T, D, cells, cells] of unit length, less their mean over the photo.
        spans: how many cells the object spans.
    """

    frames: Floats
    descriptors: torch.Tensor
    spans: tuple[int, ...]


@dataclass(frozen=True)
class ComparedViews:
    """Templates of a shape that are compared with places.

    Attributes:
        maps: float32 [V, c, c, D], and their masks [V, c, c].
        extents: float64 [V, 4], the boxes of the masks as shares of their sides.
        fill: the share of a template that the object spans.
    """

    maps: torch.Tensor
    masks: torch.Tensor
    extents: Floats
    fill: float


def look_at_photo(image: npt.NDArray[np.uint8], encoder: ImageEncoder) -> list[Squares]:
    """Describe a photo uint8 [H, W, 3] in overlapping squares of several sizes."""
    found = []
    for share, spans in SQUARES:
        side = share * min(image.shape[:2])
        frames = _frames(image.shape, side)
        if share < 1 and (side < SMALLEST_SQUARE or len(frames) > MOST_SQUARES):
            continue
        maps = F.normalize(_described(image, frames, encoder).permute(0, 3, 1, 2), dim=1)
        small = F.normalize(F.interpolate(maps, (CELLS, CELLS), mode="area"), dim=1)
        found.append((np.array(frames), small, spans))
    mean = found[min(1, len(found) - 1)][1].mean((0, 2, 3), keepdim=True)
    return [Squares(frames, F.normalize(maps - mean, dim=1), spans) for frames, maps, spans in found]


def locate(
    image: npt.NDArray[np.uint8],
    templates: TemplateSet,
    encoder: ImageEncoder,
    up: npt.NDArray[np.floating],
    squares: list[Squares] | None = None,
    progress: Progress = silent,
) -> list[Located]:
    """Find the places in a photo that look most like a shape.

    Templates are slid over the photo, coarsely, and the best places are looked at closely.

    Args:
        image: RGB uint8 [H, W, 3].
        templates: of the shape.
        encoder: what the templates were described with.
        up: the direction [3] that points up in the shape's own frame.
        squares: what :func:`look_at_photo` made of the photo; None makes it.
        progress: is told how far it is.

    Returns:
        Places that differ, the likeliest first; none where nothing looks like the shape.
    """
    progress(0.0, "Looking for the object in the photo")
    squares = look_at_photo(image, encoder) if squares is None else squares
    above = torch.from_numpy(-(templates.rotations @ up)[:, 2] > LOWEST)
    above &= templates.masks.flatten(1).any(1)  # a sheet seen from its edge shows nothing
    masks = templates.masks[above]
    views = ComparedViews(templates.descriptors[above].float(), masks, _extents(masks), templates.settings.fill)
    boxes = _slid(image, squares, views)
    progress(0.3, "Comparing places with the shape")
    scores = _closely(image, boxes, views, encoder) if len(boxes) else np.zeros(0)
    for number, (count, moves) in enumerate(MOVES):
        progress(0.7 + 0.1 * number, "Comparing places with the shape")
        moved = _moved(boxes[_distinct(boxes, scores, count)], image, moves)
        boxes = np.concatenate([boxes, moved])
        scores = np.append(scores, _closely(image, moved, views, encoder)) if len(moved) else scores
    kept = [index for index in _distinct(boxes, scores, PLACES) if scores[index] >= LEAST]
    return [Located(tuple(boxes[index].tolist()), float(scores[index])) for index in kept]


def _frames(size: Sequence[int], side: float) -> list[Box]:
    """Squares that overlap by half, of a photo of the ``size`` (height, width, ...); along one that is too long they lie apart."""
    counts = (min(int(np.ceil(2 * (n / side - 1))) + 1, MOST_SQUARES) for n in size[:2])
    rows, columns = (np.linspace(0, n - side, count) - 0.5 for n, count in zip(size[:2], counts, strict=True))
    return [(float(x), float(y), float(x + side), float(y + side)) for y in rows for x in columns]


def _described(image: npt.NDArray[np.uint8], frames: Sequence[Box], encoder: ImageEncoder) -> torch.Tensor:
    """The descriptors float32 [T, h, w, D] of squares of a photo."""
    batches = (frames[start : start + BATCH] for start in range(0, len(frames), BATCH))
    pictures = (np.stack([cut_out(image, frame, SIZE) for frame in some]) for some in batches)
    return torch.cat([encode_fitting(encoder, some).descriptors for some in pictures])


def _slid(image: npt.NDArray[np.uint8], squares: list[Squares], views: ComparedViews) -> Floats:
    """Boxes float64 [n, 4] of different places, the best first."""
    inside = views.maps[_covered(views.masks)]
    basis = torch.linalg.svd(inside[:: max(1, len(inside) // 4000)], full_matrices=False)[2][:COMPONENTS].T
    drawn = (views.maps @ basis * views.masks[..., None]).permute(0, 3, 1, 2)
    found = []
    for one in squares:
        seen = torch.einsum("tchw,cd->tdhw", one.descriptors, basis).contiguous()
        found += [_slide(seen, drawn, views, round(cells / views.fill), one.frames) for cells in one.spans]
    boxes, scores = (np.concatenate(values) for values in zip(*found, strict=True))
    left, top, right, bottom = whole_image(image)
    boxes = np.clip(boxes, [left, top, left, top], [right, bottom, right, bottom])
    large = _large(boxes)
    return np.asarray(boxes[large][_distinct(boxes[large], scores[large], CLOSER)])


def _large(boxes: Floats) -> npt.NDArray[np.bool_]:
    """Which of boxes [n, 4] a shape can be aligned in."""
    size = boxes[:, 2:] - boxes[:, :2]
    return np.asarray((size.min(1) >= SMALLEST) & (size.max(1) >= SMALLEST_BOX))


def _moved(boxes: Floats, image: npt.NDArray[np.uint8], moves: Sequence[Move]) -> Floats:
    """Boxes [n, 4] made larger and smaller, and moved, as far as they stay large enough."""
    size, middle = boxes[:, 2:] - boxes[:, :2], (boxes[:, :2] + boxes[:, 2:]) / 2
    left, top, right, bottom = whole_image(image)
    found = [
        np.concatenate([middle + size * (shift - scale / 2), middle + size * (shift + scale / 2)], axis=1)
        for scale, shift in ((s, np.array(at)) for s, at in moves)
    ]
    cut = np.clip(np.concatenate(found), [left, top, left, top], [right, bottom, right, bottom])
    return np.asarray(cut[_large(cut)])


def _closely(image: npt.NDArray[np.uint8], boxes: Floats, views: ComparedViews, encoder: ImageEncoder) -> Floats:
    """How much what is in boxes [n, 4] looks like the template that agrees best with it, float [n]."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(1) / views.fill / 2
    frames = [(float(x - h), float(y - h), float(x + h), float(y + h)) for (x, y), h in zip(middle, half, strict=True)]
    maps = F.normalize(_described(image, frames, encoder), dim=-1)
    usual = views.masks.mean(0).expand(len(maps), -1, -1)
    weights = views.maps * (views.masks / views.masks.sum((1, 2), keepdim=True))[..., None]
    return np.asarray((centred(maps, usual).flatten(1) @ weights.flatten(1).T).amax(1).numpy(), np.float64)


def _covered(masks: torch.Tensor) -> torch.Tensor:
    """The cells bool [V, c, c] of masks [V, c, c] that show mostly the shape, or as much of it as any: it may be thin."""
    return masks > masks.amax((1, 2), keepdim=True) / 2


def _extents(masks: torch.Tensor) -> Floats:
    """The boxes float64 [V, 4] of masks [V, c, c], as shares of their sides."""
    found = []
    for mask in _covered(masks).numpy():
        columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
        found.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return np.array(found, np.float64) / masks.shape[-1]


def _slide(
    seen: torch.Tensor, drawn: torch.Tensor, views: ComparedViews, size: int, frames: Floats
) -> tuple[Floats, npt.NDArray[np.float32]]:
    """Boxes [n, 4] and scores [n] where templates [V, K, c, c] of ``size`` cells agree best with squares [T, K, h, h]."""
    small = F.interpolate(views.masks[:, None], (size, size), mode="area")
    kernels = F.interpolate(drawn, (size, size), mode="area")
    kernels = F.normalize(kernels, dim=1) * small / small.sum((2, 3), keepdim=True)
    beyond = size // 4
    best, view = F.conv2d(F.pad(seen, (beyond,) * 4), kernels).max(1)
    peaks = best == F.max_pool2d(best[:, None], 5, 1, 2)[:, 0]
    square, row, column = (index.numpy() for index in torch.nonzero(peaks, as_tuple=True))
    cell = (frames[square, 2] - frames[square, 0]) / seen.shape[-1]
    corner = frames[square, :2] + (np.stack([column, row], axis=-1) - beyond) * cell[:, None]
    boxes = np.tile(corner, 2) + views.extents[view[peaks].numpy()] * (size * cell)[:, None]
    return boxes, best[peaks].numpy()


def _distinct(boxes: Floats, scores: Floats, count: int) -> list[int]:
    """The numbers of the best of boxes [n, 4] that differ, the best first (non-maximum suppression)."""
    kept: list[int] = []
    for index in np.argsort(-scores):
        if not kept or box_overlap(boxes[index], boxes[kept]).max() < SAME:
            kept.append(int(index))
        if len(kept) == count:
            break
    return kept


def box_overlap(box: npt.ArrayLike, others: npt.ArrayLike) -> Floats:
    """Return the intersection over union float64 [N] of a box [4] with others [N, 4] (x0, y0, x1, y1)."""
    one, many = np.asarray(box, np.float64), np.atleast_2d(np.asarray(others, np.float64))
    both = (np.minimum(one[2:], many[:, 2:]) - np.maximum(one[:2], many[:, :2])).clip(0).prod(1)
    areas = (many[:, 2:] - many[:, :2]).prod(1)
    return np.asarray(both / np.maximum((one[2:] - one[:2]).prod() + areas - both, 1e-9))
