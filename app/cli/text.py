"""How reports are written for people."""

from collections.abc import Sequence

from core.calibration import REASONS, per_cent
from core.numbers import coordinate


def vector(values: Sequence[float]) -> str:
    """Write ``(1.5, 2, -0.25)``."""
    return "(" + ", ".join(map(coordinate, values)) + ")"


def sentences(reasons: Sequence[str]) -> list[str]:
    """Say in words why an answer is doubted (words of :data:`core.calibration.REASONS`)."""
    return [REASONS[word] for word in reasons]


def sureness(verdict: str, probability: float, reasons: Sequence[str]) -> str:
    """Write ``unsure (55 %): left and right look alike``."""
    return f"{verdict} ({per_cent(probability)}){': ' if reasons else ''}{'; '.join(reasons)}"
