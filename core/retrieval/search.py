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

FIRST = 0.3
"""How much the vectors count after a closer look, which counts 1."""

SEVERAL = 8
"""Vectors asked for by shape at most, where shapes have more; those most alike have several among the nearest."""

RANKS = 60
"""Of the fusion of rankings: how slowly places lose weight."""


@dataclass
class Query:
    """What is searched for.

    Attributes:
        vectors: by space ("shape" and "view", or "part", or "words") unit vectors float32 [k, G], of which the nearest counts.
        views: what candidates are compared with closer: of a picture or shape; or
        part: unit descriptors float32 [n, D] of a part.
        own: number of the shape that is the query itself and not to be found.
    """

    vectors: dict[str, npt.NDArray[np.float32]]
    views: Views | None = None
    part: torch.Tensor | None = None
    own: int | None = None


@dataclass(frozen=True)
class SearchResult:
    """A shape of a gallery; ``score`` is at most 1 and falls with the place: how similar it is after a closer look, else by one space
    the cosine similarity, and by two how near to their first places it stands in both.
    """

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
    ) -> list[SearchResult]:
        """The ``top`` shapes, the most similar first.

        Args:
            closer: compare the first hundred cell by cell, which ranks them much better; others follow as they were.
            tag: only shapes with it.
            worst: of those looked at, the least similar first.

        Raises:
            CounterpointError: the gallery has no vectors to search by in this way, or no shape with the tag.
        """
        among = None
        if tag is not None:
            among = self.gallery.numbers_tagged(tag)
            if len(among) == 0:
                raise CounterpointError(f"No shape of the gallery has the tag {tag}.")
        count = len(self.gallery) if worst else max(top, 2 * CLOSER)
        each = [self._nearest(self._index(space), v, count, among, query.own) for space, v in query.vectors.items()]
        scores = each[0] if len(each) == 1 else fused(each)
        order = sorted(scores, key=lambda number: (scores[number], number) if worst else (-scores[number], number))
        if order and closer and (query.views is not None or query.part is not None):
            looked = self._closer(query, {number: scores[number] for number in order[:CLOSER]})
            scores |= looked
            first = sorted(looked, key=lambda number: (looked[number], number) if worst else (-looked[number], number))
            order = first + order[CLOSER:]
            limit, bound = looked[first[-1]], max if worst else min
            scores |= {number: bound(scores[number], limit) for number in order[CLOSER:]}
        entries = self.gallery.entries(order[:top])
        return [SearchResult(one, self.gallery.root / one.path, float(scores[one.number])) for one in entries]

    def _index(self, space: str) -> Index:
        if space not in self.gallery.spaces:
            raise CounterpointError(
                "The gallery is empty." if len(self.gallery) == 0 else f"The gallery has no {space} vectors."
            )
        if self._revision != self.gallery.revision:
            self._indices, self._revision = {}, self.gallery.revision
        if space not in self._indices:
            self._indices[space] = index_of(self.gallery, space)
        return self._indices[space]

    def _nearest(
        self,
        index: Index,
        vectors: npt.NDArray[np.float32],
        count: int,
        among: npt.NDArray[np.int64] | None,
        own: int | None,
    ) -> dict[int, float]:
        """The best score of ``count`` shapes, of which each may have several vectors."""
        shapes = max(len(self.gallery), 1)
        several = max(1, round(len(index) / shapes))
        wanted = len(index) if count >= shapes else min(several, SEVERAL) * (count + 1)
        found = [index.search(vector, wanted, among) for vector in vectors]
        numbers, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(-scores, kind="stable")
        _, first = np.unique(numbers[order], return_index=True)
        best = order[np.sort(first)]
        best = best[numbers[best] != own][:count] if own is not None else best[:count]
        return dict(zip(numbers[best].tolist(), scores[best].tolist(), strict=True))

    def _closer(self, query: Query, scores: dict[int, float]) -> dict[int, float]:
        """Similarity of the views or of the part; what the vectors said counts a little, stretched over the candidates alike."""
        numbers = list(scores)
        views = [Views.from_bytes(self.gallery.views(number)) for number in numbers]
        if query.part is not None:
            part = query.part
            dense = np.array([contains(part, one) for one in views])
        else:
            assert query.views is not None
            looks = query.views
            dense = np.array([alike(looks, one) for one in views])
        near = np.array([scores[number] for number in numbers])
        stretched = (near - near.mean()) * (dense.std() / max(float(near.std()), 1e-6)) + dense.mean()
        return dict(zip(numbers, ((dense + FIRST * stretched) / (1 + FIRST)).tolist(), strict=True))


def fused(each: list[dict[int, float]]) -> dict[int, float]:
    """Several rankings as one, 0 to 1, by reciprocal rank (Cormack et al., SIGIR 2009); 1 is the first place in all of them."""
    found: dict[int, float] = {}
    for scores in each:
        for rank, number in enumerate(sorted(scores, key=lambda number: (-scores[number], number))):
            found[number] = found.get(number, 0.0) + (RANKS + 1) / (RANKS + 1 + rank) / len(each)
    return found
