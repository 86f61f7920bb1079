"""Does a picture find its shape, and a shape others of its kind?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.encoders.base import ImageEncoder, PointEncoder
from core.encoders.catalogue import EncoderChoice, load_encoder, load_point_encoder
from core.encoders.feature_map import box_around
from core.encoders.pocket import PocketEncoder
from core.encoders.points import PocketPointEncoder
from core.errors import CounterpointError
from core.geometry.sampling import sample_surface
from core.progress import Progress, silent
from core.retrieval.vectors import image_vector, shape_vector
from core.training.categories import CATEGORIES
from core.training.meshes import read_meshes
from core.training.pictures import PictureSettings, Surface, take_picture
from core.training.procedural import HELD_OUT, Object3D, make_object

Row = dict[str, float | str]
Floats = npt.NDArray[np.floating]


@dataclass
class Photo:
    """A picture of object number ``item``, and the box around it."""

    item: int
    image: npt.NDArray[np.uint8]
    box: tuple[float, float, float, float]


def evaluate(choice: EncoderChoice, data: str, count: int, progress: Progress = silent) -> dict[str, list[Row]]:
    """Tables of rows with the same columns.

    ``procedural``: ``count`` held-out objects, of the categories in turn. ``meshes:FOLDER``: those of a folder, each a kind of its own.
    Two pictures of every object (random surface, light, background, upright) are searched with.

    Raises:
        CounterpointError: unknown data, or an encoder without vectors for whole pictures.
    """
    items = _items(data, count)
    photos = take_photos(items)
    kinds = np.array([item.category for item in items])
    repeated = len(set(kinds)) < len(kinds)
    encoder, points = load_encoder(choice), load_point_encoder(choice)
    methods: list[tuple[str, ImageEncoder, PointEncoder | None]] = [(f"{encoder.name}, 24 views", encoder, None)]
    if choice.name == "pocket":
        twins = PocketEncoder(device=choice.device, random=True), PocketPointEncoder(device=choice.device, random=True)
        methods.insert(0, ("pocket, random weights, points", *twins))
    if points is not None:
        methods.append((f"{encoder.name}, points", encoder, points))
    rng = np.random.default_rng(5)
    truth = np.array([photo.item for photo in photos])
    pictures = [_picture_row("chance", rng.random((len(photos), len(items))), truth, kinds)]
    shapes = [_shape_row("chance", rng.random((len(items), len(items))), kinds)]
    distributions = np.stack([d2(item) for item in items])
    shapes.append(_shape_row("D2 distribution", -np.abs(distributions[:, None] - distributions[None]).sum(-1), kinds))
    for number, (name, images, shape_points) in enumerate(methods):
        progress(number / len(methods), name)
        gallery = np.stack([shape_vector(item.shape, images, shape_points, "y") for item in items])
        queries = np.stack([image_vector(photo.image, images, photo.box) for photo in photos])
        pictures.append(_picture_row(name, queries @ gallery.T, truth, kinds))
        shapes.append(_shape_row(name, gallery @ gallery.T, kinds))
    return {"picture to shape": pictures} | ({"shape to shape": shapes} if repeated else {})


def _items(data: str, count: int) -> list[Object3D]:
    kind, _, folder = data.partition(":")
    if kind == "procedural" and not folder:
        names = list(CATEGORIES)
        return [make_object(HELD_OUT[7000 + i], names[i % len(names)]) for i in range(min(count, 2000))]
    if kind == "meshes" and folder:
        return read_meshes(folder)[:count]
    raise CounterpointError(f"'{data}' is not procedural or meshes:FOLDER.")


def take_photos(items: Sequence[Object3D], per_item: int = 2) -> list[Photo]:
    """Upright pictures in new surfaces and light before clutter, with the box around what is seen of the object."""
    settings = PictureSettings(plain=0, any_roll=0, fill=(0.6, 0.9), shift=0.03, elevation=(-5, 60))
    photos = []
    for number, item in enumerate(items):
        for view in range(per_item):
            rng = np.random.default_rng((31, number, view))
            picture = take_picture(item, rng, settings, Surface(3 * number + view))
            if picture.mask.sum() >= 200:
                box = box_around(picture.mask)
                photos.append(Photo(number, picture.image, box))
    return photos


def d2(item: Object3D, bins: int = 64) -> Floats:
    """The D2 shape distribution (Osada et al., 2002): histogram of the distances between random surface points."""
    position = sample_surface(item.shape, 4000).position
    rng = np.random.default_rng(0)
    a, b = (position[rng.integers(len(position), size=100_000)] for _ in range(2))
    counts, _ = np.histogram(np.linalg.norm(a - b, axis=1), bins, (0, 1))
    return counts / counts.sum()


def _picture_row(name: str, scores: Floats, truth: npt.NDArray, kinds: npt.NDArray) -> Row:
    """Share of pictures whose own shape is first or among five, and share of the right kind at the first place and in five."""
    order = np.argsort(-scores, axis=1)
    own, kin = order == truth[:, None], kinds[order] == kinds[truth][:, None]
    numbers = {"recall@1": own[:, 0], "recall@5": own[:, :5].any(1), "kind@1": kin[:, 0], "kind in 5": kin[:, :5]}
    return {"method": name, "queries": len(truth), **{key: float(np.mean(v)) for key, v in numbers.items()}}


def _shape_row(name: str, scores: Floats, kinds: npt.NDArray) -> Row:
    """Share of the right kind at the first place and in the first four, the query itself left out."""
    scores = scores.copy()
    np.fill_diagonal(scores, -np.inf)
    kin = kinds[np.argsort(-scores, axis=1)[:, :4]] == kinds[:, None]
    return {"method": name, "queries": len(kinds), "kind@1": float(kin[:, 0].mean()), "kind in 4": float(kin.mean())}
