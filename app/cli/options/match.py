"""The options of ``counterpoint match``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, flag, option
from app.cli.options.groups import Box, JsonOptions, MatchableOptions, target_boxes


@dataclass(frozen=True, kw_only=True)
class MatchOptions(JsonOptions, MatchableOptions):
    """Of one source and its targets."""

    source: str = argument("SOURCE", "an image or a shape", path="path")
    target: tuple[str, ...] = argument("TARGET", "images or shapes", nargs="+", path="path")
    at: tuple[tuple[float, ...], ...] = option(
        "a pixel or a point of SOURCE; may be given several times",
        required=True,
        action="append",
        type=values.numbers,
        metavar="U,V|X,Y,Z",
    )
    box: tuple[float, float, float, float] | None = option(
        "the object in the image (in SOURCE if both are images)", type=values.box, metavar="X0,Y0,X1,Y1"
    )
    target_box: tuple[Box, ...] = target_boxes()
    pose: str | None = option(
        "of the shape in the image, with its camera, as align --out writes it: guides the match",
        metavar="FILE",
        path="path",
    )
    quick: bool = flag("leave out the search for poses of the shape in the image: quicker, less often right")
    save: str | None = option(
        "write heatmaps: PREFIX-N.ply for shapes, PREFIX-N.png for images", metavar="PREFIX", path="path"
    )
