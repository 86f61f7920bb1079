"""A shape aligned to a photo: hypotheses, made exact, the best of them, and how far it can be trusted."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.alignment.coarse import CoarseSettings, Hypothesis, PoseScorer, coarse_poses, distinct
from core.alignment.fine import FineSettings, Watch, refine
from core.alignment.pins import Pins, poses_from_pins
from core.alignment.verdict import REFINED, Verdict, judge
from core.errors import CounterpointError
from core.matching.joint import ViewSet
from core.matching.sides import ImageSide, ShapeSide

Floats = npt.NDArray[np.floating]


@dataclass
class Alignment:
    """Poses of a shape in a photo, the best first.

    Attributes:
        mask: bool [H, W], the object's pixels that were used.
    """

    hypotheses: list[Hypothesis]
    mask: npt.NDArray[np.bool_]

    @property
    def best(self) -> Hypothesis:
        return self.hypotheses[0]

    @property
    def verdict(self) -> Verdict:
        return judge([h.score for h in self.hypotheses], self.best.overlap)


def align(
    image: ImageSide,
    shape: ShapeSide,
    views: ViewSet,
    K: Floats,
    mask: npt.NDArray[np.bool_],
    coarse: CoarseSettings = CoarseSettings(),
    fine: FineSettings | None = FineSettings(),
    watch: Watch | None = None,
    pins: Pins | None = None,
) -> Alignment:
    """Align a shape with a field to a photo with intrinsics ``K``; ``mask`` bool [H, W] are the object's pixels.

    With three ``pins`` or more the pose starts from them, and they have the last word.

    Raises:
        CounterpointError: the mask is empty or of another size, the box is tiny, or no pose agrees at all.
    """
    check(image, K, mask)
    scorer = PoseScorer(image, shape, K, mask)
    if pins is not None:
        starts = [scorer(pose) for pose in poses_from_pins(pins, K, image.image_size)]
        return Alignment(refine(starts, scorer, mask, fine or FineSettings(steps=0), watch, pins), mask)
    found = hypotheses(scorer, views, coarse)
    if fine is not None:
        found = distinct(refine(found[:REFINED], scorer, mask, fine, watch), REFINED, 10.0)
    return Alignment(found, mask)


def hypotheses(scorer: PoseScorer, views: ViewSet, coarse: CoarseSettings = CoarseSettings()) -> list[Hypothesis]:
    """Poses that are not exact yet, the best first.

    Raises:
        CounterpointError: no pose agrees at all.
    """
    found = coarse_poses(scorer, views, coarse)
    if not found or found[0].score <= 0:
        raise CounterpointError(
            "No pose of the shape agrees with the photo; check the box, and which way is up in the shape's file."
        )
    return found


def check(image: ImageSide, K: Floats, mask: npt.NDArray[np.bool_]) -> None:
    """Say what cannot be.

    Raises:
        CounterpointError: as :func:`align`.
    """
    width, height = image.image_size
    x0, y0, x1, y1 = image.map.box
    if mask.shape != (height, width):
        raise CounterpointError(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels and the image {width} x {height}."
        )
    if not mask.any():
        raise CounterpointError("The mask of the object is empty; draw the box around it, or mark it.")
    if max(x1 - x0, y1 - y0) < 24:
        raise CounterpointError("The box around the object is smaller than 24 pixels; there is too little to see.")
    if not (K.shape == (3, 3) and np.isfinite(K).all() and K[0, 0] > 0 and K[1, 1] > 0):
        raise CounterpointError("The intrinsics are no camera: fx and fy must be above zero.")
    if not (0.1 * max(width, height) < K[0, 0] < 100 * max(width, height)) or not (-width < K[0, 2] < 2 * width):
        raise CounterpointError("The intrinsics do not belong to an image of this size; check fx, fy, cx and cy.")
