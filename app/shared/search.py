"""What is asked of a gallery."""

from dataclasses import dataclass
from typing import Literal

from app.shared.values import Item
from core.parts.layers import Mask


@dataclass(frozen=True)
class SearchRequest:
    """What is looked for in a gallery.

    Attributes:
        gallery: its folder, or a folder of shapes.
        kind: by the object of ``item`` ("object"), by its ``mask`` as a "part", by "words", by the shape ``number`` of
            the gallery, or "nothing": bring it up to date and list its shapes.
        mask: of the object, or of the part.
        clip: a CLIP model for a folder that is no gallery yet.
    """

    gallery: str
    kind: Literal["object", "part", "words", "number", "nothing"]
    item: Item | None = None
    mask: Mask | None = None
    words: str = ""
    number: int = 0
    top: int = 24
    closer: bool = True
    tag: str = ""
    worst: bool = False
    clip: str = ""
