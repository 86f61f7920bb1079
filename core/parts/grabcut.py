"""The offline segmenter: OpenCV's GrabCut (Rother et al., 2004).

It is seeded by the prompts and by the encoder's descriptors.
"""

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box, FeatureMap, encode_image, whole_image
from core.parts.prominence import prominence
from core.parts.prompts import Candidate, Mask, Prompts

SIDE = 200
"""The longer side of the picture that GrabCut works on, in pixels."""

GREED = (0.15, 0.3, 0.5)
"""The three candidates: pixels this far from the likest count as probably inside."""

OBJECT = (0.67, 0.55, 0.75)
"""The three candidates where only a box is given: the object fills about this share of it, and its most prominent half
is certain."""

AROUND = 3
"""So many pixels of that picture around a point belong to it."""

DOUBT = 0.18
"""Pixels whose likeness differs by more than this from where the candidate's border is drawn are not left to their
colour."""


class GrabCutSegmenter:
    """A :class:`core.parts.prompts.Segmenter` that needs no weights of its own."""

    name = "grabcut"

    def __init__(self, encoder: ImageEncoder | None = None, box: Box | None = None):
        """Make a segmenter.

        Args:
            encoder: describes the pixels; None goes by colours alone.
            box: (x0, y0, x1, y1) in pixels around the object, which parts lie in.
        """
        self._encoder, self._box = encoder, box
        self._image: npt.NDArray[np.uint8] | None = None
        self._map: FeatureMap | None = None

    def set_image(self, image: npt.NDArray[np.uint8]) -> None:
        """See :meth:`core.parts.prompts.Segmenter.set_image`."""
        self._image = image
        self._map = (
            None
            if self._encoder is None
            else encode_image(self._encoder, image, self._box, size=self._encoder.input_size)
        )

    def predict(self, prompts: Prompts) -> list[Candidate]:
        """See :meth:`core.parts.prompts.Segmenter.predict`."""
        image = self._image
        assert image is not None, "set_image comes first"
        height, width = image.shape[:2]
        prompts.check((width, height))
        frame = _frame(prompts.box or self._box, (width, height))
        part = image[frame[1] : frame[3], frame[0] : frame[2]]
        scale = min(4.0, SIDE / max(part.shape[:2]))
        size = (max(2, round(part.shape[1] * scale)), max(2, round(part.shape[0] * scale)))
        small = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        sure_in, sure_out = _seeds(prompts, frame, size)
        u, v = np.meshgrid(np.linspace(frame[0], frame[2] - 1, size[0]), np.linspace(frame[1], frame[3] - 1, size[1]))
        likeness = self._likeness(prompts, u, v)
        if likeness is not None:
            starts = [_alike(likeness, greed) for greed in GREED]
        else:
            box = prompts.box or self._box or whole_image(image)
            likeness = prominence(box, u, v, self._framing(box)).astype(np.float32)
            starts = [_prominent(likeness, share) for share in OBJECT]
        found = []
        for labels in starts:
            mask = _tidy(_cut(small, labels, sure_in, sure_out), sure_in) & ~sure_out
            whole = np.zeros((height, width), bool)
            large = cv2.resize(mask.astype(np.float32), part.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
            whole[frame[1] : frame[3], frame[0] : frame[2]] = large
            found.append(Candidate(_obeying(whole, prompts, 1 / scale), _score(small, mask, likeness)))
        return sorted(found, key=lambda candidate: -candidate.score)

    def _framing(self, box: Box) -> FeatureMap | None:
        """Return the feature map of the square around a box."""
        if self._encoder is None or self._image is None:
            return None
        return encode_image(self._encoder, self._image, box, size=self._encoder.input_size)

    def _likeness(
        self, prompts: Prompts, u: npt.NDArray[np.floating], v: npt.NDArray[np.floating]
    ) -> npt.NDArray[np.float32] | None:
        """Return how much more each pixel is like places in the part than like those outside it.

        The likeness is float32 [h, w] in [0, 1].
        """
        if self._map is None or not (prompts.add or prompts.painted is not None):
            return None
        inside = [*prompts.add, *_pixels(prompts.painted)]
        near = (self._map.unit @ self._map.sample(inside).T).amax(-1)
        outside = [*prompts.remove, *_pixels(prompts.erased)]
        if outside:
            against = (self._map.unit @ self._map.sample(outside).T).amax(-1)
            near = near * torch.sigmoid((near - against) / 0.03)
        low, high = float(near.quantile(0.1)), float(near.max())
        cells = self._map.to_cells(np.stack([u, v], axis=-1)).astype(np.float32)
        values = cv2.remap(
            near.numpy(), cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(np.clip((values - low) / max(high - low, 1e-6), 0, 1), np.float32)


def _frame(box: Box | None, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the part of the image that is worked on: the box with a margin, or all of it."""
    width, height = size
    if box is None:
        return 0, 0, width, height
    x0, y0, x1, y1 = box
    margin = 0.3 * max(x1 - x0, y1 - y0) + 4
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    return left, top, max(left + 2, min(width, int(x1 + margin) + 1)), max(top + 2, min(height, int(y1 + margin) + 1))


def _seeds(prompts: Prompts, frame: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[Mask, Mask]:
    """Return the pixels that are inside for certain, and those that are outside for certain, bool [h, w] each."""
    sx, sy = size[0] / (frame[2] - frame[0]), size[1] / (frame[3] - frame[1])
    marks = []
    add, remove = prompts.add, prompts.remove
    for points, other, stroke in ((add, remove, prompts.painted), (remove, add, prompts.erased)):
        canvas = np.zeros(size[::-1], np.uint8)
        for (u, v), room in zip(points, _rooms(points, other), strict=True):
            place = round((u - frame[0]) * sx), round((v - frame[1]) * sy)
            cv2.circle(canvas, place, int(min(AROUND, room * sx)), 1, -1)
        if stroke is not None:
            cut = stroke[frame[1] : frame[3], frame[0] : frame[2]].astype(np.uint8)
            canvas |= cv2.resize(cut, size, interpolation=cv2.INTER_NEAREST)
        marks.append(canvas.astype(bool))
    outside = marks[1]
    inside = marks[0] & ~outside
    if prompts.box is not None:
        x0, y0, x1, y1 = prompts.box
        box = np.zeros_like(inside)
        rows = slice(max(0, round((y0 - frame[1]) * sy)), max(1, round((y1 - frame[1]) * sy)) + 1)
        box[rows, max(0, round((x0 - frame[0]) * sx)) : max(1, round((x1 - frame[0]) * sx)) + 1] = True
        outside |= ~box & ~inside
    return inside, outside


def _rooms(points: list[tuple[float, float]], other: list[tuple[float, float]]) -> list[float]:
    """Return for each point how far around it nothing is nearer to one of the others, in pixels."""
    return [min((float(np.hypot(u - x, v - y)) / 2 for x, y in other), default=np.inf) for u, v in points]


def _obeying(mask: Mask, prompts: Prompts, most: float) -> Mask:
    """Return a mask bool [H, W] that holds the pixels that were pointed at, and not those that were taken away.

    Args:
        mask: is right but for what is smaller than a pixel of the picture that it was cut from.
        prompts: their points.
        most: pixels around a point that go with it, where no other kind of point is near.
    """
    canvas = mask.astype(np.uint8)
    for points, other, value in ((prompts.add, prompts.remove, 1), (prompts.remove, prompts.add, 0)):
        for (u, v), room in zip(points, _rooms(points, other), strict=True):
            cv2.circle(canvas, (round(u), round(v)), int(min(most, room * 0.99)), value, -1)
    return canvas.astype(bool)


def _alike(likeness: npt.NDArray[np.float32], greed: float) -> npt.NDArray[np.uint8]:
    """Return GrabCut's labels uint8 [h, w] if points or strokes tell what belongs to the part."""
    labels = np.full(likeness.shape, cv2.GC_PR_BGD, np.uint8)
    labels[likeness > 1 - greed] = cv2.GC_PR_FGD
    labels[likeness > 1 - greed + DOUBT] = cv2.GC_FGD
    labels[likeness < 1 - greed - DOUBT] = cv2.GC_BGD
    return labels


def _prominent(rank: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.uint8]:
    """Return GrabCut's labels uint8 [h, w] if nothing but a box is given."""
    labels = np.full(rank.shape, cv2.GC_PR_BGD, np.uint8)
    labels[rank > 1 - share] = cv2.GC_PR_FGD
    labels[rank > 1 - 0.75 * share] = cv2.GC_FGD
    return labels


def _cut(picture: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], sure_in: Mask, sure_out: Mask) -> Mask:
    labels[sure_out] = cv2.GC_BGD
    labels[sure_in] = cv2.GC_FGD
    inside = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))
    if not inside.any() or inside.all():
        return inside
    try:
        models = np.zeros((2, 1, 65))
        cv2.setRNGSeed(0)
        cv2.grabCut(picture, labels, None, models[0], models[1], 2, cv2.GC_INIT_WITH_MASK)
    except cv2.error:  # too few pixels for its colour models
        return inside
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _tidy(mask: Mask, sure_in: Mask) -> Mask:
    """Return the components that were pointed at, or the largest, without holes and thin lines."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    smooth = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) | sure_in
    count, labels, stats, _ = cv2.connectedComponentsWithStats(smooth.astype(np.uint8))
    if count <= 1:
        return np.asarray(mask)
    wanted = np.unique(labels[sure_in]) if sure_in.any() else [1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())]
    kept = np.isin(labels, [label for label in wanted if label > 0])
    outlines, _ = cv2.findContours(kept.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(kept, np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, -1)
    return filled.astype(bool)


def _score(picture: npt.NDArray[np.uint8], mask: Mask, likeness: npt.NDArray[np.float32]) -> float:
    """Score a mask in [0, 1]: how well its border follows edges of the picture, and how much likeness it separates."""
    if not mask.any() or mask.all():
        return 0.0
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    strength = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    border = mask ^ cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    edges = float(np.mean(strength[border] > np.quantile(strength, 0.8)))
    lead = float(likeness[mask].mean() - likeness[~mask].mean())
    return float(np.clip(0.5 * edges + 0.5 * lead, 0, 1))


def _pixels(stroke: Mask | None, most: int = 64) -> list[tuple[float, float]]:
    if stroke is None or not stroke.any():
        return []
    rows, columns = np.nonzero(stroke)
    few = slice(None, None, max(1, len(rows) // most))
    return [(float(u), float(v)) for u, v in zip(columns[few], rows[few], strict=True)]
