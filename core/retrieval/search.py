"""Search: which shapes of a gallery are similar to a picture, a shape, a part or words."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.errors import CounterpointError
from core.interchange.names import listed
from core.notices import warn
from core.retrieval.index import Index, index_of
from core.retrieval.store import Gallery, GalleryEntry
from core.retrieval.views import Views, contains, view_similarity

CLOSER = 100
"""The number of candidates that are compared cell by cell."""

FIRST = 0.3
"""The weight of the vectors' similarity beside that of the closer look, whose weight is 1."""

SEVERAL = 8
"""The largest number of vectors by shape that the index is asked for, if shapes have several in a space."""

RANKS = 60
"""The constant of reciprocal rank fusion: the larger, the more slowly places lose weight."""


@dataclass
class Query:
    """What is searched for.

    Attributes:
        vectors: by space ("shape" and "view", or "part", or "words") unit vectors float32 [k, G], of which the nearest
            counts.
        views: the views of a picture or shape, which candidates are compared with in the closer look; None for other
            queries.
        part: the unit descriptors float32 [n, D] of a part, which candidates are compared with in the closer look; None
            for others.
        own: the number of the shape that is the query itself and is left out.
        sought: whether nobody said where in the photo the object is.
        encoders: which weights the gallery must have been described with, as in :attr:`core.retrieval.store.Gallery.encoders`;
            None for words, which CLIP alone compares.
    """

    vectors: dict[str, npt.NDArray[np.float32]]
    views: Views | None = None
    part: torch.Tensor | None = None
    own: int | None = None
    sought: bool = False
    encoders: str | None = None


@dataclass(frozen=True)
class SearchResult:
    """A shape that was found.

    Attributes:
        entry: of the shape in the gallery.
        path: of its file.
        score: at most 1, falling from one result to the next: the similarity after the closer look; without it the
            cosine similarity if one space was searched, and the fusion of both rankings if two were (see
            :func:`fused`).
    """

    entry: GalleryEntry
    path: Path
    score: float


class Searcher:
    """Searches a gallery many times; one that has changed on disk meanwhile is searched as it is now.

    Attributes:
        gallery: the open gallery.
    """

    def __init__(self, gallery: Gallery):
        self.gallery = gallery
        self._indices: dict[str, Index] = {}
        self._revision = gallery.revision

    def __call__(
        self,
        query: Query,
        top: int = 10,
        closer: bool = True,
        tag: str | None = None,
        worst: bool = False,
        among: npt.NDArray[np.int64] | None = None,
    ) -> list[SearchResult]:
        """Find the shapes most similar to a query.

        Args:
            query: what is searched for.
            top: the largest number of results.
            closer: whether the first hundred are compared cell by cell, which ranks them much better; the others follow
                as they were.
            tag: only shapes with this tag are searched.
            worst: whether the least similar come first.
            among: the numbers of the shapes that are searched, int64 [n]; None for all, or those with the tag.

        Returns:
            The shapes, the most similar first; a warning says which of their files are gone, or that the gallery does
            not say its weights.

        Raises:
            CounterpointError: the gallery was described with other weights than the query, or has no vectors to search by
                in this way, or no shape with the tag.
        """
        self._check_weights(query)
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
        found = [SearchResult(one, self.gallery.root / one.path, float(scores[one.number])) for one in entries]
        _warn_of_gone(found)
        return found

    def _check_weights(self, query: Query) -> None:
        gallery = self.gallery
        if query.encoders is None or query.encoders == gallery.encoders:
            return
        if gallery.encoders:
            raise CounterpointError(
                f"The gallery {gallery.folder} was made with other weights of {gallery.spec['encoder']['name']}; index its shapes again."
            )
        warn(
            f"The gallery {gallery.folder} does not say which weights it was made with; index its shapes again to be sure."
        )

    def _index(self, space: str) -> Index:
        if space not in self.gallery.spaces:
            raise CounterpointError(
                "The gallery is empty."
                if len(self.gallery) == 0
                else f"The gallery was made without what this search compares ({space}); read its folder again."
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
        """Return the best score of each of the ``count`` nearest shapes, which may have several vectors each."""
        shapes = max(len(self.gallery), 1)
        several = max(1, round(len(index) / shapes))
        asked = len(index) if count >= shapes else min(several, SEVERAL) * (count + 1)
        found = [index.search(vector, asked, among) for vector in vectors]
        numbers, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(-scores, kind="stable")
        _, first = np.unique(numbers[order], return_index=True)
        best = order[np.sort(first)]
        best = best[numbers[best] != own][:count] if own is not None else best[:count]
        return dict(zip(numbers[best].tolist(), scores[best].tolist(), strict=True))

    def _closer(self, query: Query, scores: dict[int, float]) -> dict[int, float]:
        """Compare candidates by their views, see :func:`blended`."""
        numbers = list(scores)
        views = [Views.from_bytes(self.gallery.views(number)) for number in numbers]
        if query.part is not None:
            part = query.part
            dense = np.array([contains(part, one) for one in views])
        else:
            assert query.views is not None
            own = query.views
            dense = np.array([view_similarity(own, one) for one in views])
        near = np.array([scores[number] for number in numbers])
        return dict(zip(numbers, blended(near, dense).tolist(), strict=True))


def blended(near: npt.NDArray[np.floating], dense: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return similarities [n] of views with those of vectors, which count a little, scaled to the same mean and deviation.

    None exceeds 1 if none of ``dense`` does.
    """
    stretched = (near - near.mean()) * (dense.std() / max(float(near.std()), 1e-6)) + dense.mean()
    return np.asarray((dense + FIRST * np.minimum(stretched, 1)) / (1 + FIRST))


def _warn_of_gone(found: list[SearchResult]) -> None:
    gone = [one.path.name for one in found if not one.path.is_file()]
    if gone:
        warn(
            f"{listed(gone, 3)}: no longer where the gallery was made of it; read the folder again (counterpoint index)."
        )


def fused(each: list[dict[int, float]]) -> dict[int, float]:
    """Fuse rankings by reciprocal rank (Cormack et al., SIGIR 2009).

    Args:
        each: the rankings, each the scores by number.

    Returns:
        The fused scores by number, in [0, 1]; 1 is the first place in all rankings.
    """
    found: dict[int, float] = {}
    for scores in each:
        for rank, number in enumerate(sorted(scores, key=lambda number: (-scores[number], number))):
            found[number] = found.get(number, 0.0) + (RANKS + 1) / (RANKS + 1 + rank) / len(each)
    return found
