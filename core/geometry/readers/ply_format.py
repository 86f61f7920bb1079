"""The PLY container: header, elements and their columns, text or binary, lists of any length."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.geometry.readers.text import numbers

TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "float": "f4",
    "double": "f8",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float32": "f4",
    "float64": "f8",
    "int64": "i8",
    "uint64": "u8",
}
_ROWS = 1 << 16
_ORDERS = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass
class Lists:
    """A column of lists: their values one after another, and int [N] how many each row has."""

    values: npt.NDArray
    sizes: npt.NDArray[np.integer]


@dataclass
class Property:
    """A column as the header says it: the type of its values, and that of the count where each row is a list."""

    name: str
    type: str
    count: str | None = None


@dataclass
class Element:
    """A table of the file; ``columns`` are arrays [N] or :class:`Lists`."""

    name: str
    length: int
    properties: list[Property] = field(default_factory=list)
    columns: dict[str, "npt.NDArray | Lists"] = field(default_factory=dict)

    def stack(self, *names: str) -> npt.NDArray | None:
        """Columns of single values side by side, [N, len(names)], or None where one is missing; names may be in capitals."""
        found = [self.columns.get(name, self.columns.get(name.upper())) for name in names]
        arrays = [each for each in found if isinstance(each, np.ndarray)]
        return np.stack(arrays, axis=1) if len(arrays) == len(names) else None


@dataclass
class Ply:
    """A file's elements by name, its comments, and whether more stands behind its elements."""

    elements: dict[str, Element]
    comments: list[str]
    has_more: bool = False


def parse_ply(path: Path) -> Ply:
    """All elements of a PLY file.

    Raises:
        ValueError: it is none, or cut off.
    """
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    order, elements, comments, offset = _header(data)
    if order == "ascii":
        has_more = _read_text(data, offset, elements)
    else:
        for element in elements:
            offset = _read_binary(data, offset, element, _ORDERS[order])
        has_more = bool(data[offset : offset + 64].strip()) or len(data) > offset + 64
    return Ply({element.name: element for element in elements}, comments, has_more)


def _header(data: bytes) -> tuple[str, list[Element], list[str], int]:
    end = re.compile(rb"[\r\n]end_header[ \t]*(\r\n|\n|\r|$)").search(data, 0, 1 << 20)
    if data[:3] != b"ply" or end is None:
        raise ValueError("it has no PLY header")
    order, elements, comments = "", [], []
    for line in data[: end.start()].decode("utf-8", errors="replace").splitlines():
        word, *rest = line.split() or [""]
        if word == "format":
            order = rest[0]
        elif word in ("comment", "obj_info"):
            comments.append(line.strip()[len(word) :].strip())
        elif word == "element":
            elements.append(Element(rest[0].lower(), int(rest[1])))
        elif word == "property" and rest[0] == "list":
            elements[-1].properties.append(Property(rest[3].lower(), TYPES[rest[2]], TYPES[rest[1]]))
        elif word == "property":
            elements[-1].properties.append(Property(rest[1].lower(), TYPES[rest[0]]))
    if len({element.name for element in elements}) < len(elements):
        raise ValueError("it has several tables of the same name")
    for element in elements:
        names = [each.name for each in element.properties]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"its {element.name} has two columns '{twice}'")
    if order not in _ORDERS:
        raise ValueError(f"its format {order} is not known")
    only_cr = data[3:4] == b"\r" and data[4:5] != b"\n"
    return order, elements, comments, end.end(1) - (1 if only_cr and end[1] == b"\r\n" else 0)


def _row_type(element: Element, counts: tuple[int, ...], order: str) -> np.dtype:
    """The layout of a row whose lists have these lengths; the count of list k is the field ``#k``."""
    fields: list[tuple] = []
    lists = 0
    for place, each in enumerate(element.properties):
        if each.count is None:
            fields.append((f"@{place}", order + each.type))
        else:
            fields += [(f"#{lists}", order + each.count), (f"@{place}", order + each.type, (counts[lists],))]
            lists += 1
    return np.dtype(fields)


