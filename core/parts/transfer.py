"""A part marked on one side, found on the other: image to shape, shape to image, or between two of a kind."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.spatial import cKDTree

from core.encoders.feature_map import cut_out
from core.errors import CounterpointError
from core.fields.interpolation import Interpolator
from core.matching.joint import JointPrior
from core.matching.match import Prior, Verdict
from core.matching.sides import ImageSide, ShapeSide, Side

Evidence = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TransferSettings:
    """How descriptors and views vote.

    Attributes:
        nearest: similarities to the best this many descriptors inside, and outside, are compared.
        softness: a lead of the inside this large counts e to 1.
        views: weight of what the joint views say.
        reach: places that no view sees take what is said of the nearest that is seen, less the farther it is (standard deviation,
            in diagonals of the shape).
        smoothing, rounds: of the random walk with restart over the surface graph that smooths evidence.
    """

    nearest: int = 5
    softness: float = 0.02
    views: float = 0.5
    reach: float = 0.1
    smoothing: float = 0.8
    rounds: int = 12


def mask_region(side: ImageSide, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
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


def outline_mask(outline: npt.ArrayLike, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The inside of a polygon of pixels [n, 2] in an image of (width, height): bool [height, width]."""
    canvas = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(canvas, [np.rint(np.asarray(outline, np.float64)).astype(np.int32)], 1)
    return canvas.astype(bool)


def transfer(
    source: Side,
    target: Side,
    region: npt.NDArray[np.bool_],
    prior: Prior | None = None,
    settings: TransferSettings = TransferSettings(),
) -> Evidence:
    """Evidence float32 [N] in [0, 1] that each candidate of ``target`` belongs to the part; above 0.5 more for than against.

    ``region`` [M] are the candidates of ``source`` in the part. A candidate's descriptor is compared with those inside and
    those outside the region; where the joint views (``prior``) see a place, they vote too; the result is smoothed over the
    surface.
    """
    inside, outside = _descriptors(source, region), _descriptors(source, ~region & _known(source))
    lead = _best(target, inside, settings.nearest) - _best(target, outside, settings.nearest)
    evidence = torch.sigmoid(lead / settings.softness).numpy()
    if isinstance(prior, JointPrior):
        said, seen = _views_say(prior, source, target, region, settings.reach)
        evidence = settings.views * seen * said + (1 - settings.views * seen) * evidence
    if isinstance(target, ShapeSide):
        evidence = _smooth(target, evidence, settings)
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


def find_part(source: Side, target: Side, region: npt.NDArray[np.bool_], prior: Prior | None = None) -> FoundPart:
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


def _asked(side: Side) -> npt.NDArray[np.bool_]:
    """The candidates that a part may have: in an image those in the box."""
    if isinstance(side, ImageSide):
        return np.asarray(side.map.inside().ravel())
    assert isinstance(side, ShapeSide)
    return np.ones(len(side.field), bool)


def _known(side: Side) -> npt.NDArray[np.bool_]:
    """The candidates that say something about what is not in the part: in an image those in the box that look like an object."""
    if isinstance(side, ImageSide):
        known = side.map.inside()
        if side.map.foreground is not None:
            object_like = (side.map.foreground > 0.5).numpy()
            known = known & object_like if (known & object_like).sum() > 0.1 * known.sum() else known
        return np.asarray(known.ravel())
    return _asked(side)


