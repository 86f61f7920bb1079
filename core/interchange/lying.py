"""What is said of photos that lie turned in their files (EXIF), where pixels of them are read and written."""

from collections.abc import Iterable
from pathlib import Path

from core.interchange.names import listed
from core.notices import warn
from core.orientation import exif_orientation


def say_meant_upright(names: Iterable[str], where: str) -> None:
    """Warn that what a file tells of these photos was taken for the upright ones; ``where`` begins the sentence."""
    names = list(names)
    if names:
        warn(
            f"{where} has {len(names)} photos that are turned upright by their EXIF data ({listed(names, 3)}); what it says of them "
            "is taken to be for the upright photos."
        )


def say_written_upright(photos: Iterable[str | Path], where: str) -> None:
    """Warn that what is written of photos is about the upright ones, where programs without EXIF see them lying.

    Args:
        photos: paths of their files.
        where: what is written, for the sentence.
    """
    names = [Path(path).name for path in dict.fromkeys(photos) if exif_orientation(path) != 1]
    if names:
        warn(
            f"{listed(names, 3)} lies turned in its file (EXIF orientation): pixels and sizes in {where} are those of the upright photo. "
            "A program that leaves EXIF out sees it lying; give it an upright copy."
        )
