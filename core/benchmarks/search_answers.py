"""Searches whose truth is known, with the features that the verdict on them is made of.

Half of them are for a kind that the gallery has, half for one that it lacks; and some show no object at all.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from core.benchmarks.bop import BopScene
from core.benchmarks.known_cases import photo_cases
from core.benchmarks.search_data import KINDS, gallery_of, numbers_of, scan, take_photos
from core.benchmarks.verdict_answers import KnownAnswer
from core.encoders.catalogue import EncoderChoice
from core.geometry.sampling import spread
from core.progress import Progress, silent, span
from core.retrieval.describe import GallerySpec
from core.retrieval.queries import QueryEncoder
from core.retrieval.search import Query, Searcher
from core.retrieval.store import Gallery
from core.retrieval.verdict import kind_of_search, search_features
from core.training.categories import CATEGORIES
from core.training.meshes import stood_up
from core.training.photos import photo_files, read_photo
from core.training.pictures import PictureSettings
from core.training.procedural import HELD_OUT, Object3D, make_object

Image = npt.NDArray[np.uint8]

SHARES = (0.05, 0.2, 0.5, 1.0)
"""Shares of the kinds that are searched, so that small galleries count as much as large ones."""

EACH = 4
"""Procedural objects of each category in the gallery that verdicts are fitted with."""

PICTURES = 3
"""Pictures of each of them that are searched with."""

EMPTY = 60
"""Photos of something else that are searched with, and half as many pictures of noise, clouds and walls."""

BOX = (40.0, 30.0, 260.0, 210.0)
"""Where they are searched with, in pixels of 320 x 240."""


@dataclass(frozen=True)
class KnownQuery:
    """A query.

    Attributes:
        query: what is searched for.
        item: the number of the object that it shows, -1 for none.
        trap: what it shows instead of an object.
    """

    query: Query
    item: int = -1
    trap: str = ""


def ask(
    queries: Sequence[KnownQuery], kinds: npt.NDArray, numbers: npt.NDArray[np.int64], gallery: Gallery, seed: int
) -> list[KnownAnswer]:
    """Search by every query among the shapes of some kinds, with its own kind and without.

    Args:
        queries: of photos and shapes.
        kinds: [N], the kind of each object.
        numbers: int64 [N], of each object in the gallery.
        gallery: of the objects.
        seed: of the kinds that are searched.
    """
    searcher, answers, rng = Searcher(gallery), [], np.random.default_rng(seed)
    names = np.unique(kinds)
    for one in queries:
        kind, own = kind_of_search(one.query), None if one.item < 0 else kinds[one.item]
        for left_out in (False, True):
            chosen = np.isin(kinds, names[rng.random(len(names)) < rng.choice(SHARES)])
            if own is not None:
                chosen[kinds == own] = not left_out
            found = searcher(one.query, 1, among=numbers[chosen]) if chosen.any() else []
            if kind is None or not found:
                continue
            number = found[0].entry.number
            right = own is not None and bool(kinds[numbers == number][0] == own)
            trap = one.trap or ("kind that is left out" if left_out else "")
            answers.append(KnownAnswer(kind, search_features(one.query, number, gallery), right, trap))
    return answers


def fitting_answers(
    choice: EncoderChoice,
    meshes: Sequence[Object3D],
    scene: BopScene | None,
    photos: str | None,
    seed: int,
    progress: Progress = silent,
) -> list[KnownAnswer]:
    """Search a gallery of procedural objects and meshes by pictures before photos, by scans, and by each other.

    Args:
        choice: the encoder.
        meshes: in the gallery beside ``EACH`` procedural objects of each category.
        scene: whose models are searched among the meshes by the objects in every other photo; or None.
        photos: a folder of photos that become backgrounds, and that are searched with themselves; or None.
        seed: of the pictures.
        progress: is told how far it is.
    """
    names = list(CATEGORIES)
    items = [make_object(HELD_OUT[9000 + i], names[i % len(names)]) for i in range(EACH * len(names))]
    first = len(items)
    rendered, shown = [*items, *meshes], {} if scene is None else scene.models
    models = [stood_up(shape, "z", f"model {number}") for number, shape in shown.items()]
    items = rendered + [one for one in models if one is not None]
    spec, query_encoder = GallerySpec(choice), QueryEncoder(GallerySpec(choice))
    name = " ".join(["verdicts", *(item.shape.digest or item.category for item in items)])
    with gallery_of(items, name, spec, span(progress, 0.0, 0.4)) as gallery:
        kinds, numbers, last = kinds_of(items), numbers_of(gallery, items), len(rendered)
        queries = list(empty_queries(query_encoder, photos, seed))
        queries += _picture_queries(rendered, query_encoder, photos, seed, span(progress, 0.4, 0.8))
        progress(0.8, "Searching by shapes")
        some = range(0, last, 2)
        queries += [KnownQuery(query_encoder.of_gallery(gallery, int(numbers[i])), i) for i in some]
        scans = [(i, scan(items[i].shape, seed + i)) for i in some[::2]]
        queries += [KnownQuery(query_encoder.shape(one, "y"), i) for i, one in scans]
        answers = ask(queries, kinds[:last], numbers[:last], gallery, seed)
        if scene is not None:
            real = photo_queries(scene, scene.photos()[0::2], query_encoder, last - first)
            answers += ask(real, kinds[first:], numbers[first:], gallery, seed)
        return answers


def photo_queries(scene: BopScene, photos: Sequence[str], query_encoder: QueryEncoder, first: int) -> list[KnownQuery]:
    """Make queries of the objects in photos; ``first`` is the number of the scene's first model among the objects."""
    place = {f"object {key}": first + number for number, key in enumerate(scene.models)}
    cases = photo_cases(scene, photos)
    return [KnownQuery(query_encoder.image(one.image, one.box), place[one.name.split(" ", 1)[1]]) for one in cases]


