"""Nearest neighbours among the vectors of a gallery: FAISS, exact up to a hundred thousand shapes."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.files import written_beside
from core.retrieval.store import Gallery

Numbers = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

EXACT = 100_000
"""More vectors than this are divided into cells (an inverted file)."""

PROBES = 48
"""The number of cells that a query is compared with."""


class Index:
    """The unit vectors of one space, by shape number; a shape may have several."""

    def __init__(self, index: faiss.Index):
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @classmethod
    def build(cls, numbers: Numbers, vectors: Vectors) -> "Index":
        """Build an index.

        Args:
            numbers: the number of the shape that each vector belongs to, int64 [N].
            vectors: unit vectors float32 [N, G].
        """
        count, size = vectors.shape
        inner: faiss.Index = faiss.IndexFlatIP(size)
        if count > EXACT:
            cells = int(4 * np.sqrt(count))
            inner = faiss.IndexIVFFlat(inner, size, cells, faiss.METRIC_INNER_PRODUCT)
            inner.cp.niter = 10
            chosen = np.random.default_rng(0).choice(count, min(count, 40 * cells), replace=False)
            inner.train(vectors[np.sort(chosen)])
            inner.nprobe = PROBES
            inner.add_with_ids(vectors, numbers)
            return cls(inner)
        index = faiss.IndexIDMap2(inner)
        index.add_with_ids(vectors, numbers)
        return cls(index)

    @classmethod
    def read(cls, path: Path) -> "Index":
        """Read an index from its file, mapped into memory: it opens at once and is read as it is used."""
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        if isinstance(index, faiss.IndexIVF):
            index.nprobe = PROBES
        return cls(index)

    def write(self, path: Path) -> None:
        """Write the index to a file, whole or not at all.

        Raises:
            CounterpointError: the file cannot be written.
        """
        try:
            with written_beside(path) as beside:
                faiss.write_index(self._index, str(beside))
        except (OSError, RuntimeError) as error:  # faiss says what the system said in one of its own
            raise CounterpointError(f"{path} cannot be written ({str(error).splitlines()[0]}).") from error

    def search(self, query: Vectors, top: int, among: Numbers | None = None) -> tuple[Numbers, Vectors]:
        """Find the vectors nearest to a query.

        Args:
            query: a unit vector float32 [G].
            top: the largest number of vectors that is returned.
            among: the numbers of the shapes that are searched, int64 [n]; None for all.

        Returns:
            The numbers of their shapes int64 [k] and the cosine similarities float32 [k], the best first.
        """
        chosen: Any = None
        if among is not None:
            chosen = faiss.SearchParameters()
            if isinstance(self._index, faiss.IndexIVF):  # few may be left: every cell is looked into
                chosen = faiss.SearchParametersIVF()
                chosen.nprobe = self._index.nlist
            chosen.sel = faiss.IDSelectorBatch(among)
        scores, numbers = self._index.search(query[None], min(top, len(self)), params=chosen)
        there = numbers[0] >= 0
        return numbers[0][there], scores[0][there]


def index_of(gallery: Gallery, space: str) -> Index:
    """Return the index of a space.

    It is read from its file, or built of the gallery's vectors if the file is older than the gallery or damaged.
    """
    path = _file(gallery, space)
    with suppress(RuntimeError):
        if path.exists():
            return Index.read(path)
    return Index.build(*gallery.vectors(space))


def write_indices(gallery: Gallery) -> None:
    """Write the index files of all spaces and delete older ones."""
    for space in gallery.spaces:
        path = _file(gallery, space)
        if not path.exists():
            Index.build(*gallery.vectors(space)).write(path)
        for old in gallery.folder.glob(f"{space}-*.faiss"):
            if old != path:
                old.unlink(missing_ok=True)


def _file(gallery: Gallery, space: str) -> Path:
    return gallery.folder / f"{space}-{gallery.revision}.faiss"