def _read_binary(data: bytes, offset: int, element: Element, order: str) -> int:
    """Fill the columns of an element that begins at ``offset``; returns where it ends."""
    lists = [each for each in element.properties if each.count]
    row = _row_type(element, (0,) * len(lists), order)
    if element.length * row.itemsize > len(data) - offset:
        raise ValueError(f"it is cut off: the header says {element.length:,} of {element.name}")
    counts = (0,) * len(lists)
    if lists and element.length:
        counts = _counts_of_row(data, offset, element, order)
        row = _row_type(element, counts, order)
    if element.length * row.itemsize <= len(data) - offset:
        table = np.frombuffer(data, row, element.length, offset)
        if all((table[f"#{k}"] == n).all() for k, n in enumerate(counts)):
            _fill(element, table, counts)
            return offset + element.length * row.itemsize
    return _read_mixed(data, offset, element, order)


def _counts_of_row(data: bytes, offset: int, element: Element, order: str) -> tuple[int, ...]:
    counts = []
    for each in element.properties:
        if each.count:
            counts.append(int(np.frombuffer(data, order + each.count, 1, offset)[0]))
            offset += np.dtype(each.count).itemsize + max(counts[-1], 0) * np.dtype(each.type).itemsize
            if counts[-1] < 0 or offset > len(data):
                raise ValueError(f"it is cut off in {element.name}")
        else:
            offset += np.dtype(each.type).itemsize
    return tuple(counts)


def _fill(element: Element, table: npt.NDArray, counts: tuple[int, ...]) -> None:
    lists = iter(counts)
    for place, each in enumerate(element.properties):
        values = table[f"@{place}"]
        if each.count is None:
            element.columns[each.name] = values
        else:
            sizes = np.full(element.length, next(lists), np.int32)
            element.columns[each.name] = Lists(values.reshape(-1), sizes)


def _read_mixed(data: bytes, offset: int, element: Element, order: str) -> int:
    """Rows whose lists differ in length: found one after another, then read together where they are alike."""
    starts, counts, offset = _walk(data, offset, element, order)
    lists = [each for each in element.properties if each.count]
    ends = np.cumsum(counts, axis=0)
    for each in element.properties:
        if each.count is None:
            element.columns[each.name] = np.empty(element.length, each.type)
        else:
            k = lists.index(each)
            element.columns[each.name] = Lists(np.empty(int(ends[-1, k]), each.type), counts[:, k])
    raw = np.frombuffer(data, np.uint8)
    kinds, kind_of = np.unique(counts, axis=0, return_inverse=True)
    for number, kind in enumerate(kinds):
        row = _row_type(element, tuple(int(n) for n in kind), order)
        alike = np.flatnonzero(kind_of.ravel() == number)
        for begin in range(0, len(alike), _ROWS):
            rows = alike[begin : begin + _ROWS]
            table = raw[starts[rows, None] + np.arange(row.itemsize)].view(row)[:, 0]
            k = 0
            for place, each in enumerate(element.properties):
                column = element.columns[each.name]
                if isinstance(column, Lists):
                    column.values[(ends[rows, k] - kind[k])[:, None] + np.arange(kind[k])] = table[f"@{place}"]
                    k += 1
                else:
                    column[rows] = table[f"@{place}"]
    return offset


