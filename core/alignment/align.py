"""A shape aligned to a photo: hypotheses, made exact, the best of them, and how far it can be trusted."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.alignment.coarse import CoarseSettings, coarse_poses
from core.alignment.depth import check_distance
from core.alignment.fine import FineSettings, Watch, refine
from core.alignment.pins import Pins, poses_from_pins
from core.alignment.scorer import Hypothesis, Photo, PoseScorer, distinct, ranked
from core.alignment.spatial import by_depth
from core.alignment.templates import TemplateSet
from core.alignment.verdict import APART, SHOWN, SURE_OVERLAP, Verdict, judge
from core.errors import CounterpointError
from core.geometry.pose import Pose, project, shape_rays
from core.geometry.raycasting import surface_position
from core.geometry.shape import Shape

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
    scorer: PoseScorer,
    templates: TemplateSet,
    coarse: CoarseSettings = CoarseSettings(),
    fine: FineSettings | None = FineSettings(),
    watch: Watch | None = None,
) -> Alignment:
    """Align a shape with a field and templates to an object in a photo.

    Raises:
        CounterpointError: the mask is empty or of another size, the box is tiny, or no pose agrees at all.
    """
    check(scorer.photo)
    found = hypotheses(scorer, templates, coarse)
    if fine is not None:
        found = distinct(refine(starts(found, scorer, fine.dof), scorer, fine, watch), SHOWN, APART)
    return Alignment(found, scorer.photo.mask)


def starts(found: list[Hypothesis], scorer: PoseScorer, dof: int) -> list[Hypothesis]:
    """What the descent begins with: where depth is measured, those of the templates at that size, and those that agree in space.

    Raises:
        CounterpointError: depth is far from where the best of them puts the shape, which has no freedom of scale.
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
    pins: Pins | None = None,
) -> Alignment:
    """The same from a pose that is known roughly, or from three ``pins`` or more; pins have the last word.

    Raises:
        CounterpointError: as :func:`align`; or the pins leave the pose open.
    """
    check(scorer.photo)
    poses = [start] if start is not None else []
    if pins is not None and start is None:
        poses = poses_from_pins(pins, scorer.K, scorer.image.image_size)
    return Alignment(refine(scorer(poses), scorer, fine, watch, pins), scorer.photo.mask)


def sized(pose: Pose, scorer: PoseScorer) -> Pose:
    """Where depth is measured: the pose with the scale, about the camera, that puts the shape at that depth; it looks the same."""
    distances = depths(pose, scorer)
    if distances is None:
        return pose
    factor = distances[0] / distances[1]
    return Pose(pose.R, pose.t * factor, pose.s * factor)


def depths(pose: Pose, scorer: PoseScorer) -> tuple[float, float] | None:
    """The median depth measured where the pose and the mask put the object, and the pose's own there; None where none is known."""
    hits = scorer.shape.caster.cast(*shape_rays(pose, scorer.K, scorer.shape.shape, scorer.pixels))
    cells = np.flatnonzero(hits.mask & (scorer.object > 0.5))
    measured = scorer.depth_at(cells)
    if measured is None or not np.isfinite(measured).any():
        return None
    position = surface_position(scorer.shape.shape, hits.face[cells], hits.bary[cells])
    own = pose(scorer.shape.shape.to_own_frame(position))[:, 2]
    factor, known = float(np.nanmedian(measured / own)), np.isfinite(measured)
    return factor * float(np.median(own[known])), float(np.median(own[known]))


def hypotheses(
    scorer: PoseScorer, templates: TemplateSet, coarse: CoarseSettings = CoarseSettings()
) -> list[Hypothesis]:
    """Poses that are not exact yet, the best first.

    Raises:
        CounterpointError: no pose agrees at all.
    """
    found = coarse_poses(scorer, templates, coarse)
    if not found or found[0].score <= 0:
        raise CounterpointError(
            "No pose of the shape agrees with the photo; check the box, and that it is the right shape."
        )
    return found


def check(photo: Photo) -> None:
    """Say what cannot be.

    Raises:
        CounterpointError: as :func:`align`.
    """
    K, mask = photo.K, photo.mask
    width, height = photo.side.image_size
    x0, y0, x1, y1 = photo.side.map.box
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
    s = np.asarray(best.pose.s)
    if (np.abs(np.log(s)) > np.log(2)).any():
        said.append(
            f"The shape had to be scaled by {', '.join(f'{v:.2g}' for v in s)}: check its units, or whether it is the right shape."
        )
    return said
