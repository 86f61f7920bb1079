"""Where small pieces of a drawn object's surface are in the photo, by their colours.

Each is looked for near where it is drawn by normalised cross-correlation within the object's own pixels, which leaves a
change of brightness and contrast free; how exact it is follows from the piece's structure tensor (Foerstner and Guelch, 1987).
"""

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.arrays import Floats
from core.registration.drawing import Drawing
from core.registration.pairs import Pairs

PIECES = 120
"""Pieces of one object at most."""

HALF = 5
"""Half the side of a piece in pixels of the window."""

ALIKE = 0.7
"""Least correlation of a piece with the place where it is found."""

CONTRAST = 4.0
"""Least standard deviation of a piece's colours (CIE 1976): shading alone turns with the light."""

CORRELATED = 12.0
"""Pixels that say together as much as one alone, because neighbours err together."""

SURE = 0.35
"""Standard deviation in the window's pixels that no piece falls below."""


def patch_pairs(drawing: Drawing, reach: int) -> Pairs:
    """Find where pieces of a drawn object lie.

    Args:
        drawing: of the object; one without colours of its own says nothing.
        reach: how far from where it is drawn a piece is looked for, in pixels of the window.

    Returns:
        Pairs that say most across the edges of the piece.
    """
    at = _places(drawing, reach)
    if drawing.lab is None or len(at) < 6:
        return Pairs.none()
    size = 2 * HALF + 1
    pieces = _cut(drawing.lab, at, HALF)
    weight = _cut(drawing.seen[..., None].astype(np.float32), at, HALF)
    count = weight.sum((1, 2, 3))
    centred = (pieces - (pieces * weight).sum((1, 2), keepdims=True) / count[:, None, None, None]) * weight
    energy = (centred**2).sum((1, 2, 3))
    score = _correlation(_cut(drawing.window.lab, at, HALF + reach), centred, weight, energy)
    best, peak, whole = _peaks(score)
    information = _structure(centred, weight) * (best**2 / np.maximum(1 - best**2, 0.02))[:, None, None]
    information *= (count / np.maximum(energy, 1e-6))[:, None, None] / CORRELATED
    good = whole & (best > ALIKE) & (energy / count > CONTRAST**2) & (count > 0.35 * size * size)
    covariance = np.linalg.inv(information[good] + 1e-4 * np.eye(2)) + SURE**2 * np.eye(2)
    values, vectors = np.linalg.eigh(covariance)
    roots = np.einsum("nik,nk,njk->nij", vectors, 1 / np.sqrt(values), vectors) / drawing.window.step
    found = drawing.window.corner + drawing.window.step * (at + peak)[good]
    return Pairs(drawing.points[at[good, 1], at[good, 0]], found, roots)


def _places(drawing: Drawing, reach: int) -> npt.NDArray[np.intp]:
    """Pixels [n, 2] of the object whose surroundings lie inside of the window, spread over it."""
    edge = HALF + reach + 1
    free = np.zeros_like(drawing.seen)
    free[edge:-edge, edge:-edge] = True
    inner = cv2.erode(drawing.seen.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    rows, columns = np.nonzero(free & inner)
    if len(rows) == 0:
        return np.zeros((0, 2), np.intp)
    step = max(2, int(np.sqrt(len(rows) / PIECES)))
    grid = (rows % step == step // 2) & (columns % step == step // 2)
    return np.stack([columns[grid], rows[grid]], axis=-1)


def _cut(image: Floats, at: npt.NDArray[np.intp], half: int) -> Floats:
    """Squares [n, 2 half + 1, 2 half + 1, C] around pixels [n, 2] of an image [H, W, C]; 0 outside."""
    padded = np.pad(image, ((half, half), (half, half), (0, 0)))
    span = np.arange(2 * half + 1)
    return np.asarray(padded[at[:, 1, None, None] + span[:, None], at[:, 0, None, None] + span], np.float32)


def _correlation(around: Floats, centred: Floats, weight: Floats, energy: Floats) -> Floats:
    """Normalised cross-correlation [n, k, k] of weighted pieces [n, p, p, 3] at every shift inside of squares."""
    n, _, _, channels = around.shape
    image = torch.from_numpy(np.ascontiguousarray(around.transpose(0, 3, 1, 2)))
    image = image - image.mean((2, 3), keepdim=True)
    kernel = torch.from_numpy(np.ascontiguousarray(centred.transpose(0, 3, 1, 2)))
    mask = torch.from_numpy(np.ascontiguousarray(weight.transpose(0, 3, 1, 2)))
    correlate = torch.nn.functional.conv2d
    size = image.shape[-2:]
    product = correlate(image.reshape(1, n * channels, *size), kernel, groups=n)[0]
    every = torch.cat([image, (image**2).sum(1, keepdim=True)], 1)
    sums = correlate(every.reshape(1, n * 4, *size), mask.repeat_interleave(4, 0), groups=n * 4)[0]
    sums = sums.reshape(n, 4, *product.shape[-2:])
    spread = (sums[:, 3] - (sums[:, :3] ** 2).sum(1) / mask.sum((1, 2, 3))[:, None, None]).clamp(min=1e-3)
    return np.asarray((product / (spread.sqrt() * torch.from_numpy(np.sqrt(energy + 1e-6))[:, None, None])).numpy())


def _peaks(score: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """The best correlations [n], their shifts [n, 2] with fractions, and whether they lie inside of the reach [n]."""
    n, side, _ = score.shape
    best = score.reshape(n, -1).argmax(1)
    row, column = best // side, best % side
    whole = (row > 0) & (row < side - 1) & (column > 0) & (column < side - 1)
    r, c, k = np.clip(row, 1, side - 2), np.clip(column, 1, side - 2), np.arange(n)
    middle = score[k, r, c]

    def fraction(before: Floats, after: Floats) -> Floats:
        bend = before + after - 2 * middle
        return np.clip(np.where(bend < -1e-6, 0.5 * (before - after) / np.minimum(bend, -1e-6), 0), -0.5, 0.5)

    across, down = fraction(score[k, r, c - 1], score[k, r, c + 1]), fraction(score[k, r - 1, c], score[k, r + 1, c])
    shift = np.stack([c + across, r + down], axis=-1) - (side - 1) / 2
    return score.reshape(n, -1).max(1), shift, whole


def _structure(centred: Floats, weight: Floats) -> Floats:
    """The structure tensors [n, 2, 2] of pieces [n, p, p, 3], over pixels whose neighbours belong to the object."""
    inner = (
        weight[:, 1:-1, 1:-1] * weight[:, 1:-1, 2:] * weight[:, 1:-1, :-2] * weight[:, 2:, 1:-1] * weight[:, :-2, 1:-1]
    )
    across = (centred[:, 1:-1, 2:] - centred[:, 1:-1, :-2]) / 2 * inner
    down = (centred[:, 2:, 1:-1] - centred[:, :-2, 1:-1]) / 2 * inner
    slope = np.stack([across, down], axis=-1)
    return np.asarray(np.einsum("nhwci,nhwcj->nij", slope, slope), np.float64)
