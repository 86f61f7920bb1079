"""The photo and the shape that are worked on."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.document.session import Pair, Session
from app.document.texts import tr
from app.shared.values import KINDS, Item, Kind, Slot, kind_of, slots_of
from app.window.views.panels import ActivePanel, Panels


class ActivePair(QObject):
    """Of each kind the panel used last, or the first that is filled; both have an outline.

    Signals:
        changed(): another pair, or another file in one of its panels.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        panels: Panels,
        active: ActivePanel,
        say: Callable[[str], object],
        parent: QObject | None = None,
    ):
        """``say`` tells the user a sentence."""
        super().__init__(parent)
        self._session, self._panels, self._active, self._say = session, panels, active, say
        self._chosen: dict[Kind, Slot] = {}
        self._known: dict[Slot, Item] = {}
        active.used.connect(self._use)
        session.follow({"items"}, self._items_changed)

    def slots(self) -> Pair | None:
        """The slots of the photo and of the shape; None while one of them is missing."""
        image, shape = (self._chosen.get(kind) for kind in KINDS)
        return None if image is None or shape is None else (image, shape)

    def slot(self, kind: Kind) -> Slot | None:
        """The slot of one of them; None while nothing of that kind is open."""
        return self._chosen.get(kind)

    def name(self) -> str:
        """The names of both files, or of the one that is there: ``000224.png × obj_000009.ply``."""
        return " × ".join(self._known[self._chosen[kind]].name for kind in KINDS if kind in self._chosen)

    def choose(self, pair: Pair) -> None:
        """Work on another photo and shape, as if their panels were used."""
        for slot in reversed(pair):
            self._active.set(slot)

    def _use(self, slot: Slot) -> None:
        if slot in self._known and self._chosen.get(kind_of(slot)) != slot:
            self._chosen[kind_of(slot)] = slot
            self._tell()

    def _items_changed(self) -> None:
        items, before = dict(self._session.items), self._known
        if {slot: item.path for slot, item in items.items()} == {slot: item.path for slot, item in before.items()}:
            return
        self._known, added = items, [slot for slot in items if slot not in before]
        stay = [slot for slot in added if self._chosen.get(kind_of(slot)) in items]
        self._chosen = {kind: slot for kind in KINDS if (slot := self._still(kind)) is not None}
        self._tell()
        for slot in stay:
            sentence = tr("{name} is open too. You still work on {pair}; click a panel to work on that one instead.")
            self._say(sentence.format(name=items[slot].name, pair=self.name()))

    def _still(self, kind: Kind) -> Slot | None:
        slots = (self._chosen.get(kind), self._active.slot, *slots_of(kind))
        return next((slot for slot in slots if slot in self._known and kind_of(slot) == kind), None)

    def _tell(self) -> None:
        for slot, panel in self._panels.items():
            panel.set_outlined(slot in self._chosen.values())
        self.changed.emit()
