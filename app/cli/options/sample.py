"""The options of ``counterpoint sample``."""

from dataclasses import dataclass

from app.cli.arguments import option


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """Of where the pictures go."""

    save: str = option(
        "where the pictures go (default: %(default)s)", default="counterpoint-sample", metavar="FOLDER", path="path"
    )
