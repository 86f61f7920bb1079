"""Between the document and the panels: what is open is shown, and what a panel changes of it becomes a step."""

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.document.commands import SetBox, SetItem, SetUp
from app.document.session import Session
from app.shared.results import OpenedShape
from app.shared.values import Box, Item, Slot
from app.window.requests import Requests
from app.window.views.columns import Columns
from app.window.views.image import ImagePanel
from app.window.views.panels import Panels


class Content(QObject):
    """Keeps the panels in step with what is open.

    Signals:
        shown(slot, elements): a panel shows something else, with so many pixels, faces or points of a cloud; 0 for
            nothing.
    """

    shown = Signal(str, int)

    def __init__(
        self, session: Session, requests: Requests, panels: Panels, columns: Columns, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._session, self._panels, self._columns = session, panels, columns
        self._known: dict[Slot, Item] = {}
        requests.opened.connect(self._show)
        session.follow({"items"}, self._items_changed)
        for slot, panel in panels.items():
            panel.close_requested.connect(lambda s=slot: self.close(s))
            if isinstance(panel, ImagePanel):
                panel.box_changed.connect(lambda box, s=slot: self._set_box(s, box))
            else:
                panel.up_chosen.connect(lambda up, s=slot: self._set_up(s, up))

    def close(self, slot: Slot) -> None:
        """Close what is open in a slot; every panel but the first of its kind goes with it."""
        if slot in self._session.items:
            self._session.undo_stack.push(SetItem(self._session, slot, None))
        if not slot.endswith("1"):
            self._columns.show_panel(slot, False)

    def view_state(self) -> dict[str, list[float]]:
        """How open panels look at what they show, for the project file."""
        return {slot: self._panels[slot].view_state() for slot in self._session.items}

    def _show(self, slot: Slot, content: np.ndarray | OpenedShape | None) -> None:
        """Show the pixels uint8 [H, W, 3] of an image, or a shape; None for nothing."""
        panel, item = self._panels[slot], self._session.items.get(slot)
        name = item.name if item else ""
        if isinstance(panel, ImagePanel):
            panel.set_image(content if isinstance(content, np.ndarray) else None, name)
            panel.set_box(item.box if item else None)
        else:
            shape = content if isinstance(content, OpenedShape) else None
            panel.set_mesh(shape.mesh if shape else None, name, item.up if item else "y")
        if content is not None:
            self._columns.show_panel(slot, True)
        self.shown.emit(slot, _elements(content))

    def _items_changed(self) -> None:
        for slot, item in self._session.items.items():
            if item == self._known.get(slot):
                continue
            panel = self._panels[slot]
            panel.header.title.setText(item.name)
            if isinstance(panel, ImagePanel):
                panel.set_box(item.box)
            else:
                panel.set_up(item.up)
        self._known = dict(self._session.items)

    def _set_box(self, slot: Slot, box: Box | None) -> None:
        if slot in self._session.items:
            self._session.undo_stack.push(SetBox(self._session, slot, box))

    def _set_up(self, slot: Slot, up: str) -> None:
        if slot in self._session.items and self._session.items[slot].up != up:
            self._session.undo_stack.push(SetUp(self._session, slot, up))


def _elements(content: np.ndarray | OpenedShape | None) -> int:
    if content is None:
        return 0
    return content.shape[0] * content.shape[1] if isinstance(content, np.ndarray) else content.elements
