"""Retrieval: pictures and scans find their shape in a gallery, and shapes find others of their kind."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.benchmarks.calibration import probabilities
from core.benchmarks.calibration import tables as calibration_tables
from core.benchmarks.classical import d2
from core.benchmarks.report import Row, Tables
from core.benchmarks.search_answers import KnownQuery, ask, empty_queries, kinds_of
from core.benchmarks.search_data import gallery_of, numbers_of, scan, take_photos
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.geometry.sampling import spread
from core.progress import Progress, silent, span
from core.retrieval.describe import GallerySpec
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Query, Searcher
from core.retrieval.store import Gallery
from core.retrieval.views import Views, overlap
from core.training.categories import CATEGORIES
from core.training.meshes import read_meshes
from core.training.procedural import HELD_OUT, Object3D, make_object

Rank = Callable[[int], Floats]
"""A method: the scores float [N] of all shapes for the query with a number."""

QUERIES = 200
"""The largest number of pictures, and of shapes, that are searched with."""

JUDGED = 2
"""Of so many of them one is searched with again, for verdicts."""


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """Tables of rows with the same columns.

    The gallery is made as ``counterpoint index`` makes it, and kept in the cache.

    ``procedural``: ``count`` held-out objects, of the categories in turn. ``meshes:FOLDER``: those of a folder, each a
    kind of its own. ``procedural+meshes:FOLDER``: both.

    - picture to shape: upright pictures in new surfaces and light before clutter; each has one shape that is its own.
    - scan to shape: 2,048 points with noise of 1 % of the diagonal, turned about the up axis; again each has its own.
    - shape to its kind: the shapes themselves, of which only others count.
    - verdicts, reliability, no counterpart: how often searches among some of the kinds are right that are called good;
      see :mod:`core.benchmarks.calibration`.

    Raises:
        CounterpointError: unknown data, or an encoder without vectors for whole pictures.
    """
    items = _items(settings.data, settings.count)
    spec = GallerySpec(settings.encoder)
    with gallery_of(items, f"{settings.data} {settings.count}", spec, span(progress, 0.0, 0.6)) as gallery:
        task = _Task(items, gallery, QueryEncoder(spec))
        progress(0.6, "describing pictures")
        tables = {
            "picture to shape": _picture_table(task, span(progress, 0.65, 0.8)),
            "scan to shape": _scan_table(task, span(progress, 0.8, 0.9)),
        }
        if len(set(task.kinds)) < len(task.kinds):
            tables["shape to its kind"] = _kind_table(task, span(progress, 0.9, 0.95))
        return tables | _verdict_tables(task, span(progress, 0.95, 1.0))


class _Task:
    """The objects, their gallery, and what queries need of both."""

    def __init__(self, items: list[Object3D], gallery: Gallery, query_encoder: QueryEncoder):
        self.items, self.gallery, self.query_encoder = items, gallery, query_encoder
        self.kinds = np.array([item.category for item in items])
        self.numbers = numbers_of(gallery, items)
        self.chosen = spread(len(items), QUERIES)
        self.histograms = np.stack([d2(item.shape) for item in items])
        self._searcher, self._rng = Searcher(gallery), np.random.default_rng(5)

    def chance(self, _: int) -> Floats:
        """Rank at random: a :data:`Rank`."""
        return self._rng.random(len(self.items))

    def search(self, queries: Sequence[Query], closer: bool) -> Rank:
        """Rank by searching the gallery, with the closer look or without."""
        return lambda i: _scores(self._searcher, queries[i], self.numbers, closer)


def _picture_table(task: _Task, progress: Progress) -> list[Row]:
    photos = [photo for photo in take_photos(task.items, task.chosen) if photo is not None]
    boxed = [task.query_encoder.image(photo.image, photo.box) for photo in photos]
    masked = [task.query_encoder.image(photo.image, photo.box, photo.mask) for photo in photos]
    views = _all_views(task.gallery, task.numbers)
    ranks: dict[str, Rank] = {
        "chance": task.chance,
        "silhouettes of 24 views, true mask": lambda i: np.array([_silhouette(masked[i], one) for one in views]),
        "vectors and short views": task.search(boxed, False),
        "closer look": task.search(boxed, True),
        "closer look, true mask": task.search(masked, True),
    }
    return _table(ranks, np.array([photo.item for photo in photos]), task.kinds, progress)


def _scan_table(task: _Task, progress: Progress) -> list[Row]:
    scans = [scan(task.items[i].shape, int(i)) for i in task.chosen]
    scanned = [task.query_encoder.shape(one, "y") for one in scans]
    ranks: dict[str, Rank] = {
        "chance": task.chance,
        "D2 distribution": lambda i: -np.abs(task.histograms - d2(scans[i])).sum(1),
        "vectors and short views": task.search(scanned, False),
        "closer look": task.search(scanned, True),
    }
    return _table(ranks, task.chosen, task.kinds, progress)


def _kind_table(task: _Task, progress: Progress) -> list[Row]:
    several = np.array([i for i in task.chosen if np.sum(task.kinds == task.kinds[i]) > 1])
    known = [task.query_encoder.of_gallery(task.gallery, int(task.numbers[i])) for i in several]
    ranks: dict[str, Rank] = {
        "chance": task.chance,
        "D2 distribution": lambda i: -np.abs(task.histograms - task.histograms[several[i]]).sum(1),
        "vectors and short views": task.search(known, False),
        "closer look": task.search(known, True),
    }
    return _table(ranks, several, task.kinds, progress, leave_out=True)


def _verdict_tables(task: _Task, progress: Progress) -> Tables:
    """How far the verdicts on searches can be believed: with the query's kind in the gallery, without, and of no object."""
    chosen = task.chosen[::JUDGED]
    photos = [photo for photo in take_photos(task.items, chosen, seed=1) if photo is not None]
    queries = [KnownQuery(task.query_encoder.image(one.image, one.box), one.item) for one in photos]
    queries += [KnownQuery(task.query_encoder.image(one.image, None, one.mask), one.item) for one in photos[::2]]
    queries += [
        KnownQuery(task.query_encoder.shape(scan(task.items[i].shape, int(i)), "y"), int(i)) for i in chosen[::2]
    ]
    queries += list(empty_queries(task.query_encoder, None, 900))
    progress(0.3, "Searching among some kinds")
    answers = ask(queries, kinds_of(task.items), task.numbers, task.gallery, 900)
    return calibration_tables(answers, probabilities(answers, task.query_encoder.encoder.fingerprint))


