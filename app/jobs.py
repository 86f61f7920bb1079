"""What the engine does for the window: plain functions on self-contained requests."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from app import align_jobs, collection_jobs, gallery_jobs, measure_jobs, part_jobs
from app.documents import EncoderSettings, Item
from app.engine_process import Report
from app.loaded import Known, display_of, guided_pair, image_of, shape_of, side_of, to_display
from core.progress import Progress


@dataclass
class OpenedShape:
    """A shape's display mesh and the facts shown about it."""

    mesh: Any
    faces: int
    vertices: int
    diagonal: float
    warnings: list[str]

    @property
    def elements(self) -> int:
        """What parts are made of: faces, or the points of a cloud."""
        return self.faces or self.vertices


@dataclass
class Answer:
    """A match on one target, ready to draw.

    Attributes:
        location: pixel (u, v) or point (x, y, z) in the file's units.
        face, bary: of the surface point, or None in an image.
        rivals: locations with scores.
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


@dataclass
class Answers:
    """The answers to one query, and the place asked for, snapped to the source."""

    at: tuple[float, ...]
    answers: list[Answer] = field(default_factory=list)


def open_image(progress: Progress, item: Item) -> npt.NDArray[np.uint8]:
    """Pixels uint8 [H, W, 3]."""
    progress(0.1, f"Opening {item.name}")
    return image_of(item)


def open_shape(progress: Progress, item: Item) -> OpenedShape:
    """What the shape panel draws."""
    progress(0.1, f"Opening {item.name}")
    shape = shape_of(item)
    progress(0.6, f"Preparing {item.name} for the screen")
    return OpenedShape(
        display_of(item),
        len(shape.faces),
        len(shape.vertices),
        shape.diagonal,
        [f"{item.name}: {w}" for w in shape.warnings],
    )


def prepare(progress: Progress, item: Item, encoder: EncoderSettings) -> None:
    """Encode an image or build a shape's field, so that queries are quick."""
    side = side_of(item, encoder, progress)
    if item.kind == "shape":
        to_display(item, encoder, side)
    progress(1.0, f"{item.name} is ready")


def query(
    progress: Progress,
    source: Item,
    targets: list[Item],
    at: tuple[float, ...],
    encoder: EncoderSettings,
    known: list[Known],
    corrections: list[list[tuple[tuple[float, ...], tuple[float, ...]]]],
) -> Answers:
    """Match one place of ``source`` with every target.

    ``known`` are the poses of the one in the other, and ``corrections`` the places that belong together, for every target.
    """
    from core.interchange.heatmaps import heat_range
    from core.matching.corrections import Correction, match_corrected

    answers = Answers(tuple(side_of(source, encoder, progress).snap(at)))
    for target, poses, right in zip(targets, known, corrections, strict=True):
        begin, end, prior = guided_pair(source, target, encoder, poses, progress)
        found = match_corrected(begin, end, at, [Correction(*one) for one in right], prior)
        scores, limits = found.scores, heat_range(found.scores)
        numbers = (found.score, found.margin, found.cycle_error)
        answer = Answer(target, found.location, *numbers, found.verdict, found.rivals, scores, *limits)
        if target.kind == "shape":
            point = end.closest(found.location)
            answer.face, answer.bary = point.face, point.bary
            answer.heat = to_display(target, encoder, end)(scores)
        else:
            answer.heat, answer.heat_box = end.heatmap(scores)
        answers.answers.append(answer)
    return answers


def list_encoders(progress: Progress) -> list[tuple[str, str, bool]]:
    """(name, description, bundled) of the encoders with short names."""
    from core.encoders.catalogue import available

    return [(e.name, e.description, e.bundled) for e in available()]


def measure_caches(progress: Progress) -> tuple[str, int]:
    """The folder of caches and what it holds, in bytes."""
    from core.fields.cache import cache_dir

    return str(cache_dir()), sum(file.stat().st_size for file in cache_dir().rglob("*") if file.is_file())


def clear_caches(progress: Progress) -> tuple[str, int]:
    """Throw away what was computed (fields, maps, poses, reports); it is computed again when it is needed."""
    from core.fields.cache import cache_dir

    for file in sorted(cache_dir().rglob("*.safetensors")):
        file.unlink(missing_ok=True)
    shutil.rmtree(cache_dir() / "reports", ignore_errors=True)
    return measure_caches(progress)


@dataclass(frozen=True)
class Lesson:
    """A match put right between an open image and an open shape, for adapting."""

    image: Item
    pixel: tuple[float, float]
    shape: Item
    point: tuple[float, float, float]


def adapt_encoder(
    progress: Report, shapes: list[Item], encoder: EncoderSettings, out: str, minutes: float, lessons: list[Lesson]
) -> list[Any]:
    """Tune an encoder to shapes and write what was learnt.

    Returns the curve (``core.training.equivariance.Measured``), the encoder's own first and what was written last; told while it grows.
    """
    from pathlib import Path

    from app.loaded import choice_of
    from core.encoders.catalogue import load_tunable
    from core.errors import CounterpointError
    from core.training.equivariance import AdaptSettings, adapt
    from core.training.meshes import read_mesh, upright

    read = {shape: item for shape in shapes if (item := read_mesh(shape.path, shape.up)) is not None}
    if not read:
        raise CounterpointError("Pictures are taken of surfaces: open a mesh, not a point cloud.")
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    numbers = {shape: number for number, shape in enumerate(read)}
    known = []
    for one in lessons:
        if one.shape in numbers:
            x, y, z = (float(v) for v in upright(one.point, one.shape.up))
            known.append(Known(image_of(one.image), one.image.box, one.pixel, numbers[one.shape], (x, y, z)))
    base, told = load_tunable(choice_of(encoder), progress), []

    def watch(measured: Any) -> None:
        told.append(measured)
        progress.tell(list(told))

    return adapt(list(read.values()), base, out, AdaptSettings(minutes=minutes), progress, watch, known)


JOBS: dict[str, Callable[..., Any]] = {
    **part_jobs.JOBS,
    **align_jobs.JOBS,
    **gallery_jobs.JOBS,
    **collection_jobs.JOBS,
    **measure_jobs.JOBS,
    "open_image": open_image,
    "open_shape": open_shape,
    "prepare": prepare,
    "query": query,
    "list_encoders": list_encoders,
    "adapt_encoder": adapt_encoder,
    "measure_caches": measure_caches,
    "clear_caches": clear_caches,
}
