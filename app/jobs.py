"""What the engine does for the window: plain functions on self-contained requests.

Everything dear is memoised by the request's own values, so an engine that was restarted answers the same request by computing it again.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from app.documents import EncoderSettings, Item, Outline
from core.progress import Progress, silent, span


class Memo:
    """The last few results by key; two lanes that ask for the same at once compute it once."""

    def __init__(self, size: int):
        self._size = size
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._values:
                self._values[key] = make()
            with self._guard:
                self._values.move_to_end(key)
                while len(self._values) > self._size:
                    old, _ = self._values.popitem(last=False)
                    self._locks.pop(old, None)
                return self._values[key]


_images, _shapes, _encoders, _sides, _pairs, _displays = Memo(6), Memo(4), Memo(2), Memo(12), Memo(8), Memo(8)


@dataclass
class OpenedShape:
    """A shape's display mesh and the facts shown about it."""

    mesh: Any
    faces: int
    vertices: int
    diagonal: float
    warnings: list[str]


@dataclass
class Answer:
    """A match on one target, ready to draw.

    Attributes:
        location: pixel (u, v) or point (x, y, z) in the file's units.
        face, bary: of the surface point, or None in an image.
        rivals: locations with scores.
        part: of a part, the share of the target that it covers and the overlap with the drawn one after matching back.
        heat: float32 [V] for the display mesh's vertices, or [h, w] for the part ``heat_box`` of the image.
        low, high: the range of similarity that colours span.
    """

    target: Item
    location: tuple[float, ...]
    score: float
    margin: float
    cycle_error: float
    verdict: str
    rivals: list[tuple[tuple[float, ...], float]]
    heat: npt.NDArray[np.float32]
    low: float
    high: float
    heat_box: tuple[float, float, float, float] | None = None
    face: int | None = None
    bary: tuple[float, ...] | None = None
    part: tuple[float, float] | None = None


@dataclass
class Answers:
    """The answers to one query, and the place asked for, snapped to the source."""

    at: tuple[float, ...]
    answers: list[Answer] = field(default_factory=list)


@dataclass
class FoundShape:
    """A result of :func:`find_shapes`: cosine similarity and a small picture uint8 [h, w, 3]."""

    path: str
    score: float
    picture: npt.NDArray[np.uint8]


@dataclass
class FoundShapes:
    """Results, the number of shapes searched, and (path, reason) of those that could not be read."""

    results: list[FoundShape]
    shapes: int
    refused: list[tuple[str, str]]


def open_image(progress: Progress, item: Item) -> npt.NDArray[np.uint8]:
    """Pixels uint8 [H, W, 3]."""
    progress(0.1, f"Opening {item.name}")
    return _image(item)


def open_shape(progress: Progress, item: Item) -> OpenedShape:
    """What the shape panel draws."""
    progress(0.1, f"Opening {item.name}")
    shape = _shape(item)
    progress(0.6, f"Preparing {item.name} for the screen")
    return OpenedShape(
        _display(item),
        len(shape.faces),
        len(shape.vertices),
        shape.diagonal,
        [f"{item.name}: {w}" for w in shape.warnings],
    )


def prepare(progress: Progress, item: Item, encoder: EncoderSettings) -> None:
    """Encode an image or build a shape's field, so that queries are quick."""
    side = _side(item, encoder, progress)
    if item.kind == "shape":
        _carry(item, encoder, side)
    progress(1.0, f"{item.name} is ready")


def query(
    progress: Progress,
    source: Item,
    targets: list[Item],
    at: tuple[float, ...],
    encoder: EncoderSettings,
    outline: Outline = (),
) -> Answers:
    """Match one place of ``source``, or the part inside ``outline``, with every target."""
    from core.interchange.heatmaps import heat_range
    from core.matching.match import match
    from core.parts.marking import outline_mask
    from core.parts.transfer import find_part, mask_region

    answers = Answers(tuple(_side(source, encoder, progress).snap(at)))
    for target in targets:
        begin, end, prior = _together(source, target, encoder, progress)
        if outline:
            part = find_part(begin, end, mask_region(begin, outline_mask(outline, begin.image_size)), prior)
            best, scores, limits = part.candidate, part.evidence, (0.0, 1.0)
            answer = Answer(target, (), float(scores[best]), 0.0, 1 - part.overlap, part.verdict, [], scores, *limits)
            answer.part = (part.share, part.overlap)
        else:
            found = match(begin, end, at, prior)
            best, scores, limits = found.candidate, found.scores, heat_range(found.scores)
            numbers = (found.score, found.margin, found.cycle_error)
            answer = Answer(target, (), *numbers, found.verdict, found.rivals, scores, *limits)
        if target.kind == "shape":
            point = end.sample_point(best)
            answer.location, answer.face, answer.bary = point.position, point.face, point.bary
            answer.heat = _carry(target, encoder, end)(scores)
        else:
            answer.location = end.location(best)
            answer.heat, answer.heat_box = end.heatmap(scores)
        answers.answers.append(answer)
    return answers


