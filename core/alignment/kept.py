"""Poses that were looked for once are found on disk the next time."""

import json
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch

from core.alignment.align import align_hypotheses
from core.alignment.coarse import CoarseSettings
from core.alignment.fine import FineSettings, Watch
from core.alignment.scorer import Hypothesis, Photo, PoseScorer
from core.alignment.templates import TemplateSettings
from core.alignment.trust import EVEN_ODDS, FAR
from core.alignment.verdict import LEAST, NEAR
from core.calibration import CAUTIOUS, FILE, GOOD
from core.fields import cache
from core.files import file_digest
from core.geometry.pose import Pose
from core.registration.descent import FINE


def search(scorer: PoseScorer, begin: Callable[[], list[Hypothesis]], watch: Watch | None = None) -> list[Hypothesis]:
    """The poses that :func:`core.alignment.align.align` finds with its usual settings and without depth.

    They come from the disk cache if the same photo, object, camera and shape were seen before.

    Args:
        scorer: compares poses of the shape with the photo.
        begin: makes the hypotheses that are made exact (:func:`core.alignment.align.hypotheses`); not called where the
            poses are known.
        watch: called with the number of the step and the poses while they improve.

    Raises:
        CounterpointError: what ``begin`` raises.
    """
    key = _key(scorer)
    stored = cache.read(key)
    if stored is not None:
        return hypotheses_of(stored)
    found = align_hypotheses(begin(), scorer, FineSettings(), watch).hypotheses
    cache.write(key, tensors_of(found))
    return found


def photo_digest(photo: Photo) -> str:
    """SHA-256 in hexadecimal of all of a photo without depth that a pose depends on."""
    return cache.array_digest(
        photo.pixels, photo.mask, np.asarray(photo.K, np.float64), np.asarray(photo.side.map.frame, np.float64)
    )


def _key(scorer: PoseScorer) -> str:
    shape, settings = scorer.shape, (CoarseSettings(), FineSettings(), TemplateSettings(), FINE)
    field = cache.array_digest(shape.field.descriptors.view(torch.uint8).numpy())
    about = (
        scorer.encoder.fingerprint,
        scorer.up_name,
        f"{scorer.photo.sought} {scorer.photo.assumed} {scorer.photo.cut}",
        repr(settings),
        _verdicts(),
    )
    return cache.cache_key("poses", photo_digest(scorer.photo), shape.shape.digest, field, *about)


@lru_cache(1)
def _verdicts() -> str:
    """What says how probable poses are: the models, and the limits beside them."""
    return f"{file_digest(FILE)} {LEAST} {NEAR} {FAR} {EVEN_ODDS} {CAUTIOUS} {GOOD}"


def tensors_of(found: list[Hypothesis]) -> dict[str, torch.Tensor]:
    """H hypotheses as the disk cache holds them: numbers [H, 19] and their reasons as bytes [n]; :func:`hypotheses_of` makes them again."""
    rows = [
        [*one.pose.R.ravel(), *one.pose.t, *one.pose.s, one.similarity, one.overlap, one.upright_prior, one.probability]
        for one in found
    ]
    reasons = json.dumps([one.reasons for one in found]).encode()
    return {
        "numbers": torch.tensor(np.array(rows, np.float64)),
        "reasons": torch.tensor(list(reasons), dtype=torch.uint8),
    }


def hypotheses_of(stored: dict[str, torch.Tensor]) -> list[Hypothesis]:
    """The hypotheses of the tensors [...] of :func:`tensors_of`."""
    found = []
    for row, reasons in zip(stored["numbers"].numpy(), json.loads(bytes(stored["reasons"].tolist())), strict=True):
        pose = Pose(row[:9].reshape(3, 3), row[9:12], row[12:15])
        similarity, overlap, upright, probability = map(float, row[15:])
        found.append(Hypothesis(pose, similarity, overlap, upright, probability, tuple(reasons)))
    return found
