"""Feature maps of images: the descriptors of the part that a box frames."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from core.encoders.base import ImageEncoder, encode_fitting
from core.errors import CounterpointError
from core.geometry.pixel_grid import pixel_grid
from core.notices import warn

Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1): the left, top, right and bottom edge in pixel coordinates (pixel centres are whole numbers)."""

MIN_BOX = 4.0
"""The least width and height of a box inside the image, in pixels."""

LEAST_INSIDE = 0.5
"""Of a box of which less than this share lies in the image that is said."""


@dataclass
class FeatureMap:
    """The descriptors of one picture.

    Attributes:
        descriptors: float32 [h, w, D], as the encoder gave them, not of unit length.
        foreground: float32 [h, w], the probability that a cell belongs to the object, or None if the encoder does not
            know.
        frame: the square of the image that the map covers, in pixels; it may reach beyond the image.
        box: the part of the frame that the user asked for, in pixels; matches lie in it.
    """

    descriptors: torch.Tensor
    foreground: torch.Tensor | None
    frame: Box
    box: Box

    @property
    def unit(self) -> torch.Tensor:
        """The unit descriptors float32 [h, w, D] at the centres of the map's cells."""
        return F.normalize(self.descriptors, dim=-1)

    def to_cells(self, pixels: npt.ArrayLike) -> npt.NDArray[np.floating]:
        """Return the cell coordinates (column, row), float64 [..., 2], of image pixels (u, v) [..., 2].

        They are continuous; the centre of cell (0, 0) is at (0, 0).
        """
        x0, y0, x1, y1 = self.frame
        h, w = self.descriptors.shape[:2]
        return (np.asarray(pixels, np.float64) - [x0, y0]) / [x1 - x0, y1 - y0] * [w, h] - 0.5

    def to_pixels(self, cells: npt.ArrayLike) -> npt.NDArray[np.floating]:
        """Return the image pixels (u, v), float64 [..., 2], of cell coordinates (column, row) [..., 2].

        The inverse of :meth:`to_cells`.
        """
        x0, y0, x1, y1 = self.frame
        h, w = self.descriptors.shape[:2]
        return (np.asarray(cells, np.float64) + 0.5) / [w, h] * [x1 - x0, y1 - y0] + [x0, y0]

    def cell_pixels(self) -> npt.NDArray[np.floating]:
        """Return the image pixels (u, v) of the cells' centres, float64 [h, w, 2]."""
        h, w = self.descriptors.shape[:2]
        return self.to_pixels(pixel_grid(w, h))

    def inside(self) -> npt.NDArray[np.bool_]:
        """Return which cells have their centre in ``box``, bool [h, w]."""
        u, v = np.moveaxis(self.cell_pixels(), -1, 0)
        x0, y0, x1, y1 = self.box
        return np.asarray((u >= x0) & (u <= x1) & (v >= y0) & (v <= y1))

    def sample(self, pixels: npt.ArrayLike) -> torch.Tensor:
        """Return unit descriptors float32 [N, D] at image pixels (u, v) [N, 2], interpolated bilinearly."""
        return sample_grid(self.descriptors, self.to_cells(pixels))


def sample_grid(grid: torch.Tensor, cells: npt.ArrayLike) -> torch.Tensor:
    """Interpolate descriptors bilinearly and normalise them.

    Args:
        grid: float32 [h, w, D].
        cells: continuous cell coordinates (column, row) [N, 2]; beyond the grid its edge repeats.

    Returns:
        Unit descriptors float32 [N, D].
    """
    return F.normalize(_interpolated(grid, np.reshape(cells, (-1, 2))), dim=-1)


def sample_values(grid: torch.Tensor, cells: npt.ArrayLike) -> torch.Tensor:
    """Interpolate a grid float32 [h, w] bilinearly at continuous cell coordinates (column, row) [..., 2]: float32 [...].

    Beyond the grid its edge repeats.
    """
    at = np.asarray(cells)
    return _interpolated(grid[..., None], at.reshape(-1, 2)).reshape(at.shape[:-1])


