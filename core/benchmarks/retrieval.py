"""Retrieval: pictures and scans find their shape in a gallery, and shapes find others of their kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial.transform import Rotation

from core.benchmarks.classical import d2
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.fields.cache import cache_key
from core.files import cache_dir, make_folder, write_atomic
from core.geometry.sampling import sample_surface, spread
from core.geometry.shape import Shape, make_shape
from core.progress import Progress, silent, span
from core.retrieval.build import index_folder
from core.retrieval.describe import GallerySpec
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Query, Searcher
from core.retrieval.store import Gallery, open_gallery
from core.retrieval.views import Views, overlap
from core.training.categories import CATEGORIES
from core.training.meshes import read_meshes
from core.training.pictures import PictureSettings, Surface, take_picture
from core.training.procedural import HELD_OUT, Object3D, make_object

Row = dict[str, float | str]
Floats = npt.NDArray[np.floating]
Rank = Callable[[int], Floats]
"""A method: the scores float [N] of all shapes for the query with a number."""

QUERIES = 200
"""The largest number of pictures, and of shapes, that are searched with."""


@dataclass
class QueryPhoto:
    """A picture of an object.

    Attributes:
        item: the number of the object.
        image: RGB uint8 [H, W, 3].
        mask: bool [H, W], the object's pixels.
        box: around them, in pixels.
    """

    item: int
    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    box: Box


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> dict[str, list[Row]]:
    """Tables of rows with the same columns.

    The gallery is made as ``counterpoint index`` makes it, and kept in the cache.

    ``procedural``: ``count`` held-out objects, of the categories in turn. ``meshes:FOLDER``: those of a folder, each a
    kind of its own. ``procedural+meshes:FOLDER``: both.

    - picture to shape: upright pictures in new surfaces and light before clutter; each has one shape that is its own.
    - scan to shape: 2,048 points with noise of 1 % of the diagonal, turned about the up axis; again each has its own.
    - shape to its kind: the shapes themselves, of which only others count.

    Raises:
        CounterpointError: unknown data, or an encoder without vectors for whole pictures.
    """
    items = _items(settings.data, settings.count)
    spec = GallerySpec(settings.encoder)
    with _gallery(items, settings.data, settings.count, spec, span(progress, 0.0, 0.6)) as gallery:
        task = _Task(items, gallery, QueryEncoder(spec))
        progress(0.6, "describing pictures")
        tables = {
            "picture to shape": _picture_table(task, span(progress, 0.65, 0.8)),
            "scan to shape": _scan_table(task, span(progress, 0.8, 0.9)),
        }
        if len(set(task.kinds)) < len(task.kinds):
            tables["shape to its kind"] = _kind_table(task, span(progress, 0.9, 1.0))
        return tables


class _Task:
    """The objects, their gallery, and what queries need of both."""

    def __init__(self, items: list[Object3D], gallery: Gallery, query_encoder: QueryEncoder):
        self.items, self.gallery, self.query_encoder = items, gallery, query_encoder
        self.kinds = np.array([item.category for item in items])
        self.numbers = _numbers(gallery, items)
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


def _items(data: str, count: int) -> list[Object3D]:
    kind, folder = parse_data(data, TASKS["retrieval"].data)
    names, items = list(CATEGORIES), []
    if "procedural" in kind:
        items = [make_object(HELD_OUT[7000 + i], names[i % len(names)]) for i in range(min(count, 2000))]
    return items + (read_meshes(folder) if folder else [])


def _gallery(items: list[Object3D], data: str, count: int, spec: GallerySpec, progress: Progress) -> Gallery:
    """Make the gallery of the objects as files; what is in the cache from a run before is used again."""
    place = cache_dir() / "benchmarks" / cache_key("retrieval", data, str(count), str(spec))[:16]
    files = place / "shapes"
    try:
        for number, item in enumerate(items):
            file = files / item.category / f"{number}.ply"
            if not file.exists():
                make_folder(file.parent)
                _write(item.shape, file)
        index_folder(files, place / "gallery", spec, progress=progress)
    except OSError as error:
        raise CounterpointError(f"The gallery of the benchmark cannot be written ({error}).") from error
    return open_gallery(place / "gallery")


def _write(shape: Shape, file: Path) -> None:
    """Write a PLY, which has z up; a whole file or none."""
    colors = shape.colors
    mesh = trimesh.Trimesh(shape.vertices[:, [0, 2, 1]] * [1, -1, 1], shape.faces, process=False, vertex_colors=colors)
    write_atomic(file, mesh.export(file_type="ply"))


def _numbers(gallery: Gallery, items: list[Object3D]) -> npt.NDArray[np.int64]:
    paths = [gallery.root / item.category / f"{number}.ply" for number, item in enumerate(items)]
    return np.array([gallery.number_of(path) for path in paths], np.int64)


def take_photos(items: Sequence[Object3D], chosen: Sequence[int] | npt.NDArray[np.int64]) -> list[QueryPhoto | None]:
    """Take a picture of each of the chosen objects; None if less than 200 pixels show the object.

    Args:
        items: the objects.
        chosen: the numbers of those that are taken, int [n].
    """
    settings = PictureSettings(plain=0, any_roll=0, fill=(0.6, 0.9), shift=0.03, elevation=(-5, 60))
    photos: list[QueryPhoto | None] = []
    for number in chosen:
        rng = np.random.default_rng((31, int(number), 0))
        picture = take_picture(items[number], rng, settings, Surface(3 * int(number)))
        seen = picture.mask.sum() >= 200
        photos.append(QueryPhoto(int(number), picture.image, picture.mask, box_around(picture.mask)) if seen else None)
    return photos


def scan(shape: Shape, seed: int) -> Shape:
    """Make a noisy point cloud of a shape, turned about its up axis (+y)."""
    rng = np.random.default_rng((37, seed))
    points = sample_surface(shape, 2048)
    turn = Rotation.from_euler("y", rng.uniform(0, 2 * np.pi)).as_matrix()
    places = points.position + rng.normal(0, 0.01, points.position.shape)
    return make_shape(places @ turn.T, np.zeros((0, 3), np.int64), name="scan")


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
