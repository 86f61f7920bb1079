"""The options of ``counterpoint index``."""

from dataclasses import dataclass

from app.cli import values
from app.cli.arguments import argument, option
from app.cli.options.groups import EncoderOptions, JsonOptions


@dataclass(frozen=True, kw_only=True)
class IndexOptions(JsonOptions, EncoderOptions):
    """Of the folder and of its gallery."""

    folder: str = argument("FOLDER", "shapes, in folders below it too; their names become tags", path="path")
    out: str = option("the folder of the gallery", "-o", "--out", required=True, metavar="GALLERY", path="path")
    workers: int | None = option("processes (default: one for each core)", type=values.positive, metavar="N")
    ray: str | None = option('a Ray cluster that sees the same files ("auto", "local", "ray://...")', metavar="ADDRESS")
    clip: str | None = option("a CLIP model, so that words can be searched for", metavar="ARCH:WEIGHTS")
