"""What the values of the command line's options look like."""

import argparse
import math

from core.errors import CounterpointError
from core.units import parse_unit


def _finite(text: str) -> float:
    """A number; ValueError for anything else, also for what is not finite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def numbers(text: str) -> tuple[float, ...]:
    """Parse a place "U,V" (pixels) or "X,Y,Z" (the shape's own frame and unit).

    Raises:
        argparse.ArgumentTypeError: the text is not two or three numbers.
    """
    try:
        numbers = tuple(_finite(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of numbers such as 120,80") from None
    if len(numbers) not in (2, 3):
        raise argparse.ArgumentTypeError(f"'{text}' has {len(numbers)} numbers; a pixel has two and a point three")
    return numbers


def polygon(text: str) -> tuple[tuple[float, float], ...]:
    """Parse an outline "U,V,U,V,U,V" as its corners (u, v) in pixels.

    Raises:
        argparse.ArgumentTypeError: the text is not three pixels or more.
    """
    try:
        numbers = [_finite(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) < 6 or len(numbers) % 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not a polygon U,V,U,V,U,V of three pixels or more")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def signed_point(text: str) -> tuple[float, float, bool]:
    """Parse "U,V", "U,V,+" or "U,V,-" as a pixel (u, v) and whether it belongs to the object.

    Raises:
        argparse.ArgumentTypeError: the text is not one pixel.
    """
    parts = text.split(",")
    sign = parts.pop() if parts[-1].strip() in ("+", "-") else "+"
    try:
        u, v = map(_finite, parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a pixel U,V or U,V,- or U,V,+") from None
    return u, v, sign.strip() == "+"


def box(text: str) -> tuple[float, ...]:
    """Parse a box "X0,Y0,X1,Y1" in pixels.

    Raises:
        argparse.ArgumentTypeError: the text is not four numbers.
    """
    try:
        numbers = tuple(_finite(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 4:
        raise argparse.ArgumentTypeError(f"'{text}' is not a box X0,Y0,X1,Y1")
    return numbers


def names(text: str) -> tuple[str, ...]:
    """Parse names that are divided by commas."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def percent(text: str) -> int:
    """Parse a whole number of percent.

    Raises:
        argparse.ArgumentTypeError: the text is not a whole number from 1 to 99.
    """
    if not text.isdigit() or not 0 < int(text) < 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number between 1 and 99")
    return int(text)


def fov(text: str) -> float:
    """Parse a horizontal field of view in degrees; "auto" is 0.

    Raises:
        argparse.ArgumentTypeError: the text is neither "auto" nor a number from 1 to 170.
    """
    if text == "auto":
        return 0.0
    try:
        degrees = float(text)
    except ValueError:
        degrees = float("nan")
    if not 1 <= degrees <= 170:
        raise argparse.ArgumentTypeError(f"'{text}' is no field of view that a photo has; give 1 to 170, or auto")
    return degrees


def unit(text: str) -> float:
    """Parse the unit of a shape as the metres that it is.

    Raises:
        argparse.ArgumentTypeError: the text is neither the name of a unit nor a length above zero.
    """
    try:
        return parse_unit(text)
    except CounterpointError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> int:
    """Parse a whole number above zero.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above zero")
    return int(text)


def whole(text: str) -> int:
    """Parse a whole number, zero or above.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number, zero or above")
    return int(text)


def above_zero(text: str) -> float:
    """Parse a number above zero.

    Raises:
        argparse.ArgumentTypeError: the text is anything else, also what is not finite.
    """
    try:
        number = _finite(text)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above zero")
    return number


def fraction(text: str) -> float:
    """Parse a number from 0 to 1.

    Raises:
        argparse.ArgumentTypeError: the text is anything else.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")
    return number
