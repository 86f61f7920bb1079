"""Numbers as a person reads them, and tables by numbers."""

import math
from typing import Any

from core.errors import CounterpointError


def coordinate(value: float, digits: int = 6) -> str:
    """A coordinate with as many significant digits, and always three after the point.

    Large ones (maps, millimetres) stay exact.
    """
    whole = math.floor(math.log10(abs(value))) + 1 if math.isfinite(value) and value else 0
    return f"{value:.{max(digits, whole + 3)}g}"


def whole(value: Any, name: str) -> int:
    """A whole number that may be written as text or with a point (7, 7.0, "7").

    Raises:
        ValueError: it is none.
    """
    number = float(value)
    if not number.is_integer():
        raise ValueError(f"{name} {value} is no whole number")
    return int(number)


def by_number(content: Any, file: str) -> dict[str, Any]:
    """What a table says by numbers, whose keys are written as ``3`` and as ``000003``: by ``3``; what is no such table stays.

    Raises:
        CounterpointError: it has a number twice.
    """
    if not isinstance(content, dict) or not all(str(key).isdecimal() for key in content):
        return content  # type: ignore[no-any-return]
    found = {str(int(key)): value for key, value in content.items()}
    if len(found) < len(content):
        raise CounterpointError(f"{file} has the same number twice, as 3 and 000003; keep one of them.")
    return found
