"""Transfer of a part: marked on an image or shape, it is found on another."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree

from core.calibration import Verdict
from core.encoders.feature_map import cut_out
from core.errors import CounterpointError
from core.matching.joint import JointPrior, placing
from core.matching.match import Prior, Supporting, size_of_object
from core.matching.matchable import Matchable, MatchableImage, MatchableShape
from core.matching.verdict import with_doubts
from core.parts.assignment import assignment, object_cells
from core.parts.evidence import Evidence, close_holes, grow
from core.parts.layers import in_part
from core.parts.verdict import intersection_over_union, judge


@dataclass(frozen=True)
class TransferSettings:
    """How descriptors and views vote.

    Attributes:
        nearest: without views, the number of descriptors inside, and outside, whose similarities are compared.
        softness: the lead of the inside, in cosine similarity, that makes it e times as likely as the outside.
        reach: places that no view sees take the evidence of the nearest that is seen, and the less the farther it is: a
            standard deviation in diagonals of the shape.
        smoothing: the part that the random walk with restart over the surface graph takes from neighbours in each
            round.
        rounds: the number of its rounds.
        growth: the weight of how near a place is to the strongest evidence, if the views tell how large the object is
            in the image.
    """

    nearest: int = 5
    softness: float = 0.02
    reach: float = 0.3
    smoothing: float = 0.97
    rounds: int = 80
    growth: float = 0.4


def mask_region(side: MatchableImage, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which cells of an image lie in a mask of its pixels.

    Args:
        side: the image.
        mask: bool [H, W].

    Returns:
        bool [N].

    Raises:
        CounterpointError: the mask is of another size, or leaves no cell inside or none outside.
    """
    if mask.shape != side.image_size[::-1]:
        width, height = side.image_size
        raise CounterpointError(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels and the image {width} x {height}; they must be the same."
        )
    h, w = side.map.descriptors.shape[:2]
    gray = cut_out(np.repeat(mask[..., None], 3, axis=2).astype(np.uint8) * 255, side.map.frame, 8 * w)[..., 0]
    share = cv2.resize(gray, (w, h), interpolation=cv2.INTER_AREA).ravel() / 255
    region = share > min(0.5, 0.5 * share.max())
    inside = side.map.inside().ravel()
    if not (region & inside).any():
        raise CounterpointError(
            "The marked part is outside the box around the object, or too small; mark more of it, or enlarge the box."
        )
    if (region | ~inside).all():
        raise CounterpointError("The marked part covers all of the box; mark less, or draw the box around the object.")
    return np.asarray(region & inside)


def transfer(
    source: Matchable,
    target: Matchable,
    region: npt.NDArray[np.bool_],
    prior: Prior | None = None,
    settings: TransferSettings = TransferSettings(),
) -> Evidence:
    """Find the evidence that each candidate of the target belongs to a part of the source.

    Between an image and a shape with their joint prior, or with poses of the one in the other, the evidence of a candidate is the share of the region in the
    places it may be seen at (:mod:`core.parts.assignment`). Otherwise its descriptor is compared with those inside and
    those outside the region. On a surface the result is smoothed and concentrated around the strongest evidence, and
    small holes and islands are removed.

    Args:
        source: the image or shape that the part is marked on.
        target: the image or shape that it is looked for on.
        region: bool [M], the candidates of the source in the part.
        prior: of the pair.
        settings: how descriptors and views vote.

    Returns:
        Evidence float32 [N] in [0, 1]; above 0.5 there is more for the part than against it.
    """
    views = placing(prior)
    if views is not None and isinstance(source, MatchableImage) and isinstance(target, MatchableShape):
        evidence = _seen_on_shape(views, source, target, region, settings)
    elif views is not None and isinstance(source, MatchableShape) and isinstance(target, MatchableImage):
        evidence = _seen_in_image(views, source, target, region)
    else:
        inside, outside = _descriptors(source, region), _descriptors(source, ~region & known(source))
        lead = _best(target, inside, settings.nearest) - _best(target, outside, settings.nearest)
        evidence = torch.sigmoid(lead / settings.softness).numpy()
    if isinstance(target, MatchableShape):
        evidence = _smooth(target, evidence, settings)
        if views is not None and isinstance(source, MatchableImage):
            share = float(region.sum()) / max(object_cells(views, source), 1.0)
            evidence = (1 - settings.growth) * evidence + settings.growth * grow(target, evidence, share)
        evidence = close_holes(target, evidence)
    return np.asarray(evidence, np.float32)


