"""Files that a shape's file names: only those in its own folder and below are opened."""

from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.errors import CounterpointError
from core.images import MAX_MEGAPIXELS


def beside(path: Path, name: str) -> Path | None:
    """The file that ``name`` means in the folder of ``path`` or below, or None.

    Names written on Windows, in other capitals, or of a folder that is gone (the file itself lies beside ``path``) are
    found too.
    """
    folder = path.parent.resolve()
    name = name.strip().strip('"').replace("\\", "/").removeprefix("file://")
    for each in (name, name.rsplit("/", 1)[-1]):
        try:
            found = (folder / each).resolve()
            if each and found.is_relative_to(folder) and found.is_file():
                return found
        except (OSError, ValueError):  # a name that cannot be one
            return None
    last = name.rsplit("/", 1)[-1].lower()
    return next((file for file in sorted(folder.iterdir()) if file.name.lower() == last and file.is_file()), None)


def beside_uri(path: Path, uri: str) -> Path | None:
    """The file that a URI of a glTF means: blanks and other characters are written as %20 and so on."""
    return beside(path, unquote(uri)) or beside(path, uri)


def read_texture(source: Path | bytes, name: str) -> npt.NDArray[np.uint8]:
    """A picture as uint8 [h, w, 3] as it is stored: transparency is left out, it is not turned.

    Raises:
        CounterpointError: it is no picture that can be read, or too large.
    """
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source) as image:
            if image.size[0] * image.size[1] > MAX_MEGAPIXELS * 1e6:
                raise CounterpointError(
                    f"The texture {name} has more than {MAX_MEGAPIXELS} megapixels; reduce it first."
                )
            image.seek(0)
            if image.mode == "I" or image.mode.startswith("I;16"):  # 16-bit grey
                grey = (np.asarray(image, np.uint32) // 257).clip(0, 255).astype(np.uint8)
                return np.repeat(grey[..., None], 3, axis=2)
            return np.array(image.convert("RGBA").convert("RGB") if image.mode in ("P", "PA") else image.convert("RGB"))
    except CounterpointError:
        raise
    except Exception as error:  # decoders raise of every kind
        raise CounterpointError(f"The texture {name} is no picture that can be read.") from error
