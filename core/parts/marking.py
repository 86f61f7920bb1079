"""A part marked by hand.

It is strokes on the surface of a shape, or strokes and outlines over a segmenter's mask in an image.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from core.encoders.feature_map import Box
from core.errors import CounterpointError
from core.geometry.selection import SurfaceGraph
from core.parts.action import Action
from core.parts.prompts import Candidate, Mask, Prompts, Segmenter, pixel_at


def part_in_image(
    image_size: tuple[int, int], actions: Sequence[Action], segmenter: Segmenter, base: Mask | None = None
) -> list[Candidate]:
    """Make masks of the actions that mark a part in an image.

    With points or a box the candidates are the segmenter's, and what was drawn by hand is applied to them in order.
    Without, the first candidate is what was drawn (its score is 1), and the others are what the segmenter makes of it.

    Args:
        image_size: (width, height) of the image in pixels.
        actions: in their order.
        segmenter: has the image set.
        base: bool [H, W], a mask that the actions change; None for an empty one.

    Returns:
        Candidates, the best first.

    Raises:
        CounterpointError: the actions mark nothing, or lie outside the image.
    """
    prompts = _prompts(image_size, actions)
    prompted = bool(prompts.add or prompts.box)
    if prompted:
        candidates = segmenter.predict(prompts)
        for candidate in candidates:
            candidate.mask = _drawn(candidate.mask if base is None else candidate.mask | base, actions)
        return candidates
    width, height = image_size
    drawn = _drawn(np.zeros((height, width), bool) if base is None else base, actions)
    if base is not None and drawn.any():
        return [Candidate(drawn, 1.0)]
    if not drawn.any():
        raise CounterpointError("Nothing is marked; add a point, a box, a stroke or an outline.")
    prompts.painted = drawn
    rows, columns = np.nonzero(drawn)
    prompts.box = (columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5)
    margin = 0.1 * max(np.ptp(columns), np.ptp(rows)) + 2
    x0, y0, x1, y1 = prompts.box
    prompts.box = (
        max(-0.5, x0 - margin),
        max(-0.5, y0 - margin),
        min(width - 0.5, x1 + margin),
        min(height - 0.5, y1 + margin),
    )
    core = cv2.erode(drawn.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(1, round(margin / 2))).astype(
        bool
    )
    prompts.painted = core if core.any() else drawn
    return [Candidate(drawn, 1.0), *segmenter.predict(prompts)[:2]]


def part_on_shape(
    graph: SurfaceGraph,
    faces: Sequence[npt.NDArray[np.int64]],
    actions: Sequence[Action],
    base: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.bool_]:
    """Make a mask of the actions that mark a part on a shape.

    Args:
        graph: of the shape.
        faces: for each action the faces (points of a cloud) under its places, int64 [n].
        actions: in their order.
        base: bool [F], a mask that the actions change; None for an empty one.

    Returns:
        The faces (points of a cloud) of the part, bool [F].

    Raises:
        CounterpointError: the actions mark nothing, or a tool is for images.
    """
    chosen = np.zeros(len(graph.centers), bool) if base is None else base
    for action, touched in zip(actions, faces, strict=True):
        if len(touched) == 0:
            continue
        if action.tool == "brush":
            region = graph.within(touched, action.size)
        elif action.tool == "component":
            region = graph.component(int(touched[0]))
        elif action.tool == "flood":
            region = graph.flood(int(touched[0]), action.size)
        else:
            raise CounterpointError(f"The tool {action.tool} is for images.")
        chosen = chosen | region if action.add else chosen & ~region
    if not chosen.any():
        raise CounterpointError("Nothing is marked; paint on the shape.")
    return chosen


def stroke_mask(places: Sequence[tuple[float, ...]], radius: float, image_size: tuple[int, int]) -> Mask:
    """Return the pixels within a radius of a polyline.

    Args:
        places: the pixels (u, v) of the polyline.
        radius: in pixels.
        image_size: (width, height) in pixels.

    Returns:
        bool [height, width].
    """
    canvas = np.zeros(image_size[::-1], np.uint8)
    pixels = np.rint(np.asarray(places, np.float64)).astype(np.int32)
    cv2.polylines(canvas, [pixels], False, 1, max(1, round(2 * radius)))
    for u, v in (pixels[0], pixels[-1]):
        cv2.circle(canvas, (int(u), int(v)), max(0, round(radius)), 1, -1)
    return canvas.astype(bool)


def outline_mask(outline: npt.ArrayLike, size: tuple[int, int]) -> Mask:
    """Return the inside of a polygon.

    Args:
        outline: the pixels (u, v) of its vertices, [n, 2].
        size: (width, height) of the image in pixels.

    Returns:
        bool [height, width].
    """
    canvas = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(canvas, [np.rint(np.asarray(outline, np.float64)).astype(np.int32)], 1)
    return canvas.astype(bool)


def _drawn(mask: Mask, actions: Sequence[Action]) -> Mask:
    size = mask.shape[1], mask.shape[0]
    for action in actions:
        if action.tool in ("brush", "lasso"):
            region = (
                stroke_mask(action.places, action.size, size)
                if action.tool == "brush"
                else outline_mask(action.places, size)
            )
            mask = mask | region if action.add else mask & ~region
    return mask


def _prompts(size: tuple[int, int], actions: Sequence[Action]) -> Prompts:
    """Return the segmenter's prompts that the actions make; of several boxes, and of points in one pixel, the last counts."""
    prompts = Prompts()
    for action in actions:
        if action.tool == "point":
            point = action.places[0][0], action.places[0][1]
            mine, other = (prompts.add, prompts.remove) if action.add else (prompts.remove, prompts.add)
            mine.append(point)
            other[:] = [one for one in other if pixel_at(one) != pixel_at(point)]
        elif action.tool == "box":
            prompts.box = _box(action.places)
        elif action.tool not in ("brush", "lasso"):
            raise CounterpointError(f"The tool {action.tool} is for shapes.")
    blank = np.zeros(size[::-1], bool)
    painted = _drawn(blank, [a for a in actions if a.add])
    erased = _drawn(blank, [Action(a.tool, True, a.places, a.size) for a in actions if not a.add])
    prompts.painted, prompts.erased = (mask if mask.any() else None for mask in (painted & ~erased, erased))
    return prompts


def _box(corners: Sequence[tuple[float, ...]]) -> Box:
    (u0, v0), (u1, v1) = corners[0][:2], corners[1][:2]
    return min(u0, u1), min(v0, v1), max(u0, u1), max(v0, v1)
