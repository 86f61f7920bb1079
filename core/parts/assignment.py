"""Soft assignment of surface samples to cells of an image.

It is made by the views that all pixels agree on, and by the descriptors.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import cv2
import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from core.matching.joint import JointPrior
from core.matching.matchable import MatchableImage, MatchableShape

Floats = npt.NDArray[np.float32]

SOFTNESS = 0.03
"""A cosine similarity lower by this makes a cell e times less likely."""

UNSEEN = 0.05
"""Samples that the agreeing views see with less than this probability count as hidden."""

_NORMAL_SCALE = 0.1


@dataclass
class Assignment:
    """The soft assignment of one shape's samples to one image's cells.

    Attributes:
        weight: float32 [n, h * w], how likely each of the n samples that the views compare is seen in each cell, up to
            a factor for each sample: the probability of the views that put it near the cell (blurred as in
            :class:`core.matching.joint.JointPrior`) times ``exp(similarity / SOFTNESS)``.
        seen: bool [n], whether the agreeing views see the sample.
        nearest: int64 [N, 3], for each of the field's samples the nearest of the n compared ones.
        share: float32 [N, 3], their weights; rows sum to 1.
    """

    weight: Floats
    seen: npt.NDArray[np.bool_]
    nearest: npt.NDArray[np.int64]
    share: Floats

    def to_all(self, values: npt.NDArray[np.floating]) -> Floats:
        """Carry values float [n] of the compared samples to all samples of the field: float32 [N]."""
        return np.asarray((values[self.nearest] * self.share).sum(1), np.float32)


_made: WeakKeyDictionary[JointPrior, Assignment] = WeakKeyDictionary()


def assignment(prior: JointPrior, image: MatchableImage, shape: MatchableShape) -> Assignment:
    """Return the assignment of the image and the shape that a prior belongs to; it is computed once for a prior."""
    if prior not in _made:
        _made[prior] = Assignment(*_weights(prior, image, shape), *_neighbours(prior, shape))
    return _made[prior]


def _weights(prior: JointPrior, image: MatchableImage, shape: MatchableShape) -> tuple[Floats, npt.NDArray[np.bool_]]:
    h, w = image.map.descriptors.shape[:2]
    cells = np.rint(image.map.to_cells(prior.pixels.numpy())).astype(int)
    shown = prior.view_set.visible[torch.from_numpy(prior.views)].numpy()
    shown = shown & (cells >= 0).all(-1) & (cells < [w, h]).all(-1)
    view, sample = np.nonzero(shown)
    cell = cells[view, sample, 1] * w + cells[view, sample, 0]
    near = sparse.csr_array((prior.probability.numpy()[view], (sample, cell)), shape=(shown.shape[1], h * w))
    x0, _, x1, _ = image.map.frame
    blur = prior.settings.spread * prior.frame_size / (x1 - x0) * w
    spread = gaussian_filter(near.toarray().astype(np.float32).reshape(-1, h, w), (0, blur, blur), mode="constant")
    weight = torch.from_numpy(spread.reshape(len(spread), -1))
    samples = shape.field.descriptors[torch.from_numpy(prior.view_set.index)].float()
    similarity = samples @ image.map.unit.reshape(h * w, -1).T
    similarity -= similarity.amax(1, keepdim=True)
    seen = weight.sum(1).numpy() > UNSEEN
    return (weight * similarity.div_(SOFTNESS).exp_()).numpy(), seen if seen.any() else ~seen


def object_cells(prior: JointPrior, image: MatchableImage) -> float:
    """Estimate how many cells of the image the object covers.

    This is the mean over the views of their silhouettes, with gaps closed.
    """
    h, w = image.map.descriptors.shape[:2]
    cells = np.rint(image.map.to_cells(prior.pixels.numpy())).astype(int)
    inside = (cells >= 0).all(-1) & (cells < [w, h]).all(-1)
    total = 0.0
    for places, kept, probability in zip(cells, inside, prior.probability.tolist(), strict=True):
        silhouette = np.zeros((h, w), np.uint8)
        silhouette[places[kept, 1], places[kept, 0]] = 1
        total += probability * float(cv2.morphologyEx(silhouette, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)).sum())
    return total


def _neighbours(prior: JointPrior, shape: MatchableShape) -> tuple[npt.NDArray[np.int64], Floats]:
    points, index = shape.field.points, prior.view_set.index
    place = np.hstack([points.position, _NORMAL_SCALE * points.normal])
    count = min(3, len(index))
    distance, nearest = cKDTree(place[index]).query(place, k=count, workers=-1)
    weight = 1 / np.maximum(distance.reshape(-1, count), 1e-3)
    return nearest.reshape(-1, count), (weight / weight.sum(1, keepdims=True)).astype(np.float32)
