"""Label layers: named, coloured, ordered parts, each with a mask on every image and shape it was marked on.

All values here are immutable: what changes a part or the layers returns new ones. Also the threshold that makes masks
of evidence.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from core.colors import PINS

Chosen = npt.NDArray[np.bool_]

THRESHOLD = 50
"""The threshold of evidence in per cent, unless the user chose another."""

BAND = 15
"""Evidence within this many per cent of the threshold is shown as uncertain."""


def in_part(percent: npt.NDArray, threshold: int = THRESHOLD) -> Chosen:
    """Return which elements belong to a part, bool [...].

    Args:
        percent: the evidence for each element in per cent, a number [...].
        threshold: in per cent; an element belongs to the part if its evidence is above it.
    """
    return np.asarray(percent > threshold)


def is_uncertain(percent: npt.NDArray, threshold: int = THRESHOLD) -> Chosen:
    """Return which elements have evidence near the threshold, bool [...]; arguments are those of :func:`in_part`."""
    return np.asarray(np.abs(percent.astype(np.int16) - threshold) <= BAND)


@dataclass(frozen=True)
class MaskSureness:
    """How sure the program is of a mask that it found.

    Attributes:
        verdict: "good", "unsure" or "none".
        probability: that the mask is right, None where nobody knows.
        reasons: of :data:`core.calibration.REASONS`.
    """

    verdict: str
    probability: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mask:
    """Which elements belong to a part: pixels row by row, faces of a mesh, or points of a cloud. It is kept compressed.

    Attributes:
        packed: the compressed bits.
        size: the number of elements.
        count: the number of those that belong to the part.
        by_hand: whether a person marked it (or read it from a file), and not the program that found it from another
            mask.
        sure: how sure the program is of what it found, None where that is not known.
    """

    packed: bytes
    size: int
    count: int
    by_hand: bool = True
    sure: MaskSureness | None = None

    @classmethod
    def of(cls, chosen: Chosen, by_hand: bool = True, sure: MaskSureness | None = None) -> "Mask":
        """Compress a bool array [...] of any shape."""
        flat = np.ravel(chosen)
        packed = zlib.compress(np.packbits(flat).tobytes(), 1)
        return cls(packed, len(flat), int(np.count_nonzero(flat)), by_hand, sure)

    def array(self) -> Chosen:
        """Return the mask as bool [size]."""
        bits = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        return np.unpackbits(bits, count=self.size).astype(bool)


@dataclass(frozen=True)
class Part:
    """One layer.

    Attributes:
        part_id: a number of its own.
        name: what the user calls it.
        color: ``#rrggbb``.
        masks: by name of the image or shape; those that have nothing of the part are missing.
        visible: whether it is drawn.
    """

    part_id: int
    name: str
    color: str
    masks: Mapping[str, Mask] = field(default_factory=dict)
    visible: bool = True

    def with_mask(self, where: str, mask: Mask | None) -> "Part":
        """Return the part with another mask on one image or shape; an empty mask is dropped."""
        rest = {name: kept for name, kept in self.masks.items() if name != where}
        return replace(self, masks=rest if mask is None or mask.count == 0 else rest | {where: mask})


@dataclass(frozen=True)
class Layers:
    """All parts, the topmost first.

    Attributes:
        parts: the parts.
        exclusive: whether an element belongs to one part at most; then what is marked is removed from the other parts.
        next_id: the number of the next part.
    """

    parts: tuple[Part, ...] = ()
    exclusive: bool = True
    next_id: int = 1

    def __iter__(self) -> Iterable[Part]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    def get(self, part_id: int) -> Part:
        """Return the part with a number."""
        return next(part for part in self.parts if part.part_id == part_id)

    def new_part(self, name: str = "", color: str = "") -> "Layers":
        """Return the layers with an empty part on top.

        By default its name is the next free one and its colour the least used.
        """
        names, used = {part.name for part in self.parts}, [part.color for part in self.parts]
        number = self.next_id
        while f"Part {number}" in names:
            number += 1
        part = Part(self.next_id, name or f"Part {number}", color or min(PINS, key=used.count))
        return replace(self, parts=(part, *self.parts), next_id=self.next_id + 1)

    def mark(self, part_id: int, where: str, chosen: Chosen) -> "Layers":
        """Return the layers with the elements bool [...] of one image or shape that are a part."""
        changed = []
        for part in self.parts:
            if part.part_id == part_id:
                part = part.with_mask(where, Mask.of(chosen))
            elif self.exclusive and where in part.masks:
                part = _without(part, where, np.ravel(chosen))
            changed.append(part)
        return replace(self, parts=tuple(changed))

    def find(self, part_id: int, where: str, chosen: Chosen, sure: MaskSureness | None = None) -> "Layers":
        """Return the layers with the elements bool [...] of one image or shape on which the program found a part.

        ``sure`` is kept with them.
        What was marked by hand there stays as it is, of this part and of all others.
        """
        if self.marked_by_hand(part_id, where):
            return self
        left = np.ravel(chosen)
        for part in self.parts:
            if self.exclusive and part.part_id != part_id and self.marked_by_hand(part.part_id, where):
                left = left & ~part.masks[where].array()
        layers = self.mark(part_id, where, left)
        return layers.with_part(layers.get(part_id).with_mask(where, Mask.of(left, False, sure)))

    def marked_by_hand(self, part_id: int, where: str) -> bool:
        """Return whether a person marked a part on an image or shape; False for a part that is not there."""
        mask = next((part.masks.get(where) for part in self.parts if part.part_id == part_id), None)
        return mask is not None and mask.by_hand

    def with_part(self, part: Part) -> "Layers":
        """Return the layers with a part in place of that of the same number (for a new name, colour or visibility)."""
        return replace(self, parts=tuple(part if part.part_id == old.part_id else old for old in self.parts))

    def without(self, part_ids: Iterable[int]) -> "Layers":
        """Return the layers without some parts."""
        gone = set(part_ids)
        return replace(self, parts=tuple(part for part in self.parts if part.part_id not in gone))

    def moved(self, part_id: int, index: int) -> "Layers":
        """Return the layers with a part at another place of the order, 0 being the topmost."""
        rest = list(self.without([part_id]).parts)
        rest.insert(max(0, min(index, len(rest))), self.get(part_id))
        return replace(self, parts=tuple(rest))

    def merged(self, part_ids: Iterable[int]) -> "Layers":
        """Return the layers with several parts made one, which keeps name, colour and place of the topmost."""
        ids = set(part_ids)
        merged = [part for part in self.parts if part.part_id in ids]
        whole = merged[0]
        for where in dict.fromkeys(name for part in merged for name in part.masks):
            masks = [part.masks[where].array() for part in merged if where in part.masks]
            whole = whole.with_mask(where, Mask.of(np.logical_or.reduce(masks)))
        return self.without(ids - {whole.part_id}).with_part(whole)

    def split(self, part_id: int, where: str, pieces: list[Chosen]) -> "Layers":
        """Return the layers with a part cut into pieces of its mask on one image or shape.

        Args:
            part_id: the part.
            where: the image or shape.
            pieces: bool [...] each; the first keeps the part's name, number and other masks.
        """
        whole = self.get(part_id)
        layers = self.with_part(whole.with_mask(where, Mask.of(pieces[0])))
        at = [part.part_id for part in self.parts].index(part_id)
        for number, piece in enumerate(pieces[1:], 2):
            layers = layers.new_part(f"{whole.name} {number}")
            new = layers.parts[0]
            layers = layers.with_part(new.with_mask(where, Mask.of(piece))).moved(new.part_id, at + number - 1)
        return layers

    def made_exclusive(self, exclusive: bool) -> "Layers":
        """Return the layers made exclusive or not; what several parts share stays with the topmost."""
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
        """Return the layers without what was marked on an image or shape; parts that have nothing left are dropped."""
        parts = [part.with_mask(where, None) if where in part.masks else part for part in self.parts]
        was = {part.part_id for part in self.parts if where in part.masks}
        return replace(self, parts=tuple(part for part in parts if part.masks or part.part_id not in was))

    def bytes(self) -> int:
        """Return the memory that the masks take, in bytes."""
        return sum(len(mask.packed) for part in self.parts for mask in part.masks.values())


def _without(part: Part, where: str, taken: Chosen) -> Part:
    mask = part.masks[where]
    chosen = mask.array()
    return part.with_mask(where, Mask.of(chosen & ~taken, mask.by_hand, mask.sure)) if (chosen & taken).any() else part
