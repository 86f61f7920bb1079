"""Photos of a collection, each posed by itself.

Each has several hypotheses, which are kept on disk as soon as they are found.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from core.alignment.align import align
from core.alignment.coarse import CoarseSettings
from core.alignment.field_of_view import estimate_field_of_view
from core.alignment.kept import hypotheses_of, photo_digest, tensors_of
from core.alignment.scorer import Hypothesis, Photo, PoseScorer
from core.alignment.templates import TemplateSet
from core.encoders.base import ImageEncoder
from core.fields import cache
from core.matching.matchable import MatchableShape

FIELDS = (20.0, 40.0, 60.0)
"""The fields of view in degrees that are tried if the camera is not known, three as in the paper."""


@dataclass
class PosedPhoto:
    """A photo with its hypotheses about the pose.

    Attributes:
        scorer: of the photo and the canonical shape.
        hypotheses: the poses, the best by the photo alone first.
        choice: the number of the hypothesis that is chosen.
        agreement: how well the choice agrees with the other photos, a mean cosine similarity; NaN before they were
            compared.
        inlier: whether the photo belongs to the collection.
        fixed: whether a user set the pose, which is then certain.
        copy_of: the number of the earlier photo that it is nearly the same picture as, see :mod:`core.congealing.copies`;
            both together count as one.
    """

    scorer: PoseScorer
    hypotheses: list[Hypothesis]
    choice: int = 0
    agreement: float = float("nan")
    inlier: bool = True
    fixed: bool = False
    copy_of: int | None = None

    @property
    def best(self) -> Hypothesis:
        """The hypothesis that is chosen."""
        return self.hypotheses[self.choice]


@dataclass(frozen=True)
class CanonicalShape:
    """The canonical shape of a collection, with all that photos are compared with.

    Attributes:
        side: the shape with its feature field.
        templates: pictures of it from all around.
        encoder: what described it.
        up: the axis of its file that points up.
    """

    side: MatchableShape
    templates: TemplateSet
    encoder: ImageEncoder
    up: str


def pose_photo(photo: Photo, canon: CanonicalShape, known_camera: bool = True) -> PosedPhoto:
    """Find the hypotheses of one photo; they come from the disk cache if they were found before.

    Args:
        photo: the photo.
        canon: the canonical shape.
        known_camera: whether the photo's intrinsics are known; otherwise its field of view is estimated too.

    Raises:
        CounterpointError: no pose agrees at all.
    """
    key = cache.cache_key(
        "posed 2",
        photo_digest(photo),
        canon.side.shape.digest,
        canon.encoder.fingerprint,
        repr(canon.templates.settings),
        canon.up,
        str(known_camera),
    )
    stored = cache.read(key)
    if stored is None:
        scorer = PoseScorer(photo, canon.side, canon.encoder, canon.up)
        found = align(scorer, canon.templates, CoarseSettings()).hypotheses
        if not known_camera:
            _, scorer, found = estimate_field_of_view(found, scorer, tried=3, fields=FIELDS)
        stored = tensors_of(found) | {"K": torch.from_numpy(np.asarray(scorer.K, np.float64))}
        cache.write(key, stored)
    seen = replace(photo, K=stored["K"].numpy())
    return PosedPhoto(PoseScorer(seen, canon.side, canon.encoder, canon.up), hypotheses_of(stored))
