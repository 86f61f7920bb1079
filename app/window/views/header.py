"""The strip on top of a panel: title and tools."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.window.theme import icon


class ElidedLabel(QLabel):
    """A label that shortens its text in the middle instead of widening the window."""

    def __init__(self) -> None:
        super().__init__()
        self._full = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def setText(self, text: str) -> None:  # noqa: N802
        self._full = text
        self.setToolTip(text)
        self._elide()

    def full_text(self) -> str:
        return self._full

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        super().setText(self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideMiddle, self.width()))


class Header(QWidget):
    """Title on the left, tool buttons on the right."""

    def __init__(self, badge: str) -> None:
        super().__init__()
        self._icons: list[tuple[QAction, str]] = []
        self.title = ElidedLabel()
        badge_label = QLabel(badge)
        badge_label.setStyleSheet("font-weight: 600;")
        self.title.setMinimumWidth(60)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(10, 3, 8, 3)
        self._row.setSpacing(4)
        self._row.addWidget(badge_label)
        self._row.addSpacing(4)
        self._row.addWidget(self.title, 1)

    def add_tool(
        self, name: str, text: str, tip: str, run: Callable[..., object], checkable: bool = False
    ) -> QToolButton:
        """A tool button with an icon of ``resources/icons``; its action is the button's default action.

        ``run`` is told whether a checkable one is on, and nothing otherwise.
        """
        action = QAction(text, self)
        action.setToolTip(tip)
        action.setCheckable(checkable)
        if checkable:
            action.toggled.connect(run)
        else:
            action.triggered.connect(lambda: run())
        action.setIcon(icon(name))
        self._icons.append((action, name))
        button = QToolButton()
        button.setDefaultAction(action)
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(text)
        self._row.addWidget(button)
        return button

    def set_active(self, on: bool) -> None:
        """Tools work only while something is open."""
        for action, _ in self._icons:
            action.setEnabled(on)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for action, name in self._icons:
                action.setIcon(icon(name))
