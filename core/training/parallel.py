"""Work of OpenCV on several images at once: it lets go of Python's lock meanwhile."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def each(function: Callable[[Given], Made], values: Sequence[Given]) -> list[Made]:
    """``function`` of every value, in their order; a few are not worth the threads."""
    if len(values) < 8:
        return [function(value) for value in values]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, values))
