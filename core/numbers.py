"""Numbers as a person reads them."""

import math


def coordinate(value: float, digits: int = 6) -> str:
    """A coordinate with as many significant digits, and always three after the point.

    Large ones (maps, millimetres) stay exact.
    """
    whole = math.floor(math.log10(abs(value))) + 1 if math.isfinite(value) and value else 0
    return f"{value:.{max(digits, whole + 3)}g}"