def _interpolated(grid: torch.Tensor, cells: npt.NDArray[np.floating]) -> torch.Tensor:
    h, w = grid.shape[:2]
    at = torch.as_tensor(np.asarray(cells, np.float32)).to(grid.device).reshape(1, 1, -1, 2)
    scaled = (at + 0.5) * 2 / torch.tensor([w, h], device=grid.device) - 1
    values = F.grid_sample(grid.permute(2, 0, 1)[None], scaled, align_corners=False, padding_mode="border")
    return values[0, :, 0].T


def whole_image(image: npt.NDArray[np.uint8]) -> Box:
    """Return the box of all pixels of an image uint8 [H, W, 3]."""
    height, width = image.shape[:2]
    return (-0.5, -0.5, width - 0.5, height - 0.5)


def box_around(mask: npt.NDArray[np.bool_]) -> Box:
    """Return the box around the pixels of a mask bool [H, W], which must not be empty."""
    rows, columns = np.nonzero(mask)
    return float(columns.min()) - 0.5, float(rows.min()) - 0.5, float(columns.max()) + 0.5, float(rows.max()) + 0.5


def check_box(box: Box, image: npt.NDArray[np.uint8]) -> Box:
    """Return a box with its corners in order, cut to an image uint8 [H, W, 3].

    Raises:
        CounterpointError: the box is not finite, or has less than ``MIN_BOX`` pixels of width or height inside the
            image.
    """
    if not np.isfinite(box).all():
        raise CounterpointError("The box is not made of numbers; give it as X0,Y0,X1,Y1 in pixels.")
    (x0, x1), (y0, y1) = sorted((box[0], box[2])), sorted((box[1], box[3]))
    left, top, right, bottom = whole_image(image)
    cut = (max(x0, left), max(y0, top), min(x1, right), min(y1, bottom))
    given, size = ",".join(f"{value:.4g}" for value in box), f"{image.shape[1]} x {image.shape[0]}"
    if min(x0, y0) >= 0 and x1 <= 1 and y1 <= 1 and size != "1 x 1":
        raise CounterpointError(
            f"The box {given} is given in shares of the image; give X0,Y0,X1,Y1 in its pixels ({size})."
        )
    if cut[2] - cut[0] < MIN_BOX or cut[3] - cut[1] < MIN_BOX:
        raise CounterpointError(
            f"The box {given} covers less than {MIN_BOX:.0f} pixels of the image ({size}); draw a larger one."
        )
    if (cut[2] - cut[0]) * (cut[3] - cut[1]) < LEAST_INSIDE * (x1 - x0) * (y1 - y0):
        warn(f"Most of the box {given} lies outside of the image ({size}): check that its pixels are of this image.")
    if box[2] < box[0] or box[3] < box[1]:
        warn(
            f"The box {given} ends left of where it begins, or above it: its corners were put in order. If its numbers are x, y, width "
            "and height, give X0,Y0,X1,Y1 instead."
        )
    return cut


