"""One undo command per user edit."""

from collections.abc import Mapping
from dataclasses import replace

from app.document.scene import PAIR, bytes_of, corrected
from app.document.session import Pair, Pin, Session
from app.document.texts import title, tr
from app.document.undo import Step
from app.shared.values import Aligned, Box, Cameras, Collection, Correction, Draft, Item, Marking, Slot
from core.parts.layers import Layers


class Edit(Step):
    """A step that changes a session, which says so once."""

    def __init__(self, session: Session, text: str):
        super().__init__(text)
        self._session = session

    def redo(self) -> None:
        with self._session.change():
            super().redo()

    def undo(self) -> None:
        with self._session.change():
            super().undo()


class Together(Edit):
    """Several edits that are one for the user."""

    def __init__(self, session: Session, text: str, *edits: Edit):
        super().__init__(session, text)
        self._edits = edits
        self.size = sum(edit.size for edit in edits)

    def apply(self) -> None:
        for edit in self._edits:
            edit.apply()

    def revert(self) -> None:
        for edit in reversed(self._edits):
            edit.revert()


class SetItem(Edit):
    """Open a file in a slot, or close it (``item`` None); pins placed there go with what they were placed on."""

    def __init__(self, session: Session, slot: Slot, item: Item | None):
        super().__init__(
            session, tr("Open {name}").format(name=item.name) if item else tr("Close {slot}").format(slot=title(slot))
        )
        self._slot, self._item = slot, item
        self._old = session.items.get(slot)
        self._pins, self._current = list(session.pins.values()), session.current
        self._layers, self._draft, self._aligned = session.layers, session.draft, session.aligned
        self._corrections = session.corrections
        self.size = session.layers.bytes()

    def apply(self) -> None:
        kept = [pin for pin in self._pins if pin.slot != self._slot]
        self._session.set_draft(None)
        self._session.set_aligned({pair: a for pair, a in self._aligned.items() if self._slot not in pair})
        self._session.set_pins(kept, self._current)
        rest = (one for one in self._corrections if self._slot not in (one.source, one.target))
        self._session.set_corrections(tuple(rest))
        self._session.set_item(self._slot, self._item)
        same = self._old is not None and self._item is not None and self._old.file == self._item.file
        self._session.set_layers(self._layers if same else self._layers.forget(self._slot))

    def revert(self) -> None:
        self._session.set_pins(self._pins, self._current)
        self._session.set_corrections(self._corrections)
        self._session.set_item(self._slot, self._old)
        self._session.set_layers(self._layers)
        self._session.set_draft(self._draft)
        self._session.set_aligned(self._aligned)


class SetBox(Edit):
    """Draw, change or clear the focus box of an image."""

    def __init__(self, session: Session, slot: Slot, box: Box | None):
        super().__init__(session, tr("Draw the box") if box else tr("Clear the box"))
        self._slot = slot
        self._old = session.items[slot]
        self._new = replace(self._old, box=box)

    def apply(self) -> None:
        self._session.set_item(self._slot, self._new)

    def revert(self) -> None:
        self._session.set_item(self._slot, self._old)


class SetUp(Edit):
    """Say which direction points up in a shape's file."""

    def __init__(self, session: Session, slot: Slot, up: str):
        super().__init__(session, tr("Make {up} the up axis").format(up=up))
        self._slot = slot
        self._old = session.items[slot]
        self._new = replace(self._old, up=up)

    def apply(self) -> None:
        self._session.set_item(self._slot, self._new)

    def revert(self) -> None:
        self._session.set_item(self._slot, self._old)


class AddPin(Edit):
    """Place a pin."""

    def __init__(self, session: Session, pin: Pin):
        super().__init__(session, tr("Place {name}").format(name=pin.name))
        self._pin, self._before = pin, session.current

    def apply(self) -> None:
        self._session.set_pins([*self._session.pins.values(), self._pin], self._pin.pin_id)

    def revert(self) -> None:
        rest = [pin for pin in self._session.pins.values() if pin is not self._pin]
        self._session.set_pins(rest, self._before)


class DeletePins(Edit):
    """Delete pins; undo puts them back in their order."""

    def __init__(self, session: Session, pin_ids: list[int]):
        super().__init__(
            session,
            tr("Delete pin") if len(pin_ids) == 1 else tr("Delete {count} pins").format(count=len(pin_ids)),
        )
        self._gone = set(pin_ids)
        self._pins, self._current = list(session.pins.values()), session.current

    def apply(self) -> None:
        self._session.set_pins([pin for pin in self._pins if pin.pin_id not in self._gone], self._current)

    def revert(self) -> None:
        self._session.set_pins(self._pins, self._current)


