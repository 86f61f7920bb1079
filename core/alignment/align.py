"""A shape aligned to a photo: hypotheses, made exact, the best of them, and how far it can be trusted."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.alignment.coarse import CoarseSettings, coarse_poses
from core.alignment.correspondences import Correspondences2D3D, poses_from_correspondences
from core.alignment.depth import check_distance
from core.alignment.fine import FineSettings, Watch, refine
from core.alignment.photo import check
from core.alignment.polish import can_polish, polished
from core.alignment.scorer import Hypothesis, Photo, PoseScorer, non_maximum_suppression, ranked
from core.alignment.spatial import by_depth, by_measured_pairs
from core.alignment.templates import TemplateSet
from core.alignment.trust import judged
from core.alignment.verdict import SHOWN, SUPPRESSION_DEGREES, SURE_OVERLAP, Verdict, judge
from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.pose import Pose, project, shape_rays
from core.geometry.raycasting import surface_position
from core.geometry.shape import Shape
from core.geometry.symmetry import turns_alike
from core.notices import warn

DEPTH_OFF = 0.07
"""Depth that differs by more than this from a pose's own on half of the object, in sizes of the shape, does not fit it."""


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
        """The first hypothesis, which ranks best."""
        return self.hypotheses[0]

    @property
    def verdict(self) -> Verdict:
        """How far the best hypothesis can be trusted, see :mod:`core.alignment.verdict`."""
        return judge(self.best.probability, self.best.reasons)


def align(
    scorer: PoseScorer,
    templates: TemplateSet,
    coarse: CoarseSettings = CoarseSettings(),
    fine: FineSettings | None = FineSettings(),
    watch: Watch | None = None,
) -> Alignment:
    """Align a shape with a feature field and templates to the object in a photo.

    Args:
        scorer: compares poses of the shape with the photo.
        templates: pictures of the shape from all around, as the scorer's encoder sees them.
        coarse: how hypotheses are made.
        fine: how they are made exact; None leaves them as they are.
        watch: called with the number of the step and the poses while they improve.

    Raises:
        CounterpointError: the mask is empty or of another size, the box is tiny, the intrinsics are none of such a
            photo, depth contradicts the size of the shape, or no pose agrees at all.
    """
    check(scorer.photo)
    found = hypotheses(scorer, templates, coarse)
    if fine is None:
        return Alignment(judged(found, scorer), scorer.photo.mask)
    return align_hypotheses(found, scorer, fine, watch)


def align_hypotheses(
    found: list[Hypothesis], scorer: PoseScorer, fine: FineSettings = FineSettings(), watch: Watch | None = None
) -> Alignment:
    """Make hypotheses exact and keep the best that differ; see :func:`align`.

    Raises:
        CounterpointError: depth contradicts the size of the shape.
    """
    refined = refine(initial_poses(found, scorer, fine.dof), scorer, fine, watch)
    kept = non_maximum_suppression(refined, SHOWN, SUPPRESSION_DEGREES)
    if can_polish(scorer, fine):
        kept = non_maximum_suppression(polished(kept, scorer), SHOWN, SUPPRESSION_DEGREES)
    say_depth(kept[0], scorer)
    return Alignment(judged(kept, scorer), scorer.photo.mask)


def initial_poses(found: list[Hypothesis], scorer: PoseScorer, dof: int) -> list[Hypothesis]:
    """Choose the poses that the descent begins with.

    Without depth they are the hypotheses as they are. With depth the hypotheses take the size that depth says (if scale
    is free), and poses on which correspondences in space agree come to them.

    Args:
        found: hypotheses of the templates, the best first.
        scorer: compares poses of the shape with the photo.
        dof: 6, 7 or 9 degrees of freedom.

    Raises:
        CounterpointError: depth is far from where the best hypothesis puts the shape, which has no freedom of scale.
    """
    if scorer.photo.depth is None:
        return found
    distances = depths(found[0].pose, scorer)
    if dof == 6 and distances is not None:
        check_distance(*distances)
    poses = [sized(one.pose, scorer) if dof > 6 else one.pose for one in found]
    return ranked(scorer(poses + by_depth(scorer, dof)))


