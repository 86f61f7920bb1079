"""Where an object may stand: the best templates.

And, to be compared with, what the correspondences of single cells say.
"""

from dataclasses import dataclass

import numpy as np
import torch

from core.alignment.rays import toward
from core.alignment.scorer import Hypothesis, PoseScorer, non_maximum_suppression, ranked, upright_prior
from core.alignment.templates import TemplateSet, compare, pose_of
from core.geometry.camera import look_at
from core.geometry.pose import Pose, nearest_rotation


@dataclass(frozen=True)
class CoarseSettings:
    """How many poses of templates are tried.

    Attributes:
        tried: this many of the best of all templates and rolls are looked at.
        drawn: of this many of those that differ the shape is drawn, and compared with the photo.
        keep: this many of them are kept.
        suppression: degrees by which their rotations differ.
    """

    tried: int = 150
    drawn: int = 12
    keep: int = 8
    suppression: float = 20.0


def coarse_poses(
    scorer: PoseScorer, templates: TemplateSet, settings: CoarseSettings = CoarseSettings()
) -> list[Hypothesis]:
    """Compare the photo with the templates at all rolls.

    Returns hypotheses that differ, the best first, scored and not exact yet.
    """
    crops = templates.settings.crops(scorer.photo.pixels, scorer.photo.mask)
    scores = compare(crops, templates, scorer.encoder)
    found = []
    for index in np.argsort(-scores, axis=None)[: settings.tried]:
        roll, view = divmod(int(index), scores.shape[1])
        pose = pose_of(crops[roll], view, templates, scorer.K, scorer.shape.caster)
        prior = upright_prior(pose, scorer.up, scorer.shape.shape.center)
        found.append(Hypothesis(pose, float(scores[roll, view]), 1.0, prior))
    poses = [one.pose for one in non_maximum_suppression(ranked(found), settings.drawn, settings.suppression)]
    return ranked(scorer(poses))[: settings.keep]


def facing(scorer: PoseScorer) -> Pose:
    """Make the pose that shows the front of the shape in the middle of the object's box, as large as the box.

    The photo is not looked at.
    """
    x0, y0, x1, y1 = scorer.image.map.box
    up, shape = scorer.up, scorer.shape.shape
    sideways = np.roll(up, 1)
    ray = np.linalg.solve(scorer.K, [(x0 + x1) / 2, (y0 + y1) / 2, 1.0])
    R = toward(ray) @ look_at(np.cross(sideways, up), up)
    depth = scorer.K[0, 0] * shape.diagonal / max(x1 - x0, y1 - y0)
    return Pose(R, ray * depth - R @ shape.center)


def by_correspondences(scorer: PoseScorer, iterations: int = 2000) -> list[Pose]:
    """The pose of PnP with RANSAC (PoseLib) on mutual nearest neighbours of the object's cells and the field.

    None where it fails.
    """
    import poselib

    cells = np.flatnonzero(scorer.object > 0.5)
    points = scorer.shape.field.points.position
    step = max(1, len(points) // 5000)
    similar = scorer.descriptors[torch.from_numpy(cells)] @ scorer.field[::step].T
    there, back = similar.argmax(1).numpy(), similar.argmax(0).numpy()
    mutual = np.flatnonzero(back[there] == np.arange(len(cells)))
    if len(mutual) < 6:
        return []
    K, (width, height), shape = scorer.K, scorer.image.image_size, scorer.shape.shape
    camera = {"model": "PINHOLE", "width": width, "height": height, "params": [K[0, 0], K[1, 1], K[0, 2], K[1, 2]]}
    x0, y0, x1, y1 = scorer.image.map.box
    where = shape.to_own_frame(points[::step][there[mutual]])
    options = {"max_reproj_error": 0.06 * max(x1 - x0, y1 - y0), "max_iterations": iterations, "seed": 0}
    near = where - shape.center  # far from the origin the solver would lose digits
    found, _ = poselib.estimate_absolute_pose(scorer.pixels[cells[mutual]], near, camera, options, {})
    R, t = np.asarray(found.R), np.asarray(found.t)
    if not (np.isfinite(R).all() and np.isfinite(t).all()) or t[2] <= 0:
        return []
    R = nearest_rotation(R)
    return [Pose(R, t - R @ shape.center)]
