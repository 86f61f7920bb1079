"""Numbers in text, a block of lines at a time and without a loop over lines."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.geometry.linked_files import decoded

BLOCK = 1 << 21
"""Bytes that are looked at together."""

_NAMES = re.compile(rb"^[ \t]*(?:usemtl|mtllib)\b[^\n]*", re.MULTILINE)
"""Lines of OBJ files in which a "#" may be a part of a name."""

_NO_NUMBER = re.compile(rb"-?1\.#(?:IND|QNAN|SNAN|INF)", re.IGNORECASE)
"""What programs on Windows write for numbers that are none; the "#" begins no comment."""

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.integer]


def blocks(path: Path, comment: bytes = b"#") -> Iterator[bytes]:
    """The text of a file in pieces of whole lines.

    Continued lines are joined, lines end in line feeds, and comments and NUL are replaced by blanks.
    """
    carry = b""
    with path.open("rb") as file:
        while True:
            piece = file.read(BLOCK)
            if piece[-1:] == b"\r":  # the line end may go on
                piece += file.read(1)
            if file.tell() == len(piece):
                if piece[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    raise ValueError("it is UTF-16 text, save it as UTF-8")
                piece = piece.removeprefix(b"\xef\xbb\xbf")
            text = (carry + piece).replace(b"\r\n", b"\n").replace(b"\r", b"\n") if piece else carry + b"\n"
            text = text.replace(b"\\\n", b"  ") if b"\\" in text else text
            if b".#" in text and (found := _NO_NUMBER.search(text)):
                raise ValueError(f"'{decoded(found[0])}' is where a number should be")
            end = len(text) if not piece else text.rfind(b"\n", 0, len(text) - 1) + 1
            text, carry = text[:end], text[end:]
            if text.strip():
                yield _without_comments(text, comment) if comment in text else text
            if not piece:
                return


def _without_comments(text: bytes, comment: bytes) -> bytes:
    data = np.frombuffer(text, np.uint8)
    hidden = np.cumsum(data == comment[0], dtype=np.int32)
    starts = line_starts(data)
    before = hidden[starts] - (data[starts] == comment[0])
    is_comment = hidden > np.repeat(before, np.diff(starts, append=len(data)))
    is_comment &= data != 10
    for line in _NAMES.finditer(text) if b"usemtl" in text or b"mtllib" in text else ():
        is_comment[line.start() : line.end()] = False
    return np.where(is_comment, np.uint8(32), data).tobytes()


def line_starts(data: Bytes) -> Ints:
    """Where the lines of a text begin, int [L]."""
    starts = np.flatnonzero(data == 10) + 1
    return np.concatenate([[0], starts[:-1] if len(starts) and starts[-1] == len(data) else starts])


@dataclass
class Lines:
    """The lines of a block that hold something, and their words.

    Attributes:
        data: uint8 [B], the text.
        start, length: int [L], the bytes of each line.
        first, count: int [L], the number of each line's first word, and how many it has.
        word, word_end: int [W], the bytes of the words.
    """

    data: Bytes
    start: Ints
    length: Ints
    first: Ints
    count: Ints
    word: Ints
    word_end: Ints

    @classmethod
    def of(cls, text: bytes) -> "Lines":
        """Find lines and words in a text; positions count bytes of ``data``, which is the text as uint8 [B]."""
        data = np.frombuffer(text, np.uint8).copy()
        is_word = np.zeros(len(data) + 2, np.int8)
        is_word[1:-1] = data > 32
        edges = np.diff(is_word)
        word, word_end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        starts = line_starts(data)
        first = np.searchsorted(word, starts)
        count = np.diff(first, append=len(word))
        some = count > 0
        return cls(
            data, starts[some], np.diff(starts, append=len(data))[some], first[some], count[some], word, word_end
        )

    def keywords(self) -> Ints:
        """The first word of each line as a number, [lines]: its bytes, lowest first, where it has one or two.

        -1 for longer ones.
        """
        begin = self.word[self.first]
        length = self.word_end[self.first] - begin
        second = self.data[np.minimum(begin + 1, len(self.data) - 1)].astype(np.int64)
        return np.where(length <= 2, self.data[begin] + np.where(length == 2, second << 8, 0), -1)

    def text(self, line: int) -> str:
        """A line without the blanks around it."""
        return decoded(self.data[self.start[line] : self.start[line] + self.length[line]].tobytes()).strip()

    def words_of(self, chosen: npt.NDArray[np.bool_]) -> tuple[Bytes, Ints]:
        """The text of the chosen lines (bool [lines]) without their first word, and how many words are left in each."""
        data = self.data.copy()
        begin, end = self.word[self.first[chosen]], self.word_end[self.first[chosen]]
        for offset in range(int((end - begin).max(initial=0))):
            data[np.minimum(begin + offset, end - 1)] = 32
        if not chosen.all():
            mark = np.zeros(len(data) + 1, np.int8)
            mark[self.start[chosen]] += 1
            mark[self.start[chosen] + self.length[chosen]] -= 1
            data = data[np.cumsum(mark[:-1], dtype=np.int8) > 0]
        return data, self.count[chosen] - 1


def keyword(name: str) -> int:
    """The number that :meth:`Lines.keywords` gives to a word of one or two letters."""
    return int.from_bytes(name.encode(), "little")


def numbers(text: bytes | Bytes, count: int | None = None, dtype: type = np.float64) -> npt.NDArray:
    """Numbers [n] parted by blanks; exactly ``count`` of them where that is given.

    Raises:
        ValueError: something among them is not a number, or there are more or fewer.
    """
    raw = text if isinstance(text, bytes) else text.tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # what numpy says where it stops at something else
        try:
            values: npt.NDArray = np.fromstring(raw, dtype, sep=" ") if raw.strip() else np.zeros(0, dtype)
        except (DeprecationWarning, ValueError):
            raise ValueError(_no_number(raw)) from None
    if count is not None and len(values) != count:
        raise ValueError(_no_number(raw))
    return values


def _no_number(raw: bytes) -> str:
    """What is wrong with a text that is not all numbers: the first word that is none, in words."""
    for word in raw.split():
        if re.fullmatch(rb"[+-]?\d*,\d+(?:[eE][+-]?\d+)?", word):
            return f"its numbers have decimal commas, as in '{decoded(word)[:20]}'"
        try:
            float(word)
        except ValueError:
            if not decoded(word).isprintable():
                break
            return f"'{decoded(word)[:20]}' is where a number should be"
    return "something that should be a number is not one"


def columns(values: npt.NDArray, counts: Ints, width: int) -> npt.NDArray:
    """The first ``width`` numbers of each row of ``counts`` [L] numbers, [L, width]."""
    if len(counts) and (counts == counts[0]).all():
        return values.reshape(len(counts), -1)[:, :width]
    first = np.cumsum(counts) - counts
    return np.asarray(values[first[:, None] + np.arange(width)])
