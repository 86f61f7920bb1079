"""Held-out procedural objects: pairs of one category, the categories in turn."""

from collections.abc import Sequence

from core.training.categories import CATEGORIES
from core.training.procedural import HELD_OUT, Object3D, make_object


def category_pair(number: int, first: int, names: Sequence[str] = tuple(CATEGORIES)) -> tuple[Object3D, Object3D]:
    """Make two objects of one category that training never sees.

    Args:
        number: of the pair; the categories are taken in turn.
        first: the held-out seed of the first pair's first object.
        names: the categories.
    """
    one, other = (make_object(HELD_OUT[first + 2 * number + i], names[number % len(names)]) for i in range(2))
    return one, other
