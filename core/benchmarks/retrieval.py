"""Does a picture find its shape in a gallery, and a shape others of its kind?"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import trimesh
from scipy.spatial.transform import Rotation

from core.benchmarks.classical import d2
from core.encoders.catalogue import EncoderChoice
from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.fields.cache import cache_dir, cache_key
from core.geometry.sampling import sample_surface
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
"""Scores [N] of all shapes for query number i."""

QUERIES = 200
"""Pictures and shapes that are searched with, at most."""


@dataclass
class QueryPhoto:
    """A picture of object number ``item``: uint8 [H, W, 3], the object's pixels and the box around them."""

    item: int
    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    box: Box


def evaluate(choice: EncoderChoice, data: str, count: int, progress: Progress = silent) -> dict[str, list[Row]]:
    """Tables of rows with the same columns; the gallery is made as ``counterpoint index`` makes it, and kept in the cache.

    ``procedural``: ``count`` held-out objects, of the categories in turn. ``meshes:FOLDER``: those of a folder, each a kind of its own.
    ``procedural+meshes:FOLDER``: both.

    - picture to shape: upright pictures in new surfaces and light before clutter; each has one shape that is its own.
    - scan to shape: 2,048 points with noise of 1 % of the diagonal, turned about the up axis; again each has its own.
    - shape to its kind: the shapes themselves, of which only others count.

    Raises:
        CounterpointError: unknown data, or an encoder without vectors for whole pictures.
    """
    items = _items(data, count)
    spec = GallerySpec(choice)
    gallery = _gallery(items, data, count, spec, span(progress, 0.0, 0.6))
    with gallery:
        kinds = np.array([item.category for item in items])
        numbers = _numbers(gallery, items)
        query_encoder, searcher = QueryEncoder(spec), Searcher(gallery)
        chosen = np.linspace(0, len(items) - 1, min(len(items), QUERIES)).astype(int)
        photos = [photo for photo in take_photos(items, chosen) if photo is not None]
        rng = np.random.default_rng(5)

        def chance(_: int) -> Floats:
            return rng.random(len(items))

        def ask(queries: Sequence[Query], closer: bool) -> Rank:
            return lambda i: _scores(searcher, queries[i], numbers, closer)

        tables: dict[str, list[Row]] = {}
        own = np.array([photo.item for photo in photos])
        progress(0.6, "describing pictures")
        boxed = [query_encoder.image(photo.image, photo.box) for photo in photos]
        masked = [query_encoder.image(photo.image, photo.box, photo.mask) for photo in photos]
        views = _all_views(gallery, numbers)
        ranks: dict[str, Rank] = {
            "chance": chance,
            "silhouettes of 24 views, true mask": lambda i: np.array([_outline(masked[i], one) for one in views]),
            "vectors and short views": ask(boxed, False),
            "closer look": ask(boxed, True),
            "closer look, true mask": ask(masked, True),
        }
        tables["picture to shape"] = _table(ranks, own, kinds, span(progress, 0.65, 0.8))
        histograms = np.stack([d2(item.shape) for item in items])
        scans = [scan(items[i].shape, int(i)) for i in chosen]
        scanned = [query_encoder.shape(one, "y") for one in scans]
        ranks = {
            "chance": chance,
            "D2 distribution": lambda i: -np.abs(histograms - d2(scans[i])).sum(1),
            "vectors and short views": ask(scanned, False),
            "closer look": ask(scanned, True),
        }
        tables["scan to shape"] = _table(ranks, chosen, kinds, span(progress, 0.8, 0.9))
        if len(set(kinds)) < len(kinds):
            several = [i for i in chosen if np.sum(kinds == kinds[i]) > 1]
            known = [query_encoder.of_gallery(gallery, int(numbers[i])) for i in several]
            ranks = {
                "chance": chance,
                "D2 distribution": lambda i: -np.abs(histograms - histograms[several[i]]).sum(1),
                "vectors and short views": ask(known, False),
                "closer look": ask(known, True),
            }
            tables["shape to its kind"] = _table(
                ranks, np.array(several), kinds, span(progress, 0.9, 1.0), leave_out=True
            )
        return tables


def _items(data: str, count: int) -> list[Object3D]:
    kind, _, folder = data.partition(":")
    if kind not in ("procedural", "meshes", "procedural+meshes") or ("meshes" in kind) != bool(folder):
        raise CounterpointError(f"'{data}' is not procedural, meshes:FOLDER or procedural+meshes:FOLDER.")
    names, items = list(CATEGORIES), []
    if "procedural" in kind:
        items = [make_object(HELD_OUT[7000 + i], names[i % len(names)]) for i in range(min(count, 2000))]
    return items + (read_meshes(folder) if folder else [])


