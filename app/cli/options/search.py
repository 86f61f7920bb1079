"""The options of ``counterpoint search``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, flag, option
from app.cli.options.groups import EncoderOptions, JsonOptions


@dataclass(frozen=True, kw_only=True)
class SearchOptions(JsonOptions, EncoderOptions):
    """Of the gallery, of the query and of what is shown."""

    gallery: str = argument("GALLERY", "made by index, or a folder of shapes", path="path")
    query: str = argument("QUERY", "an image, a shape, or text:WORDS", path="path or name")
    box: tuple[float, float, float, float] | None = option(
        "around the object in the image, which is cut out of it", type=values.box, metavar="X0,Y0,X1,Y1"
    )
    mask: str | None = option("its pixels instead, if you know them better", metavar="PNG", path="path")
    part: bool = flag("find shapes that have what the mask shows as a part")
    top: int = option("results (default: %(default)s)", default=10, type=values.positive, metavar="K")
    tag: str | None = option("only shapes with this tag")
    worst: bool = flag("the least similar first")
    quick: bool = flag("compare vectors only, not the first hundred cell by cell")
    clip: str | None = option("a CLIP model, where GALLERY is a folder of shapes", metavar="ARCH:WEIGHTS")
