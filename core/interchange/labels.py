"""Parts with names and colours, and the files that hold them whatever they are of: NPZ and JSON."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.colors import PINS, rgb_of
from core.errors import CounterpointError
from core.files import write_atomic
from core.images import check_file

FORMAT = "counterpoint labels"


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
    def form(self) -> tuple[int, ...]:
        """(H, W) or (F,)."""
        return self.masks.shape[1:]

    def overlap(self) -> bool:
        return bool((self.masks.sum(axis=0) > 1).any())

    def index(self) -> npt.NDArray[np.int32]:
        """For every element the number of its topmost part, counted from 1, and 0 for none: int32 of :attr:`form`."""
        index = np.zeros(self.form, np.int32)
        for number in range(len(self.masks), 0, -1):
            index[self.masks[number - 1]] = number
        return index

    def rgb(self, base: tuple[int, int, int] = (200, 198, 194)) -> npt.NDArray[np.uint8]:
        """Colour of the topmost part for every element: uint8 [..., 3]; ``base`` where there is none."""
        return np.array([base, *map(rgb_of, self.colors)], np.uint8)[self.index()]


def from_index(
    index: npt.NDArray[np.integer], names: list[str] | None = None, colors: list[str] | None = None
) -> Labels:
    """Labels of numbers, 0 for none; without names every number that occurs is a part."""
    numbers = list(range(1, len(names) + 1)) if names is not None else [int(n) for n in np.unique(index) if n > 0]
    masks = np.zeros((len(numbers), *index.shape), bool)
    for place, number in enumerate(numbers):
        masks[place] = index == number
    names = names or [f"Part {n}" for n in numbers]
    return Labels(names, colors or [PINS[i % len(PINS)] for i in range(len(numbers))], masks)


def check_table(names: Any, colors: Any, file: str) -> tuple[list[str], list[str]]:
    """Names and colours from a file.

    Raises:
        CounterpointError: not texts, not of one length, or not colours.
    """
    good = len(names) == len(colors) and all(isinstance(n, str) for n in names) and all(map(_is_color, colors))
    if not good:
        raise CounterpointError(f"{file} is damaged: its list of parts cannot be read.")
    return list(names), list(colors)


def _is_color(text: Any) -> bool:
    return (
        isinstance(text, str) and len(text) == 7 and text[0] == "#" and set(text[1:].lower()) <= set("0123456789abcdef")
    )


def check_form(labels: Labels, form: tuple[int, ...] | None, file: str) -> Labels:
    """The labels, if they are of an image or shape of the form asked for.

    Raises:
        CounterpointError: they are of another.
    """
    if form is not None and labels.form != form:
        ours, theirs = (" x ".join(f"{n:,}" for n in reversed(one)) for one in (form, labels.form))
        what = "pixels" if len(form) == 2 else "faces (or points)"
        raise CounterpointError(
            f"{file} has labels for {theirs} elements and there are {ours} {what}; it belongs to another file."
        )
    return labels


def save_npz(path: str | Path, labels: Labels) -> None:
    """``labels`` int32 (the index), ``names``, ``colors``, ``masks`` (packed bits, uint8 [L, ceil(E / 8)]) and ``form``."""
    flat = labels.masks.reshape(len(labels.masks), -1)
    content = io.BytesIO()
    np.savez_compressed(
        content, labels=labels.index(), names=np.array([json.dumps(n) for n in labels.names], "U"),
        colors=np.array(labels.colors, "U"), masks=np.packbits(flat, axis=1), form=np.array(labels.form, np.int64),
    )  # fmt: skip
    write_atomic(path, content.getvalue())


def load_npz(path: str | Path) -> Labels:
    """What :func:`save_npz` wrote, or any NPZ with an integer array ``labels``."""
    path = check_file(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            if "masks" not in stored:
                return from_index(stored["labels"])
            form = tuple(int(n) for n in stored["form"])
            names = [json.loads(str(n)) for n in stored["names"]]
            count = int(np.prod(form))
            masks = np.unpackbits(stored["masks"], axis=1, count=count).astype(bool)
            names, colors = check_table(names, [str(c) for c in stored["colors"]], path.name)
            return Labels(names, colors, masks.reshape(len(names), *form))
    except CounterpointError:
        raise
    except Exception as error:  # numpy and zipfile raise of every kind on damaged files
        raise CounterpointError(f"{path.name} does not hold labels ({error}).") from error


def save_json(path: str | Path, labels: Labels, of: str = "") -> None:
    """Names, colours and for every part the runs [start, length, ...] of its elements; ``of`` is the labelled file's name."""
    parts = [
        {"name": name, "color": color, "runs": _runs(mask.ravel())}
        for name, color, mask in zip(labels.names, labels.colors, labels.masks, strict=True)
    ]
    content = {"format": FORMAT, "version": 1, "of": of, "form": list(labels.form), "parts": parts}
    write_atomic(path, (json.dumps(content) + "\n").encode())


def read_json(path: str | Path) -> Any:
    """The content of a JSON file.

    Raises:
        CounterpointError: not JSON.
    """
    path = check_file(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CounterpointError(f"{path.name} is damaged or not JSON ({error}).") from error


def labels_from_json(content: Any, file: str) -> Labels:
    """Of what :func:`save_json` wrote."""
    try:
        form = tuple(int(n) for n in content["form"])
        if any(n < 0 for n in form) or np.prod(form, dtype=float) > 1e9:
            raise ValueError("its size")
        names, colors = check_table([p["name"] for p in content["parts"]], [p["color"] for p in content["parts"]], file)
        masks = np.zeros((len(names), int(np.prod(form))), bool)
        for mask, part in zip(masks, content["parts"], strict=True):
            for start, length in np.array(part["runs"], np.int64).reshape(-1, 2):
                if start < 0 or length < 0 or start + length > len(mask):
                    raise ValueError("its runs")
                mask[start : start + length] = True
        return Labels(names, colors, masks.reshape(len(names), *form))
    except CounterpointError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CounterpointError(f"{file} does not hold labels ({error}).") from error


def _runs(mask: npt.NDArray[np.bool_]) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return np.stack([edges[::2], edges[1::2] - edges[::2]], axis=1).ravel().tolist()