def _picture_queries(
    items: Sequence[Object3D], query_encoder: QueryEncoder, photos: str | None, seed: int, progress: Progress
) -> Iterator[KnownQuery]:
    settings = PictureSettings(
        320,
        plain=0,
        any_roll=0.05,
        fill=(0.4, 0.8),
        shift=0.1,
        occluded=0.2,
        own=0.7,
        elevation=(-5, 60),
        photos=photos,
    )
    for view in range(PICTURES):
        progress(view / PICTURES, "Searching by pictures")
        for photo in take_photos(items, range(len(items)), settings, seed + view):
            if photo is not None:
                mask = photo.mask if view == 0 else None
                yield KnownQuery(query_encoder.image(photo.image, photo.box, mask), photo.item)


def kinds_of(items: Sequence[Object3D]) -> npt.NDArray:
    """Return the kind of each object, str [N]."""
    names = [re.sub(r"^\d[\d-]*[a-z]?_", "", item.category) for item in items]  # of many pieces of one kind, as in YCB
    return np.array([KINDS.get(name, name) for name in names])


def empty_queries(query_encoder: QueryEncoder, photos: str | None, seed: int) -> Iterator[KnownQuery]:
    """Make queries of pictures that show none of the objects: noise, clouds, walls, and places of photos."""
    rng = np.random.default_rng(seed)
    files = photo_files(photos) if photos else ()
    for number in spread(len(files), EMPTY):
        yield KnownQuery(query_encoder.image(_place(read_photo(files[number]), rng)), trap="photo of something else")
    for number in range(EMPTY // 2):
        box = BOX if number % 2 else None
        yield KnownQuery(query_encoder.image(_pattern(number % 3, rng), box), trap="noise or wall")


def _place(photo: Image, rng: np.random.Generator) -> Image:
    """Return a part of a photo, at least a third of it wide and high."""
    height, width = photo.shape[:2]
    w, h = int(width * rng.uniform(1 / 3, 1)), int(height * rng.uniform(1 / 3, 1))
    x, y = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
    return np.ascontiguousarray(photo[y : y + h, x : x + w])


def _pattern(which: int, rng: np.random.Generator) -> Image:
    """Return noise (0), clouds (1) or a wall in uneven light (2), uint8 [240, 320, 3]."""
    noise: npt.NDArray[np.floating] = rng.uniform(0, 255, (240, 320, 3)).astype(np.float32)
    if which == 1:
        cloudy = cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(2, 20)))
        noise = (cloudy - cloudy.min()) / np.ptp(cloudy) * 255
    elif which == 2:
        noise = rng.uniform(60, 220, 3) + 0.05 * (noise - 127) + np.linspace(-20, 20, 320)[None, :, None]
    return np.asarray(np.clip(noise, 0, 255), np.uint8)
