"""What a panel shows while nothing is open in it."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.window.theme import icon


class EmptyState(QWidget):
    """An invitation: an icon, a line, a smaller line; the whole area can be clicked."""

    clicked = Signal()

    def __init__(self, icon_name: str, line: str, hint: str):
        super().__init__()
        self._icon_name = icon_name
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = QLabel(line)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title.setStyleSheet("font-size: 17px; font-weight: 600;")
        small = QLabel(hint)
        small.setAlignment(Qt.AlignmentFlag.AlignCenter)
        small.setWordWrap(True)
        small.setForegroundRole(small.foregroundRole().PlaceholderText)
        layout = QVBoxLayout(self)
        layout.addStretch()
        for widget in (self._picture, title, small):
            layout.addWidget(widget)
        layout.addStretch()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(f"{line} {hint}")
        self._draw()

    def _draw(self) -> None:
        self._picture.setPixmap(icon(self._icon_name).pixmap(64, 64))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


def complaint(sentence: str) -> QLabel:
    """What a panel shows where it cannot show anything else."""
    label = QLabel(sentence)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label
