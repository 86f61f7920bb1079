"""The bar at the top: the tasks, the pair that is worked on, the gallery, and what experts want."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from app.document.texts import tr
from app.window.theme import icon
from app.window.views.header import ElidedLabel


class TopBar(QWidget):
    """A button for every action; that of the current task is marked."""

    def __init__(self, tasks: Iterable[QAction], drawers: Iterable[QAction], expert: Iterable[QAction]):
        super().__init__()
        self.setObjectName("bar")
        self.buttons = {str(action.data()): _button(action) for action in (*tasks, *drawers)}
        self.pair = ElidedLabel()
        self.pair.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pair.setAccessibleName(tr("What is worked on"))
        self.expert = QToolButton()
        self.expert.setText(tr("Expert"))
        self.expert.setToolTip(tr("The encoder: choose, measure, adapt it; the Python console"))
        self.expert.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.expert.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.expert.setIconSize(QSize(20, 20))
        self.expert_menu = QMenu(self.expert)
        self.expert_menu.addActions(list(expert))
        self.expert.setMenu(self.expert_menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 1)
        row.setSpacing(2)
        for action in tasks:
            row.addWidget(self.buttons[str(action.data())])
        row.addWidget(self.pair, 1)
        for action in drawers:
            row.addWidget(self.buttons[str(action.data())])
        row.addWidget(self.expert)
        self._draw_icon()

    def show_pair(self, name: str) -> None:
        """Say which files are worked on; "" for none."""
        self.pair.setText(name)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setPen(self.palette().mid().color())
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_icon()

    def _draw_icon(self) -> None:
        self.expert.setIcon(icon("expert"))


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setIconSize(QSize(20, 20))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