@dataclass
class FoundPart:
    """A part that was found on the target.

    Attributes:
        evidence: float32 [N], see :func:`transfer`.
        candidate: the number of the candidate with the strongest evidence.
        share: the part of the target's candidates that belong to it, at the default threshold.
        overlap: the intersection over union of the marked part and of what was found transferred back.
        verdict: "good", "unsure" or "none", see :mod:`core.parts.verdict`.
        probability: how probable it is that the part overlaps with the true one by half or more.
        reasons: why it is doubted, words of :data:`core.calibration.REASONS`.
        features: what it was judged by, by name.
    """

    evidence: Evidence
    candidate: int
    share: float
    overlap: float
    verdict: Verdict
    probability: float = float("nan")
    reasons: tuple[str, ...] = ()
    features: dict[str, float] = field(default_factory=dict)


def find_part(
    source: Matchable,
    target: Matchable,
    region: npt.NDArray[np.bool_],
    prior: Prior | None = None,
    most: float = 1.0,
) -> FoundPart:
    """Transfer a part, given by the candidates bool [M] of the source, and judge the answer by transferring it back.

    The first arguments are those of :func:`transfer`; ``most`` is the probability of what the part depends on, which it
    cannot exceed.
    """
    evidence = transfer(source, target, region, prior)
    found, valid = in_part(100 * evidence), _selectable(target)
    overlap = 0.0
    if (found & valid).any() and not found[valid].all():
        back = in_part(100 * transfer(target, source, found & valid, prior)) & _selectable(source)
        overlap = intersection_over_union(back, region)
    best = int(np.where(valid, evidence, -1).argmax())
    features = _features(evidence[valid], overlap, float(region.mean()), prior) | size_of_object(source, target)
    encoder = target.encoder if target.encoder == source.encoder else ""
    most = min(most, prior.most) if isinstance(prior, Supporting) else most
    chance = float(region.sum() / max(_selectable(source).sum(), 1))
    doubt = judge("image" if isinstance(target, MatchableImage) else "shape", features, encoder, most, chance)
    reasons = with_doubts(prior.doubts, doubt.reasons) if isinstance(prior, Supporting) else doubt.reasons
    numbers = (float(found[valid].mean()), overlap, doubt.verdict, doubt.probability, reasons)
    return FoundPart(evidence, best, *numbers, features)


def _features(evidence: Evidence, overlap: float, marked: float, prior: Prior | None) -> dict[str, float]:
    """What tells whether a part was found, by name; more is better."""
    inside = evidence[evidence > 0.5]
    return {
        "overlap": overlap,
        "evidence": float(inside.mean()) if len(inside) else 0.0,
        "decided": float(np.abs(2 * evidence - 1).mean()),
        "marked": float(np.log(max(marked, 1e-4))),
        "views": prior.agreement if isinstance(prior, Supporting) else float("nan"),
    }


def _selectable(side: Matchable) -> npt.NDArray[np.bool_]:
    """Return the candidates that a part may have, bool [N]: in an image those in the box."""
    if isinstance(side, MatchableImage):
        return np.asarray(side.map.inside().ravel())
    assert isinstance(side, MatchableShape)
    return np.ones(len(side.field), bool)


