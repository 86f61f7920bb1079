"""A part marked on one side, found on the other: image to shape, shape to image, or between two of a kind."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree

from core.encoders.feature_map import cut_out
from core.errors import CounterpointError
from core.matching.joint import JointPrior
from core.matching.match import Prior, Verdict
from core.matching.matchable import Matchable, MatchableImage, MatchableShape
from core.parts.assignment import assignment, object_cells
from core.parts.evidence import Evidence, close_holes, grow


@dataclass(frozen=True)
class TransferSettings:
    """How descriptors and views vote.

    Attributes:
        nearest: without views, similarities to the best this many descriptors inside, and outside, are compared.
        softness: a lead of the inside this large counts e to 1.
        reach: places that no view sees take what is said of the nearest that is seen, less the farther it is (standard deviation,
            in diagonals of the shape).
        smoothing, rounds: of the random walk with restart over the surface graph that smooths evidence.
        growth: weight of how near a place is to the strongest evidence, where the views say how large the object is in the image.
    """

    nearest: int = 5
    softness: float = 0.02
    reach: float = 0.3
    smoothing: float = 0.97
    rounds: int = 80
    growth: float = 0.4


def mask_region(side: MatchableImage, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which cells [N] of an image lie in a mask [H, W] of its pixels.

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
        raise CounterpointError("The marked part lies outside the box that the encoder sees, or is too small.")
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
    """Evidence float32 [N] in [0, 1] that each candidate of ``target`` belongs to the part; above 0.5 more for than against.

    ``region`` [M] are the candidates of ``source`` in the part. Between an image and a shape with the ``prior`` of their joint
    views, a candidate goes by the share of the region in the places it may be seen at (:mod:`core.parts.assignment`). Otherwise
    its descriptor is compared with those inside and those outside the region. On a surface the result is smoothed, drawn together
    around the strongest evidence, and small holes and islands go.
    """
    if isinstance(prior, JointPrior) and isinstance(source, MatchableImage) and isinstance(target, MatchableShape):
        evidence = _seen_on_shape(prior, source, target, region, settings)
    elif isinstance(prior, JointPrior) and isinstance(source, MatchableShape) and isinstance(target, MatchableImage):
        evidence = _seen_in_image(prior, source, target, region)
    else:
        inside, outside = _descriptors(source, region), _descriptors(source, ~region & known(source))
        lead = _best(target, inside, settings.nearest) - _best(target, outside, settings.nearest)
        evidence = torch.sigmoid(lead / settings.softness).numpy()
    if isinstance(target, MatchableShape):
        evidence = _smooth(target, evidence, settings)
        if isinstance(prior, JointPrior) and isinstance(source, MatchableImage):
            share = float(region.sum()) / max(object_cells(prior, source), 1.0)
            evidence = (1 - settings.growth) * evidence + settings.growth * grow(target, evidence, share)
        evidence = close_holes(target, evidence)
    return np.asarray(evidence, np.float32)


@dataclass
class FoundPart:
    """A part on the other side.

    Attributes:
        evidence: float32 [N], see :func:`transfer`.
        candidate: where it is strongest.
        share: how much of the target belongs to it (more evidence for than against).
        overlap: |back and marked| / |back or marked| after transferring what was found back again.
        verdict: "good", "unsure" or "none".
    """

    evidence: Evidence
    candidate: int
    share: float
    overlap: float
    verdict: Verdict


def find_part(
    source: Matchable, target: Matchable, region: npt.NDArray[np.bool_], prior: Prior | None = None
) -> FoundPart:
    """Transfer a part and judge the answer by transferring it back."""
    evidence = transfer(source, target, region, prior)
    found, valid = evidence > 0.5, _asked(target)
    overlap = 0.0
    if (found & valid).any() and not found[valid].all():
        back = (transfer(target, source, found & valid, prior) > 0.5) & _asked(source)
        overlap = float((back & region).sum() / max((back | region).sum(), 1))
    verdict: Verdict = "good" if overlap > 0.5 else "unsure" if overlap > 0.2 else "none"
    best = int(np.where(valid, evidence, -1).argmax())
    return FoundPart(evidence, best, float(found[valid].mean()), overlap, verdict)


def _asked(side: Matchable) -> npt.NDArray[np.bool_]:
    """The candidates that a part may have: in an image those in the box."""
    if isinstance(side, MatchableImage):
        return np.asarray(side.map.inside().ravel())
    assert isinstance(side, MatchableShape)
    return np.ones(len(side.field), bool)


def known(side: Matchable) -> npt.NDArray[np.bool_]:
    """The candidates that say something about what is not in the part: in an image those in the box that look like an object."""
    if isinstance(side, MatchableImage):
        inside = side.map.inside()
        if side.map.foreground is not None:
            object_like = inside & (side.map.foreground > 0.5).numpy()
            inside = object_like if object_like.sum() > 0.1 * inside.sum() else inside
        return np.asarray(inside.ravel())
    return _asked(side)


def _object_weight(image: MatchableImage) -> npt.NDArray[np.float32]:
    """How much each cell [N] says: as much as it looks like an object, which is an estimate, so a fifth at least in the box."""
    inside = image.map.inside().ravel().astype(np.float32)
    if image.map.foreground is None:
        return inside
    return inside * np.maximum(image.map.foreground.numpy().ravel(), 0.2)


def _descriptors(side: Matchable, chosen: npt.NDArray[np.bool_], most: int = 2000) -> torch.Tensor:
    index = np.flatnonzero(chosen)
    index = index[:: max(1, len(index) // most)]
    return _all(side)[torch.from_numpy(index)].float()


def _all(side: Matchable) -> torch.Tensor:
    """Unit descriptors [N, D] of all candidates."""
    if isinstance(side, MatchableImage):
        return side.map.unit.reshape(-1, side.map.descriptors.shape[-1])
    assert isinstance(side, MatchableShape)
    return side.field.descriptors


def _best(target: Matchable, keys: torch.Tensor, count: int) -> torch.Tensor:
    """Mean similarity float32 [N] of each candidate with the ``count`` most similar of ``keys`` [K, D]."""
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
    """Of every sample [N]: the share of the region in the object's cells it may be seen in; what is hidden takes its neighbours'."""
    where = assignment(prior, image, shape)
    counts = np.where(region, 1, _object_weight(image)).astype(np.float32)
    said = where.weight[:, region].sum(1) / np.maximum(where.weight @ counts, 1e-12)
    position = shape.field.points.position[prior.view_set.index]
    return where.to_all(_spread(position, said, where.seen, settings.reach))


def _seen_in_image(
    prior: JointPrior, shape: MatchableShape, image: MatchableImage, region: npt.NDArray[np.bool_]
) -> Evidence:
    """Of every cell [N]: the share of the region in the samples that may be seen there, as far as it shows the object at all."""
    weight = assignment(prior, image, shape).weight
    nearest, count = prior.view_set.nearest, len(weight)
    inside = np.bincount(nearest, region, count) / np.maximum(np.bincount(nearest, minlength=count), 1)
    total = weight.sum(0)
    said = inside @ weight / np.maximum(total, 1e-12)
    return said * np.minimum(total / max(float(np.median(total[known(image)])) / 2, 1e-12), 1)


def _spread(position: npt.NDArray[np.floating], said: Evidence, seen: npt.NDArray[np.bool_], reach: float) -> Evidence:
    """What is said of seen places carried to the others."""
    distance, nearest = cKDTree(position[seen]).query(position)
    return said[seen][nearest] * np.exp(-((distance / reach) ** 2) / 2)


def _smooth(side: MatchableShape, evidence: Evidence, settings: TransferSettings) -> Evidence:
    """Random walk with restart over the surface."""
    value = evidence
    for _ in range(settings.rounds):
        value = (1 - settings.smoothing) * evidence + settings.smoothing * (side.surface_graph @ value)
    return value
