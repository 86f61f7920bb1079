"""STL, text and binary, with the two ways in which binary files hold colours of faces."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.paint import PLAIN
from core.geometry.readers import text
from core.geometry.readers.corners import simplest
from core.geometry.shape import Floats, Shape, checked_shape

_HEADER = 84
_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def read_stl(path: Path) -> Shape:
    """Read an STL: three vertices for each face, as in the file.

    Raises as :func:`core.geometry.shape.load_shape` does.
    """
    warnings: list[str] = []
    look: dict[str, Any] = {}
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4096)
        file.seek(max(size - 4096, 0))
        end = file.read()
    head = start[:_HEADER]
    count = int.from_bytes(head[80:84], "little") if len(head) == _HEADER else 0
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") and b"s\0o\0" in start[:32].lower():
        raise ValueError("it is UTF-16 text, save it as UTF-8")
    start = start.removeprefix(b"\xef\xbb\xbf")
    is_text = start.lstrip()[:5].lower() == b"solid" and re.search(rb"(?i)\bfacet\s|\bendsolid\b", start) is not None
    if is_text and size != _HEADER + 50 * count:
        vertices = _read_text(path)
        if b"endsolid" not in end.lower():
            warnings.append("It does not end with 'endsolid'; it may be cut off.")
    else:
        if len(head) < _HEADER or size < _HEADER + 50 * count:
            raise CounterpointError(
                f"{path.name} is cut off or no STL file: it says {count:,} faces and is too short for them."
            )
        if size > _HEADER + 50 * count:
            warnings.append("It has more bytes than its faces take; what stands behind them is left out.")
        facets = np.memmap(path, _FACET, "r", _HEADER, (count,)) if count else np.zeros(0, _FACET)
        vertices = np.array(facets["corners"], np.float64).reshape(-1, 3)
        attribute = np.array(facets["attribute"])
        del facets
        if attribute.any():
            look = _colors(head, attribute, len(vertices), warnings)
    if len(vertices) == 0:
        raise CounterpointError(f"{path.name} has no faces; check how it was exported.")
    faces = np.arange(len(vertices)).reshape(-1, 3)
    return checked_shape(vertices, faces, name=path.name, warnings=warnings, **look)


def _read_text(path: Path) -> Floats:
    """The corners float64 [3F, 3] of all solids of a text file, one after another."""
    pieces: list[Floats] = []
    sizes: list[int] = []
    left = 0
    for block in text.blocks(path, comment=b"\0"):
        lines = text.Lines.of(block.lower())
        begin = lines.data[lines.word[lines.first]]
        second = lines.data[np.minimum(lines.word[lines.first] + 1, len(lines.data) - 1)]
        is_vertex = (begin == ord("v")) & (second == ord("e")) & (lines.count == 4)
        is_end = (begin == ord("e")) & (second == ord("n")) & (_lengths(lines) == len("endloop"))
        if is_vertex.any():
            data, counts = lines.words_of(is_vertex)
            pieces.append(text.numbers(data, int(counts.sum())).reshape(-1, 3))
        marks = np.flatnonzero(is_end)
        before = np.concatenate([[0], np.cumsum(is_vertex)])
        loops = np.diff(before[marks], prepend=-left)
        sizes += np.unique(loops).tolist()
        left = int(before[-1] - (before[marks[-1]] if len(marks) else -left))
    corners = np.concatenate(pieces) if pieces else np.zeros((0, 3))
    if left or set(sizes) - {3} or len(corners) == 0:
        raise CounterpointError(f"{path.name} is damaged or no STL file: its faces do not all have three vertices.")
    return corners


def _lengths(lines: text.Lines) -> npt.NDArray[np.integer]:
    return lines.word_end[lines.first] - lines.word[lines.first]


def _colors(head: bytes, attribute: npt.NDArray[np.uint16], vertices: int, warnings: list[str]) -> dict[str, Any]:
    """Colours from the attribute of each face, five bits a channel.

    They are those of Magics (its header says COLOR=) or of VisCAM.
    """
    place = head.find(b"COLOR=")
    fives = np.stack([attribute & 31, (attribute >> 5) & 31, (attribute >> 10) & 31], axis=1)
    if place >= 0:
        colored = attribute >> 15 == 0
        default = np.frombuffer(head[place + 6 : place + 9].ljust(3, b"\0"), np.uint8)
    else:
        fives, colored = fives[:, ::-1], attribute >> 15 == 1
        default = np.full(3, PLAIN, np.uint8)
    if not colored.any() and place < 0:
        warnings.append("Its faces have attributes that are not colours; they are left out.")
        return {}
    color = np.where(colored[:, None], (fives * 255 + 15) // 31, default).astype(np.uint8)
    return simplest(np.arange(vertices).reshape(-1, 3), vertices, color)
