"""The joint prior: the views of a shape that the whole crop of an object agrees with.

One pixel's nearest neighbour is often wrong; the crop as a whole is not. Views around the shape are compared position
by position with the feature map (the semantic image distance of 3D Congealing, Eq. 7, with the feature field in place
of rendered pictures) and by their silhouettes with what the encoder takes for the object, and the views that agree say
where on the surface a pixel may lie, and where in the image a surface point.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from torch.nn import functional as F

from core.encoders.feature_map import FeatureMap, sample_values
from core.fields.lifting import seen_samples
from core.geometry.camera import framing_camera, look_at
from core.geometry.pixel_grid import pixel_grid
from core.geometry.sampling import spread
from core.geometry.viewpoints import UP_AXES, ring_directions
from core.matching.location import Location
from core.matching.matchable import Matchable, MatchableImage, MatchableShape
from core.progress import Progress, silent


@dataclass(frozen=True)
class JointSettings:
    """The views that are tried, and how much they count.

    Attributes:
        azimuths: the number of views in each ring around the up axis.
        elevations: the elevations of the rings, in degrees.
        rolls: the rolls of each view, in degrees.
        fov: the field of view of the views, in degrees.
        samples: the number of surface samples that are compared in each view.
        fill: the part of the frame around the box that the object is assumed to fill.
        temperature: a score lower by this makes a view e times less likely.
        keep: the number of views that are kept.
        spread: how far a point may lie from where a view puts it: a standard deviation, as a fraction of the frame.
        proportion: what a view loses for each natural logarithm by which its proportions differ from those of the box; at
            most for one, as a box may end where something hides the object.
        outline: what a silhouette that is the object (see :func:`outline_scores`) adds to the score of a view.
        turn_gap: a picture is taken for turned by 90 degrees or more if that agrees better by this; most photos are
            upright.
    """

    azimuths: int = 16
    elevations: tuple[float, ...] = (-5.0, 15.0, 30.0, 45.0, 60.0, 75.0)
    rolls: tuple[float, ...] = (-20.0, 0.0, 20.0)
    fov: float = 15.0
    samples: int = 1250
    fill: float = 0.9
    temperature: float = 0.02
    keep: int = 40
    spread: float = 0.06
    proportion: float = 0.1
    outline: float = 0.15
    turn_gap: float = 0.08


CELLS, REACH = 28, 1.3
"""Silhouettes are compared on a grid of so many cells a side, which reaches beyond the object's square by this factor."""

HIDDEN = 0.5
"""What counts of a place of the silhouette that does not look like the object: something may be in front of it."""


@dataclass
class ViewSet:
    """Views around a shape, computed once for it.

    Attributes:
        rotations: float64 [V, 3, 3], from the object's axes to the camera's.
        index: int64 [n], the samples of the field that are compared.
        place: float32 [V, n, 2], where they appear, in [-1, 1] across the square around the object's silhouette.
        visible: bool [V, n], whether a view sees them.
        nearest: int64 [N], for every sample of the field the nearest of the n compared ones.
    """

    rotations: npt.NDArray[np.floating]
    index: npt.NDArray[np.int64]
    place: torch.Tensor
    visible: torch.Tensor
    nearest: npt.NDArray[np.int64]

    @cached_property
    def proportions(self) -> torch.Tensor:
        """The natural logarithm of each silhouette's width over its height, float32 [V]."""
        visible, far = self.visible[..., None], torch.tensor(1e9)
        low = torch.where(visible, self.place, far).amin(1)
        extent = (torch.where(visible, self.place, -far).amax(1) - low).clamp(min=0.02, max=2)
        return (extent[:, 0] / extent[:, 1]).log()

    @cached_property
    def silhouettes(self) -> torch.Tensor:
        """Which cells of a grid across [-REACH, REACH] the shape covers in each view, float32 [V, CELLS, CELLS] of 0 and 1."""
        cell = ((self.place / REACH + 1) / 2 * CELLS).long().clamp_(0, CELLS - 1)
        covered = torch.zeros(len(cell), CELLS * CELLS)
        covered.scatter_(1, cell[..., 1] * CELLS + cell[..., 0], 1.0)
        dilated = F.max_pool2d(covered.reshape(-1, 1, CELLS, CELLS), 3, 1, 1)
        return -F.max_pool2d(-dilated, 3, 1, 1)[:, 0]


