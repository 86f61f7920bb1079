"""Parts with names and colours, and what files that hold them have in common."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.colors import PINS, rgb_of
from core.errors import CounterpointError
from core.masks import ignored_number
from core.notices import warn

MAX_BITS = 4e9
"""Elements times parts that labels may have."""

GREY = (200, 198, 194)
"""The colour of what belongs to no part."""


@dataclass
class Labels:
    """Parts of one image or shape, the topmost first.

    Attributes:
        names, colors: of the L parts; colours are "#rrggbb".
        masks: bool [L, H, W] of an image, [L, F] of a shape's faces (points of a cloud). Parts may overlap.
    """

    names: list[str]
    colors: list[str]
    masks: npt.NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) or (F,)."""
        return self.masks.shape[1:]

    def overlap(self) -> bool:
        """Return whether any element belongs to more than one part."""
        return bool((self.masks.sum(axis=0) > 1).any())

    def index(self) -> npt.NDArray[np.int32]:
        """For every element the number of its topmost part, counted from 1, and 0 for none: int32 [...] of :attr:`shape`."""
        index = np.zeros(self.shape, np.int32)
        for number in range(len(self.masks), 0, -1):
            index[self.masks[number - 1]] = number
        return index

    def rgb(self) -> npt.NDArray[np.uint8]:
        """Colour of the topmost part for every element: uint8 [..., 3]; grey where there is none."""
        return np.array([GREY, *map(rgb_of, self.colors)], np.uint8)[self.index()]


def from_index(
    index: npt.NDArray[np.integer], names: list[str] | None = None, colors: list[str] | None = None
) -> Labels:
    """Labels of numbers [N] or [H, W], 0 for none; without names every number above 0 that occurs is a part.

    Raises:
        CounterpointError: more parts than fit into memory.
    """
    numbers = list(range(1, len(names) + 1)) if names is not None else [int(n) for n in np.unique(index) if n > 0]
    check_memory(len(numbers), index.size)
    masks = np.zeros((len(numbers), *index.shape), bool)
    for place, number in enumerate(numbers):
        masks[place] = index == number
    names = names or [f"Part {n}" for n in numbers]
    return Labels(names, colors or default_colors(len(numbers)), masks)


def from_values(values: npt.NDArray, file: str) -> Labels:
    """Labels of what another program wrote for every element, [N] or [H, W]: numbers or names, bool for a single part.

    Names that are whole numbers are numbers. 0 is no part. Where there are negative numbers, these are no part and 0 is one; 255 beside small numbers is no part.

    Raises:
        CounterpointError: not whole numbers, or too many different ones.
    """
    if values.dtype.kind in "US" and all(
        re.fullmatch(r"\s*[-+]?\d{1,18}\s*", one) for one in np.unique(values.astype(str))
    ):
        values = values.astype(str).astype(np.int64)
    if values.dtype.kind in "US":
        found, index = np.unique(values.astype(str), return_inverse=True)
        index = index.reshape(values.shape)
        empty = found == ""
        check_memory(int((~empty).sum()), values.size)
        names = [str(name) for name in found[~empty]]
        masks = [index == place for place in np.flatnonzero(~empty)]
        return Labels(names, default_colors(len(names)), np.array(masks, bool).reshape(-1, *values.shape))
    if values.dtype.kind == "b":
        return from_index(values.astype(np.int64))
    if values.dtype.kind not in "iuf":
        raise CounterpointError(f"The labels in {file} are neither numbers nor names.")
    return from_index(*_positive(_whole(values, file), file))


def _whole(values: npt.NDArray, file: str) -> npt.NDArray[np.integer]:
    if values.dtype.kind != "f":
        return values.astype(np.int64)
    known = np.isfinite(values)
    if not np.array_equal(values[known], np.rint(values[known])) or np.abs(values[known]).max(initial=0) > 2**52:
        raise CounterpointError(f"The labels in {file} are not whole numbers.")
    if not known.all():
        warn(f"{file} has {int((~known).sum()):,} labels that are not numbers (NaN); they are taken as no part.")
    lowest = int(values[known].min(initial=0))
    return np.where(known, values, min(-1, lowest) if lowest < 0 else 0).astype(np.int64)


def _positive(index: npt.NDArray[np.integer], file: str) -> tuple[npt.NDArray[np.integer], list[str] | None]:
    """Numbers counted from 1 with their names where 0 is a part, else the numbers themselves; 0 is none."""
    numbers = [int(n) for n in np.unique(index)]
    if numbers and numbers[0] < 0:
        below = ", ".join(str(n) for n in numbers if n < 0)
        warn(
            f"Labels {below if len(below) < 40 else 'below 0'} in {file} are taken as no part{', and 0 as a part' if 0 in numbers else ''}."
        )
        kept = [n for n in numbers if n >= 0]
        if len(kept) and kept[0] == 0:
            return np.searchsorted(kept, index, side="right"), [f"Part {n}" for n in kept]
        return np.maximum(index, 0), None
    ignored = ignored_number(numbers)
    none = [n for n in numbers if n in (0, ignored)]
    if none:
        verb = "is" if len(none) == 1 else "are"
        warn(f"Label {' and '.join(map(str, none))} in {file} {verb} taken as no part.")
    return (index if ignored is None else np.where(index == ignored, 0, index)), None


def check_memory(parts: int, elements: int) -> None:
    """Refuse what is too large to be read.

    Raises:
        CounterpointError: so many parts of so many elements do not fit into memory.
    """
    if parts * elements > MAX_BITS:
        raise CounterpointError(
            f"There are {parts:,} different labels for {elements:,} elements, which is too much; reduce them first."
        )


def default_colors(count: int) -> list[str]:
    """Return as many colours ``#rrggbb``; they repeat after :data:`core.colors.PINS`."""
    return [PINS[i % len(PINS)] for i in range(count)]


def check_table(names: Any, colors: Any, file: str) -> tuple[list[str], list[str]]:
    """Names and colours from a file.

    Raises:
        CounterpointError: not texts, not of one length, or not colours.
    """
    lists = isinstance(names, list) and isinstance(colors, list)
    good = (
        lists and len(names) == len(colors) and all(isinstance(n, str) for n in names) and all(map(_is_color, colors))
    )
    if not good:
        raise CounterpointError(f"{file} is damaged: its list of parts cannot be read.")
    return list(names), list(colors)


def _is_color(text: Any) -> bool:
    return (
        isinstance(text, str) and len(text) == 7 and text[0] == "#" and set(text[1:].lower()) <= set("0123456789abcdef")
    )


def check_shape(labels: Labels, shape: tuple[int, ...] | None, file: str) -> Labels:
    """The labels, if they are for as many elements as asked for: (H, W) or (F,).

    Raises:
        CounterpointError: they are for others.
    """
    if shape is not None and labels.shape != shape:
        ours, theirs = (" x ".join(f"{n:,}" for n in reversed(one)) for one in (shape, labels.shape))
        what = "pixels" if len(shape) == 2 else "faces (or points)"
        raise CounterpointError(
            f"{file} has labels for {theirs} elements and there are {ours} {what}; it belongs to another file."
        )
    return labels
