"""Progress of long work: a callback that may raise :class:`core.errors.Cancelled` to stop the work."""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the fraction done in [0, 1] and a short phrase for people."""


def silent(fraction: float, message: str) -> None:
    """Ignore the report."""


def span(progress: Progress, start: float, stop: float) -> Progress:
    """Return a callback for a part of the work, which maps its own [0, 1] onto [start, stop] of ``progress``."""

    def report(fraction: float, message: str) -> None:
        progress(start + (stop - start) * fraction, message)

    return report