def view_set(
    side: MatchableShape, up: str, settings: JointSettings = JointSettings(), progress: Progress = silent
) -> ViewSet:
    """Compute the views of a shape.

    Args:
        side: the shape.
        up: the axis of its file that points up ("y", "z", "-z", ...); a wrong one costs accuracy, not correctness.
        settings: which views.
        progress: is told how far it is.
    """
    points = side.field.points
    index = spread(len(points), settings.samples)
    position, normal = points.position[index], points.normal[index]
    hull = position if len(position) > 200 else points.position
    axis = np.array(UP_AXES[up], np.float64)
    rotations, places, visibles = [], [], []
    directions = ring_directions(up, settings.azimuths, settings.elevations)
    for number, direction in enumerate(directions):
        progress(number / len(directions), "Turning the shape to compare it with the photo")
        visible = np.zeros(len(index), bool)
        for roll in np.radians(settings.rolls):
            R = look_at(direction, axis, roll)
            camera = framing_camera(hull, R, 2, np.radians(settings.fov), 1.0)
            if not visible.any():
                visible[seen_samples(side.caster, camera, position, normal)[0]] = True
            pixels, _ = camera.project(position)
            rotations.append(R)
            places.append(pixels - 0.5)
            visibles.append(visible)
    nearest = cKDTree(position).query(points.position)[1]
    place = torch.from_numpy(np.stack(places).astype(np.float32))
    return ViewSet(np.stack(rotations), index, place, torch.from_numpy(np.stack(visibles)), nearest)


