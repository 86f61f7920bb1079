"""Options that several verbs share."""

from dataclasses import dataclass
from typing import ClassVar

from app.cli import values
from app.cli.arguments import flag, option
from core.encoders.names import DEFAULT

Box = tuple[float, float, float, float]
AXES = ("x", "y", "z", "-x", "-y", "-z")
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, kw_only=True)
class JsonOptions:
    """Of every verb that has a report."""

    json: bool = flag("one JSON document on stdout and nothing else")


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Of a verb that can do many calls at once (:mod:`app.cli.batch`)."""

    batch: str | None = option(
        "a list of calls: a row each, the arguments, out and any option as columns; done rows are left out",
        metavar="CSV",
    )


@dataclass(frozen=True, kw_only=True)
class EncoderOptions:
    """Which encoder, and where it runs."""

    TITLE: ClassVar[str] = "encoder"

    encoder: str = option("see `counterpoint encoders`; any timm ViT by name", default=DEFAULT, metavar="NAME")
    weights: str | None = option("weights from a local file", metavar="FILE", path="path")
    adapter: str | None = option(
        "made by `counterpoint adapt` or `train adapter` for this encoder; 3dcorrenhance: the published one",
        metavar="FILE",
        path="path or name",
    )
    layer: int | None = option("block of a ViT (default: three quarters of its depth)", type=int, metavar="N")
    device: str = option("", default="auto", choices=DEVICES)


@dataclass(frozen=True, kw_only=True)
class WordsOptions:
    """Which model knows words."""

    TITLE: ClassVar[str] = "words"

    clip: str | None = option('a CLIP model, as "ViT-B-16:FILE" or "ViT-B-16:openai"', metavar="ARCH:WEIGHTS")
    dlign: str | None = option("made by `counterpoint train dlign` for this model", metavar="FILE", path="path")


@dataclass(frozen=True, kw_only=True)
class LiftOptions:
    """How descriptors get onto a shape."""

    TITLE: ClassVar[str] = "how a shape is looked at"

    samples: int | None = option("surface samples", type=values.positive, metavar="N")
    views: int | None = option("views in each of three rings", type=values.positive, metavar="N")
    voxels: int | None = option("one descriptor for each cell of an N x N x N grid", type=values.positive, metavar="N")
    resolution: int | None = option("side of a rendered view", type=values.positive, metavar="PIXELS")
    points: bool = flag("descriptors from the point encoder, without rendering: quick, less exact")
    up: str | None = option("direction that points up (default: that of the format)", choices=AXES)


@dataclass(frozen=True, kw_only=True)
class MatchableOptions(EncoderOptions, LiftOptions):
    """Of the verbs that make images and shapes ready to be matched."""


def target_boxes() -> tuple[Box, ...]:
    """The field of boxes in images that are targets."""
    chosen: tuple[Box, ...] = option(
        "the object in TARGET; may be given for every image in turn",
        action="append",
        type=values.box,
        metavar="X0,Y0,X1,Y1",
    )
    return chosen
