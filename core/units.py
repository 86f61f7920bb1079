"""How long one unit of a shape is."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import CounterpointError
from core.files import read_json
from core.numbers import by_number

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "in": 0.0254, "ft": 0.3048}
"""Metres."""

_LONG = {
    "m": ("metre", "metres", "meter", "meters"),
    "cm": ("centimetre", "centimetres", "centimeter", "centimeters"),
    "mm": ("millimetre", "millimetres", "millimeter", "millimeters"),
    "in": ("inches", '"'),
    "ft": ("foot", "feet"),
}
"""What units are called when they are written out."""

OTHER_SIZE = 0.05
"""How far, as a fraction, a shape's size may be from what its data set says."""

_COMMENT = re.compile(
    r"^[ \t]*(?:#|//|comment|obj_info)\W*(?:(?:\w+ )?units?(?: (?:are|is|in)\b)*[\s:=]+(?:are |is |in )*([a-z]+)\W*$|.*\buses (\w+) as units\b)",
    re.IGNORECASE | re.MULTILINE,
)
"""As in ``# units: mm``, ``# File units = inches``, ``comment unit mm``, and Maya's "This file uses centimeters as units"."""

LARGE = 10.0
"""A shape whose diagonal is more than this is hardly in metres: what is matched with photos is not as large as a
house."""

SMALL = 0.005
"""Metres: what is matched with photos is not smaller."""


@dataclass(frozen=True)
class Unit:
    """The unit of a shape's coordinates.

    Attributes:
        metres: that one unit of the shape is.
        known: whether the format, the data set or the user says so; else it is a guess by the shape's size.
        reason: a sentence that says why.
    """

    metres: float
    known: bool
    reason: str


METRE = Unit(1.0, True, "One unit is a metre.")


def parse_unit(text: str) -> float:
    """Metres of "m", "cm", "mm", "inch", of such names written out, or of a number.

    Raises:
        CounterpointError: it is neither.
    """
    metres = _metres(text)
    if metres is None:
        raise CounterpointError(
            f"{text!r} is no unit; give m, cm, mm, inch, or how many metres one unit of the shape is."
        )
    return metres


def _metres(text: str) -> float | None:
    word = text.strip().lower()
    word = next((short for short, names in _LONG.items() if word in names), word)
    try:
        metres = UNITS[word] if word in UNITS else float(text)
    except ValueError:
        return None
    return metres if math.isfinite(metres) and metres > 0 else None


def unit_of(path: str | Path, diagonal: float, given: float | None = None) -> Unit:
    """The unit of a shape's file.

    It is what is ``given`` (metres), what ``models_info.json`` of BOP beside it says, what the format says (glTF:
    metres), what a comment at its beginning says, or else a guess by its ``diagonal``.
    """
    path = Path(path)
    if given is not None:
        return Unit(given, True, f"One unit of {path.name} is {given:g} m, as was said.")
    of_data, ratio = _of_models_info(path, diagonal)
    if of_data:
        where = f"{path.name} is in {_called(of_data)}, as the models_info.json beside it says"
        larger = f", but {abs(1 / ratio - 1):.0%} {'larger' if ratio < 1 else 'smaller'} than it says"
        is_it = abs(1 / ratio - 1) < OTHER_SIZE
        return Unit(of_data, is_it, where + ("." if is_it else larger + ": check that it is the right model."))
    if path.suffix.lower() in (".glb", ".gltf"):
        return Unit(1.0, True, f"{path.name} is in metres, as glTF is.")
    said = _of_comment(path)
    if said and SMALL < said * diagonal < LARGE:  # Maya writes centimetres whatever was modelled
        reason = f"{path.name} is taken to be in {_called(said)}, as a comment in it says; give --unit if it is not."
        return Unit(said, False, reason)
    guess = 0.001 if diagonal > LARGE else 1.0
    says = "does not say its unit" if of_data is None else "is of another size than the models_info.json beside it says"
    return Unit(
        guess,
        False,
        f"{path.name} {says}: it is taken to be in {_called(guess)}, because its diagonal is {diagonal:.4g}; "
        "give --unit if it is not.",
    )


def _of_comment(path: Path) -> float | None:
    """Metres of the unit that a comment among the first lines of an OBJ, PLY or text of points names."""
    try:
        with path.open("rb") as file:
            start = file.read(4096).decode("latin-1")
    except OSError:
        return None
    found = _COMMENT.search(start)
    return _metres(found[1] or found[2]) if found else None


def _of_models_info(path: Path, diagonal: float) -> tuple[float | None, float]:
    """BOP gives the size of each model in millimetres.

    Metres of the unit, 0 where no unit explains it, None where nothing is said; and the size that is said as a multiple
    of the file's own in that unit, 1 where only the diameter is said.
    """
    digits = "".join(filter(str.isdecimal, path.stem))
    place = path.parent / "models_info.json"
    if not digits or not place.is_file():
        return None, 1.0
    try:
        size = by_number(read_json(place), place.name)[str(int(digits))]
        true = (
            math.hypot(size["size_x"], size["size_y"], size["size_z"]) if "size_x" in size else float(size["diameter"])
        )
    except (CounterpointError, ValueError, KeyError, TypeError):
        return None, 1.0
    ratio = true / max(diagonal, 1e-12)
    metres = next((UNITS[name] for name in ("mm", "cm", "m") if 0.7 < ratio * 0.001 / UNITS[name] < 1.4), 0.0)
    return metres, ratio * 0.001 / metres if metres and "size_x" in size else 1.0


def _called(metres: float) -> str:
    return {1.0: "metres", 0.01: "centimetres", 0.001: "millimetres", 0.0254: "inches", 0.3048: "feet"}.get(
        metres, f"units of {metres:g} m"
    )
