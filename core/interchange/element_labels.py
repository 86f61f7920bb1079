"""Labels in files that hold nothing but a number (or a name) for every element: NPZ, NPY, JSON, text."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.files import check_file, read_json, write_atomic, write_json
from core.interchange.labels import Labels, check_memory, check_table, from_values

FORMAT = "counterpoint labels"

NAMES = (
    "label", "labels", "class", "classes", "class_id", "category", "category_id", "segment", "segments", "segmentation",
    "semantic", "instance", "objectid", "object_id", "label_id", "part", "part_id", "parts", "seg", "segindices",
    "scalar_label", "scalar_labels", "scalar_class", "scalar_classification", "classification", "scalar_segment",
    "scalar_category",
)  # fmt: skip
"""What programs call a label, in lower case."""


def pick_name(names: list[str], file: str) -> str | None:
    """The one of some names that means labels ("label" before all others), or None.

    Raises:
        CounterpointError: several do.
    """
    found = [name for name in names if name.lower() in NAMES]
    first = [name for name in found if name.lower() in ("label", "labels", "scalar_label")]
    found = first or found
    if len(found) > 1:
        raise CounterpointError(f"{file} has several labels ({', '.join(found)}); keep the one that is meant.")
    return found[0] if found else None


def save_npz(path: str | Path, labels: Labels) -> None:
    """Write labels as arrays of an ``.npz`` file.

    They are ``labels`` int32 (the index), ``names``, ``colors``, ``masks`` (packed bits, uint8 [L, ceil(E / 8)]) and
    ``form`` (their shape).
    """
    flat = labels.masks.reshape(len(labels.masks), -1)
    content = io.BytesIO()
    np.savez_compressed(
        content,
        labels=labels.index(),
        names=np.array([json.dumps(n) for n in labels.names], "U"),
        colors=np.array(labels.colors, "U"),
        masks=np.packbits(flat, axis=1),
        form=np.array(labels.shape, np.int64),
    )
    write_atomic(path, content.getvalue())


def load_npz(path: str | Path) -> tuple[Labels, bool]:
    """What :func:`save_npz` wrote (and True), or an NPZ of others with one array of labels.

    Raises:
        CounterpointError: no labels in it, or damaged.
    """
    path = check_file(path)
    try:
        if path.suffix.lower() == ".npy":
            return from_values(_array(np.load(path, allow_pickle=False)), path.name), False
        with np.load(path, allow_pickle=False) as stored:
            if not {"masks", "form", "names", "colors"} <= set(stored.files):
                name = pick_name(stored.files, path.name) or (stored.files[0] if len(stored.files) == 1 else None)
                if name is None:
                    raise CounterpointError(f"{path.name} has no array called 'labels'.")
                return from_values(_array(stored[name]), path.name), False
            shape = tuple(int(n) for n in stored["form"])
            names = [json.loads(str(n)) for n in stored["names"]]
            masks = np.unpackbits(stored["masks"], axis=1, count=int(np.prod(shape))).astype(bool)
            names, colors = check_table(names, [str(c) for c in stored["colors"]], path.name)
            return Labels(names, colors, masks.reshape(len(names), *shape)), True
    except CounterpointError:
        raise
    except Exception as error:  # numpy and zipfile raise of every kind on damaged files
        raise CounterpointError(f"{path.name} does not hold labels ({error}).") from error


def save_json(path: str | Path, labels: Labels, of: str = "") -> None:
    """Names, colours and for every part the runs [start, length, ...] of its elements.

    ``of`` is the labelled file's name.
    """
    parts = [
        {"name": name, "color": color, "runs": _runs(mask.ravel())}
        for name, color, mask in zip(labels.names, labels.colors, labels.masks, strict=True)
    ]
    write_json(path, {"format": FORMAT, "version": 1, "of": of, "form": list(labels.shape), "parts": parts})


def load_json(path: str | Path) -> tuple[Labels, bool]:
    """What :func:`save_json` wrote (and True), or of others a list with a number or name for every element.

    Raises:
        CounterpointError: no labels in it, or damaged.
    """
    content, file = read_json(path), Path(path).name
    if isinstance(content, dict) and content.get("format") == FORMAT:
        return labels_from_json(content, file), True
    if isinstance(content, dict):
        name = pick_name([key for key, value in content.items() if isinstance(value, list)], file)
        content = content.get(name) if name is not None else None
    if not isinstance(content, list) or not content:
        raise CounterpointError(f"{file} does not hold labels: it has no list of numbers called 'labels'.")
    kinds = {type(value) for value in content}
    if not (kinds <= {int, float} or kinds == {str} or kinds == {bool}):
        raise CounterpointError(f"{file} does not hold labels: its list has something else than numbers or names.")
    try:
        return from_values(np.array(content), file), False
    except (OverflowError, ValueError) as error:
        raise CounterpointError(f"{file} does not hold labels ({error}).") from error


def load_text(path: str | Path) -> tuple[Labels, bool]:
    """A number for every element, one on a line.

    Raises:
        CounterpointError: something else.
    """
    path = check_file(path)
    try:
        values = np.loadtxt(io.StringIO(path.read_text(encoding="utf-8-sig")), ndmin=2)
    except (OSError, ValueError) as error:
        raise CounterpointError(f"{path.name} does not hold labels, one number on each line ({error}).") from error
    if values.shape[1] != 1 or not len(values):
        raise CounterpointError(f"{path.name} has {values.shape[1]} columns; labels are one number on each line.")
    return from_values(values[:, 0], path.name), False


def labels_from_json(content: Any, file: str) -> Labels:
    """Of what :func:`save_json` wrote.

    Raises:
        CounterpointError: it is damaged.
    """
    try:
        shape = tuple(int(n) for n in content["form"])
        if any(n < 0 for n in shape) or np.prod(shape, dtype=float) > 1e9:
            raise ValueError("its size")
        names, colors = check_table([p["name"] for p in content["parts"]], [p["color"] for p in content["parts"]], file)
        check_memory(len(names), int(np.prod(shape)))
        masks = np.zeros((len(names), int(np.prod(shape))), bool)
        for mask, part in zip(masks, content["parts"], strict=True):
            for start, length in np.array(part["runs"], np.int64).reshape(-1, 2):
                if start < 0 or length < 0 or start + length > len(mask):
                    raise ValueError("its runs")
                mask[start : start + length] = True
        return Labels(names, colors, masks.reshape(len(names), *shape))
    except CounterpointError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise CounterpointError(f"{file} does not hold labels ({error}).") from error


def sizes(shape: tuple[int, ...]) -> str:
    """The sides of an array for a sentence."""
    return " x ".join(map(str, shape))


def _array(values: npt.NDArray) -> npt.NDArray:
    return values.reshape(values.shape[:-1]) if values.ndim > 1 and values.shape[-1] == 1 else values


def _runs(mask: npt.NDArray[np.bool_]) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return np.stack([edges[::2], edges[1::2] - edges[::2]], axis=1).ravel().tolist()
