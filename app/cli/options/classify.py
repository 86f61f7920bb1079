"""The options of ``counterpoint classify``."""

from dataclasses import dataclass

from app.cli.arguments import argument, option
from app.cli.options.groups import AXES, EncoderOptions, JsonOptions, WordsOptions


@dataclass(frozen=True, kw_only=True)
class ClassifyOptions(JsonOptions, WordsOptions, EncoderOptions):
    """Of the shape and of the names that there are."""

    shape: str = argument("SHAPE", path="path")
    labels: str | None = option("any words (with --gallery: of its tags; default all of them)", metavar="A,B,C")
    gallery: str | None = option("name by its tagged shapes, where there is no CLIP", metavar="GALLERY", path="path")
    up: str | None = option("direction that points up", choices=AXES)
