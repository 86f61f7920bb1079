"""Pin marks in a 3D view: which one is under the mouse, and matches that are dragged to where they belong."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, QPointF, Signal

from app.window.views.marks import PinMark, Surface

REACH = 9
"""Pixels around a mark that belong to it."""


class MeshMarks(QObject):
    """The marks of a panel.

    Signals:
        match_moved(pin id, point): a match was dropped on another place of the shape, or (None) beside it.
    """

    match_moved = Signal(int, object)

    def __init__(self, surface: Surface, parent: QObject | None = None):
        super().__init__(parent)
        self._surface = surface
        self.all: list[PinMark] = []
        self.visible = True

    def at(self, place: QPointF) -> PinMark | None:
        """The mark under a place of the widget; none that the shape hides."""
        marks = (mark for mark in self.all if mark.role != "rival" and self.visible)
        near = (m for m in marks if (self._surface.world_to_widget(m.position) - place).manhattanLength() <= REACH)
        return next((mark for mark in near if self._in_front(mark.position, place)), None)

    def match_at(self, place: QPointF) -> PinMark | None:
        """The mark of a match, which can be dragged."""
        mark = self.at(place)
        return mark if mark is not None and mark.role == "match" and mark.pin_id > 0 else None

    def move(self, mark: PinMark, place: QPointF) -> tuple[float, ...] | None:
        """Show a mark where it is dragged; the point of the shape there."""
        point = self._surface.pick(place)
        found = None if point is None else tuple(map(float, point))
        kept = [one for one in self.all if (one.pin_id, one.role) != (mark.pin_id, "match")]
        self._surface.set_marks([*kept, replace(mark, position=found or mark.position)])
        return found

    def drop(self, mark: PinMark, place: QPointF) -> None:
        self.match_moved.emit(mark.pin_id, self.move(mark, place))

    def _in_front(self, position: tuple[float, ...], place: QPointF) -> bool:
        hit = self._surface.pick(place)
        if hit is None:
            return True
        eye = self._surface.eye()
        return float(np.linalg.norm(position - eye)) <= float(np.linalg.norm(hit - eye)) * 1.05
