"""Labels of one side carried to the other: every part is found there, and where several claim an element the surest has it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.matching.match import Prior
from core.matching.matchable import Matchable, MatchableImage, MatchableShape
from core.parts.evidence import on_elements, on_pixels, project_mask, vote
from core.parts.transfer import FoundPart, find_part, mask_region


@dataclass
class Source:
    """What parts are carried from.

    Attributes:
        side: the image or shape.
        masks: bool [L, H, W] of an image or [L, F] of a shape's faces (points of a cloud).
        prior: of the pair of this side and the target.
        pose: of the target in this image and its camera, where they are known.
    """

    side: Matchable
    masks: npt.NDArray[np.bool_]
    prior: Prior | None = None
    pose: tuple[Pose, PhotoCamera] | None = None


def carry(sources: Sequence[Source], target: MatchableImage | MatchableShape) -> list[FoundPart]:
    """Every part of the sources on the target; several sources (images of one object) vote.

    A source whose mask of a part is empty has no vote; its overlap and verdict are those of the best that has.

    Raises:
        CounterpointError: a mask that says nothing: empty everywhere, outside the box, over all of it.
    """
    return [_one(sources, target, part) for part in range(len(sources[0].masks))]


def _one(sources: Sequence[Source], target: MatchableImage | MatchableShape, part: int) -> FoundPart:
    have = [source for source in sources if source.masks[part].any()]
    if not have:
        raise CounterpointError("Nothing is marked; mark the part first.")
    found = []
    for source in have:
        one = find_part(source.side, target, region_of(source.side, source.masks[part]), source.prior)
        if source.pose is not None and isinstance(target, MatchableShape):
            one.evidence = project_mask(target, source.masks[part], *source.pose, one.evidence)
        found.append(one)
    best = max(found, key=lambda one: one.overlap)
    evidence = vote([one.evidence for one in found]) if len(found) > 1 else best.evidence
    share = best.share if evidence is best.evidence and have[0].pose is None else float(np.mean(evidence > 0.5))
    return FoundPart(evidence, int(evidence.argmax()), share, best.overlap, best.verdict)


def region_of(side: Matchable, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The candidates [N] of a side in a mask of its pixels or faces.

    Raises:
        CounterpointError: none is, or all are.
    """
    if isinstance(side, MatchableImage):
        return mask_region(side, mask)
    assert isinstance(side, MatchableShape)
    region = mask[side.field.points.face]
    if not region.any():
        raise CounterpointError(
            "The marked part is too small for the samples on the shape; mark more or use more samples."
        )
    if region.all():
        raise CounterpointError("The marked part covers all of the shape; mark less.")
    return region


def percent(target: MatchableImage | MatchableShape, found: FoundPart) -> npt.NDArray[np.uint8]:
    """Evidence in per cent for every pixel [H, W] or face [F] of the target."""
    return (
        on_elements(target, found.evidence) if isinstance(target, MatchableShape) else on_pixels(target, found.evidence)
    )


def assign(percents: npt.NDArray[np.uint8], threshold: int = 50) -> npt.NDArray[np.bool_]:
    """Masks [L, ...] of parts from their evidence in per cent: above the threshold, and each element to its surest part."""
    best = percents.argmax(axis=0)
    numbers = np.arange(len(percents)).reshape(-1, *[1] * best.ndim)
    return (percents > threshold) & (best == numbers)
