"""A panel with room for an outline, so that nothing moves when it gets one."""

from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.window.theme import ACCENT

WIDTH = 2
"""Of the outline in pixels: the margin that a panel keeps around its content."""


class Outlined(QWidget):
    """A widget that is marked as one of those that are worked on."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.outlined = False

    def set_outlined(self, on: bool) -> None:
        """Draw the outline, or leave its place empty."""
        if on != self.outlined:
            self.outlined = on
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if self.outlined:
            painter = QPainter(self)
            for inset in range(WIDTH):
                painter.setPen(QColor(ACCENT))
                painter.drawRect(self.rect().adjusted(inset, inset, -1 - inset, -1 - inset))