def _descriptors(side: Side, chosen: npt.NDArray[np.bool_], most: int = 2000) -> torch.Tensor:
    index = np.flatnonzero(chosen)
    index = index[:: max(1, len(index) // most)]
    return _all(side)[torch.from_numpy(index)].float()


def _all(side: Side) -> torch.Tensor:
    """Unit descriptors [N, D] of all candidates."""
    if isinstance(side, ImageSide):
        return side.map.unit.reshape(-1, side.map.descriptors.shape[-1])
    assert isinstance(side, ShapeSide)
    return side.field.descriptors


def _best(target: Side, keys: torch.Tensor, count: int) -> torch.Tensor:
    """Mean similarity float32 [N] of each candidate with the ``count`` most similar of ``keys`` [K, D]."""
    every = _all(target)
    if len(keys) == 0:
        return torch.zeros(len(every))
    parts = [(part.float() @ keys.T).topk(min(count, len(keys)), dim=1).values.mean(1) for part in every.split(8192)]
    return torch.cat(parts)


def _views_say(
    prior: JointPrior, source: Side, target: Side, region: npt.NDArray[np.bool_], reach: float
) -> tuple[Evidence, Evidence]:
    """For every candidate of the target: share of the region in what the views put there, and how much they say at all, [N] both."""
    image = source if isinstance(source, ImageSide) else target
    assert isinstance(image, ImageSide)
    h, w = image.map.descriptors.shape[:2]
    cells = np.rint(image.map.to_cells(prior.pixels.numpy())).astype(int)
    shown = prior.view_set.visible[torch.from_numpy(prior.views)].numpy()
    shown = shown & (cells >= 0).all(-1) & (cells < [w, h]).all(-1)
    view, sample = np.nonzero(shown)
    cell = cells[view, sample, 1] * w + cells[view, sample, 0]
    weight = prior.probability.numpy()[view]
    seen = sparse.csr_array((weight, (cell, sample)), shape=(h * w, shown.shape[1]))
    nearest = prior.view_set.nearest
    if isinstance(target, ShapeSide):
        total = seen.T @ np.ones(h * w)
        said = (seen.T @ region) / np.maximum(total, 1e-9)
        if not (total > 0.05).any():
            return said[nearest], np.zeros(len(nearest), np.float32)
        said = _spread(target.field.points.position[prior.view_set.index], said, total > 0.05, reach)
        return said[nearest], np.ones(len(nearest), np.float32)
    of_samples = np.bincount(nearest, region, shown.shape[1]) / np.maximum(
        np.bincount(nearest, minlength=shown.shape[1]), 1
    )
    blur = _blur(h, w)
    total = blur @ (seen @ np.ones(shown.shape[1]))
    said = blur @ (seen @ of_samples) / np.maximum(total, 1e-9)
    return said, np.minimum(total / max(float(np.quantile(total[total > 1e-6], 0.5)), 1e-9), 1)


def _spread(position: npt.NDArray[np.floating], said: Evidence, seen: npt.NDArray[np.bool_], reach: float) -> Evidence:
    """What is said of seen places carried to the others."""
    distance, nearest = cKDTree(position[seen]).query(position)
    return said[seen][nearest] * np.exp(-((distance / reach) ** 2) / 2)


def _blur(h: int, w: int) -> sparse.csr_array:
    """Sum over each cell's 3 x 3 neighbourhood, as a matrix: samples are sparser than cells."""
    rows = sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(h, h))
    columns = sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(w, w))
    return sparse.csr_array(sparse.kron(rows, columns))


def _smooth(side: ShapeSide, evidence: Evidence, settings: TransferSettings) -> Evidence:
    """Random walk with restart over the surface."""
    value = evidence
    for _ in range(settings.rounds):
        value = (1 - settings.smoothing) * evidence + settings.smoothing * (side.surface_graph @ value)
    return value


def face_labels(side: ShapeSide, evidence: Evidence, threshold: float = 0.5) -> npt.NDArray[np.int32]:
    """1 for the faces (points of a cloud) in the part, else 0: int32 [F]; a face goes by the samples nearest to its centre."""
    shape = side.shape
    if shape.is_point_cloud:
        places, normals = shape.normalised, shape.normals
    else:
        places = shape.normalised[shape.faces].mean(axis=1)
        normals = shape.normals[shape.faces].mean(axis=1)
    carried = Interpolator.build(side.field.points, places, normals)(evidence)
    return (carried > threshold).astype(np.int32)


def pixel_mask(side: ImageSide, evidence: Evidence, threshold: float = 0.5) -> npt.NDArray[np.bool_]:
    """Evidence [N] of an image's cells as a mask bool [H, W] of its pixels; nothing lies outside the box."""
    width, height = side.image_size
    h, w = side.map.descriptors.shape[:2]
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    cells = side.map.to_cells(np.stack([u, v], axis=-1)).astype(np.float32)
    values = cv2.remap(evidence.reshape(h, w), cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderValue=0.0)
    x0, y0, x1, y1 = side.map.box
    return np.asarray((values > threshold) & (u >= x0) & (u <= x1) & (v >= y0) & (v <= y1))
