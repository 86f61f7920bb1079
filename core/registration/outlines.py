"""Where the outline of a drawn object is in the photo: lines across it, and colours on both sides.

After Stoiber et al., "SRT3D: A Sparse Region-Based 3D Object Tracking Approach for the Real World" (IJCV 2022), Eq. 6 to 13: every line
across the outline is a row of pixels that the object's colours explain on one side and the background's on the other;
the posterior of where they meet has a mean and a variance, which are a residual in pixels and its weight.
"""

import cv2
import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.registration.drawing import Drawing
from core.registration.pairs import Pairs

Bools = npt.NDArray[np.bool_]

LINES = 120
"""Lines of one outline at most."""

BINS = 12
"""Of each of the three colour channels."""

AMPLITUDE, SLOPE = 0.42, 1.5
"""Of the smoothed step: how sure the colour of a pixel says its side, and over how many pixels the sides mix."""

EDGE, FLAT = 8.0, 0.02
"""Change of colour from one pixel to the next (CIE 1976) that is an edge, and how likely an outline is without one."""

APART = 18.0
"""Colours that differ by more (CIE 1976, lightness by half) are not those of the object."""

SURE = 0.5
"""Standard deviation in the window's pixels that no line falls below."""


def outline_pairs(drawing: Drawing, reach: int) -> Pairs:
    """Find where the outline of a drawn object lies along lines that cross it.

    Args:
        drawing: of the object.
        reach: of the lines to both sides, in pixels of the window.

    Returns:
        Pairs that say something along the line only.
    """
    alike = _alike(drawing)
    at, normal, border = outline(drawing, alike)
    if len(at) < 8:
        return Pairs.none()
    object_, background = _colours(drawing, alike, reach)
    offsets = np.arange(-reach, reach + 1)
    places = at[:, None] + (border[:, None] + offsets)[..., None] * normal[:, None]
    across, down = (places[..., i].astype(np.float32) for i in (0, 1))
    lab = cv2.remap(drawing.window.lab, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    index = _bins(lab)
    blocked = cv2.remap(drawing.other.astype(np.float32), across, down, cv2.INTER_NEAREST)
    of_object, of_background = object_[index] + 1e-5, background[index] + 1e-5
    share = np.where(blocked > 0, 0.5, of_object / (of_object + of_background))
    step = 0.5 - AMPLITUDE * np.tanh((offsets[None] - offsets[:, None]) / (2 * SLOPE))  # [place of the edge, pixel]
    likely = np.log(step * share[:, None] + (1 - step) * (1 - share[:, None])).sum(-1)
    contrast = np.linalg.norm(np.gradient(lab, axis=1), axis=-1)
    edge = contrast**2 / (contrast**2 + EDGE**2) * (contrast / np.maximum(contrast.max(1, keepdims=True), 1e-6)) ** 4
    posterior = np.exp(likely - likely.max(1, keepdims=True)) * (edge + FLAT)
    posterior /= posterior.sum(1, keepdims=True)
    mean = posterior @ offsets
    variance = posterior @ offsets.astype(float) ** 2 - mean**2 + SURE**2
    moved = at + mean[:, None] * normal
    cell = np.rint(at).astype(int)
    step_size = drawing.window.step
    weight = normal[:, :, None] * normal[:, None] / (np.sqrt(variance)[:, None, None] * step_size)
    return Pairs(drawing.points[cell[:, 1], cell[:, 0]], drawing.window.corner + moved * step_size, weight)


def outline(drawing: Drawing, alike: Bools) -> tuple[Floats, Floats, Floats]:
    """Pixels of the window [n, 2] on the object's own outline, directions [n, 2] outwards, and how far along them it ends [n].

    It ends between its last pixel and the next; where its smoothed silhouette is one half.
    """
    seen = drawing.seen.astype(np.uint8)
    found = cv2.findContours(seen, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
    if not found:
        return np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0)
    at = np.concatenate([one[:, 0] for one in found if len(one) > 12] or [np.zeros((0, 2), int)])
    hidden = cv2.dilate((drawing.other | ~drawing.window.inside).astype(np.uint8), np.ones((5, 5), np.uint8))
    rim = 2
    side = len(seen)
    free = ((at >= rim) & (at < side - rim)).all(1)
    at = at[free]
    at = at[hidden[at[:, 1], at[:, 0]] == 0]
    smooth = cv2.GaussianBlur(drawing.own.astype(np.float32), (0, 0), 1.5)
    slope = np.stack([cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)], axis=-1) / 8
    normal = -slope[at[:, 1], at[:, 0]]
    size = np.linalg.norm(normal, axis=1)
    steep = size > 1e-3
    at, size, normal = at[steep], size[steep], normal[steep] / size[steep, None]
    inside = (at[:, None] - np.array([2, 3, 4, 5])[:, None] * normal[:, None]).round().astype(int).clip(0, side - 1)
    shown = alike[inside[..., 1], inside[..., 0]].mean(1) > 0.5
    at, normal, size = at[shown], normal[shown], size[shown]
    chosen = np.linspace(0, len(at) - 1, min(LINES, len(at))).astype(int)
    at, normal, size = at[chosen], normal[chosen], size[chosen]
    border = np.clip((smooth[at[:, 1], at[:, 0]] - 0.5) / size, 0, 1)
    return at.astype(np.float64), normal.astype(np.float64), border.astype(np.float64)


