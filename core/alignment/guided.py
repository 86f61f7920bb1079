"""Clicks, parts and heatmaps guided by poses: those that are known, or those that are looked for.

What counts is where all hypotheses put a place, each as much as it is likely, beside what the place's descriptor and the
views of the whole image say.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree

from core.alignment import kept
from core.alignment.align import hypotheses
from core.alignment.fine import FineSettings
from core.alignment.photo import check, posed_photo
from core.alignment.rivals import relation
from core.alignment.scorer import Hypothesis, PoseScorer
from core.alignment.seek import Wanted, seek
from core.alignment.templates import TemplateSet, template_set
from core.alignment.trust import RIVALRY
from core.arrays import Floats
from core.calibration import SOUGHT
from core.encoders.base import ImageEncoder
from core.encoders.feature_map import Box
from core.geometry.camera import PhotoCamera
from core.matching.joint import JointPrior, JointSettings, ViewSet
from core.matching.location import Location
from core.matching.match import Prior
from core.matching.matchable import Matchable, MatchableImage, MatchableShape
from core.progress import Progress, silent, span

SAMPLES = 5000
ELSEWHERE = 0.1
"""Places are not the same if they are this share of the object's size apart; a match farther off is wrong."""

SPREAD = 0.03
"""How far, as a fraction of the box, a place may lie from where a pose puts it (standard deviation)."""


@dataclass(frozen=True)
class ObjectInPhoto:
    """An object in a photo, before its pose is known.

    Attributes:
        pixels: the photo, RGB uint8 [H, W, 3].
        camera: of the photo.
        box: the object's box x0, y0, x1, y1 in pixels; None looks for the object (:func:`core.alignment.seek.seek`).
        name: what the photo is called in warnings and errors.
        clicks: pixels (u, v) that are known to show the object.
    """

    pixels: npt.NDArray[np.uint8]
    camera: PhotoCamera
    box: Box | None
    name: str
    clicks: tuple[Location, ...] = ()


@dataclass(frozen=True)
class RivalPoses:
    """Where the best pose, and those that may be right instead, put n samples of a shape.

    Attributes:
        words: what each of the k - 1 others is called among the reasons.
        always: words for rivals of which it is not known where they put places.
        position: of the samples, float [n, 3], normalised.
        pixels: where the k poses put them, float [k, n, 2], the best pose first.
        visible: whether nothing hides them, bool [k, n].
        size: of the object in the photo, in pixels.
    """

    words: tuple[str, ...]
    always: tuple[str, ...]
    position: Floats
    pixels: Floats
    visible: npt.NDArray[np.bool_]
    size: float

    def __call__(self, source: Matchable, target: Matchable, at: Location) -> tuple[str, ...]:
        """Return the words of those poses that put a place of the source elsewhere than the best one does."""
        if isinstance(source, MatchableShape):
            sample = int(np.linalg.norm(self.position - source.shape.to_normalised(np.array(at)), axis=1).argmin())
            places, known = self.pixels[:, sample] / self.size, self.visible[:, sample]
        else:
            away = np.where(self.visible, np.linalg.norm(self.pixels - np.array(at), axis=2), np.inf)
            places, known = self.position[away.argmin(1)], away.min(1) < ELSEWHERE * self.size
        if not known[0]:
            return self.always
        far = ~known[1:] | (np.linalg.norm(places[1:] - places[0], axis=1) > ELSEWHERE)
        return tuple(dict.fromkeys((*(word for word, it in zip(self.words, far, strict=True) if it), *self.always)))


@dataclass(frozen=True)
class GuidedPrior:
    """A :class:`core.matching.match.Supporting` prior of poses and, with the rest of the trust, of views.

    Attributes:
        most: how probable it is that one of the poses is right.
        doubts: words of :data:`core.calibration.REASONS` for what the poses themselves depend on.
        rivals: the poses that fit nearly as well as the best; None for none.
    """

    poses: JointPrior
    views: Prior | None
    trust: float
    most: float = 1.0
    doubts: tuple[str, ...] = ()
    rivals: "RivalPoses | None" = None
    kind = "guided"

    @property
    def agreement(self) -> float:
        """See :class:`core.matching.match.Supporting`."""
        return self.poses.score

    def support(self, source: Matchable, target: Matchable, at: Location) -> float:
        """See :meth:`core.matching.match.Supporting.support`."""
        return self.poses.support(source, target, at)

    def rivals_at(self, source: Matchable, target: Matchable, at: Location) -> tuple[str, ...]:
        """See :meth:`core.matching.match.Supporting.rivals_at`."""
        return () if self.rivals is None else self.rivals(source, target, at)

    def __call__(self, source: Matchable, target: Matchable, at: Location) -> npt.NDArray[np.float32] | None:
        """See :class:`core.matching.match.Prior`; returns float32 [N] in [0, 1], or None."""
        posed = self.poses(source, target, at)
        viewed = self.views(source, target, at) if self.views is not None else None
        if posed is None or viewed is None:
            return posed
        posed *= self.trust
        posed += (1 - self.trust) * viewed
        return posed


