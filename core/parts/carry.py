"""Labels carried from images or a shape to another.

Every part is found there, and an element that several claim goes to the surest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.matching.match import Prior
from core.matching.matchable import Matchable, MatchableImage, MatchableShape
from core.matching.verdict import Doubt
from core.parts.evidence import Evidence, on_elements, on_pixels, project_mask, vote
from core.parts.layers import THRESHOLD, in_part
from core.parts.transfer import FoundPart, find_part, mask_region
from core.parts.verdict import intersection_over_union, judge_vote


@dataclass
class Source:
    """An image or shape that parts are carried from.

    Attributes:
        side: the image or shape.
        masks: bool [L, H, W], the L parts in an image, or bool [L, F] on a shape's faces (points of a cloud).
        prior: the prior of this side and the target.
        pose: the pose of the target in this image and the image's camera, if they are known.
        most: how probable it is that the pose is right, which no part that is carried by it exceeds.
    """

    side: Matchable
    masks: npt.NDArray[np.bool_]
    prior: Prior | None = None
    pose: tuple[Pose, PhotoCamera] | None = None
    most: float = 1.0


def carry(sources: Sequence[Source], target: MatchableImage | MatchableShape) -> list[FoundPart]:
    """Find every part of the sources on the target; several sources (images of one object) vote.

    A source whose mask of a part is empty has no vote. Overlap and verdict of a part are those of the best source, and no part
    is sure that the vote puts elsewhere.

    Raises:
        CounterpointError: a mask is empty in all sources, lies outside the box or covers all of it.
    """
    return [_one(sources, target, part) for part in range(len(sources[0].masks))]


def _one(sources: Sequence[Source], target: MatchableImage | MatchableShape, part: int) -> FoundPart:
    have = [source for source in sources if source.masks[part].any()]
    if not have:
        raise CounterpointError("Nothing is marked; mark the part first.")
    found = []
    for source in have:
        one = find_part(source.side, target, region_of(source.side, source.masks[part]), source.prior, source.most)
        if source.pose is not None and isinstance(target, MatchableShape):
            one.evidence = project_mask(target, source.masks[part], *source.pose, one.evidence)
        found.append(one)
    best = max(found, key=lambda one: one.overlap)
    evidence = vote([one.evidence for one in found]) if len(found) > 1 else best.evidence
    share = (
        best.share if evidence is best.evidence and have[0].pose is None else float(np.mean(in_part(100 * evidence)))
    )
    voted = replace(best, evidence=evidence, candidate=int(evidence.argmax()), share=share)
    return voted if len(found) == 1 else _doubted(voted, best.evidence, target.encoder)


def _doubted(voted: FoundPart, alone: Evidence, encoder: str) -> FoundPart:
    """A part as unsure as what was voted for differs from the best source's own evidence [N]."""
    chosen, own = in_part(100 * voted.evidence), in_part(100 * alone)
    before = Doubt(voted.verdict, voted.probability, voted.reasons)
    doubt = judge_vote(before, intersection_over_union(chosen, own), not chosen.any(), encoder)
    return replace(voted, verdict=doubt.verdict, probability=doubt.probability, reasons=doubt.reasons)


def judged_as_kept(found: FoundPart, mask: npt.NDArray[np.bool_]) -> FoundPart:
    """A part as it is kept, bool [...] of the target's elements: there is none where none of them is in it."""
    return found if mask.any() else replace(found, verdict="none", probability=0.0, reasons=("nothing",))


def region_of(side: Matchable, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the candidates in a mask, bool [N].

    Args:
        side: the image or shape.
        mask: bool [H, W] of the image's pixels, or bool [F] of the shape's faces (points of a cloud).

    Raises:
        CounterpointError: no candidate is in the mask, or all are.
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
    return np.asarray(region)


def percent(target: MatchableImage | MatchableShape, found: FoundPart) -> npt.NDArray[np.uint8]:
    """Return the evidence for a part in per cent.

    It is uint8 [H, W] for an image's pixels, uint8 [F] for a shape's faces (points of a cloud).
    """
    return (
        on_elements(target, found.evidence) if isinstance(target, MatchableShape) else on_pixels(target, found.evidence)
    )


def assign(percents: npt.NDArray[np.uint8], threshold: int = THRESHOLD) -> npt.NDArray[np.bool_]:
    """Assign each element to its surest part, if the evidence is above a threshold.

    Args:
        percents: the evidence for L parts in per cent, uint8 [L, ...].
        threshold: in per cent.

    Returns:
        The masks of the parts, bool [L, ...]; they do not overlap.
    """
    best = percents.argmax(axis=0)
    numbers = np.arange(len(percents)).reshape(-1, *[1] * best.ndim)
    return np.asarray(in_part(percents, threshold) & (best == numbers))
