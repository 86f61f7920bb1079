"""The shape of a gallery that stands for a collection: what its photos find, then what they can be posed with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.alignment.templates import TemplateSettings
from core.congealing.collection import OpenedPhoto, canonical_shape
from core.congealing.posed_photos import pose_photo
from core.encoders.base import ImageEncoder
from core.errors import CounterpointError
from core.geometry.shape import load_shape
from core.progress import Progress, silent, span
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Searcher, SearchResult, fused

ASKED, TRIED, POSED = 12, 4, 4
"""Photos that vote, shapes that are tried, and photos that are posed with each."""

QUICK = TemplateSettings(directions=160, rolls=12)


@dataclass(frozen=True)
class ShapeChoice:
    """A shape, how many of the photos' votes it has (0 to 1), and how well photos are posed with it (their mean score)."""

    path: Path
    up: str
    votes: float
    score: float


def choose_shape(
    opened: Sequence[OpenedPhoto],
    searcher: Searcher,
    query_encoder: QueryEncoder,
    encoder: ImageEncoder,
    progress: Progress = silent,
) -> list[ShapeChoice]:
    """The likeliest canonical shapes, the best first.

    Raises:
        CounterpointError: the gallery is empty, or no photo can be posed with any of its shapes.
    """
    few = [opened[i] for i in np.linspace(0, len(opened) - 1, min(ASKED, len(opened))).astype(int)]
    rankings: list[dict[int, float]] = []
    shapes: dict[int, SearchResult] = {}
    for number, one in enumerate(few):
        progress(0.4 * number / len(few), f"Asking the gallery for photo {number + 1} of {len(few)}")
        found = searcher(query_encoder.image(one.photo.pixels, None, one.photo.mask), top=20)
        rankings.append({each.entry.number: each.score for each in found})
        shapes |= {each.entry.number: each for each in found}
    votes = fused(rankings)
    best = sorted(votes, key=lambda number: -votes[number])[:TRIED]
    some = [few[i] for i in np.linspace(0, len(few) - 1, min(POSED, len(few))).astype(int)]
    choices = []
    for number, shape in enumerate(best):
        part = span(progress, 0.4 + 0.6 * number / len(best), 0.4 + 0.6 * (number + 1) / len(best))
        name = shapes[shape].path.name
        canon = canonical_shape(
            load_shape(shapes[shape].path), encoder, shapes[shape].entry.up, span(part, 0.0, 0.6), QUICK
        )
        scores = []
        for photo, one in enumerate(some):
            part(0.6 + 0.4 * photo / len(some), f"Trying {name} on photo {photo + 1} of {len(some)}")
            try:
                scores.append(pose_photo(one.photo, canon).best.score)
            except CounterpointError:
                scores.append(0.0)
        choices.append(ShapeChoice(shapes[shape].path, shapes[shape].entry.up, votes[shape], float(np.mean(scores))))
    choices.sort(key=lambda choice: -choice.score)
    if not choices or choices[0].score <= 0:
        raise CounterpointError("No shape of the gallery fits the photos; name a shape, or use another gallery.")
    return choices
