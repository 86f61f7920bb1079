"""Warnings for the user: sentences that say what was left out, assumed or looks odd, kept beside a result."""

import contextlib
import contextvars
import warnings
from collections.abc import Iterator

_collected: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("collected", default=None)


class CounterpointWarning(UserWarning):
    """What :func:`warn` issues where nobody collects: a Python program sees it on stderr."""


def warn(sentence: str) -> None:
    """Say something that the user should know about the result; said once for each collection.

    Args:
        sentence: whole, names the file, and says what was done about it.
    """
    collected = _collected.get()
    if collected is None:
        warnings.warn(sentence, CounterpointWarning, stacklevel=3)
    elif sentence not in collected:
        collected.append(sentence)


@contextlib.contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect what :func:`warn` says in this thread (or task) while the block runs.

    The command line puts the list into the ``warnings`` of ``--json``; the engine sends it to the window.
    """
    collected: list[str] = []
    token = _collected.set(collected)
    try:
        yield collected
    finally:
        _collected.reset(token)
