"""What the engine does about poses: finds them, makes them exact a few steps at a time, draws them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.documents import EncoderSettings, Item, PoseInPhoto
from app.loaded import encoder_of, image_of, pair_of, segmenter_of, shape_of, side_of, surface_of
from core.parts.layers import Mask
from core.progress import Progress, span

STEPS = 10
"""Of the descent in one request; the window asks again and shows what came of it."""

ROUNDS = 6


@dataclass
class Begun:
    """Hypotheses before they are made exact, and what they were judged by."""

    poses: list[PoseInPhoto]
    mask: Mask
    K: tuple[float, float, float, float]


@dataclass
class Drawn:
    """A posed shape as a picture uint8 [h, w, 4] over the part ``box`` of the image."""

    rgba: npt.NDArray[np.uint8]
    box: tuple[float, float, float, float]


def begin_alignment(
    progress: Progress, image: Item, shape: Item, encoder: EncoderSettings, mask: Mask | None, fov: float | None
) -> Begun:
    """Hypotheses from views and matches; the mask is cut out of the focus box where none is given."""
    from core.alignment.align import check, hypotheses
    from core.geometry.pose import intrinsics
    from core.images import field_of_view
    from core.parts.prompts import Prompts

    pixels = image_of(image)
    height, width = pixels.shape[:2]
    K = intrinsics((width, height), fov or field_of_view(image.path) or 50.0)
    if mask is None:
        progress(0.05, f"Cutting the object out of {image.name}")
        whole = image.with_box(None)
        box = image.box or (-0.5, -0.5, width - 0.5, height - 0.5)
        mask = Mask.of(segmenter_of(whole, encoder, "").predict(Prompts(box=box))[0].mask)
    *_, prior = pair_of(image, shape, encoder, span(progress, 0.1, 0.5))
    upright = side_of(image, encoder)
    check(upright, K, mask.array().reshape(height, width))
    progress(0.6, "Comparing views of the shape with the photo")
    scorer = _scorer(image, shape, encoder, mask, K)
    found = hypotheses(scorer, prior.view_set)
    return Begun([_plain(one) for one in found], mask, (K[0, 0], K[1, 1], K[0, 2], K[1, 2]))


def refine_alignment(
    progress: Progress,
    image: Item,
    shape: Item,
    encoder: EncoderSettings,
    mask: Mask,
    K: tuple[float, float, float, float],
    poses: list[PoseInPhoto],
    dof: int,
    turn: int,
) -> list[PoseInPhoto]:
    """The poses after some more steps, in their order; ``turn`` counts the requests from 0."""
    from core.alignment.fine import FineSettings, refine_each

    scorer = _scorer(image, shape, encoder, mask, _matrix(K))
    settings = FineSettings(steps=STEPS, recast=STEPS, reach=0.15 * (1 - 0.5 * turn / ROUNDS), dof=dof)
    height, width = image_of(image).shape[:2]
    starts = [scorer(_pose(one)) for one in poses]
    progress((turn + 0.5) / ROUNDS, "Making the pose exact")
    refined = refine_each(starts, scorer, mask.array().reshape(height, width), settings)
    progress((turn + 1) / ROUNDS, "Making the pose exact")
    return [_plain(one) for one in refined]


def draw_pose(progress: Progress, image: Item, shape: Item, K: tuple[float, ...], pose: PoseInPhoto) -> Drawn:
    """The shape as its pose puts it, where it appears."""
    from core.alignment.overlay import shaded

    height, width = image_of(image).shape[:2]
    rgba, box = shaded(shape_of(shape), surface_of(shape)[1], _pose(pose), _matrix(K), (width, height))
    return Drawn(rgba, box)


def _scorer(image: Item, shape: Item, encoder: EncoderSettings, mask: Mask, K: Any) -> Any:
    from core.alignment.coarse import PoseScorer

    height, width = image_of(image).shape[:2]
    encoder_of(encoder, lambda *_: None)
    return PoseScorer(side_of(image, encoder), side_of(shape, encoder), K, mask.array().reshape(height, width))


def _matrix(K: tuple[float, ...]) -> npt.NDArray[np.floating]:
    fx, fy, cx, cy = K
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])


def _pose(one: PoseInPhoto) -> Any:
    from core.geometry.pose import Pose

    return Pose(np.reshape(one.R, (3, 3)), np.array(one.t), np.array(one.s))


def _plain(one: Any) -> PoseInPhoto:
    R, t, s = (tuple(float(v) for v in np.ravel(values)) for values in (one.pose.R, one.pose.t, one.pose.s))
    return PoseInPhoto(R, t, s, one.score, one.similarity, one.overlap)


JOBS: dict[str, Callable[..., Any]] = {
    "begin_alignment": begin_alignment,
    "refine_alignment": refine_alignment,
    "draw_pose": draw_pose,
}
