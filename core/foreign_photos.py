"""Pictures that other programs open and this one does not: told by their first bytes, and named."""

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from core.errors import CounterpointError
from core.notices import warn

RAW = (".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".srf", ".sr2", ".raf", ".orf", ".rw2", ".pef", ".srw", ".raw", ".3fr", ".iiq", ".x3f")  # fmt: skip
"""Suffixes of what cameras write before it is developed; most are TIFF inside and begin with a thumbnail."""

SUFFIXES = (*RAW, ".heic", ".heif", ".hif", ".jxl", ".exr", ".hdr", ".svg", ".pdf", ".eps", ".xcf", ".kra")
"""Of pictures that are not read."""

RAW_FILE = "a camera's raw file"
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"heif": "HEIF", b"mif1": "HEIF", b"msf1": "HEIF", b"hevc": "HEIC", b"crx ": RAW_FILE}  # fmt: skip
_SIGNS = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"\x76\x2f\x31\x01", "OpenEXR (read as depth only)"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"gimp xcf", "an XCF file of GIMP"),
    (b"FUJIFILMCCD-RAW", RAW_FILE),
    (b"IIRO", RAW_FILE),
    (b"IIU\0", RAW_FILE),
    (b"FOVb", RAW_FILE),
)
_REDUCED, _SUBFILE, _SUB_IFDS, _DNG = 1, 254, 330, 50706
"""Of TIFF: the bit of the tag that says that a page is a small one, tags of other pages, and of DNG's version."""


def check_known(path: Path) -> None:
    """Refuse a file that by its first bytes is a picture of a kind that is not read, whatever it is called.

    Raises:
        CounterpointError: it is one.
    """
    with path.open("rb") as file:
        head = file.read(512)
    kind = _BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None
    kind = kind or next((name for sign, name in _SIGNS if head.startswith(sign)), None)
    if kind is None and head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"<svg", b"<?xml")) and b"<svg" in head:
        kind = "SVG (a drawing)"
    if kind is None and (path.suffix.lower() in RAW or (head[8:10] == b"CR" and head[:2] in (b"II", b"MM"))):
        kind = RAW_FILE
    if kind is not None:
        _refuse(path.name, kind)


def check_developed(image: Image.Image, name: str) -> None:
    """Refuse an opened TIFF that is the raw file of a camera under another name, or whose first page is a thumbnail.

    Raises:
        CounterpointError: it is one.
    """
    tags = getattr(image, "tag_v2", {})
    if _DNG in tags or (tags.get(_SUBFILE, 0) & _REDUCED and _SUB_IFDS in tags):
        _refuse(name, RAW_FILE)


def unread(files: Iterable[Path]) -> list[str]:
    """The suffixes of the pictures among the files of a folder that are not read."""
    return sorted({file.suffix.lower() for file in files if file.suffix.lower() in SUFFIXES})


def say_unread(files: Iterable[Path], where: str) -> None:
    """Warn of pictures among the files of a folder that are not read; ``where`` begins the sentence."""
    kinds = unread(files)
    if kinds:
        warn(
            f"{where} also has pictures that cannot be read and are left out ({', '.join(kinds)}); save them as JPEG or PNG."
        )


def _refuse(name: str, kind: str) -> None:
    raise CounterpointError(
        f"{name} is {kind}, which cannot be read as a photo; save it as PNG, JPEG or TIFF with the program that shows it."
    )