@dataclass(eq=False)
class JointPrior:
    """What the views that agree best say; a :class:`core.matching.match.Prior` between one image and one shape.

    Attributes:
        view_set: all views of the shape.
        views: int64 [k], the numbers of the views that are kept, the best first.
        probability: float32 [k], how likely each is; they sum to 1.
        score: the mean similarity over the visible samples in the best view, less what its proportions cost; its
            silhouette tells views apart, but not whether the photo shows the shape.
        pixels: float32 [k, n, 2], the image pixels (u, v) where each view puts the samples.
        frame_size: the side in pixels of the square that the object is assumed to span.
        settings: how the views were compared.
    """

    view_set: ViewSet
    views: npt.NDArray[np.int64]
    probability: torch.Tensor
    score: float
    pixels: torch.Tensor
    frame_size: float
    settings: JointSettings

    def __call__(self, source: Matchable, target: Matchable, at: Location) -> npt.NDArray[np.float32] | None:
        """See :meth:`core.matching.match.Prior.__call__`."""
        if isinstance(source, MatchableImage) and isinstance(target, MatchableShape):
            return self._over_samples(at)
        if isinstance(source, MatchableShape) and isinstance(target, MatchableImage):
            return self._over_cells(source, target, at)
        return None

    kind = "joint"

    most = 1.0

    doubts = ()

    @property
    def agreement(self) -> float:
        """See :class:`core.matching.match.Supporting`."""
        return self.score

    def rivals_at(self, source: Matchable, target: Matchable, at: Location) -> tuple[str, ...]:
        """See :meth:`core.matching.match.Supporting.rivals_at`; views that disagree are the rivals of a match itself."""
        return ()

    def support(self, source: Matchable, target: Matchable, at: Location) -> float:
        """See :meth:`core.matching.match.Supporting.support`."""
        if isinstance(source, MatchableImage) and isinstance(target, MatchableShape):
            return float(self._agreement_of_samples(at).max())
        if isinstance(source, MatchableShape) and isinstance(target, MatchableImage):
            return float(self._agreement_of_cells(source, target, at).max())
        return float("nan")

    def _over_samples(self, pixel: Location) -> npt.NDArray[np.float32]:
        """Return for every sample the probability of the views that put it near the pixel and see it.

        It is relative to the largest, float32 [N].
        """
        return _relative(self._agreement_of_samples(pixel)).take(self.view_set.nearest)

    def _agreement_of_samples(self, pixel: Location) -> npt.NDArray[np.float32]:
        near = self._near(self.pixels - torch.tensor(pixel, dtype=torch.float32))
        found = near.mul_(self.view_set.visible[self.views]).mul_(self.probability[:, None]).sum(0)
        return np.asarray(found.numpy())

    def _over_cells(self, source: MatchableShape, target: MatchableImage, point: Location) -> npt.NDArray[np.float32]:
        """Return for every cell the probability of the views that see the point and put it near.

        It is relative to the largest, float32 [N].
        """
        return _relative(self._agreement_of_cells(source, target, point))

    def _agreement_of_cells(
        self, source: MatchableShape, target: MatchableImage, point: Location
    ) -> npt.NDArray[np.float32]:
        position = source.shape.to_normalised(np.array(point))
        sample = int(np.linalg.norm(source.field.points.position[self.view_set.index] - position, axis=1).argmin())
        seeing = self.view_set.visible[self.views, sample]
        cells = torch.from_numpy(target.cell_pixels.astype(np.float32))
        near = self._near(self.pixels[seeing, sample, None] - cells)
        return np.asarray((self.probability[seeing] @ near).numpy())

    def _near(self, offset: torch.Tensor) -> torch.Tensor:
        """Return a Gaussian [...] of offsets [..., 2] in pixels."""
        scale = 2 * (self.settings.spread * self.frame_size) ** 2
        u, v = offset.unbind(-1)
        return (u * u).addcmul_(v, v).div_(-scale).exp_()


def placing(prior: object) -> JointPrior | None:
    """The views, or the poses that a prior is guided by, which put places of a shape into an image; None for neither."""
    views = getattr(prior, "poses", prior)
    return views if isinstance(views, JointPrior) else None


def joint_prior(
    image: MatchableImage, shape: MatchableShape, views: ViewSet, settings: JointSettings = JointSettings()
) -> tuple[MatchableImage, JointPrior]:
    """Compare an image with all views of a shape.

    Returns:
        The image with the feature map of the turn (by quarter turns) that agrees best, and the prior.
    """
    candidates: list[tuple[float, MatchableImage, torch.Tensor, torch.Tensor, torch.Tensor]] = []
    place, proportions = views.place, views.proportions
    for turn, feature_map in enumerate(image.turned_maps()):
        alike = view_scores(feature_map, shape, views, place, settings)
        alike = alike - settings.proportion * (proportions - _proportion(feature_map)).abs().clamp(max=1)
        scores = alike + settings.outline * outline_scores(feature_map, views, turn, settings)
        gap = settings.turn_gap if candidates else 0.0
        candidates.append((float(scores.max()) - gap, replace(image, map=feature_map), scores, alike, place))
        place, proportions = torch.stack([-place[..., 1], place[..., 0]], dim=-1), -proportions
    _, turned, scores, alike, place = max(candidates, key=lambda c: c[0])
    probability, kept = torch.softmax(scores / settings.temperature, 0).topk(min(settings.keep, len(scores)))
    center, half = _object_frame(turned.map, settings)
    pixels = place[kept] * half + torch.tensor(center, dtype=torch.float32)
    best = float(alike[kept[0]])
    prior = JointPrior(views, kept.numpy(), probability / probability.sum(), best, pixels, 2 * half, settings)
    return turned, prior