def search_poses(
    photo: ObjectInPhoto,
    shape: MatchableShape,
    encoder: ImageEncoder,
    up: str,
    templates: Callable[[], TemplateSet] | None = None,
    progress: Progress = silent,
) -> list[Hypothesis]:
    """Look for the poses of a shape in a photo, to guide clicks with :func:`guided`.

    Args:
        photo: the photo, in which the object is cut out of its box.
        shape: the shape with its feature field.
        encoder: what the field was made with.
        up: the axis of the shape's file that points up.
        templates: gives those of the shape; None makes them.
        progress: is told how far it is.

    Returns:
        Hypotheses that differ, made exact, the best first; from the disk cache where they were found before.

    Raises:
        CounterpointError: there is no object in the photo, or no pose agrees at all.
    """
    steps = FineSettings()
    progress(0.0, f"Looking for the shape in {photo.name}")
    made = templates or cache(lambda: template_set(shape.caster, encoder, progress=span(progress, 0.0, 0.4)))
    sought = photo.box is None
    box = photo.box
    if box is None:
        wanted = Wanted(photo.pixels, photo.camera, photo.name, shape, made(), encoder, up)
        box = seek(wanted, photo.clicks, span(progress, 0.4, 0.6))
    posed, _ = posed_photo(photo.pixels, photo.camera, None, box, encoder, name=photo.name, sought=sought)

    def watch(step: int, _: object) -> None:
        progress(0.6 + 0.4 * step / steps.steps, "Making the pose exact")

    scorer = PoseScorer(posed, shape, encoder, up)
    check(posed)
    found = kept.search(scorer, lambda: hypotheses(scorer, made()), watch)
    progress(1.0, "Making the pose exact")
    return found


def guided(
    image: MatchableImage,
    shape: MatchableShape,
    camera: PhotoCamera,
    hypotheses: list[Hypothesis],
    views: Prior | None = None,
) -> GuidedPrior:
    """The prior of an image as it is, its lens included, and a shape, through poses of the one in the other.

    Args:
        image: the image.
        shape: the shape.
        camera: of the image.
        hypotheses: poses of the shape, the best first. Each counts by its probability, and all together the more, the
            better the silhouette of the best overlaps with the object.
        views: what counts with the rest of the trust, such as the joint prior; None for nothing.

    Matches are at most as probable as the best pose; a pose whose probability nobody asked for (NaN) is taken as certain.
    """
    step = max(1, len(shape.field.points) // SAMPLES)
    index = np.arange(0, len(shape.field.points), step)
    position, normal = shape.field.points.position[index], shape.field.points.normal[index]
    own = shape.shape.to_own_frame(position)
    pixels, visible = [], []
    for one in hypotheses:
        eye = shape.shape.to_normalised(one.pose.inverse(np.zeros(3)))
        uv, depth = camera.project(one.pose(own))
        shown = np.asarray(np.isfinite(uv).all(axis=-1))
        pixels.append(np.where(shown[:, None], uv, -1e6))
        visible.append(shape.caster.visible(position, normal, eye) & (depth > 0) & shown)
    scores = torch.tensor([one.score for one in hypotheses])
    probability = torch.softmax(scores / (RIVALRY * scores.max().clamp(min=1e-6)), 0)
    nearest = cKDTree(position).query(shape.field.points.position)[1]
    known = ViewSet(
        np.stack([one.pose.R for one in hypotheses]),
        index,
        torch.zeros(len(hypotheses), len(index), 2),
        torch.from_numpy(np.stack(visible)),
        nearest,
    )
    settings = replace(JointSettings(), spread=SPREAD)
    where = torch.from_numpy(np.stack(pixels).astype(np.float32))
    size = _extent(image, pixels[0][visible[0]])
    every = np.arange(len(hypotheses))
    prior = JointPrior(known, every, probability, hypotheses[0].score, where, size, settings)
    most = hypotheses[0].probability
    trust = float(np.clip(2 * hypotheses[0].overlap - 0.7, 0.3, 0.95))
    doubts = tuple(word for word in hypotheses[0].reasons if word == SOUGHT)
    rivals = _rivals(hypotheses, shape, position, prior)
    return GuidedPrior(prior, views, trust, 1.0 if np.isnan(most) else most, doubts, rivals)


def _rivals(
    hypotheses: list[Hypothesis], shape: MatchableShape, position: Floats, prior: JointPrior
) -> RivalPoses | None:
    """The hypotheses that may be right instead of the best one, and what they are called among reasons."""
    best, words, numbers = hypotheses[0], [], [0]
    for number, one in enumerate(hypotheses[1:], 1):
        kind = relation(one.pose, best.pose, shape.shape, shape.symmetries).kind
        if kind in ("same", "symmetric"):
            continue
        near = float(prior.probability[number]) >= float(prior.probability[0]) / np.e
        if near or ("rival" in best.reasons and len(numbers) == 1):
            words.append("mirror" if kind in ("mirror", "half turn") else "rival")
            numbers.append(number)
    always = ("mirror",) if "mirror" in best.reasons and "mirror" not in words else ()
    if not words and not always:
        return None
    visible = prior.view_set.visible.numpy()[numbers]
    return RivalPoses(tuple(words), always, position, prior.pixels.numpy()[numbers], visible, prior.frame_size)


def _extent(image: MatchableImage, pixels: Floats) -> float:
    """The longer side in pixels of what the best pose shows at pixels [n, 2], at most of the image's box."""
    x0, y0, x1, y1 = image.map.box
    box = max(x1 - x0, y1 - y0)
    return box if len(pixels) < 2 else float(min(box, max(np.ptp(pixels, axis=0).max(), 0.2 * box)))
