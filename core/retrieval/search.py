"""Which shapes of a gallery are like a picture, a shape, a part or words?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.errors import CounterpointError
from core.retrieval.index import Index, index_of
from core.retrieval.store import Entry, Gallery
from core.retrieval.views import Views, alike, contains

CLOSER = 100
"""Candidates that are looked at closer."""


@dataclass
class Query:
    """What is searched for.

    Attributes:
        space: "shape" (pictures and shapes), "part" or "words".
        vector: unit vector float32 [G] of that space.
        views: what candidates are compared with closer: of a picture or shape; or
        part: unit descriptors float32 [n, D] of a part.
        own: number of the shape that is the query itself and not to be found.
    """

    space: str
    vector: npt.NDArray[np.float32]
    views: Views | None = None
    part: torch.Tensor | None = None
    own: int | None = None


@dataclass(frozen=True)
class Found:
    """A shape of a gallery; ``score`` is at most 1: the cosine similarity of the vectors, or its mean with that of the closer look."""

    entry: Entry
    path: Path
    score: float


class Searcher:
    """A gallery opened for many searches; one that has changed on disk meanwhile is searched as it is now."""

    def __init__(self, gallery: Gallery):
        self.gallery = gallery
        self._indices: dict[str, Index] = {}
        self._revision = gallery.revision

    def __call__(
        self, query: Query, top: int = 10, closer: bool = True, tag: str | None = None, worst: bool = False
    ) -> list[Found]:
        """The ``top`` shapes, the most similar first.

        Args:
            closer: compare the first hundred cell by cell, which ranks them much better; others follow as they were.
            tag: only shapes with it.
            worst: of those looked at, the least similar first.

        Raises:
            CounterpointError: the gallery has no vectors to search by in this way, or no shape with the tag.
        """
        index = self._index(query.space)
        among = None
        if tag is not None:
            among = self.gallery.numbers_tagged(tag)
            if len(among) == 0:
                raise CounterpointError(f"No shape of the gallery has the tag {tag}.")
        scores = self._nearest(index, query, len(self.gallery) if worst else max(top, CLOSER), among)
        order = sorted(scores, key=lambda number: (scores[number], number) if worst else (-scores[number], number))
        if closer and (query.views is not None or query.part is not None):
            looked = self._closer(query, {number: scores[number] for number in order[:CLOSER]})
            scores |= looked
            first = sorted(looked, key=lambda number: (looked[number], number) if worst else (-looked[number], number))
            order = first + order[CLOSER:]
        entries = self.gallery.entries(order[:top])
        return [Found(one, self.gallery.root / one.path, float(scores[one.number])) for one in entries]

    def _index(self, space: str) -> Index:
        if space not in self.gallery.spaces:
            if space == "words":
                raise CounterpointError(
                    "This gallery was made without CLIP and cannot be searched by words; index it again with --clip."
                )
            raise CounterpointError(
                "The gallery is empty." if len(self.gallery) == 0 else f"The gallery has no {space} vectors."
            )
        if self._revision != self.gallery.revision:
            self._indices, self._revision = {}, self.gallery.revision
        if space not in self._indices:
            self._indices[space] = index_of(self.gallery, space)
        return self._indices[space]

    def _nearest(self, index: Index, query: Query, count: int, among: npt.NDArray[np.int64] | None) -> dict[int, float]:
        """The best score of ``count`` shapes, of which each may have several vectors."""
        each = max(1, round(len(index) / max(len(self.gallery), 1)))
        numbers, scores = index.search(query.vector, each * count, among)
        best: dict[int, float] = {}
        for number, score in zip(numbers.tolist(), scores.tolist(), strict=True):
            if number != query.own and number not in best and len(best) < count:
                best[number] = score
        return best

    def _closer(self, query: Query, scores: dict[int, float]) -> dict[int, float]:
        """The mean of both similarities, each stretched over the candidates alike."""
        numbers = list(scores)
        looked = []
        for number in numbers:
            content = self.gallery.views(number)
            if content is None:
                return scores
            views = Views.from_bytes(content)
            if query.part is not None:
                looked.append(contains(query.part, views))
            elif query.views is not None:
                looked.append(alike(query.views, views))
        near, dense = np.array([scores[n] for n in numbers]), np.array(looked)
        stretched = (near - near.mean()) * (dense.std() / max(float(near.std()), 1e-6)) + dense.mean()
        return dict(zip(numbers, ((stretched + dense) / 2).tolist(), strict=True))