class RenamePin(Edit):
    """Give a pin another name."""

    def __init__(self, session: Session, pin_id: int, name: str):
        super().__init__(session, tr("Rename {name}").format(name=session.pins[pin_id].name))
        self._pin_id = pin_id
        self._old, self._new = session.pins[pin_id].name, name

    def apply(self) -> None:
        self._session.rename_pin(self._pin_id, self._new)

    def revert(self) -> None:
        self._session.rename_pin(self._pin_id, self._old)


class SetDraft(Edit):
    """Mark more of a part, or less, or choose another candidate, or begin or drop the draft."""

    def __init__(self, session: Session, text: str, draft: Draft | None):
        super().__init__(session, text)
        self._old, self._new = session.draft, draft
        self.size = 64 * sum(len(action.places) for action in draft.actions) if draft else 0

    def apply(self) -> None:
        self._session.set_draft(self._new)

    def revert(self) -> None:
        self._session.set_draft(self._old)


class SetLayers(Edit):
    """Any edit of the parts; the draft that became a part goes with it."""

    def __init__(self, session: Session, text: str, layers: Layers, draft: Draft | None = None):
        super().__init__(session, text)
        self._old, self._new = session.layers, layers
        self._old_draft, self._new_draft = session.draft, draft
        known = {id(mask) for part in self._old.parts for mask in part.masks.values()}
        masks = (mask for part in layers.parts for mask in part.masks.values())
        self.size = sum(len(mask.packed) for mask in masks if id(mask) not in known)

    def apply(self) -> None:
        self._session.set_layers(self._new)
        self._session.set_draft(self._new_draft)

    def revert(self) -> None:
        self._session.set_layers(self._old)
        self._session.set_draft(self._old_draft)


class SetAligned(Edit):
    """Align shapes to photos, change poses by hand, choose another hypothesis, or forget a pose (None).

    The pose of the pair that is at the place of the open scene is its thing's pose there.
    """

    def __init__(self, session: Session, text: str, changes: Mapping[Pair, Aligned | None]):
        super().__init__(session, text)
        self._old, self._old_scene = session.aligned, session.scene
        before = session.aligned.get(PAIR)
        self._new_scene = corrected(session.scene, session.items, before, changes.get(PAIR, before))
        whole: dict[Pair, Aligned | None] = {**session.aligned, **changes}
        self._new = {pair: aligned for pair, aligned in whole.items() if aligned is not None}
        known = {id(aligned.mask) for aligned in session.aligned.values()}
        masks = [aligned.mask for aligned in changes.values() if aligned is not None and aligned.mask is not None]
        self.size = sum(len(mask.packed) for mask in masks if id(mask) not in known)
        self.size += bytes_of(self._new_scene, self._old_scene)

    def apply(self) -> None:
        self._session.set_aligned(self._new)
        self._session.set_scene(self._new_scene, self._session.kept_scene)

    def revert(self) -> None:
        self._session.set_aligned(self._old)
        self._session.set_scene(self._old_scene, self._session.kept_scene)


class SetCameras(Edit):
    """Take what a file says of the photos' cameras, or forget it."""

    def __init__(self, session: Session, text: str, cameras: Cameras):
        super().__init__(session, text)
        self._old, self._new = session.cameras, cameras

    def apply(self) -> None:
        self._session.set_cameras(self._new)

    def revert(self) -> None:
        self._session.set_cameras(self._old)


class SetMarking(Edit):
    """Cut parts out by another segmenter, or look for them on the other panels or not."""

    def __init__(self, session: Session, text: str, marking: Marking):
        super().__init__(session, text)
        self._old, self._new = session.marking, marking

    def apply(self) -> None:
        self._session.set_marking(self._new)

    def revert(self) -> None:
        self._session.set_marking(self._old)


class SetCollection(Edit):
    """Any change of the photo collection."""

    def __init__(self, session: Session, text: str, collection: Collection):
        super().__init__(session, text)
        self._old, self._new = session.collection, collection

    def apply(self) -> None:
        self._session.set_collection(self._new)

    def revert(self) -> None:
        self._session.set_collection(self._old)


class SetCorrections(Edit):
    """Put a match right, or forget what was put right."""

    def __init__(self, session: Session, text: str, corrections: tuple[Correction, ...]):
        super().__init__(session, text)
        self._old, self._new = session.corrections, corrections

    def apply(self) -> None:
        self._session.set_corrections(self._new)

    def revert(self) -> None:
        self._session.set_corrections(self._old)


def correct(session: Session, pin: Pin, slot: Slot, to: tuple[float, ...]) -> SetCorrections:
    """The step that puts the match of a pin in another slot right."""
    others = tuple(c for c in session.corrections if (c.source, c.at, c.target) != (pin.slot, pin.at, slot))
    right = Correction(pin.slot, pin.at, slot, to)
    return SetCorrections(session, tr("Correct the match of {name}").format(name=pin.name), (*others, right))
