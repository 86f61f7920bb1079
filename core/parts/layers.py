"""Label layers: named, coloured, ordered parts, each with a mask on every image and shape it was marked on. Values never change."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from core.colors import PINS

Chosen = npt.NDArray[np.bool_]

BAND = 15
"""Evidence within this many per cent of the threshold is shown as uncertain."""


@dataclass(frozen=True)
class Mask:
    """Which of ``size`` elements belong to a part: pixels row by row, faces of a mesh, points of a cloud. Kept compressed."""

    packed: bytes
    size: int
    count: int

    @classmethod
    def of(cls, chosen: Chosen) -> "Mask":
        """Of a bool array of any form."""
        flat = np.ravel(chosen)
        return cls(zlib.compress(np.packbits(flat).tobytes(), 1), len(flat), int(np.count_nonzero(flat)))

    def array(self) -> Chosen:
        """bool [size]."""
        bits = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        return np.unpackbits(bits, count=self.size).astype(bool)


@dataclass(frozen=True)
class Part:
    """One layer.

    Attributes:
        part_id: a number of its own.
        masks: by name of the image or shape; what is missing has nothing of the part.
    """

    part_id: int
    name: str
    color: str
    masks: Mapping[str, Mask] = field(default_factory=dict)
    visible: bool = True

    def with_mask(self, where: str, mask: Mask | None) -> "Part":
        """The same part with another mask on one image or shape; an empty one is dropped."""
        rest = {name: kept for name, kept in self.masks.items() if name != where}
        return replace(self, masks=rest if mask is None or mask.count == 0 else rest | {where: mask})


@dataclass(frozen=True)
class Layers:
    """All parts, the topmost first.

    Attributes:
        exclusive: an element belongs to one part at most; what is marked anew is taken from the others.
        next_id: of the next part.
    """

    parts: tuple[Part, ...] = ()
    exclusive: bool = True
    next_id: int = 1

    def __iter__(self) -> Iterable[Part]:  # type: ignore[override]
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def get(self, part_id: int) -> Part:
        return next(part for part in self.parts if part.part_id == part_id)

    def new_part(self, name: str = "", color: str = "") -> "Layers":
        """With an empty part on top; by default its name is the next free one and its colour the least used."""
        names, used = {part.name for part in self.parts}, [part.color for part in self.parts]
        number = self.next_id
        while f"Part {number}" in names:
            number += 1
        part = Part(self.next_id, name or f"Part {number}", color or min(PINS, key=used.count))
        return replace(self, parts=(part, *self.parts), next_id=self.next_id + 1)

    def mark(self, part_id: int, where: str, chosen: Chosen) -> "Layers":
        """With ``chosen`` as all of a part on one image or shape."""
        changed = []
        for part in self.parts:
            if part.part_id == part_id:
                part = part.with_mask(where, Mask.of(chosen))
            elif self.exclusive and where in part.masks:
                part = _without(part, where, np.ravel(chosen))
            changed.append(part)
        return replace(self, parts=tuple(changed))

    def with_part(self, part: Part) -> "Layers":
        """With another value for the part of the same number (a new name, colour, visibility)."""
        return replace(self, parts=tuple(part if part.part_id == old.part_id else old for old in self.parts))

    def without(self, part_ids: Iterable[int]) -> "Layers":
        gone = set(part_ids)
        return replace(self, parts=tuple(part for part in self.parts if part.part_id not in gone))

    def moved(self, part_id: int, index: int) -> "Layers":
        """With a part at another place of the order, 0 the topmost."""
        rest = list(self.without([part_id]).parts)
        rest.insert(max(0, min(index, len(rest))), self.get(part_id))
        return replace(self, parts=tuple(rest))

    def merged(self, part_ids: Iterable[int]) -> "Layers":
        """With several parts made one, which keeps name, colour and place of the topmost."""
        wanted = set(part_ids)
        together = [part for part in self.parts if part.part_id in wanted]
        whole = together[0]
        for where in dict.fromkeys(name for part in together for name in part.masks):
            masks = [part.masks[where].array() for part in together if where in part.masks]
            whole = whole.with_mask(where, Mask.of(np.logical_or.reduce(masks)))
        return self.without(wanted - {whole.part_id}).with_part(whole)

    def split(self, part_id: int, where: str, pieces: list[Chosen]) -> "Layers":
        """With a part cut into pieces of its mask on one image or shape; the first keeps name and number, and the other masks."""
        whole = self.get(part_id)
        layers = self.with_part(whole.with_mask(where, Mask.of(pieces[0])))
        at = [part.part_id for part in self.parts].index(part_id)
        for number, piece in enumerate(pieces[1:], 2):
            layers = layers.new_part(f"{whole.name} {number}")
            new = layers.parts[0]
            layers = layers.with_part(new.with_mask(where, Mask.of(piece))).moved(new.part_id, at + number - 1)
        return layers

    def made_exclusive(self, exclusive: bool) -> "Layers":
        """With or without overlaps; what several parts share stays with the topmost."""
        if not exclusive:
            return replace(self, exclusive=False)
        taken: dict[str, Chosen] = {}
        kept = []
        for part in self.parts:
            for where, mask in part.masks.items():
                chosen = mask.array()
                if where in taken:
                    part = _without(part, where, taken[where])
                taken[where] = chosen | taken.get(where, np.zeros(1, bool))
            kept.append(part)
        return replace(self, parts=tuple(kept), exclusive=True)

    def forget(self, where: str) -> "Layers":
        """Without what was marked on an image or shape that is closed; parts that have nothing left go."""
        parts = [part.with_mask(where, None) if where in part.masks else part for part in self.parts]
        was = {part.part_id for part in self.parts if where in part.masks}
        return replace(self, parts=tuple(part for part in parts if part.masks or part.part_id not in was))

    def bytes(self) -> int:
        """What the masks take in memory."""
        return sum(len(mask.packed) for part in self.parts for mask in part.masks.values())


def _without(part: Part, where: str, taken: Chosen) -> Part:
    chosen = part.masks[where].array()
    return part.with_mask(where, Mask.of(chosen & ~taken)) if (chosen & taken).any() else part
