"""How probable it is that a pose is right, and what speaks against it."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from core.alignment.field_of_view import zoomed
from core.alignment.fine import FineSettings, refine
from core.alignment.photo import posed_photo
from core.alignment.rivals import half_turns, mirror_images
from core.alignment.scorer import Hypothesis, Photo, PoseScorer
from core.alignment.unseen import unseen_turn
from core.alignment.verdict import SAME_DEGREES, PoseDoubt, doubted
from core.calibration import ASSUMED, CAUTIOUS, GOOD, SOUGHT
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import MIN_BOX
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose, project, shape_rays
from core.geometry.raycasting import surface_position
from core.geometry.symmetry import angle
from core.matching.matchable import MatchableShape
from core.parts.outline import edge_agreement, mask_features, mask_probability

RIVALRY = 0.12
"""Hypotheses whose scores differ by this share of the best one's differ in probability by the factor e."""

FAR = 0.7
"""The largest lead that counts, the logarithm of the ratio of two scores: of a shape that is not in the photo one chance
resemblance may lead over all others by more, and of right poses most lead by less."""

FAINT = 0.02
"""Scores below this are alike: of a shape that is not in the photo all poses score near zero, and none leads."""

PERSPECTIVE = 0.25
"""Where the shape's diagonal is less than this share of its distance, another focal length would hardly show."""

OTHER_FOCAL, STEPS, BETTER = (0.8, 1.25), 20, 1.08
"""Factors of the focal length that are tried, the steps of the descent with each, and by what ratio of the scores one of
them must be better."""

EVEN_ODDS = 0.5
"""A pose is never good whose object was cut out by the program and probably not well."""

INLIER = 0.15
"""What a cell of the picture resembles most agrees with a pose that puts a place within this there, in diagonals."""


def judged(found: list[Hypothesis], scorer: PoseScorer) -> list[Hypothesis]:
    """Return hypotheses with their probabilities, at most that of the best, and reasons for doubt, in the same order.

    Args:
        found: hypotheses about one photo, the best first.
        scorer: compares poses of the shape with the photo.
    """
    doubts = [doubt_of(found, number, scorer) for number in range(len(found))]
    if doubts and doubts[0].probability >= GOOD and fits_another_camera(found[0], scorer):
        doubts[0] = PoseDoubt(CAUTIOUS, ("camera",))
    if doubts and doubts[0].probability >= GOOD and looks_turned(found[0].pose, scorer):
        doubts[0] = PoseDoubt(CAUTIOUS, ("unseen",))
    if doubts and doubts[0].probability >= GOOD and scorer.photo.cut and cut_out_well(scorer) < EVEN_ODDS:
        doubts[0] = PoseDoubt(CAUTIOUS, ("mask",))
    doubts = [as_known(one, scorer.photo) for one in doubts]
    return [
        replace(one, probability=min(doubt.probability, doubts[0].probability), reasons=doubt.reasons)
        for one, doubt in zip(found, doubts, strict=True)
    ]


def as_known(doubt: PoseDoubt, photo: Photo) -> PoseDoubt:
    """Return a doubt with what nobody said of a photo: where the object is, and its camera."""
    if photo.sought:
        doubt = PoseDoubt(min(doubt.probability, CAUTIOUS), (SOUGHT, *doubt.reasons))
    return PoseDoubt(doubt.probability, (*doubt.reasons, ASSUMED)) if photo.assumed else doubt


def doubt_of(found: list[Hypothesis], number: int, scorer: PoseScorer) -> PoseDoubt:
    """Return how probable it is that one of the hypotheses about a photo is right, see :func:`pose_features`."""
    return doubted(pose_features(found, number, scorer), scorer.encoder.fingerprint)


def judged_alone(
    pose: Pose,
    camera: PhotoCamera,
    image: npt.NDArray[np.uint8],
    shape: MatchableShape,
    encoder: ImageEncoder,
    up: str,
) -> Hypothesis:
    """Judge a pose that was found elsewhere by the photo.

    Args:
        pose: of the shape.
        camera: of the photo, with its lens.
        image: the photo, RGB uint8 [H, W, 3].
        shape: described by ``encoder``.
        encoder: describes the photo.
        up: the direction that points up in the shape's file.

    Returns:
        The pose with its scores and its probability. Where the object is too small or too far outside the picture to
        be judged, its scores are 0, and it is probably wrong.
    """
    height, width = image.shape[:2]
    pixels, depth = project(pose, camera.K, shape.shape.to_own_frame(shape.field.points.position))
    low, high = np.maximum(pixels.min(0), -0.5), np.minimum(pixels.max(0), [width - 0.5, height - 0.5])
    nothing = Hypothesis(pose, 0.0, 0.0, probability=0.0, reasons=("nothing",))
    if (depth <= 0).any() or (high - low < MIN_BOX).any():
        return nothing
    try:
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        photo, _ = posed_photo(image, camera, None, box, encoder)
    except CounterpointError:
        return nothing
    scorer = PoseScorer(photo, shape, encoder, up)
    return judged(scorer([pose]), scorer)[0]


