"""The options of ``counterpoint adapt``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, option
from app.cli.options.groups import DEVICES, JsonOptions
from core.encoders.names import DEFAULT


@dataclass(frozen=True, kw_only=True)
class AdaptOptions(JsonOptions):
    """Of the shapes, of how long and of which encoder; what is None is as the recipe has it."""

    shapes: tuple[str, ...] = argument("SHAPE", "meshes", nargs="+", path="path")
    out: str = option(
        "what was learnt (.safetensors), for --adapter", "-o", "--out", required=True, metavar="FILE", path="path"
    )
    minutes: float | None = option("at most (default: 3)", type=values.above_zero, metavar="M")
    steps: int | None = option("at most (default: 400)", type=values.positive, metavar="N")
    loss: str | None = option("default: smoothap", choices=("smoothap", "infonce"))
    rate: float | None = option("peak learning rate (default: 1e-3)", type=values.above_zero)
    seed: int | None = option("of pictures (default: 0)", type=values.whole)
    photo: tuple[str, ...] = option(
        "a photo of the shapes, in which the encoder must not get worse; may be given again",
        action="append",
        metavar="FILE",
        path="path",
    )
    box: tuple[tuple[float, float, float, float], ...] = option(
        "the object in each --photo, in their order", action="append", type=values.box, metavar="X0,Y0,X1,Y1"
    )
    encoder: str = option("see `counterpoint encoders`", default=DEFAULT, metavar="NAME")
    weights: str | None = option("weights from a local file", metavar="FILE", path="path")
    layer: int | None = option("block of a ViT (default: three quarters of its depth)", type=int, metavar="N")
    device: str = option("", default="auto", choices=DEVICES)
