"""Files that a shape's file names: only those in its own folder and below are opened."""

import codecs
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.errors import CounterpointError
from core.files import check_file
from core.images import MAX_MEGAPIXELS

_FOUND: ContextVar[set[Path] | None] = ContextVar("found", default=None)


@contextmanager
def noted() -> Iterator[set[Path]]:
    """Collects the files that :func:`beside` finds while the context lasts."""
    found: set[Path] = set()
    token = _FOUND.set(found)
    try:
        yield found
    finally:
        _FOUND.reset(token)


def beside(path: Path, name: str) -> Path | None:
    """The file that ``name`` means in the folder of ``path`` or below, or None.

    Names written on Windows, in other capitals, or of a folder that is gone (the file itself lies beside ``path``) are found too. Where
    ``path`` is a link, the folder of its target counts as well.
    """
    found, noting = _beside(path, name), _FOUND.get()
    if found is not None and noting is not None:
        noting.add(found)
    return found


def _beside(path: Path, name: str) -> Path | None:
    folders = list(dict.fromkeys((path.parent.resolve(), path.resolve().parent)))  # two where the shape is a link
    name = name.strip().strip('"').replace("\\", "/").removeprefix("file://")
    names = [each for each in (name, name.rsplit("/", 1)[-1], unquote(name)) if each]
    try:
        exact = [folder / each for each in names for folder in folders]
        other = (_in_other_capitals(folder, each) for each in names for folder in folders)
        for place in (*exact, *other):
            found = None if place is None else place.resolve()
            if found is not None and found.is_file() and any(found.is_relative_to(folder) for folder in folders):
                return found
    except (OSError, ValueError):  # a name that cannot be one
        pass
    return None


def _in_other_capitals(folder: Path, name: str) -> Path | None:
    found = folder
    for part in name.split("/"):
        if part in ("", "."):
            continue
        if part == ".." or not found.is_dir():
            return None
        next_one = (each for each in sorted(found.iterdir()) if _plain(each.name) == _plain(part))
        if (step := next(next_one, None)) is None:
            return None
        found = step
    return found


def _plain(name: str) -> str:
    """A name without capitals, whose accents are parts of their letters: file systems of Apple keep them apart."""
    return unicodedata.normalize("NFC", name).lower()


def decoded(raw: bytes) -> str:
    """Text in UTF-8, in UTF-16 with its mark, or else in the code of Windows in the West."""
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def beside_uri(path: Path, uri: str) -> Path | None:
    """The file that a URI of a glTF means: blanks and other characters are written as %20 and so on."""
    return beside(path, unquote(uri)) or beside(path, uri)


def read_texture(source: Path | bytes, name: str) -> tuple[npt.NDArray[np.uint8], float]:
    """A picture as uint8 [h, w, 3] as it is stored, not turned and without transparency, and its least opacity (1 is opaque).

    Raises:
        CounterpointError: it is no picture that can be read, or too large.
    """
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else check_file(source)) as image:
            if image.size[0] * image.size[1] > MAX_MEGAPIXELS * 1e6:
                raise CounterpointError(
                    f"The texture {name} has more than {MAX_MEGAPIXELS} megapixels; reduce it first."
                )
            image.seek(0)
            if image.mode == "I" or image.mode.startswith("I;16"):  # 16-bit grey
                grey = (np.asarray(image, np.uint32) // 257).clip(0, 255).astype(np.uint8)
                return np.repeat(grey[..., None], 3, axis=2), 1.0
            if not image.has_transparency_data and image.mode not in ("P", "PA"):
                return np.array(image.convert("RGB")), 1.0
            rgba = image.convert("RGBA")
            return np.array(rgba.convert("RGB")), rgba.getchannel("A").getextrema()[0] / 255  # type: ignore[operator]
    except CounterpointError:
        raise
    except Exception as error:  # decoders raise of every kind
        raise CounterpointError(f"The texture {name} is no picture that can be read.") from error