def pose_features(found: list[Hypothesis], number: int, scorer: PoseScorer) -> dict[str, float]:
    """Measure what tells whether a hypothesis is right; more is better.

    Args:
        found: all hypotheses about the photo, the best first.
        number: of the one that is judged.
        scorer: compares poses of the shape with the photo.

    Returns:
        The lead over the best different hypothesis, the lead over the pose's mirror images (of the best hypothesis
        only), and others; see ``core.alignment.verdict.DOUBTS``.
    """
    one, turns = found[number], scorer.shape.symmetries
    angles = np.array([angle(one.pose.R, other.pose.R, turns) for other in found])
    scores = np.array([other.score for other in found])
    belief = np.exp((scores - scores.max()) / (RIVALRY * max(float(scores.max()), 1e-6)))
    different = scores[angles >= SAME_DEGREES]
    silhouette = silhouette_of(one.pose, scorer)
    return {
        "score": float(np.log(max(one.score, 1e-3))),
        "similarity": one.similarity,
        "overlap": one.overlap,
        "lead": _lead(one.score, float(different.max())) if len(different) else float("nan"),
        "mirror": _mirror_lead(one, scorer) if number == 0 else float("nan"),
        "spread": -float((belief * angles).sum() / belief.sum()) / 180,
        "edges": edge_agreement(scorer.photo.pixels, silhouette),
        "mask": edge_agreement(scorer.photo.pixels, scorer.photo.mask),
        "inliers": inliers(one.pose, scorer),
        "upright": one.upright_prior,
        "size": float(np.log(max(float(scorer.photo.mask.sum()), 1.0))) / 2,
    }


def fits_another_camera(one: Hypothesis, scorer: PoseScorer) -> bool:
    """Return whether a pose fits clearly better with another focal length, which shows where perspective is strong."""
    shape = scorer.shape.shape
    if shape.diagonal * float(np.max(one.pose.s)) < PERSPECTIVE * float(one.pose(shape.center)[2]):
        return False
    best = max(_with_focal(one, scorer, factor) for factor in OTHER_FOCAL)
    return best > BETTER * one.score and best > BETTER * _with_focal(one, scorer, 1.0)


def cut_out_well(scorer: PoseScorer) -> float:
    """Return how probable it is that the object of the photo was cut out well."""
    photo = scorer.photo
    features = mask_features(photo.pixels, photo.mask, photo.side.map.box, photo.side)
    return mask_probability(features, scorer.encoder.fingerprint)


def looks_turned(pose: Pose, scorer: PoseScorer) -> bool:
    """Return whether the photo cannot tell a pose from the same shape turned, its symmetries aside."""
    return unseen_turn(pose, scorer.K, scorer.shape.caster, scorer.shape.symmetries) is not None


def _with_focal(one: Hypothesis, scorer: PoseScorer, factor: float) -> float:
    """Return the score that a pose descends to with a focal length that is so many times as long."""
    K = scorer.K.copy()
    K[[0, 1], [0, 1]] *= factor
    other = PoseScorer(replace(scorer.photo, K=K), scorer.shape, scorer.encoder, scorer.up_name)
    start = other([zoomed(one.pose, scorer.K, K, scorer.shape.shape.center)])
    return refine(start, other, FineSettings(steps=STEPS))[0].score


def _lead(score: float, other: float) -> float:
    return float(np.clip(np.log(max(score, FAINT) / max(other, FAINT)), -FAR, FAR))


def _mirror_lead(one: Hypothesis, scorer: PoseScorer) -> float:
    """Return the lead of a pose over the best of its mirror images; NaN if all of them look the same anyway."""
    rivals = mirrored(one.pose, scorer)
    return _lead(one.score, max(rival.score for rival in scorer(rivals))) if rivals else float("nan")


def mirrored(pose: Pose, scorer: PoseScorer) -> list[Pose]:
    """Return the poses that a photo of this one is most easily confused with.

    They are half turns about the shape's own axes, and the poses that have the same silhouette if the shape is mirrored
    in itself across one of its axes and in depth; poses that its symmetries make the same are left out.
    """
    shape = scorer.shape.shape
    middle = pose(shape.center)
    rotations = half_turns(pose) + mirror_images(pose, shape)
    return [
        Pose(R, middle - R @ (np.asarray(pose.s) * shape.center), pose.s)
        for R in rotations
        if angle(pose.R, R, scorer.shape.symmetries) >= SAME_DEGREES
    ]


def silhouette_of(pose: Pose, scorer: PoseScorer) -> npt.NDArray[np.bool_]:
    """Return the pixels of the photo that show the shape if a pose is right, bool [H, W]; it is cast near the object."""
    height, width = scorer.photo.mask.shape
    x0, y0, x1, y1 = scorer.image.map.frame
    left, top = max(0, int(x0)), max(0, int(y0))
    right, bottom = min(width, int(x1) + 2), min(height, int(y1) + 2)
    step = max(1, max(right - left, bottom - top) // 160)
    u, v = np.meshgrid(np.arange(left, right, step), np.arange(top, bottom, step))
    rays = shape_rays(pose, scorer.K, scorer.shape.shape, np.stack([u, v], axis=-1).astype(np.float64))
    seen = scorer.shape.caster.cast(*rays).mask.repeat(step, axis=0).repeat(step, axis=1)
    whole = np.zeros((height, width), bool)
    whole[top:bottom, left:right] = seen[: bottom - top, : right - left]
    return whole


def inliers(pose: Pose, scorer: PoseScorer) -> float:
    """Return the share of the object's cells whose most similar places are near where a pose puts them."""
    hits = scorer.shape.caster.cast(*shape_rays(pose, scorer.K, scorer.shape.shape, scorer.pixels))
    cells = np.flatnonzero(hits.mask & (scorer.object > 0.5))
    if len(cells) == 0:
        return 0.0
    positions = scorer.shape.field.points.position
    step = max(1, len(positions) // 3000)
    similar = scorer.descriptors[torch.from_numpy(cells)] @ scorer.field[::step].T
    there = surface_position(scorer.shape.shape, hits.face[cells], hits.bary[cells])
    nearest = positions[::step][similar.argmax(1).numpy()]
    gap = np.linalg.norm(nearest - there, axis=1)
    turned = [np.linalg.norm(nearest @ turn.T - there, axis=1) for turn in scorer.shape.symmetries[1:25]]
    return float((np.minimum.reduce([gap, *turned]) < INLIER).mean())
