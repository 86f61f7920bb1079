"""The options of ``counterpoint info``."""

from dataclasses import dataclass

from app.cli.arguments import argument
from app.cli.options.groups import JsonOptions


@dataclass(frozen=True, kw_only=True)
class InfoOptions(JsonOptions):
    """Of one file."""

    file: str = argument("FILE", "an image or a shape", path="path")