def _gallery(items: list[Object3D], data: str, count: int, spec: GallerySpec, progress: Progress) -> Gallery:
    """Of the objects as files; what is in the cache from a run before is used again."""
    place = cache_dir() / "benchmarks" / cache_key("retrieval", data, str(count), str(spec))[:16]
    files = place / "shapes"
    try:
        for number, item in enumerate(items):
            file = files / item.category / f"{number}.ply"
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                _write(item.shape, file)
        index_folder(files, place / "gallery", spec, progress=progress)
    except OSError as error:
        raise CounterpointError(f"The gallery of the benchmark cannot be written ({error}).") from error
    return open_gallery(place / "gallery")


def _write(shape: Shape, file: Path) -> None:
    """PLY, which has z up; a whole file or none."""
    beside = file.with_suffix(".part")
    colors = shape.colors
    mesh = trimesh.Trimesh(shape.vertices[:, [0, 2, 1]] * [1, -1, 1], shape.faces, process=False, vertex_colors=colors)
    beside.write_bytes(mesh.export(file_type="ply"))
    shutil.move(beside, file)


def _numbers(gallery: Gallery, items: list[Object3D]) -> npt.NDArray[np.int64]:
    paths = [gallery.root / item.category / f"{number}.ply" for number, item in enumerate(items)]
    return np.array([gallery.number_of(path) for path in paths], np.int64)


def take_photos(items: Sequence[Object3D], chosen: Sequence[int] | npt.NDArray[np.int64]) -> list[QueryPhoto | None]:
    """One of each of the chosen; None where less than 200 pixels show the object."""
    settings = PictureSettings(plain=0, any_roll=0, fill=(0.6, 0.9), shift=0.03, elevation=(-5, 60))
    photos: list[QueryPhoto | None] = []
    for number in chosen:
        rng = np.random.default_rng((31, int(number), 0))
        picture = take_picture(items[number], rng, settings, Surface(3 * int(number)))
        seen = picture.mask.sum() >= 200
        photos.append(QueryPhoto(int(number), picture.image, picture.mask, box_around(picture.mask)) if seen else None)
    return photos


def scan(shape: Shape, seed: int) -> Shape:
    """The shape as a noisy point cloud turned about its up axis (+y)."""
    rng = np.random.default_rng((37, seed))
    points = sample_surface(shape, 2048)
    turn = Rotation.from_euler("y", rng.uniform(0, 2 * np.pi)).as_matrix()
    places = points.position + rng.normal(0, 0.01, points.position.shape)
    return make_shape(places @ turn.T, np.zeros((0, 3), np.int64), name="scan")


def _scores(searcher: Searcher, query: Query, numbers: npt.NDArray[np.int64], closer: bool) -> Floats:
    """Scores [N] in the order of ``numbers``; candidates that were not looked at closer come after those that were."""
    scores = np.full(len(numbers), -np.inf)
    place = {int(number): i for i, number in enumerate(numbers)}
    for rank, found in enumerate(searcher(query, len(numbers), closer)):
        scores[place[found.entry.number]] = -rank
    return scores


def _all_views(gallery: Gallery, numbers: npt.NDArray[np.int64]) -> list[Views]:
    return [Views.from_bytes(content) for content in map(gallery.views, numbers.tolist()) if content is not None]


def _outline(query: Query, shape: Views) -> float:
    """The silhouettes' best overlap."""
    assert query.views is not None
    return float(overlap(query.views.masks, shape.masks).max())


def _table(
    ranks: dict[str, Rank], truth: npt.NDArray[np.int64], kinds: npt.NDArray, progress: Progress, leave_out: bool = False
) -> list[Row]:  # fmt: skip
    rows = []
    for number, (name, rank) in enumerate(ranks.items()):
        progress(number / len(ranks), name)
        rows.append(row(name, np.stack([rank(i) for i in range(len(truth))]), truth, kinds, leave_out))
    return rows


def row(name: str, scores: Floats, truth: npt.NDArray[np.int64], kinds: npt.NDArray, leave_out: bool = False) -> Row:
    """Recall of the query's own shape at 1, 5 and 10, and of its kind the share at the first place and the mean average precision.

    Args:
        scores: [Q, N].
        truth: [Q], the shape that is each query's own.
        kinds: [N].
        leave_out: the own shape is the query and does not count; there is no recall then.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    own = order == truth[:, None]
    kin = kinds[order] == kinds[truth][:, None]
    numbers: Row = {"method": name, "queries": float(len(truth))}
    if leave_out:
        kin = kin[~own].reshape(len(truth), -1)
    else:
        numbers |= {f"recall@{k}": float(own[:, :k].any(1).mean()) for k in (1, 5, 10)}
    return numbers | {"kind@1": float(kin[:, 0].mean()), "kind mAP": float(average_precision(kin).mean())}


def average_precision(relevant: npt.NDArray[np.bool_]) -> Floats:
    """Of rankings [Q, N] of which is told what is relevant: the mean over relevant places of the precision until there."""
    precision = np.cumsum(relevant, axis=1) / np.arange(1, relevant.shape[1] + 1)
    return (precision * relevant).sum(1) / np.maximum(relevant.sum(1), 1)
