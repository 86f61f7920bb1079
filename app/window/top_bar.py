"""The bar at the top: the tasks, the pair that is worked on, the layers, the gallery, and what experts want."""

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
        self.expert_menu = QMenu(self.expert)
        self.expert_menu.addActions(list(expert))
        self.expert.setMenu(self.expert_menu)
        self.layers = QToolButton()
        self.layers.setText(tr("Layers"))
        self.layers.setToolTip(tr("What is seen over photos and shapes, and how strong"))
        for button in (self.layers, self.expert):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(20, 20))
        self._by_hand = False
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 1)
        row.setSpacing(2)
        for action in tasks:
            row.addWidget(self.buttons[str(action.data())])
        row.addWidget(self.pair, 1)
        row.addWidget(self.layers)
        for action in drawers:
            row.addWidget(self.buttons[str(action.data())])
        row.addWidget(self.expert)
        self._draw_icons()

    def show_pair(self, name: str) -> None:
        """Say which files are worked on; "" for none."""
        self.pair.setText(name)

    def mark_layers(self, by_hand: bool) -> None:
        """Show whether something is seen in another way than the task says."""
        if by_hand != self._by_hand:
            self._by_hand = by_hand
            self._draw_icons()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setPen(self.palette().mid().color())
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_icons()

    def _draw_icons(self) -> None:
        self.layers.setIcon(icon("layers-set" if self._by_hand else "layers"))
        self.expert.setIcon(icon("expert"))


def _button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setIconSize(QSize(20, 20))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