def _items(data: str, count: int) -> list[Object3D]:
    kind, folder = parse_data(data, TASKS["retrieval"].data)
    names, items = list(CATEGORIES), []
    if "procedural" in kind:
        items = [make_object(HELD_OUT[7000 + i], names[i % len(names)]) for i in range(min(count, 2000))]
    return items + (read_meshes(folder) if folder else [])


def _scores(searcher: Searcher, query: Query, numbers: npt.NDArray[np.int64], closer: bool) -> Floats:
    """Return scores float64 [N] in the order of ``numbers``: minus the place in the ranking."""
    scores = np.full(len(numbers), -np.inf)
    place = {int(number): i for i, number in enumerate(numbers)}
    for rank, found in enumerate(searcher(query, len(numbers), closer)):
        scores[place[found.entry.number]] = -rank
    return scores


def _all_views(gallery: Gallery, numbers: npt.NDArray[np.int64]) -> list[Views]:
    return [Views.from_bytes(content) for content in map(gallery.views, numbers.tolist()) if content is not None]


def _silhouette(query: Query, shape: Views) -> float:
    """Return the best overlap of the silhouettes."""
    assert query.views is not None
    return float(overlap(query.views.masks, shape.masks).max())


def _table(
    ranks: dict[str, Rank],
    truth: npt.NDArray[np.int64],
    kinds: npt.NDArray,
    progress: Progress,
    leave_out: bool = False,
) -> list[Row]:
    rows = []
    for number, (name, rank) in enumerate(ranks.items()):
        progress(number / len(ranks), name)
        rows.append(row(name, np.stack([rank(i) for i in range(len(truth))]), truth, kinds, leave_out))
    return rows


def row(name: str, scores: Floats, truth: npt.NDArray[np.int64], kinds: npt.NDArray, leave_out: bool = False) -> Row:
    """Measure a method.

    A row has recall of the query's own shape at 1, 5 and 10, accuracy of the kind at 1, and mean average precision of
    the kind.

    Args:
        name: of the method.
        scores: float [Q, N], of every shape for every query.
        truth: int [Q], the number of the shape that is each query's own.
        kinds: [N], the kind of each shape.
        leave_out: whether the own shape is the query and does not count; there is no recall then.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    own = order == truth[:, None]
    same_kind = kinds[order] == kinds[truth][:, None]
    numbers: Row = {"method": name, "queries": float(len(truth))}
    if leave_out:
        same_kind = same_kind[~own].reshape(len(truth), -1)
    else:
        numbers |= {f"recall@{k}": float(own[:, :k].any(1).mean()) for k in (1, 5, 10)}
    return numbers | {"kind@1": float(same_kind[:, 0].mean()), "kind mAP": float(average_precision(same_kind).mean())}


def average_precision(relevant: npt.NDArray[np.bool_]) -> Floats:
    """Return the average precision of rankings: the mean over their relevant places of the precision up to that place.

    Args:
        relevant: bool [Q, N], which places of each ranking are relevant.

    Returns:
        float64 [Q].
    """
    precision = np.cumsum(relevant, axis=1) / np.arange(1, relevant.shape[1] + 1)
    return np.asarray((precision * relevant).sum(1) / np.maximum(relevant.sum(1), 1))