def square_frame(box: Box, margin: float) -> Box:
    """Return the square around a box, with a margin on every side that is a fraction of the box's longer side."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half = max(box[2] - box[0], box[3] - box[1]) * (0.5 + margin)
    return (x - half, y - half, x + half, y + half)


def cut_out(image: npt.NDArray[np.uint8], frame: Box, size: int) -> npt.NDArray[np.uint8]:
    """Resample the part of an image inside a square.

    Args:
        image: uint8 [H, W, 3].
        frame: the square (x0, y0, x1, y1) in pixels; beyond the image its edge repeats.
        size: the side of the result in pixels.

    Returns:
        uint8 [size, size, 3].
    """
    step = (frame[2] - frame[0]) / size
    if step > 2:  # average first, so that a large image does not alias
        x0, y0 = (max(0, int(np.floor(v))) for v in frame[:2])
        x1, y1 = int(np.ceil(frame[2])) + 1, int(np.ceil(frame[3])) + 1
        part = image[y0:y1, x0:x1]
        shrink = 2 / step
        part = cv2.resize(
            part,
            (max(1, round(part.shape[1] * shrink)), max(1, round(part.shape[0] * shrink))),
            interpolation=cv2.INTER_AREA,
        )
        sx, sy = part.shape[1] / (min(x1, image.shape[1]) - x0), part.shape[0] / (min(y1, image.shape[0]) - y0)
        frame = (
            (frame[0] - x0 + 0.5) * sx - 0.5,
            (frame[1] - y0 + 0.5) * sy - 0.5,
            (frame[2] - x0 + 0.5) * sx - 0.5,
            (frame[3] - y0 + 0.5) * sy - 0.5,
        )
        image = part
    sx, sy = (frame[2] - frame[0]) / size, (frame[3] - frame[1]) / size
    matrix = np.array([[sx, 0, frame[0] + 0.5 * sx], [0, sy, frame[1] + 0.5 * sy]])
    flags = (cv2.INTER_CUBIC if sx < 1 else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def encode_image(
    encoder: ImageEncoder,
    image: npt.NDArray[np.uint8],
    box: Box | None = None,
    margin: float = 0.15,
    size: int | None = None,
) -> FeatureMap:
    """Encode the square around a box of an image.

    Args:
        encoder: describes the pixels.
        image: RGB uint8 [H, W, 3].
        box: (x0, y0, x1, y1) in pixels; None for the whole image, without margin.
        margin: what the square adds to the box on every side, as a fraction of the box's longer side.
        size: the side in pixels of the picture that the encoder gets; None for both that it likes, for photos and for
            renders, whose descriptors are averaged.

    Raises:
        CounterpointError: the box is not finite, or has too little of the image in it.
    """
    return encode_turned(encoder, image, box, (0,), margin, size)[0]


def encode_turned(
    encoder: ImageEncoder,
    image: npt.NDArray[np.uint8],
    box: Box | None = None,
    turns: tuple[int, ...] = (0, 1, 2, 3),
    margin: float = 0.15,
    size: int | None = None,
) -> tuple[FeatureMap, ...]:
    """Encode the square around a box of an image several times, turned by quarter turns.

    Args:
        encoder: describes the pixels.
        image: RGB uint8 [H, W, 3].
        box: (x0, y0, x1, y1) in pixels; None for the whole image, without margin.
        turns: the numbers of quarter turns.
        margin: what the square adds to the box on every side, as a fraction of the box's longer side.
        size: the side in pixels of the picture that the encoder gets; None for both that it likes, for photos and for
            renders, whose descriptors are averaged.

    Returns:
        A feature map for each turn, turned back, so that all refer to the same pixels.

    Raises:
        CounterpointError: the box is not finite, or has too little of the image in it.
    """
    area = whole_image(image) if box is None else check_box(box, image)
    frame = square_frame(area, 0.0 if box is None else margin)
    sizes = sorted({encoder.photo_size, encoder.input_size}) if size is None else [size]
    pictures = [cut_out(image, frame, side) for side in sizes]
    seen = [encode_fitting(encoder, np.stack([np.rot90(picture, turn) for turn in turns])) for picture in pictures]
    descriptors = _averaged([F.normalize(one.descriptors.movedim(-1, 1), dim=1) for one in seen])
    grounds = [one.foreground[:, None] for one in seen if one.foreground is not None]
    foreground = _averaged(grounds)[:, 0] if grounds else None
    maps = []
    for i, turn in enumerate(turns):
        there = torch.rot90(F.normalize(descriptors[i].movedim(0, -1), dim=-1), -turn, (0, 1))
        ground = None if foreground is None else torch.rot90(foreground[i], -turn, (0, 1))
        maps.append(FeatureMap(there.contiguous(), ground, frame, area))
    return tuple(maps)


def _averaged(grids: list[torch.Tensor]) -> torch.Tensor:
    """The mean of grids float32 [B, C, h, w] of several sizes, on the largest."""
    size = grids[-1].shape[-2:]
    return torch.stack([F.interpolate(grid, size, mode="bilinear") for grid in grids]).mean(0)
