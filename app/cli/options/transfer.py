"""The options of ``counterpoint transfer``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, flag, option
from app.cli.options.groups import BatchOptions, Box, JsonOptions, MatchableOptions, target_boxes


@dataclass(frozen=True, kw_only=True)
class TransferOptions(BatchOptions, JsonOptions, MatchableOptions):
    """Of one source and its targets, or of a list of calls."""

    source: str | None = argument("SOURCE", "an image, or a shape with labels", nargs="?", default=None, path="path")
    target: tuple[str, ...] = argument("TARGET", "shapes or images", nargs="*", default=(), path="path")
    mask: str | None = option(
        "of the image's size; the part is what is not black", metavar="PNG", path="path", exclusive="part"
    )
    outline: tuple[tuple[float, float], ...] | None = option(
        "a polygon of pixels around the part", type=values.polygon, metavar="U,V,U,V,...", exclusive="part"
    )
    point: tuple[tuple[float, float, bool], ...] = option(
        "a pixel of the part, or with - one that is not; may be given several times, and the part is cut out",
        action="append",
        type=values.signed_point,
        metavar="U,V[,+|-]",
        exclusive="part",
    )
    labels: str | None = option(
        "several parts at once: PLY, GLB, NPZ or JSON of a shape (default: SOURCE itself), index PNG, COCO JSON or NPZ of an image",
        metavar="FILE",
        path="path",
        exclusive="part",
    )
    sam: str | None = option(
        "cut out with the bundled cutter, this checkpoint of Segment Anything, or these weights (train cutter), not with GrabCut",
        metavar="cutter|FILE",
        path="path or name",
    )
    box: tuple[float, float, float, float] | None = option(
        "the object in SOURCE; given alone, the part is cut out of it", type=values.box, metavar="X0,Y0,X1,Y1"
    )
    target_box: tuple[Box, ...] = target_boxes()
    also: tuple[list[str], ...] = option(
        "another image of the object with the part; they vote",
        nargs=2,
        action="append",
        metavar=("IMAGE", "MASK"),
        path="path",
    )
    pose: str | None = option(
        "of the shape in the image, with its camera, as align --out writes it: what it sees is projected",
        metavar="FILE",
        path="path",
    )
    quick: bool = flag("leave out the search for poses of the shape in the image: quicker, less often right")
    threshold: int = option(
        "evidence that is enough (default: %(default)s)", default=50, type=values.percent, metavar="PERCENT"
    )
    out: str | None = option(
        "one target: PLY, GLB, NPZ or JSON with labels of a shape, PNG, COCO JSON or NPZ of an image; several: FOLDER/NAME.ply or PREFIX-N.ply",
        metavar="FILE|FOLDER/|PREFIX",
        path="path",
    )
