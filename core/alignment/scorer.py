"""How well the picture agrees with a pose: by the feature field, and by a picture of the shape as the pose puts it."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from torch.nn import functional as F

from core.alignment.templates import TemplateSettings
from core.arrays import Floats
from core.encoders.base import ImageEncoder
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose, rotation_error, shape_rays
from core.geometry.raycasting import surface_position
from core.geometry.render import render_posed
from core.geometry.viewpoints import UP_AXES
from core.matching.crops import cells_of, centred, shrink
from core.matching.matchable import MatchableImage, MatchableShape

LEAST_OBJECT = 0.3
"""A cell shows the object where at least this much of it lies in the mask."""

LIKELY, TEMPERATURE = 2000, 0.05
"""Samples of the field that cells are compared with in the descent, and how sharply."""


@dataclass
class Photo:
    """An object in a photo.

    Attributes:
        pixels: uint8 [H, W, 3].
        side: the feature map of the square around the object's box.
        K: intrinsics [3, 3] in pixels.
        mask: bool [H, W], the object's visible pixels.
        depth: float32 [H, W] along z in the shape's units, not finite where it is not known; or None.
        camera: of the user's file, where this picture was made of one by undoing its lens or shrinking it.
        sought: whether nobody said where the object is, and it was looked for; poses are then never good.
        assumed: whether nothing told the field of view; poses are then never good, as their distance depends on it.
        cut: whether the mask was cut out by the program; poses are never good where it is probably wrong.
    """

    pixels: npt.NDArray[np.uint8]
    side: MatchableImage
    K: Floats
    mask: npt.NDArray[np.bool_]
    depth: npt.NDArray[np.floating] | None = None
    camera: PhotoCamera | None = None
    sought: bool = False
    assumed: bool = False
    cut: bool = False


@dataclass
class Hypothesis:
    """A pose and how well the picture agrees with it.

    Attributes:
        similarity: mean cosine similarity inside both masks, of centred descriptors: of the field's and of the rendered
            picture's.
        overlap: intersection over union of the silhouette and the object's mask.
        upright_prior: at most 1, less for poses that are rare (see :func:`upright_prior`).
        probability: how probable it is that the pose is right, NaN where nobody asked
            (:func:`core.alignment.trust.judged`).
        reasons: words of :data:`core.calibration.REASONS` for why it is doubted.
        score: similarity x overlap to the third x upright_prior, which ranks better than any of them.
    """

    pose: Pose
    similarity: float
    overlap: float
    upright_prior: float = 1.0
    probability: float = float("nan")
    reasons: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """Similarity (0 where negative) times the cube of the overlap times the upright prior, from 0 to 1."""
        return max(self.similarity, 0.0) * self.overlap**3 * self.upright_prior


class PoseScorer:
    """Compares poses of one shape with one photo."""

    def __init__(self, photo: Photo, shape: MatchableShape, encoder: ImageEncoder, up: str):
        """``up`` is the direction that points up in the shape's file."""
        self.photo, self.shape, self.encoder = photo, shape, encoder
        self.up_name, self.up = up, np.array(UP_AXES[up], np.float64)
        self.image, self.K = photo.side, photo.K
        self.pixels = self.image.cell_pixels
        at = np.rint(self.pixels).astype(int)
        within = ((at >= 0) & (at < self.image.image_size)).all(1)
        self.object = np.zeros(len(self.pixels), np.float32)
        self.object[within] = photo.mask[at[within, 1], at[within, 0]]
        unit = self.image.map.unit.reshape(len(self.pixels), -1)
        weight = torch.from_numpy(self.object[:, None] + 1e-6)
        self.descriptors = F.normalize(unit - (unit * weight).sum(0) / weight.sum(), dim=1)

    def depth_at(self, cells: npt.NDArray[np.integer]) -> Floats | None:
        """Measured depth float64 [n] along z at cells [n] of the feature map, in the shape's units.

        None where there is no depth.
        """
        if self.photo.depth is None:
            return None
        at = np.rint(self.pixels[cells]).astype(int)
        return np.asarray(self.photo.depth[at[:, 1], at[:, 0]], np.float64)

    @cached_property
    def field(self) -> torch.Tensor:
        """Unit descriptors float32 [N, D] of the field's samples, centred."""
        field = self.shape.field.descriptors.float()
        return F.normalize(field - field.mean(0), dim=1)

    @cached_property
    def likeness(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """How like the object's cells are to samples of the field, which no pose changes.

        Positions float32 [S, 3] of some samples (normalised frame), weights float32 [n, S] that fall by e where the
        cosine similarity is lower by ``TEMPERATURE``, and for every cell of the feature map its row int64 of the weights.
        """
        shows = torch.from_numpy(self.object > LEAST_OBJECT)
        step = max(1, len(self.field) // LIKELY)
        similar = self.descriptors[shows] @ self.field[::step].T
        if len(similar):
            similar -= similar.amax(dim=1, keepdim=True)
        positions = torch.from_numpy(self.shape.field.points.position[::step].astype(np.float32))
        return positions, similar.div_(TEMPERATURE).exp_(), shows.cumsum(0) - 1

    @cached_property
    def tree(self) -> cKDTree:
        """Tree of the positions [N, 3] of the field's samples, in the frame of the shape's file."""
        return cKDTree(self.shape.field.points.position)

    def __call__(self, poses: list[Pose]) -> list[Hypothesis]:
        """Score poses; returns hypotheses in their order."""
        if not poses:
            return []
        found = []
        for one, (picture, overlap) in zip(self.by_field(poses), self._by_picture(poses), strict=True):
            similarity = (max(one.similarity, 0) + max(picture, 0)) / 2
            found.append(replace(one, similarity=similarity, overlap=float(np.sqrt(overlap * one.overlap))))
        return found

    def by_field(self, poses: list[Pose]) -> list[Hypothesis]:
        """Score poses by the feature field alone, which is ten times quicker; hypotheses in their order."""
        found = []
        for pose in poses:
            similarity, overlap = self._by_field(pose)
            found.append(Hypothesis(pose, similarity, overlap, upright_prior(pose, self.up, self.shape.shape.center)))
        return found

    def _by_field(self, pose: Pose) -> tuple[float, float]:
        """Similarity and overlap on the cells of the feature map."""
        hits = self.shape.caster.cast(*shape_rays(pose, self.K, self.shape.shape, self.pixels))
        cells = np.flatnonzero(hits.mask)
        if len(cells) == 0:
            return 0.0, 0.0
        _, nearest = self.tree.query(surface_position(self.shape.shape, hits.face[cells], hits.bary[cells]))
        weight = self.object[cells]
        both = float(weight.sum())
        overlap = both / (len(cells) + float(self.object.sum()) - both)
        similar = (self.descriptors[torch.from_numpy(cells)] * self.field[torch.from_numpy(nearest)]).sum(1).numpy()
        return float((similar * weight).sum() / max(both, 1e-6)), overlap

    @cached_property
    def _crop(self) -> tuple[Floats, torch.Tensor, torch.Tensor, TemplateSettings]:
        """Where the crop's pixels are in the photo [2, 3], its descriptors [1, c, c, D] and its mask [1, c, c]."""
        settings = TemplateSettings(rolls=1)
        (crop,) = settings.crops(self.photo.pixels, self.photo.mask)
        mask = shrink(crop.mask, settings.cells)[None]
        maps = centred(cells_of(self.encoder, crop.picture[None], settings.cells), mask)
        return crop.to_photo, maps, mask, settings

    def _by_picture(self, poses: list[Pose]) -> list[tuple[float, float]]:
        """Similarity and overlap of the photo's tight crop and the shape drawn there."""
        to_photo, mine, mask, settings = self._crop
        K = self.K.copy()
        K[:2, 2] -= to_photo[:, 2]
        K[:2] /= to_photo[0, 0]
        drawn = [render_posed(self.shape.caster, pose, K, settings.size) for pose in poses]
        masks = torch.stack([shrink(picture.hits.mask.astype(np.float32), settings.cells) for picture in drawn])
        maps = centred(cells_of(self.encoder, np.stack([p.rgb for p in drawn]), settings.cells), masks)
        both = mask * masks
        shared = both.sum((1, 2))
        similarity = ((mine * maps).sum(-1) * both).sum((1, 2)) / shared.clamp(min=1e-6)
        overlap = shared / (mask.sum() + masks.sum((1, 2)) - shared).clamp(min=1e-6)
        return list(zip(similarity.tolist(), overlap.tolist(), strict=True))


def upright_prior(pose: Pose, up: Floats, middle: Floats) -> float:
    """Say how usual it is that a shape stands so in a photo.

    Args:
        pose: of the shape in the photo.
        up: the direction [3] that points up in the shape's own frame.
        middle: the shape's middle [3] in its own frame.

    Returns:
        1 where the shape stands upright, within 50 degrees or seen from above, and is not seen from below; else 0.75.
    """
    x, y, z = pose.R @ up
    there = pose(middle)
    ray = there / max(float(np.linalg.norm(there)), 1e-12)
    elevation = np.degrees(np.arcsin(np.clip(-(np.array([x, y, z]) @ ray), -1, 1)))
    upright = abs(np.degrees(np.arctan2(x, -y))) <= 50 or elevation >= 70
    return 1.0 if upright and elevation >= -10 else 0.75


def ranked(found: list[Hypothesis]) -> list[Hypothesis]:
    """Sort hypotheses by their score, the best first."""
    return sorted(found, key=lambda h: -h.score)


def non_maximum_suppression(found: list[Hypothesis], count: int, suppression: float) -> list[Hypothesis]:
    """Keep the best poses that differ from each other.

    Args:
        found: hypotheses, the best first.
        count: at most this many are kept.
        suppression: degrees by which the rotation of a pose must differ from those of all better ones that are kept.
    """
    kept: list[Hypothesis] = []
    for one in found:
        if len(kept) < count and all(rotation_error(one.pose.R, better.pose.R) >= suppression for better in kept):
            kept.append(one)
    return kept