def find_shapes(progress: Progress, folder: str, query: Item, encoder: EncoderSettings, top: int = 24) -> FoundShapes:
    """The shapes of a folder that are most like an image's focus box or a shape."""
    from core.encoders.catalogue import load_point_encoder
    from core.geometry.shape import load_shape
    from core.matching.prepare import guess_up
    from core.retrieval.search import read_gallery
    from core.retrieval.thumbnails import thumbnail
    from core.retrieval.vectors import image_vector, shape_vector

    images, points = _encoder(encoder, progress), load_point_encoder(_choice(encoder))
    if query.kind == "image":
        vector = image_vector(_image(query), images, query.box)
    else:
        vector = shape_vector(_shape(query), images, points, query.up)
    gallery = read_gallery(folder, images, points, span(progress, 0.0, 0.8))
    found = gallery.search(vector, top, query.path)
    results = []
    for number, one in enumerate(found):
        progress(0.8 + 0.2 * number / len(found), "Drawing what was found")
        results.append(FoundShape(one.path, one.score, thumbnail(load_shape(one.path), guess_up(one.path))))
    progress(1.0, f"{len(gallery.paths)} shapes searched")
    return FoundShapes(results, len(gallery.paths), gallery.refused)


def list_encoders(progress: Progress) -> list[tuple[str, str, bool]]:
    """(name, description, bundled) of the encoders with short names."""
    from core.encoders.catalogue import available

    return [(e.name, e.description, e.bundled) for e in available()]


def _image(item: Item) -> npt.NDArray[np.uint8]:
    from core.images import load_image

    return _images.get(item.file, lambda: load_image(item.path))


def _shape(item: Item) -> Any:
    from core.geometry.shape import load_shape

    return _shapes.get(item.file, lambda: load_shape(item.path))


def _display(item: Item) -> Any:
    from core.geometry.display import display_mesh

    return _displays.get(item.file, lambda: display_mesh(_shape(item)))


def _choice(settings: EncoderSettings) -> Any:
    from core.encoders.catalogue import EncoderChoice

    return EncoderChoice(settings.name, settings.weights, settings.layer, settings.device)


def _encoder(settings: EncoderSettings, progress: Progress) -> Any:
    from core.encoders.catalogue import load_encoder

    choice = _choice(settings)
    return _encoders.get(choice, lambda: load_encoder(choice, progress))


def _side(item: Item, settings: EncoderSettings, progress: Progress = silent) -> Any:
    from core.encoders.catalogue import need_point_encoder
    from core.fields.lifting import LiftSettings
    from core.matching.prepare import image_side, shape_side

    def make() -> Any:
        progress(0.0, "Loading the encoder")
        encoder = _encoder(settings, span(progress, 0.0, 0.2))
        if item.kind == "image":
            progress(0.3, f"Encoding {item.name}")
            return image_side(_image(item), encoder, item.box)
        lifting = LiftSettings(settings.samples, settings.azimuths, resolution=settings.resolution, up=item.up)
        points = need_point_encoder(_choice(settings)) if settings.points else None
        return shape_side(_shape(item), encoder, lifting, span(progress, 0.2, 0.95), points)

    return _sides.get((item, settings), make)


def _together(source: Item, target: Item, settings: EncoderSettings, progress: Progress) -> Any:
    """The two sides with their joint prior; for an image and a shape the same whichever is asked."""
    from core.matching.prepare import together

    def make() -> Any:
        sides = _side(source, settings, progress), _side(target, settings, progress)
        return together(*sides, source.up if source.kind == "shape" else target.up, progress)

    if source.kind == target.kind:
        return _side(source, settings, progress), _side(target, settings, progress), None
    if source.kind == "image":
        return _pairs.get((source, target, settings), make)
    image, shape, prior = _together(target, source, settings, progress)
    return shape, image, prior


def _carry(item: Item, settings: EncoderSettings, side: Any) -> Any:
    from core.fields.interpolation import Interpolator

    def make() -> Any:
        mesh = _display(item)
        return Interpolator.build(side.field.points, side.shape.to_normalised(mesh.points), mesh.normals)

    return _displays.get(("carry", item, settings), make)


JOBS: dict[str, Callable[..., Any]] = {
    "open_image": open_image,
    "open_shape": open_shape,
    "prepare": prepare,
    "query": query,
    "find_shapes": find_shapes,
    "list_encoders": list_encoders,
}