def align_from(
    scorer: PoseScorer,
    fine: FineSettings = FineSettings(),
    watch: Watch | None = None,
    start: Pose | None = None,
    correspondences: Correspondences2D3D | None = None,
) -> Alignment:
    """Align a shape to a photo from a pose that is known roughly, or from correspondences.

    Args:
        scorer: compares poses of the shape with the photo.
        fine: how the pose is made exact.
        watch: called with the number of the step and the poses while they improve.
        start: the pose to begin with, or None to take those that the correspondences allow.
        correspondences: three pixels or more with their points on the shape. They order the poses before the photo
            does. Where depth is measured at three or more of them they are pairs in space too.

    Raises:
        CounterpointError: the photo cannot be aligned to (see :func:`core.alignment.photo.check`), the correspondences
            leave the pose open, or depth is far from where the pose puts the shape.
    """
    check(scorer.photo)
    poses = [start] if start is not None else []
    if correspondences is not None:
        correspondences.check(scorer.shape.shape, scorer.image.image_size)
    if correspondences is not None and start is None:
        poses = poses_from_correspondences(correspondences, scorer.K, scorer.image.image_size)
        poses += by_measured_pairs(correspondences, scorer, fine.dof)
    if fine.dof == 6 and poses and (distances := depths(poses[0], scorer)) is not None:
        check_distance(*distances)
    refined = refine(scorer(poses), scorer, fine, watch, correspondences)
    if correspondences is None and can_polish(scorer, fine):
        refined = polished(refined, scorer)
    if correspondences is not None:
        correspondences.say_misfits(refined[0].pose, scorer.K, scorer.image.image_size)
    say_depth(refined[0], scorer)
    return Alignment(judged(refined, scorer), scorer.photo.mask)


def sized(pose: Pose, scorer: PoseScorer) -> Pose:
    """Scale a pose about the camera, so that it looks the same, to where depth is measured.

    Without depth it stays as it is.
    """
    distances = depths(pose, scorer)
    if distances is None:
        return pose
    factor = distances[0] / distances[1]
    return Pose(pose.R, pose.t * factor, pose.s * factor)


def depths(pose: Pose, scorer: PoseScorer) -> tuple[float, float] | None:
    """Compare the depth measured where pose and mask put the object with the pose's own.

    Returns:
        The medians of both along z in the shape's units, or None where no depth is known.
    """
    measured = _depth_pairs(pose, scorer)
    if measured is None:
        return None
    there, own = measured
    return float(np.median(there / own)) * float(np.median(own)), float(np.median(own))


def say_depth(best: Hypothesis, scorer: PoseScorer) -> None:
    """Warn the user where the depth measured on the object is not that of the pose."""
    measured = _depth_pairs(best.pose, scorer)
    if measured is None:
        return
    gap = np.abs(measured[0] - measured[1])
    off = float(np.median(gap)) / (scorer.shape.shape.diagonal * float(np.max(best.pose.s)))
    if off > DEPTH_OFF:
        warn(
            f"The depth does not fit the pose: on half of the object they differ by {off:.0%} of the shape's size or more; "
            "check the depth, its unit and the intrinsics."
        )


def _depth_pairs(pose: Pose, scorer: PoseScorer) -> tuple[Floats, Floats] | None:
    """Depth along z that is measured on the object where a pose puts the shape, and the pose's own, [n] each; None without."""
    if scorer.photo.depth is None:
        return None
    hits = scorer.shape.caster.cast(*shape_rays(pose, scorer.K, scorer.shape.shape, scorer.pixels))
    cells = np.flatnonzero(hits.mask & (scorer.object > 0.5))
    measured = scorer.depth_at(cells)
    if measured is None or not np.isfinite(measured).any():
        return None
    position = surface_position(scorer.shape.shape, hits.face[cells], hits.bary[cells])
    own = pose(scorer.shape.shape.to_own_frame(position))[:, 2]
    known = np.isfinite(measured)
    return np.asarray(measured[known]), own[known]


def hypotheses(
    scorer: PoseScorer, templates: TemplateSet, coarse: CoarseSettings = CoarseSettings()
) -> list[Hypothesis]:
    """Find poses by comparing the photo with templates; they are not exact yet. The best comes first.

    Raises:
        CounterpointError: no pose agrees with the photo at all.
    """
    found = coarse_poses(scorer, templates, coarse)
    if not found or found[0].score <= 0:
        raise CounterpointError(
            "No pose of the shape agrees with the photo; check the box, and that it is the right shape."
        )
    return found


def notes(photo: Photo, shape: Shape, best: Hypothesis) -> list[str]:
    """What a user should know about a pose, a sentence each; none where all is well."""
    said = []
    corners = np.stack(np.meshgrid(*shape.bounds.T), axis=-1).reshape(-1, 3)
    pixels, depth = project(best.pose, photo.K, corners)
    width, height = photo.side.image_size
    if (depth <= 0).any():
        said.append("Part of the shape lies behind the camera; the field of view or the shape's units may be wrong.")
    elif (pixels.max(0) < 0).any() or (pixels.min(0) > [width, height]).any():
        said.append("The shape lies outside the picture.")
    if best.overlap < SURE_OVERLAP:
        said.append(f"The silhouette overlaps with the object by {best.overlap:.0%} only.")
    if turns_alike(shape):
        said.append(
            "The shape looks the same after some turns in itself: the rotation is one of several that fit alike."
        )
    s = np.asarray(best.pose.s)
    if (np.abs(np.log(s)) > np.log(2)).any():
        said.append(
            f"The shape had to be scaled by {', '.join(f'{v:.2g}' for v in s)}: check its units, or whether it is the right shape."
        )
    return said
