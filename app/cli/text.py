"""How reports are written for people."""

from collections.abc import Sequence


def vector(values: Sequence[float]) -> str:
    """``(1.5, 2, -0.25)``, six digits at most."""
    return "(" + ", ".join(f"{value:.6g}" for value in values) + ")"