def _relative(agreement: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    return (agreement / max(float(agreement.max()), 1e-9)).astype(np.float32)


def _object_frame(feature_map: FeatureMap, settings: JointSettings) -> tuple[tuple[float, float], float]:
    """Return the centre (u, v) and half the side of the square that the object is assumed to span, in pixels."""
    x0, y0, x1, y1 = feature_map.box
    return ((x0 + x1) / 2, (y0 + y1) / 2), max(x1 - x0, y1 - y0) / 2 * settings.fill / 0.9


def _proportion(feature_map: FeatureMap) -> float:
    """The natural logarithm of the width of a map's box over its height."""
    x0, y0, x1, y1 = feature_map.box
    return float(np.log((x1 - x0) / (y1 - y0)))


def view_scores(
    feature_map: FeatureMap, shape: MatchableShape, views: ViewSet, place: torch.Tensor, settings: JointSettings
) -> torch.Tensor:
    """Compare the visible samples of each view with the feature map where the view puts them.

    Both sets of descriptors are centred first: what all of an object, or all of a photo, have in common does not tell
    places apart. Where they disagree more than two places at random do, something else is in front: that counts as 0.

    Args:
        feature_map: of the photo.
        shape: the shape.
        views: its views.
        place: float32 [V, n, 2], as :attr:`ViewSet.place`, turned with the photo.
        settings: how much of the frame the object fills.

    Returns:
        The mean cosine similarity of each view, float32 [V].
    """
    field = shape.field.descriptors[torch.from_numpy(views.index)].float()
    field = F.normalize(field - field.mean(0), dim=-1)
    unit = feature_map.unit
    inside = torch.from_numpy(feature_map.inside())
    unit = F.normalize(unit - unit[inside].mean(0), dim=-1)
    h, w = unit.shape[:2]
    similarity = (field @ unit.reshape(h * w, -1).T).clamp_(min=0).flatten()
    center, half = _object_frame(feature_map, settings)
    x0, y0, x1, y1 = feature_map.frame
    column = ((place[..., 0] * half + (center[0] - x0)) * (w / (x1 - x0))).long().clamp_(0, w - 1)
    row = ((place[..., 1] * half + (center[1] - y0)) * (h / (y1 - y0))).long().clamp_(0, h - 1)
    start = torch.arange(len(field)) * (h * w)
    values = similarity[start + row * w + column] * views.visible
    return values.sum(1) / views.visible.sum(1).clamp(min=1)


def outline_scores(feature_map: FeatureMap, views: ViewSet, turn: int, settings: JointSettings) -> torch.Tensor:
    """Compare the silhouette of each view with what the encoder takes for the object (Tversky's index, 1977).

    Args:
        feature_map: of the photo.
        views: of the shape.
        turn: how many quarter turns the views are turned by.
        settings: how much of the frame the object fills.

    Returns:
        1 where the silhouette is the object, and 0 where they have nothing in common, float32 [V]; 0 for all views if
        the encoder does not know what the object is. A silhouette where the object is not counts half, since something
        may be in front of it.
    """
    if feature_map.foreground is None:
        return torch.zeros(len(views.rotations))
    center, half = _object_frame(feature_map, settings)
    pixels = center + (2 * (pixel_grid(CELLS, CELLS) + 0.5) / CELLS - 1) * REACH * half
    u, v = np.moveaxis(pixels, -1, 0)
    x0, y0, x1, y1 = feature_map.box
    inside = torch.from_numpy((u >= x0) & (u <= x1) & (v >= y0) & (v <= y1))
    found = sample_values(feature_map.foreground, feature_map.to_cells(pixels)) * inside
    silhouettes = torch.rot90(views.silhouettes, -turn, (1, 2))
    both = (silhouettes * found).sum((1, 2))
    return both / (both + HIDDEN * (silhouettes * (1 - found)).sum((1, 2)) + ((1 - silhouettes) * found).sum((1, 2)))
