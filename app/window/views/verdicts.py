"""How lists show what the program thinks of an answer: a word in a colour, and how probable it is that it is right."""

from app.document.texts import tr
from core.calibration import per_cent

COLORS = {"good": "#2e9e5b", "unsure": "#d08a00", "none": "#d0454c", "working": "#7a828e", "": "#7a828e"}

_WORDS = {"good": tr("good"), "unsure": tr("unsure"), "none": tr("none"), "": ""}


def words(verdict: str, probability: float | None) -> str:
    """``unsure 55 %``; "" without a verdict."""
    return _WORDS[verdict] + ("" if probability is None or not verdict else f" {per_cent(probability)}")
