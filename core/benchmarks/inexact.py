"""Alignment of a shape that is not the one in the picture.

Another procedural object of its category, the true alignment known.

True is what brings the bounding box of the shape onto that of the object, both standing upright and facing the same
way. An alignment counts as ROCA and SPARC count it: rotation within 20 degrees, translation within 20 cm, scale within
20 % (the object's diagonal is 1 m).
"""

from dataclasses import dataclass, field

import numpy as np

from core.alignment.align import sized
from core.alignment.coarse import coarse_poses
from core.alignment.fine import FineSettings, refine
from core.alignment.metrics import alignment_errors, alignment_shares
from core.alignment.scorer import Hypothesis, Photo, PoseScorer, ranked
from core.alignment.spatial import by_depth
from core.alignment.templates import TemplateSettings, template_set
from core.arrays import Floats
from core.benchmarks.held_out import category_pair
from core.benchmarks.report import Row
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import box_around
from core.fields.lifting import LiftSettings
from core.geometry.pixel_grid import pixels_of
from core.geometry.pose import Pose, shape_rays
from core.geometry.raycasting import surface_position
from core.geometry.shape import Shape
from core.matching.prepare import matchable_image, matchable_shape
from core.progress import Progress, silent
from core.training.categories import CATEGORIES
from core.training.pictures import Picture, PictureSettings, Surface, take_picture
from core.training.procedural import Object3D

STAGES = {
    "templates alone": None,
    "+ NOC": FineSettings(dof=9, silhouette=0, depth=0),
    "+ silhouette": FineSettings(dof=9, depth=0),
    "+ depth": (EVERY := FineSettings(dof=9)),
}
"""The losses of each stage; a stage has those of the stages before it too. The true depth decides the size in all
stages."""

SPATIAL = ("RANSAC in space alone", "RANSAC in space, all losses", "templates and RANSAC, all losses")
"""Correspondences between points before the camera and the shape, without templates and beside them."""


@dataclass(frozen=True)
class InstanceCase:
    """A picture of one object, and another shape of its category.

    Attributes:
        picture: the picture.
        item: the object that it shows.
        shape: the other shape, which is aligned.
        truth: its true pose.
    """

    picture: Picture
    item: Object3D
    shape: Shape
    truth: Pose


@dataclass
class InstanceErrors:
    """The errors of one method over all cases.

    Attributes:
        nine: see :func:`core.alignment.metrics.alignment_errors`.
        noc: see :func:`noc_error`.
    """

    nine: list[Floats] = field(default_factory=list)
    noc: list[float] = field(default_factory=list)


def cases(count: int) -> list[InstanceCase]:
    """Make cases of held-out objects, the categories in turn."""
    made = []
    settings = PictureSettings(plain=0, any_roll=0, elevation=(5, 50), fill=(0.6, 0.85), shift=0.05, occluded=0)
    for number in range(count):
        item, other = category_pair(number, 5000, sorted(CATEGORIES))
        picture = take_picture(item, np.random.default_rng(number), settings, Surface(number))
        s = np.ptp(item.shape.normalised, axis=0) / np.maximum(np.ptp(other.shape.vertices, axis=0), 1e-9)
        R, t = picture.camera.R, picture.camera.t
        made.append(InstanceCase(picture, item, other.shape, Pose(R, t - R @ (s * other.shape.center), s)))
    return made


def measure(
    encoder: ImageEncoder,
    count: int,
    progress: Progress = silent,
    templates: TemplateSettings = TemplateSettings(directions=160),
) -> list[Row]:
    """Measure an encoder on ``count`` cases: a row for each of ``STAGES`` and ``SPATIAL``."""
    found = {name: InstanceErrors() for name in (*STAGES, *SPATIAL)}
    for number, case in enumerate(cases(count)):
        progress(number / count, f"another instance {number + 1} of {count}")
        picture, camera = case.picture, case.picture.camera
        if picture.mask.sum() < 200:
            continue
        box = box_around(picture.mask)
        depth = np.full(picture.mask.shape, np.nan)
        depth[picture.mask] = (picture.point[picture.mask] @ camera.R.T + camera.t)[:, 2]
        side = matchable_shape(case.shape, encoder, LiftSettings())
        views = template_set(side.caster, encoder, templates)
        image = matchable_image(picture.image, encoder, box)
        scorer = PoseScorer(Photo(picture.image, image, camera.K, picture.mask, depth), side, encoder, "y")
        starts = scorer([sized(one.pose, scorer) for one in coarse_poses(scorer, views)])
        for name, settings in STAGES.items():
            best = max(starts, key=lambda h: h.score) if settings is None else refine(starts, scorer, settings)[0]
            _note(found[name], best, case, scorer)
        spatial = ranked(scorer(by_depth(scorer, 9)))
        for name, some in (
            (SPATIAL[0], spatial),
            (SPATIAL[1], refine(spatial, scorer, EVERY)),
            (SPATIAL[2], refine(ranked(starts + spatial), scorer, EVERY)),
        ):
            _note(found[name], (some or starts)[0], case, scorer)
    return [_row(name, errors) for name, errors in found.items()]


def _note(errors: InstanceErrors, best: Hypothesis, case: InstanceCase, scorer: PoseScorer) -> None:
    pose = best.pose
    errors.nine.append(alignment_errors(pose, case.truth, case.shape.center))
    errors.noc.append(noc_error(pose, case, scorer))


def noc_error(pose: Pose, case: InstanceCase, scorer: PoseScorer) -> float:
    """Return the mean L1 distance between the normalised object coordinates that a pose shows and the true ones.

    Both are fractions of their bounding boxes; pixels where the pose shows nothing count 1.
    """
    pixels = pixels_of(case.picture.mask)
    hits = scorer.shape.caster.cast(*shape_rays(pose, scorer.K, case.shape, pixels.astype(np.float64)))
    shown = hits.mask
    error = np.ones(len(pixels))
    place = surface_position(case.shape, hits.face[shown], hits.bary[shown])
    own = place / np.maximum(np.ptp(case.shape.normalised, axis=0), 1e-9)
    true = case.picture.point[pixels[shown, 1], pixels[shown, 0]] / np.ptp(case.item.shape.normalised, axis=0)
    error[shown] = np.abs(own - true).sum(axis=1)
    return float(error.mean())


def _row(name: str, errors: InstanceErrors) -> Row:
    shares = alignment_shares(np.stack(errors.nine))
    return {"method": name, "objects": len(errors.nine), **shares, "NOC error": float(np.mean(errors.noc))}
