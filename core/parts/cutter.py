"""The cutter: a small net that was trained to make masks from boxes and clicks."""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file

from core.encoders.base import pick_device
from core.encoders.efficientnet_lite import folded
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.files import check_file
from core.parts.consensus import believed, depth_share
from core.parts.cutter_net import CutterNet, CutterSettings, draw_prompts
from core.parts.cutter_view import CutterView, cut_out, seen_from
from core.parts.prompts import Candidate, Mask, Prompts, spread_over
from core.parts.verdict import intersection_over_union

WEIGHTS = Path(__file__).parents[2] / "resources" / "weights" / "cutter.safetensors"

MARGIN = 1.4
"""The square that is looked at is this much larger than the longer side of the box."""

CLOSE_MARGIN, CLOSE_SIZE = 1.15, 7 / 6
"""The same of a second look at a box, and how much larger the picture is that the net sees then."""

MEAN = 0.45
"""What all masks of an answer hold to be the object with this mean probability is the object."""

ZOOM = 1.7
"""Where no box is given, the square in which the first answer is corrected is this much larger than it."""

SCALES = (1.0, 0.7, 0.45, 0.3, 0.2, 0.12)
"""Sides of the squares that are looked at around a click where no box is given, as shares of the photo's longer side."""

LEAST = 48
"""The side in pixels of the smallest square."""

COARSE = 192
"""Cells along the photo's longer side at which masks of different squares are compared."""

KEPT = 9
"""Squares whose maps are kept."""

CUT = 1.5
"""How much less likely a mask is whose pixels fill all of the rim of its square."""

