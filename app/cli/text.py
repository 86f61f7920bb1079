"""How reports are written for people."""

from collections.abc import Sequence

from core.numbers import coordinate


def vector(values: Sequence[float]) -> str:
    """Write ``(1.5, 2, -0.25)``."""
    return "(" + ", ".join(map(coordinate, values)) + ")"
