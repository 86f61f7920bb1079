"""What the engine does to open files and to match places."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from app.engine.cache import Known, display_of, guided_pair, image_of, shape_of, side_of, to_display
from app.shared.results import Answer, OpenedShape
from app.shared.values import EncoderSettings, Item
from core.interchange.heatmaps import heat_range
from core.matching.corrections import match_corrected
from core.matching.location import Correspondence
from core.progress import Progress


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
) -> list[Answer]:
    """Match one place of ``source`` with every target.

    ``known`` are the poses of the one in the other, and ``corrections`` the places that belong together, for every target.
    """
    answers = []
    for target, poses, right in zip(targets, known, corrections, strict=True):
        begin, end, prior = guided_pair(source, target, encoder, poses, progress)
        found = match_corrected(begin, end, at, [Correspondence(*one) for one in right], prior)
        scores, limits = found.scores, heat_range(found.scores)
        numbers = (found.score, found.margin, found.cycle_error)
        answer = Answer(found.location, *numbers, found.verdict, found.rivals, scores, *limits)
        if target.kind == "shape":
            answer.heat = to_display(target, encoder, end)(scores)
        else:
            answer.heat, answer.heat_box = end.heatmap(scores)
        answers.append(answer)
    return answers


JOBS: dict[str, Callable[..., Any]] = {
    "open_image": open_image,
    "open_shape": open_shape,
    "prepare": prepare,
    "query": query,
}