SHARP = 512
"""The longest side in pixels at which edges are sharpened."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Meaning:
    """What a click may mean.

    Attributes:
        view: in which it was found.
        soft: probabilities float32 [h, h] in it.
        score: the overlap that is expected.
    """

    view: CutterView
    soft: Floats
    score: float


class CutterSegmenter:
    """A :class:`core.parts.prompts.Segmenter` with trained weights, which are read at the first picture."""

    name = "cutter"

    def __init__(self, weights: str | Path | None = None, box: Box | None = None, device: str = "auto"):
        """Make a segmenter.

        Args:
            weights: the file that ``counterpoint train cutter`` wrote (safetensors), with its JSON beside it;
                None is the bundled one.
            box: (x0, y0, x1, y1) in pixels around the object, which parts lie in.
            device: "auto", "cpu" or "cuda".

        Raises:
            CounterpointError: there is no such file or device.
        """
        self._box, self._device = box, str(pick_device(device))
        self._file = str(check_file(weights or WEIGHTS))
        self._size: int = _about(self._file)["size"]
        self._image: npt.NDArray[np.uint8] | None = None
        self._views: dict[tuple[float, ...], CutterView] = {}
        self._meant: tuple[tuple[float, float], list[_Meaning]] | None = None

    def set_image(self, image: npt.NDArray[np.uint8]) -> None:
        """See :meth:`core.parts.prompts.Segmenter.set_image`."""
        self._image, self._views, self._meant = image, {}, None
        self._view(self._first_square(None))

    def predict(self, prompts: Prompts) -> list[Candidate]:
        """See :meth:`core.parts.prompts.Segmenter.predict`.

        One click may mean several things: first comes the mask that agrees best with those of all squares around it, then
        the two that are right most often where it is not. Further clicks correct it in a square around what was found.
        Of them, and of a box, first comes the mean of the net's masks, then the two that are least like it.
        """
        image = self._image
        assert image is not None, "set_image comes first"
        height, width = image.shape[:2]
        prompts.check((width, height))
        boxed = prompts.box or self._box
        if prompts.box is not None and not any(_points(prompts)):
            return self._in_box(prompts)
        if boxed:
            view = self._view(self._first_square(prompts))
            soft, scores = self._answer(view, prompts)
        else:
            meanings = self._meanings(_points(prompts)[0][0])
            if sum(map(len, _points(prompts))) == 1:
                return [Candidate(self._in_photo(one.view, one.soft, prompts), one.score) for one in meanings]
            view, previous = self._closer(meanings[0], prompts)
            soft, scores = self._answer(view, prompts, previous)
        return self._candidates(view, _agreed(soft, scores, prompts), soft, scores, prompts)

    def _meanings(self, click: tuple[float, float]) -> list["_Meaning"]:
        """What a click may mean, the likeliest first; what the last click meant is kept."""
        if self._meant is None or self._meant[0] != click:
            whole = self._view(self._first_square(None))
            answers = [self._answers_to(click, self._view(square)) for square in self._squares_around(click)]
            every = [one for answer in answers for one in answer]
            masks = np.stack([seen_from(whole, COARSE, one.view, one.soft[None], 0)[0] > 0.5 for one in every])
            likely = np.array([one.score - _cut_off(one, whole) for one in every])
            chosen, expected = believed(masks, likely, np.array([_depth(one, click) for one in every]), len(answers[0]))
            self._meant = click, [replace(every[number], score=float(expected[number])) for number in chosen]
        return self._meant[1]

    def _answers_to(self, click: tuple[float, float], view: CutterView) -> list["_Meaning"]:
        soft, scores = self._answer(view, Prompts([click]))
        return [_Meaning(view, one, float(score)) for one, score in zip(soft, scores, strict=True)]

    def _in_box(self, prompts: Prompts) -> list[Candidate]:
        """As :meth:`predict`, for a box alone, which is looked at twice."""
        view = self._view(self._first_square(prompts))
        close = self._view(self._first_square(prompts, CLOSE_MARGIN), 16 * round(CLOSE_SIZE * self._size / 16))
        (soft, scores), (soft_close, _) = self._answer(view, prompts), self._answer(close, prompts)
        fine = 2 * soft.shape[1]
        mean = np.mean([seen_from(view, fine, view, soft), seen_from(view, fine, close, soft_close)], axis=(0, 1))
        return self._candidates(view, mean, soft, scores, prompts)

    def _candidates(
        self, view: CutterView, mean: Floats, soft: Floats, scores: Floats, prompts: Prompts
    ) -> list[Candidate]:
        """The mask of probabilities [h, h] in a view, and those two of [M, h, h] that are least like it."""
        mean = mean + np.float32(0.5 - MEAN)
        usual = cv2.resize(mean, soft.shape[2:0:-1]) > 0.5
        alike = np.argsort([intersection_over_union(usual, one > 0.5) for one in soft])[: len(soft) - 1]
        others = sorted(alike, key=lambda number: -scores[number])
        shown = [(mean, scores.max()), *((soft[number], scores[number]) for number in others)]
        return [Candidate(self._in_photo(view, one, prompts), float(score)) for one, score in shown]

    def _first_square(self, prompts: Prompts | None, margin: float = MARGIN) -> tuple[float, float, float]:
        """Column, row and side of the square around the box (and the points), or around all of the photo."""
        assert self._image is not None
        height, width = self._image.shape[:2]
        box = (None if prompts is None else prompts.box) or self._box
        if box is None:
            return width / 2 - max(width, height) / 2, height / 2 - max(width, height) / 2, float(max(width, height))
        x0, y0, x1, y1 = box
        low, high = np.array([x0, y0], float), np.array([x1, y1], float)
        side = margin * max(x1 - x0, y1 - y0) + 8
        corner = (low + high) / 2 + 0.5 - side / 2
        points = np.array(_points(prompts)[0] if prompts else [], float).reshape(-1, 2)
        outside = (points < corner).any() or (points > corner + side).any()
        if outside:  # a click beside the box
            low, high = np.minimum(low, points.min(0)), np.maximum(high, points.max(0))
            side = margin * float((high - low).max()) + 8
            corner = (low + high) / 2 + 0.5 - side / 2
        return float(corner[0]), float(corner[1]), float(side)

    def _squares_around(self, click: tuple[float, float]) -> list[tuple[float, float, float]]:
        """Column, row and side of the squares that are looked at around a click; none is larger than the photo."""
        whole = self._first_square(None)
        found = []
        for side in sorted({max(share * whole[2], LEAST) for share in SCALES}, reverse=True):
            corner = np.asarray(click) + 0.5 - side / 2
            found.append(whole if side >= whole[2] else (float(corner[0]), float(corner[1]), side))
        return list(dict.fromkeys(found))

    def _closer(self, meant: "_Meaning", prompts: Prompts) -> tuple[CutterView, Floats]:
        """The square around what is meant and all that was pointed at, and the probabilities [h, h] of what is meant in it."""
        view, soft, points = meant.view, meant.soft, np.array(_points(prompts)[0]).reshape(-1, 2)
        if not ((view.to_view(points) >= 0) & (view.to_view(points) <= view.size - 1)).all():
            view = self._view(self._first_square(None))
            soft = seen_from(view, len(soft), meant.view, soft[None], 0)[0]
        mask = soft > 0.5
        for u, v in np.clip(view.to_view(points) / 2, 0, len(soft) - 1):
            mask[int(v), int(u)] = True
        x0, y0, x1, y1 = box_around(mask)
        side = max(ZOOM * (max(x1 - x0, y1 - y0) + 2), view.size / 12)
        if side > 0.85 * len(soft):
            return view, soft
        scale = view.side / len(soft)
        corner = (np.array([x0 + x1, y0 + y1]) / 2 + 0.5 - side / 2) * scale + np.asarray(view.corner)
        step = view.side / 32  # so that a further click seldom needs another view
        corner = np.round(corner / step) * step
        close = self._view((float(corner[0]), float(corner[1]), float(np.ceil(side * scale / step) * step)))
        return close, seen_from(close, len(soft), view, soft[None])[0]

    def _view(self, square: tuple[float, float, float], size: int | None = None) -> CutterView:
        """Look at a square of the photo, in a picture of ``size`` pixels (None is the usual); the last ones are kept."""
        size = size or self._size
        key = (*square, float(size))
        if key not in self._views:
            assert self._image is not None
            x, y, side = square
            picture = cut_out(self._image, (x, y), side, size)
            batch = torch.from_numpy(picture).permute(2, 0, 1)[None].float().to(self._device)
            with torch.inference_mode():
                maps = load_net(self._file, self._device).look(batch.contiguous(memory_format=torch.channels_last))
            while len(self._views) >= KEPT:
                self._views.pop(next(iter(self._views)))
            self._views[key] = CutterView((x, y), side, size, maps)
        return self._views[key]

    def _answer(self, view: CutterView, prompts: Prompts, start: Floats | None = None) -> tuple[Floats, Floats]:
        """Probabilities float32 [M, size / 2, size / 2] of masks in a view, and their expected overlaps [M].

        Beyond the first click, the answer to it is corrected twice; ``start`` [h, h] is that answer, where there is one.
        """
        add, remove = _points(prompts)
        every, started = (add, remove), add[: 1 if prompts.box is None else 0]
        rounds = [every] if len(add) + len(remove) == len(started) else [(started, []), every, every]
        net, previous = load_net(self._file, self._device), None
        if start is not None:
            rounds, previous = [every, every], torch.from_numpy(start)[None, None]
        for inside, outside in rounds:
            plus, minus = (torch.from_numpy(view.to_view(np.reshape(p, (1, -1, 2)))) for p in (inside, outside))
            drawn = draw_prompts(view.size, torch.from_numpy(view.box(prompts.box)), plus, minus, previous)
            with torch.inference_mode():
                logits, overlap = net.answer(view.maps, drawn.to(self._device))
            soft, scores = torch.sigmoid(logits[0]).cpu(), torch.sigmoid(overlap[0]).cpu()
            previous = soft[scores.argmax()][None, None]
        return _obeying(soft.numpy(), view, add, remove), scores.numpy()

    def _in_photo(self, view: CutterView, soft: Floats, prompts: Prompts) -> Mask:
        """The mask bool [H, W] of probabilities in a view, its edges sharpened."""
        assert self._image is not None
        height, width = self._image.shape[:2]
        (x, y), side = view.corner, view.side
        left, top = max(0, int(np.floor(x))), max(0, int(np.floor(y)))
        right, bottom = min(width, int(np.ceil(x + side))), min(height, int(np.ceil(y + side)))
        part = self._image[top:bottom, left:right]
        scale = min(1.0, SHARP / max(part.shape[:2]))
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        step = (right - left) / size[0] * len(soft) / side, (bottom - top) / size[1] * len(soft) / side
        start = (left - x) * len(soft) / side, (top - y) * len(soft) / side
        turn = np.array([[step[0], 0, start[0] + step[0] / 2 - 0.5], [0, step[1], start[1] + step[1] / 2 - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        fine = cv2.warpAffine(soft, turn, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        fine = sharpened(cv2.resize(part, size, interpolation=cv2.INTER_AREA), fine, max(1.0, 1 / step[0]))
        large = cv2.resize(fine, part.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
        whole = np.zeros((height, width), bool)
        add, remove = _points(prompts)
        whole[top:bottom, left:right] = _without_specks(large, add, (left, top))
        for pixels, value in ((add, True), (remove, False)):  # whatever the edges are
            for u, v in pixels:
                whole[min(max(round(v), 0), height - 1), min(max(round(u), 0), width - 1)] = value
        if prompts.painted is not None:
            whole |= prompts.painted
        return whole if prompts.erased is None else whole & ~prompts.erased


def learnt_from(weights: str | Path | None = None) -> frozenset[str]:
    """The names of the photos that weights (None is the bundled ones) were trained on."""
    return frozenset(_about(weights or WEIGHTS)["photos"])


def _about(weights: str | Path) -> dict[str, Any]:
    """What lies beside weights: the net's settings, the side in pixels of what it looks at, and the photos it learnt from.

    Raises:
        CounterpointError: it is missing or damaged.
    """
    file = Path(weights).with_suffix(".json")
    try:
        about: dict[str, Any] = json.loads(file.read_text())
        return {
            "net": CutterSettings(**about["net"]),
            "size": int(about["size"]),
            "photos": [str(name) for name in about["photos"]],
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CounterpointError(
            f"{file.name} does not describe a cutter; it belongs beside the weights that train cutter wrote."
        ) from error


@lru_cache(2)
def load_net(file: str, device: str) -> CutterNet:
    """Load the net of a file of weights; what describes it lies beside it (JSON).

    Raises:
        CounterpointError: the weights do not fit.
    """
    net = CutterNet(_about(file)["net"])
    try:
        missing, unexpected = net.load_state_dict(load_file(file), strict=False)
    except Exception as error:
        raise CounterpointError(f"{Path(file).name} does not hold weights of the cutter ({error}).") from error
    missing = [name for name in missing if "num_batches" not in name]
    if missing or unexpected:
        raise CounterpointError(f"{Path(file).name} does not fit the cutter (for example {(missing + unexpected)[0]}).")
    return folded(net.float().eval().to(torch.device(device)))


def sharpened(picture: npt.NDArray[np.uint8], soft: Floats, reach: float) -> Floats:
    """Move the edges of a mask onto those of the picture: a guided filter (He et al., 2013).

    Args:
        picture: uint8 [H, W, 3].
        soft: float32 [H, W] in [0, 1].
        reach: how far an edge may move, in pixels.

    Returns:
        float32 [H, W].
    """
    guide: Floats = np.divide(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 255, dtype=np.float32)
    side = 2 * round(1.5 * reach) + 1

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, (side, side)))

    m, p = mean(guide), mean(soft)
    slope: Floats = np.divide(mean(guide * soft) - m * p, mean(guide * guide) - m * m + 1e-3, dtype=np.float32)
    return np.asarray(mean(slope) * guide + mean(p - slope * m))


def _points(prompts: Prompts) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """What belongs to the part and what does not, as pixels; strokes are a few of them."""
    return [*prompts.add, *spread_over(prompts.painted)], [*prompts.remove, *spread_over(prompts.erased)]


def _agreed(soft: Floats, scores: Floats, prompts: Prompts) -> Floats:
    """Of probabilities [M, h, h] of masks their mean, [h, h]; after one click, which may mean several things, the likeliest."""
    one_click = sum(map(len, _points(prompts))) == 1 and prompts.box is None
    return np.asarray(soft[scores.argmax()] if one_click else soft.mean(0), np.float32)


def _depth(one: "_Meaning", click: tuple[float, float]) -> float:
    """How deep a click lies in a mask, see :func:`core.parts.consensus.depth_share`."""
    column, row = np.clip(np.round(one.view.to_view(click) / 2), 0, len(one.soft) - 1).astype(int)
    return depth_share(one.soft > 0.5, (int(row), int(column)))


def _cut_off(one: "_Meaning", whole: CutterView) -> float:
    """How much less likely a mask is because the rim of its square cuts it; that of the whole photo cuts none."""
    soft = one.soft > 0.5
    rim = np.concatenate([soft[0], soft[-1], soft[:, 0], soft[:, -1]])
    return 0.0 if one.view.side >= whole.side else float(CUT * rim.mean())


def _obeying(
    soft: Floats, view: CutterView, add: list[tuple[float, float]], remove: list[tuple[float, float]]
) -> Floats:
    """Probabilities [M, h, h] of masks in a view that are right at the clicks themselves, whatever the net thinks."""
    drawn = np.ascontiguousarray(soft.transpose(1, 2, 0))
    for points, value in ((add, 1.0), (remove, 0.0)):
        for u, v in view.to_view(np.reshape(points, (-1, 2))) / 2:
            spot = np.zeros(drawn.shape[:2], np.uint8)
            cv2.circle(spot, (round(float(u)), round(float(v))), 2, 1, -1)
            drawn[spot > 0] = value
    return np.ascontiguousarray(drawn.transpose(2, 0, 1))


def _without_specks(mask: Mask, points: list[tuple[float, float]], corner: tuple[int, int]) -> Mask:
    """A mask without pieces smaller than a hundredth of it, except those that were pointed at."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    kept = stats[:, cv2.CC_STAT_AREA] >= 0.01 * mask.sum()
    for u, v in points:
        row, column = round(v) - corner[1], round(u) - corner[0]
        if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]:
            kept[labels[row, column]] = True
    kept[0] = False
    return np.asarray(kept[labels]) if count > 1 else mask
