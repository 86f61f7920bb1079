"""One undo command per user edit."""

from dataclasses import replace

from PySide6.QtGui import QUndoCommand

from app.documents import Box, Item
from app.session import Pin, Session, Slot


class SetItem(QUndoCommand):
    """Open a file in a slot, or close it (``item`` None); pins placed there go with what they were placed on."""

    def __init__(self, session: Session, slot: Slot, item: Item | None):
        super().__init__(f"Open {item.name}" if item else f"Close {slot}")
        self._session, self._slot, self._item = session, slot, item
        self._old = session.items.get(slot)
        self._pins, self._current = list(session.pins.values()), session.current

    def redo(self) -> None:
        kept = [pin for pin in self._pins if pin.slot != self._slot]
        self._session.set_pins(kept, self._current)
        self._session.set_item(self._slot, self._item)

    def undo(self) -> None:
        self._session.set_pins(self._pins, self._current)
        self._session.set_item(self._slot, self._old)


class SetBox(QUndoCommand):
    """Draw, change or clear the focus box of an image."""

    def __init__(self, session: Session, slot: Slot, box: Box | None):
        super().__init__("Set focus box" if box else "Clear focus box")
        self._session, self._slot = session, slot
        self._old = session.items[slot]
        self._new = replace(self._old, box=box)

    def redo(self) -> None:
        self._session.set_item(self._slot, self._new)

    def undo(self) -> None:
        self._session.set_item(self._slot, self._old)


class SetUp(QUndoCommand):
    """Say which direction points up in a shape's file."""

    def __init__(self, session: Session, slot: Slot, up: str):
        super().__init__(f"Set up axis to {up}")
        self._session, self._slot = session, slot
        self._old = session.items[slot]
        self._new = replace(self._old, up=up)

    def redo(self) -> None:
        self._session.set_item(self._slot, self._new)

    def undo(self) -> None:
        self._session.set_item(self._slot, self._old)


class AddPin(QUndoCommand):
    """Place a pin."""

    def __init__(self, session: Session, pin: Pin):
        super().__init__(f"Place {pin.name}")
        self._session, self._pin, self._before = session, pin, session.current

    def redo(self) -> None:
        self._session.set_pins([*self._session.pins.values(), self._pin], self._pin.pin_id)

    def undo(self) -> None:
        rest = [pin for pin in self._session.pins.values() if pin is not self._pin]
        self._session.set_pins(rest, self._before)


class DeletePins(QUndoCommand):
    """Delete pins; undo puts them back in their order."""

    def __init__(self, session: Session, pin_ids: list[int]):
        super().__init__("Delete pin" if len(pin_ids) == 1 else f"Delete {len(pin_ids)} pins")
        self._session, self._gone = session, set(pin_ids)
        self._pins, self._current = list(session.pins.values()), session.current

    def redo(self) -> None:
        self._session.set_pins([pin for pin in self._pins if pin.pin_id not in self._gone], self._current)

    def undo(self) -> None:
        self._session.set_pins(self._pins, self._current)


class RenamePin(QUndoCommand):
    """Give a pin another name."""

    def __init__(self, session: Session, pin_id: int, name: str):
        super().__init__(f"Rename {session.pins[pin_id].name}")
        self._session, self._pin_id = session, pin_id
        self._old, self._new = session.pins[pin_id].name, name

    def redo(self) -> None:
        self._session.rename_pin(self._pin_id, self._new)

    def undo(self) -> None:
        self._session.rename_pin(self._pin_id, self._old)
