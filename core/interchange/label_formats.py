"""The files that hold labels: what they are called, and which functions read and write them.

Readers and writers are named and not imported, so that the window can offer the formats without loading what reads
them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from core.errors import CounterpointError


@dataclass(frozen=True)
class LabelFormat:
    """A kind of file that holds labels of an image or a shape.

    Attributes:
        name: short and unique among the formats of its kind.
        description: what a file dialog calls it.
        suffixes: lower-case, the usual one first.
        kind: of what the labels are.
        reader, writer: "module.function" of this package; ``writer`` is "" where the format is only read.
    """

    name: str
    description: str
    suffixes: tuple[str, ...]
    kind: Literal["image", "shape"]
    reader: str
    writer: str = ""

    @property
    def load(self) -> Callable[..., Any]:
        """The function that reads the format, imported when it is first asked for."""
        return _function(self.reader)

    @property
    def save(self) -> Callable[..., None]:
        """The function that writes the format, imported when it is first asked for."""
        return _function(self.writer)


IMAGE_LABELS = (
    LabelFormat("png", "PNG index mask", (".png",), "image", "image_labels.load_png", "image_labels.save_png"),
    LabelFormat("coco", "COCO", (".json",), "image", "image_labels.load_json", "image_labels.save_coco"),
    LabelFormat("npz", "NumPy", (".npz", ".npy"), "image", "image_labels.load_npz", "image_labels.save_npz"),
)

SHAPE_LABELS = (
    LabelFormat("ply", "PLY with labels", (".ply",), "shape", "ply_labels.load_ply", "shape_labels.save_ply"),
    LabelFormat("glb", "GLB with labels", (".glb",), "shape", "glb_labels.load_glb", "shape_labels.save_glb"),
    LabelFormat("npz", "NumPy", (".npz", ".npy"), "shape", "shape_labels.load_npz", "shape_labels.save_npz"),
    LabelFormat("json", "JSON", (".json",), "shape", "shape_labels.load_json", "shape_labels.save_json"),
    LabelFormat("text", "Text, a number on each line", (".txt", ".seg"), "shape", "shape_labels.load_text"),
)


_OTHERS = {
    ".txt": " (YOLO's are not read; export as COCO)",
    ".xml": " (those of Pascal VOC and CVAT are not read; export as COCO)",
}
"""Labels of images that others write by the suffix, and what to do."""


def suffixes_of(formats: Sequence[LabelFormat], written: bool = False) -> tuple[str, ...]:
    """All suffixes of formats, or the usual ones of those that are written."""
    if written:
        return tuple(one.suffixes[0] for one in formats if one.writer)
    return tuple(suffix for one in formats for suffix in one.suffixes)


def format_of(path: str | Path, formats: Sequence[LabelFormat], written: bool = False) -> LabelFormat:
    """The format that the suffix of a file says.

    Raises:
        CounterpointError: none, or it is not written.
    """
    suffix = Path(path).suffix.lower()
    for one in formats:
        if suffix in one.suffixes and (one.writer or not written):
            return one
    known, kind = ", ".join(suffixes_of(formats, written)), formats[0].kind
    what = f"abels of {'an' if kind == 'image' else 'a'} {kind}"
    if written:
        raise CounterpointError(f"L{what} are written as {known}, not as '{suffix}'.")
    other = _OTHERS.get(suffix, "") if kind == "image" else ""
    raise CounterpointError(f"{Path(path).name} cannot hold l{what}{other}; use {known}.")


def _function(name: str) -> Callable[..., Any]:
    module, function = name.split(".")
    found: Callable[..., Any] = getattr(import_module(f"core.interchange.{module}"), function)
    return found
