"""What several verbs do with the files and options that they are given.

They choose the encoder, read files and boxes, and make sides ready to be matched.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.cli.options.groups import Box, EncoderOptions, MatchableOptions
from app.cli.options.match import MatchOptions
from app.cli.options.transfer import TransferOptions
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import EncoderChoice, need_point_encoder
from core.errors import CounterpointError
from core.geometry.formats import is_shape
from core.geometry.shape import Shape, load_shape
from core.images import load_image
from core.matching.matchable import MatchableImage, MatchableShape
from core.matching.prepare import lift_settings, matchable_image, matchable_shape
from core.notices import warn
from core.progress import Progress


def open_shape(path: str | Path) -> Shape:
    """A shape, whose warnings are said; the one place where verbs open shapes.

    Raises as :func:`core.geometry.shape.load_shape` does.
    """
    shape = load_shape(path)
    for sentence in shape.warnings:
        warn(f"{shape.name}: {sentence}")
    return shape


def open_file(path: str) -> Any:
    """A :class:`Shape`, or an image uint8 [H, W, 3]; raises as their readers do."""
    return open_shape(path) if is_shape(path) else load_image(path)


def choice_of(options: EncoderOptions) -> EncoderChoice:
    """The encoder that is chosen."""
    return EncoderChoice(options.encoder, options.weights, options.layer, options.device, options.adapter)


def matchable_from_file(
    options: MatchableOptions, encoder: ImageEncoder, path: str, content: Any, box: Box | None, progress: Progress
) -> tuple[MatchableImage | MatchableShape, str]:
    """A side ready to be matched, and a shape's up axis ("" of an image).

    Args:
        options: how a shape is sampled and looked at.
        encoder: that describes the image, or the pictures of the shape.
        path: of the file.
        content: what :func:`open_file` made of ``path``.
        box: of the object in an image, in pixels.
        progress: told while a shape is described.
    """
    if not is_shape(path):
        return matchable_image(content, encoder, box), ""
    settings = lift_settings(path, options.samples, options.views, options.resolution, options.up, options.voxels)
    points = need_point_encoder(choice_of(options)) if options.points else None
    return matchable_shape(content, encoder, settings, progress, points), settings.up


def boxes_of(options: MatchOptions | TransferOptions) -> tuple[Box | None, list[Box | None]]:
    """The box of the source and of every target.

    The option ``--box`` belongs to the source, or from a shape to the image it is matched with.

    Raises:
        CounterpointError: a box for a shape.
    """
    source, given = options.source or "", list[Box | None](options.target_box)
    source_box = options.box
    if is_shape(source) and not is_shape(options.target[0]) and not given:
        source_box, given = None, [options.box]
    boxes = [None if is_shape(path) or not given else given.pop(0) for path in options.target]
    if source_box is not None and is_shape(source):
        raise CounterpointError(f"{Path(source).name} is a shape; a box belongs to an image.")
    if given and given[0] is not None:
        raise CounterpointError(f"{Path(options.target[-1]).name} is a shape; a box belongs to an image.")
    return source_box, boxes


def warn_left_out(files: Sequence[tuple[str, str]]) -> None:
    """Say which files of a gallery were left out and why, for a report that has no list of them."""
    for path, reason in files:
        warn(f"{path} was left out: {reason}")


def refusals(files: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Files that were left out and why, as a report holds them."""
    return [{"path": path, "reason": reason} for path, reason in files]


def given(options: Any, *names: str) -> dict[str, Any]:
    """Those of the options that are not None, for settings whose defaults hold otherwise."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}
