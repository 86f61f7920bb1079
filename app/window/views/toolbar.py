"""Buttons with their names in a row."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from app.window.theme import icon


class Toolbar(QWidget):
    """The tools of a task; their icons follow the theme."""

    def __init__(self) -> None:
        super().__init__()
        self._icons: list[tuple[QAction, str]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)

    def add_action(self, action: QAction, icon_name: str) -> QToolButton:
        """A button for an action, with its icon and its text."""
        self._icons.append((action, icon_name))
        action.setIcon(icon(icon_name))
        button = QToolButton()
        button.setDefaultAction(action)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(18, 18))
        self._row.addWidget(button)
        return button

    def add(self, *widgets: QWidget) -> None:
        """Other widgets, one after another."""
        for widget in widgets:
            self._row.addWidget(widget)

    def add_line(self) -> None:
        """A line between groups."""
        line = QFrame()
        line.setFrameShape(QFrame.Shape.VLine)
        line.setForegroundRole(line.foregroundRole().Mid)
        self._row.addWidget(line)

    def add_stretch(self) -> None:
        """What comes now is at the right."""
        self._row.addStretch(1)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for action, name in self._icons:
                action.setIcon(icon(name))
