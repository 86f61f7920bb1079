"""Clicks guided by poses.

What counts is where hypotheses put a place, beside what its descriptor and the views of the whole image say.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree

from core.alignment.scorer import Hypothesis
from core.geometry.camera import PhotoCamera
from core.matching.joint import JointPrior, JointSettings, ViewSet
from core.matching.location import Location
from core.matching.match import Prior
from core.matching.matchable import Matchable, MatchableImage, MatchableShape

Floats = npt.NDArray[np.floating]

SAMPLES = 5000
SPREAD = 0.03
"""How far, as a fraction of the box, a place may lie from where a pose puts it (standard deviation)."""

RIVALRY = 0.12
"""Hypotheses whose scores differ by this share of the best one's differ in probability by the factor e."""


@dataclass(frozen=True)
class GuidedPrior:
    """A :class:`core.matching.match.Supporting` prior of poses and, with the rest of the trust, of views.

    Attributes:
        most: how probable it is that one of the poses is right.
    """

    poses: JointPrior
    views: Prior | None
    trust: float
    most: float = 1.0
    kind = "guided"

    @property
    def agreement(self) -> float:
        """See :class:`core.matching.match.Supporting`."""
        return self.poses.score

    def support(self, source: Matchable, target: Matchable, at: Location) -> float:
        """See :meth:`core.matching.match.Supporting.support`."""
        return self.poses.support(source, target, at)

    def __call__(self, source: Matchable, target: Matchable, at: Location) -> npt.NDArray[np.float32] | None:
        """See :class:`core.matching.match.Prior`; returns float32 [N] in [0, 1], or None."""
        posed = self.poses(source, target, at)
        viewed = self.views(source, target, at) if self.views is not None else None
        if posed is None or viewed is None:
            return posed
        posed *= self.trust
        posed += (1 - self.trust) * viewed
        return posed


def guided(
    image: MatchableImage,
    shape: MatchableShape,
    camera: PhotoCamera,
    hypotheses: list[Hypothesis],
    views: Prior | None = None,
) -> GuidedPrior:
    """The prior of an image as it is, its lens included, and a shape whose pose is known.

    The better the silhouette overlaps, the more it is trusted. Matches are at most as probable as the best pose; a pose
    whose probability nobody asked for (NaN) is taken as certain.
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
    x0, y0, x1, y1 = image.map.box
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
    every = np.arange(len(hypotheses))
    prior = JointPrior(known, every, probability, hypotheses[0].score, where, max(x1 - x0, y1 - y0), settings)
    most = hypotheses[0].probability
    trust = float(np.clip(2 * hypotheses[0].overlap - 0.7, 0.3, 0.95))
    return GuidedPrior(prior, views, trust, 1.0 if np.isnan(most) else most)
