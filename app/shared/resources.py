"""Files that come with the program."""

from pathlib import Path

ROOT = Path(__file__).parents[2] / "resources"


def resource(name: str) -> Path:
    """Path of a bundled file, such as ``icons/pin.svg``; the same in a checkout and in an installed wheel."""
    return ROOT / name