def known(side: Matchable) -> npt.NDArray[np.bool_]:
    """Return the candidates that tell what is not in the part, bool [N].

    In an image they are those in the box that look like an object.
    """
    if isinstance(side, MatchableImage):
        inside = side.map.inside()
        if side.map.foreground is not None:
            object_like = inside & (side.map.foreground > 0.5).numpy()
            inside = object_like if object_like.sum() > 0.1 * inside.sum() else inside
        return np.asarray(inside.ravel())
    return _selectable(side)


def _object_weight(image: MatchableImage) -> npt.NDArray[np.float32]:
    """Return the weight of each cell, float32 [N].

    It is how much the cell looks like an object, at least a fifth in the box as that is an estimate.
    """
    inside = image.map.inside().ravel().astype(np.float32)
    if image.map.foreground is None:
        return inside
    return np.asarray(inside * np.maximum(image.map.foreground.numpy().ravel(), 0.2))


def _descriptors(side: Matchable, chosen: npt.NDArray[np.bool_], most: int = 2000) -> torch.Tensor:
    index = np.flatnonzero(chosen)
    index = index[:: max(1, len(index) // most)]
    return _all(side)[torch.from_numpy(index)].float()


def _all(side: Matchable) -> torch.Tensor:
    """Return the unit descriptors [N, D] of all candidates."""
    if isinstance(side, MatchableImage):
        return side.map.unit.reshape(-1, side.map.descriptors.shape[-1])
    assert isinstance(side, MatchableShape)
    return side.field.descriptors


def _best(target: Matchable, keys: torch.Tensor, count: int) -> torch.Tensor:
    """Return the mean similarity float32 [N] of each candidate with the ``count`` most similar of ``keys`` [K, D]."""
    every = _all(target)
    if len(keys) == 0:
        return torch.zeros(len(every))
    parts = [(part.float() @ keys.T).topk(min(count, len(keys)), dim=1).values.mean(1) for part in every.split(8192)]
    return torch.cat(parts)


def _seen_on_shape(
    prior: JointPrior,
    image: MatchableImage,
    shape: MatchableShape,
    region: npt.NDArray[np.bool_],
    settings: TransferSettings,
) -> Evidence:
    """Return for every sample [N] the share of the region in the object's cells it may be seen in.

    Hidden samples take their neighbours'.
    """
    where = assignment(prior, image, shape)
    counts = np.where(region, 1, _object_weight(image)).astype(np.float32)
    share = where.weight[:, region].sum(1) / np.maximum(where.weight @ counts, 1e-12)
    position = shape.field.points.position[prior.view_set.index]
    return where.to_all(_spread(position, share, where.seen, settings.reach))


def _seen_in_image(
    prior: JointPrior, shape: MatchableShape, image: MatchableImage, region: npt.NDArray[np.bool_]
) -> Evidence:
    """Return for every cell [N] the share of the region in the samples that may be seen there.

    It counts as far as the cell shows the object at all.
    """
    weight = assignment(prior, image, shape).weight
    nearest, count = prior.view_set.nearest, len(weight)
    inside = np.bincount(nearest, region, count) / np.maximum(np.bincount(nearest, minlength=count), 1)
    total = weight.sum(0)
    share = inside @ weight / np.maximum(total, 1e-12)
    return np.asarray(share * np.minimum(total / max(float(np.median(total[known(image)])) / 2, 1e-12), 1))


def _spread(
    position: npt.NDArray[np.floating], evidence: Evidence, seen: npt.NDArray[np.bool_], reach: float
) -> Evidence:
    """Carry the evidence [n] of the samples that are seen to the others, less the farther they are."""
    distance, nearest = cKDTree(position[seen]).query(position)
    return np.asarray(evidence[seen][nearest] * np.exp(-((distance / reach) ** 2) / 2))


def _smooth(side: MatchableShape, evidence: Evidence, settings: TransferSettings) -> Evidence:
    """Smooth evidence [N] by a random walk with restart over the surface."""
    value = evidence
    for _ in range(settings.rounds):
        value = (1 - settings.smoothing) * evidence + settings.smoothing * (side.surface_graph @ value)
    return value
