"""What stands between numbers in a text, and whether its commas are decimal commas.

What can be read in two ways is refused.
"""

import re

from core.errors import CounterpointError

_THOUSANDS = re.compile(r"\d,\d{3}[,.]\d|\d\.\d{3}[.,]\d|\d['’\u00a0\u202f\u2009]\d{3}")
"""Grouped digits, or, in text without blanks or semicolons, numbers between commas."""
_PAIRS = re.compile(r"\s*(?:[+-]?\d{1,3}[ ,]\d{3}[.,]\d+(?:[\s,;]+|$)){3,}")
"""Rows of which every number is like "1 234.5" or "1,234.5"."""
_BLANK = re.compile(r"(?<![\d.,])\d{1,3} (?:\d{3} )*0\d{2}(?![\d])")
"""A group of three digits that begins with 0, behind a number of at most three: "1 045", as nobody writes two numbers."""
_SPACED = re.compile(r"[^\s,]*(?:\s*,\s+[^\s,]*)+,?")
"""Every comma is followed by a blank, but for one at the end."""
_TOKEN = r"[^\s,]+(?:,\d+(?:[eE][+-]?\d+)?)?"
_DECIMAL = re.compile(rf"{_TOKEN}(?:\s+{_TOKEN})+")
"""Blanks stand between numbers that have at most one comma."""


def plain_numbers(text: str, lines: list[str], names: int, file: str) -> tuple[str, str | None, list[str]]:
    """The text with decimal points and NaN in empty fields, its delimiter (None for blanks), and what was assumed.

    Args:
        text: the whole file.
        lines: the first rows, stripped.
        names: how many columns a header names, 0 without one.
        file: its name, for sentences.

    Raises:
        CounterpointError: thousands separators, or commas that can be read in two ways.
    """
    delimiter = _delimiter(text, lines, names, file)
    decimal = "," in text and delimiter != ","
    if decimal and "." in text:
        raise CounterpointError(f"{file} has decimal points and decimal commas; write all numbers with points.")
    warnings = [f"The commas in {file} were read as decimal commas."] if decimal else []
    text = text.replace(",", ".") if decimal else text
    if delimiter is not None:
        text = _filled(text, delimiter, closed=all(line.endswith(delimiter) for line in lines))
    return text, delimiter, warnings


def _delimiter(text: str, lines: list[str], names: int, file: str) -> str | None:
    between_commas = "," in text and ";" not in text and not any(re.search(r"\S\s+\S", line) for line in lines)
    grouped = any(_THOUSANDS.search(line) for line in lines) and not between_commas
    spaced = "," in text and all(_SPACED.fullmatch(line) for line in lines)
    pairs = bool(lines) and all(_PAIRS.fullmatch(line) for line in lines)
    blanks = sum(bool(_BLANK.search(line)) for line in lines) > len(lines) // 50
    if (grouped and not spaced) or pairs or blanks:
        raise CounterpointError(f"{file} has thousands separators; export the numbers without them.")
    if ";" in text:
        return ";"
    if "," not in text:
        return None
    if spaced:  # "1.5, 2.5, 3.5"
        return ","
    if all(_DECIMAL.fullmatch(line) for line in lines):  # "1,5 2,5 3,5"
        return None
    fields = {len(line.rstrip(", ").split(",")) for line in lines}
    if "." in text or fields == {names} or (len(fields) == 1 and (fields <= {3, 4} or min(fields) % 2 == 1)):
        return ","  # "1.5,2.5,3.5", or whole numbers that are no pairs
    raise CounterpointError(
        f"The commas in {file} may be decimal commas or stand between numbers; write decimal points, or ';' between numbers."
    )


def _filled(text: str, delimiter: str, closed: bool) -> str:
    """NaN in empty fields; ``closed`` says that a delimiter ends each line and begins no field."""
    if closed:
        text = re.sub(rf"[ \t]*{delimiter}[ \t]*$", "", text, flags=re.MULTILINE)
    if re.search(rf"^[ \t]*{delimiter}|{delimiter}[ \t]*(?:{delimiter}|$)", text, re.MULTILINE):
        empty = rf"^[ \t]*(?={delimiter})|(?<={delimiter})[ \t]*(?={delimiter}|$)"
        text = re.sub(empty, "nan", text, flags=re.MULTILINE)
    return text
