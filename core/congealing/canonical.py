"""Chooses a collection's canonical shape from a gallery.

A shape is chosen by what the photos find, and by how well they can be posed with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.alignment.templates import TemplateSettings
from core.congealing.collection import OpenedPhoto, canonical_shape
from core.congealing.posed_photos import pose_photo
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import EncoderChoice
from core.errors import CounterpointError
from core.geometry.sampling import spread
from core.geometry.shape import load_shape
from core.notices import warn
from core.progress import Progress, silent, span
from core.retrieval.build import gallery_for
from core.retrieval.describe import GallerySpec
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Searcher, SearchResult, fused

ASKED, TRIED, POSED = 12, 4, 4
"""The number of photos that vote, of shapes that are tried, and of photos that are posed with each."""

QUICK = TemplateSettings(directions=160, rolls=12)


@dataclass(frozen=True)
class ShapeChoice:
    """A shape that may be the canonical one.

    Attributes:
        path: of its file.
        up: the axis of the file that points up.
        votes: its part of the photos' votes, in [0, 1].
        score: the mean score of the photos that were posed with it.
    """

    path: Path
    up: str
    votes: float
    score: float


def choose_from_gallery(
    opened: Sequence[OpenedPhoto],
    gallery: str | Path,
    choice: EncoderChoice,
    encoder: ImageEncoder,
    progress: Progress = silent,
) -> list[ShapeChoice]:
    """Choose the canonical shape of photos from a gallery, as :func:`choose_shape` does.

    Args:
        opened: the photos.
        gallery: the folder of a gallery, or a folder of shapes, which becomes one first.
        choice: what the encoder was chosen by; a folder of shapes is described by it.
        encoder: the encoder that photos are posed with.
        progress: is told what is done.

    Raises:
        CounterpointError: the gallery cannot be read or is empty, or no photo can be posed with any of its shapes.
    """
    with gallery_for(gallery, GallerySpec(choice), progress=span(progress, 0.0, 0.5)) as found:
        for path, reason in found.refused:
            warn(f"{path} was left out: {reason}")
        query_encoder = QueryEncoder(GallerySpec.of(found.spec, choice.device))
        return choose_shape(opened, Searcher(found), query_encoder, encoder, span(progress, 0.5, 1.0))


def choose_shape(
    opened: Sequence[OpenedPhoto],
    searcher: Searcher,
    query_encoder: QueryEncoder,
    encoder: ImageEncoder,
    progress: Progress = silent,
) -> list[ShapeChoice]:
    """Find the likeliest canonical shapes of a collection.

    Args:
        opened: the photos.
        searcher: of the gallery.
        query_encoder: of the gallery's spec.
        encoder: describes photos and shapes for posing.
        progress: is told how far it is.

    Returns:
        The shapes, the best first.

    Raises:
        CounterpointError: the gallery is empty, or no photo can be posed with any of its shapes.
    """
    few = [opened[i] for i in spread(len(opened), ASKED)]
    votes, shapes = _votes(few, searcher, query_encoder, span(progress, 0.0, 0.4))
    best = sorted(votes, key=lambda number: -votes[number])[:TRIED]
    some = [few[i] for i in spread(len(few), POSED)]
    choices = []
    for number, shape in enumerate(best):
        part = span(progress, 0.4 + 0.6 * number / len(best), 0.4 + 0.6 * (number + 1) / len(best))
        path, up = shapes[shape].path, shapes[shape].entry.up
        choices.append(ShapeChoice(path, up, votes[shape], _mean_score(some, path, up, encoder, part)))
    choices.sort(key=lambda choice: -choice.score)
    if not choices or choices[0].score <= 0:
        raise CounterpointError("No shape of the gallery fits the photos; name a shape, or use another gallery.")
    return choices


def _votes(
    photos: Sequence[OpenedPhoto], searcher: Searcher, query_encoder: QueryEncoder, progress: Progress
) -> tuple[dict[int, float], dict[int, SearchResult]]:
    """Search the gallery by every photo; returns the fused rankings and the shapes, both by number."""
    rankings: list[dict[int, float]] = []
    shapes: dict[int, SearchResult] = {}
    for number, one in enumerate(photos):
        progress(number / len(photos), f"Asking the gallery for {one.name} ({number + 1} of {len(photos)})")
        found = searcher(query_encoder.image(one.photo.pixels, None, one.photo.mask), top=20)
        rankings.append({each.entry.number: each.score for each in found})
        shapes |= {each.entry.number: each for each in found}
    return fused(rankings), shapes


def _mean_score(photos: Sequence[OpenedPhoto], path: Path, up: str, encoder: ImageEncoder, progress: Progress) -> float:
    """Pose photos with a shape; those that cannot be posed score 0."""
    canon = canonical_shape(load_shape(path), encoder, up, span(progress, 0.0, 0.6), QUICK)
    scores = []
    for number, one in enumerate(photos):
        progress(0.6 + 0.4 * number / len(photos), f"Trying {path.name} on {one.name} ({number + 1} of {len(photos)})")
        try:
            scores.append(pose_photo(one.photo, canon).best.score)
        except CounterpointError:
            scores.append(0.0)
    return float(np.mean(scores))