def _alike(drawing: Drawing) -> Bools:
    """Pixels of the window [side, side] whose colours are as drawn; others show something that nobody drew."""
    if drawing.lab is None or not drawing.seen.any():
        return drawing.seen
    apart = drawing.window.lab - drawing.lab
    apart = (apart - np.median(apart[drawing.seen], axis=0)) * [0.5, 1, 1]
    return np.asarray(drawing.seen & (np.linalg.norm(apart, axis=-1) < APART))


def share_alike(drawing: Drawing) -> float:
    """Which share of what is seen of a drawn object has the colours that are drawn; less where something that nobody drew hides it."""
    return float(_alike(drawing).sum() / max(int(drawing.seen.sum()), 1))


def _bins(lab: Floats) -> npt.NDArray[np.intp]:
    place = np.stack([lab[..., 0] / 100, (lab[..., 1] + 90) / 180, (lab[..., 2] + 90) / 180], axis=-1)
    cell = np.clip((place * [BINS, 2 * BINS, 2 * BINS]).astype(int), 0, [BINS - 1, 2 * BINS - 1, 2 * BINS - 1])
    return np.asarray((cell[..., 0] * 2 * BINS + cell[..., 1]) * 2 * BINS + cell[..., 2])


def _colours(drawing: Drawing, alike: Bools, reach: int) -> tuple[Floats, Floats]:
    """How frequent colours are on the object and around it [BINS * 2 BINS * 2 BINS]."""
    lab, seen = drawing.window.lab, drawing.seen
    around = cv2.dilate(drawing.own.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=reach + 2) > 0
    around &= ~drawing.own & ~drawing.other & drawing.window.inside
    inner = cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2, borderValue=0) > 0
    inner &= alike
    inner = inner if inner.sum() > 40 else seen
    object_ = histogram(lab[inner])
    if drawing.lab is not None:
        object_ = 0.5 * object_ + 0.5 * histogram(drawing.lab[drawing.own])
    return object_, histogram(lab[around])


def histogram(lab: Floats) -> Floats:
    """How frequent colours [n, 3] are, float64 [BINS * 2 BINS * 2 BINS]."""
    counts = np.bincount(_bins(lab).ravel(), minlength=BINS * 4 * BINS * BINS).astype(np.float32)
    cube = counts.reshape(BINS, 2 * BINS, 2 * BINS)
    for axis in range(3):  # neighbouring colours count too
        cube = 0.5 * cube + 0.25 * (np.roll(cube, 1, axis) + np.roll(cube, -1, axis))
    return np.asarray(cube.ravel() / max(float(counts.sum()), 1.0))


def histogram_log_odds(drawing: Drawing, colours: Floats | None = None) -> npt.NDArray[np.float32]:
    """How much each pixel of a window has the drawn object's colours rather than others, float32 [side, side] in [-1, 1].

    Brightness may be another. Nothing of where the object is drawn is used, but by those who say which ``colours`` photos show of it.
    """
    assert drawing.lab is not None
    object_ = np.zeros(BINS * 4 * BINS * BINS)
    for change in (-12, -6, 0, 6, 12):
        object_ += histogram(drawing.lab[drawing.own] + np.array([change, 0, 0])) / 5
    if colours is not None:
        object_ = (object_ + colours) / 2
    index = _bins(drawing.window.lab)
    whole = histogram(drawing.window.lab)
    share = (object_[index] + 1e-4) / (object_[index] + whole[index] + 2e-4)
    return np.asarray(2 * share - 1, np.float32)
