"""Which shapes of a folder look like a picture or a shape?"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.encoders.base import ImageEncoder, PointEncoder
from core.errors import CounterpointError
from core.geometry.shape import SUFFIXES, load_shape
from core.matching.prepare import guess_up
from core.progress import Progress, silent
from core.retrieval.vectors import Vector, shape_vector


@dataclass
class Found:
    """A shape's file and its cosine similarity with the query."""

    path: str
    score: float


@dataclass
class Gallery:
    """Shapes with their vectors.

    Attributes:
        paths: files.
        vectors: float32 [N, G], unit length.
        refused: files that could not be read, and why.
    """

    paths: list[str]
    vectors: Vector
    refused: list[tuple[str, str]] = field(default_factory=list)

    def search(self, query: Vector, top: int = 10, leave_out: str | None = None) -> list[Found]:
        """The ``top`` most similar shapes, best first; ``leave_out`` is a file not to be found (the query itself)."""
        scores = self.vectors @ query
        order = [int(i) for i in np.argsort(-scores, kind="stable") if self.paths[int(i)] != leave_out]
        return [Found(self.paths[i], float(scores[i])) for i in order[:top]]


def read_gallery(
    folder: str | Path, encoder: ImageEncoder, points: PointEncoder | None, progress: Progress = silent
) -> Gallery:
    """The shapes of a folder and of those in it; files that cannot be read are reported, not raised.

    Vectors are cached by the shapes' contents, so that a second reading is quick.

    Raises:
        CounterpointError: no such folder, or no shape in it can be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CounterpointError(f"{folder} is no folder.")
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES)
    paths, vectors, refused = [], [], []
    for number, file in enumerate(files):
        progress(number / len(files), f"Looking at {file.name} ({number + 1} of {len(files)})")
        try:
            vectors.append(shape_vector(load_shape(file), encoder, points, guess_up(file)))
            paths.append(str(file))
        except CounterpointError as error:
            refused.append((str(file), str(error)))
    if not paths:
        reason = f" ({refused[0][1]})" if refused else ""
        raise CounterpointError(f"{folder} has no shape that can be read{reason}.")
    progress(1.0, f"{len(paths)} shapes")
    return Gallery(paths, np.stack(vectors), refused)