def _walk(data: bytes, offset: int, element: Element, order: str) -> tuple[npt.NDArray, npt.NDArray, int]:
    """Where each row begins int64 [N], how long its lists are int64 [N, lists], and where the last row ends."""
    steps: list[tuple[int, np.dtype, int]] = []  # bytes before the list's count, the count's type, bytes of a value
    before = 0
    for each in element.properties:
        if each.count is None:
            before += np.dtype(each.type).itemsize
        else:
            steps.append((before, np.dtype(order + each.count), np.dtype(each.type).itemsize))
            before = 0
    starts, counts = np.empty(element.length, np.int64), np.empty((element.length, len(steps)), np.int64)
    for number in range(element.length):
        starts[number] = offset
        for k, (skip, kind, size) in enumerate(steps):
            offset += skip
            if offset + kind.itemsize > len(data):
                raise ValueError(f"it is cut off in {element.name}")
            n = data[offset] if kind.itemsize == 1 else int(np.frombuffer(data, kind, 1, offset)[0])
            if n < 0:
                raise ValueError(f"a list of {element.name} has fewer than no values")
            counts[number, k] = n
            offset += kind.itemsize + n * size
        offset += before
    if offset > len(data):
        raise ValueError(f"it is cut off in {element.name}")
    return starts, counts, offset


def _read_text(data: bytes, offset: int, elements: list[Element]) -> bool:
    """Fill the columns of all elements; whether there are more numbers than they take."""
    values, at = numbers(data[offset:]), 0
    for element in elements:
        at = _read_text_element(values, at, element)
    return at < len(values)


def _typed(values: npt.NDArray, kind: str) -> npt.NDArray:
    """Numbers of a text in the type that the header says; those with a fraction keep all digits that are written."""
    return values if kind == "f4" else values.astype(kind)


def _read_text_element(values: npt.NDArray, at: int, element: Element) -> int:
    width = sum(1 for each in element.properties if each.count is None)
    lists = [each for each in element.properties if each.count]
    if element.length * (width + len(lists)) > len(values) - at:
        raise ValueError(f"it is cut off: the header says {element.length:,} of {element.name}")
    places = [place for place, each in enumerate(element.properties) if each.count]
    guess = _text_row(values, at, places) if element.length else [0] * len(places)
    size = len(element.properties) + sum(guess)
    if at + element.length * size <= len(values):
        table = values[at : at + element.length * size].reshape(element.length, size)
        if _fill_from_table(element, table, guess):
            return at + element.length * size
    return _read_mixed_text(values, at, element, places)


def _fill_from_table(element: Element, table: npt.NDArray, guess: list[int]) -> bool:
    """Fill the columns from rows that are all alike; False where they are not."""
    counts, at = iter(guess), 0
    columns: dict[str, npt.NDArray | Lists] = {}
    for each in element.properties:
        if each.count is None:
            columns[each.name] = _typed(table[:, at], each.type)
            at += 1
            continue
        n = next(counts)
        if not (table[:, at] == n).all():
            return False
        values = table[:, at + 1 : at + 1 + n].astype(each.type).reshape(-1)
        columns[each.name] = Lists(values, np.full(element.length, n, np.int32))
        at += 1 + n
    element.columns = columns
    return True


def _read_mixed_text(values: npt.NDArray, at: int, element: Element, places: list[int]) -> int:
    starts, counts = np.empty(element.length, np.int64), np.empty((element.length, len(places)), np.int64)
    for number in range(element.length):
        starts[number] = at
        row = _text_row(values, at, places)
        counts[number] = row
        at += len(element.properties) + sum(row)
    if at > len(values):
        raise ValueError(f"it is cut off in {element.name}")
    shift, k = np.zeros(element.length, np.int64), 0
    for place, each in enumerate(element.properties):
        first = starts + shift + place
        if each.count is None:
            element.columns[each.name] = _typed(values[first], each.type)
            continue
        sizes = counts[:, k]
        within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        element.columns[each.name] = Lists(values[np.repeat(first + 1, sizes) + within].astype(each.type), sizes)
        shift, k = shift + sizes, k + 1
    return at


def _text_row(values: npt.NDArray, at: int, places: list[int]) -> list[int]:
    counts: list[int] = []
    for place in places:
        where = at + place + sum(counts)
        count = float(values[where]) if where < len(values) else -1.0
        if not 0 <= count <= len(values):
            raise ValueError("it is cut off in a list")
        counts.append(int(count))
    return counts
