"""A question or a sentence that lies over a panel, with buttons; nothing below it moves."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

Choice = tuple[str, Callable[[], object]]
"""The text of a button, and what it does."""

MARGIN = 10
"""Between the bar and the edges of the panel, in pixels."""


class PanelBar(QFrame):
    """At the top of ``host``, as wide as it; hidden until there is something to say."""

    def __init__(self, host: QWidget):
        super().__init__(host)
        self._host = host
        self.setObjectName("panelBar")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.buttons: list[QPushButton] = []
        self._row = QHBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 10)
        column.addWidget(self.text)
        column.addLayout(self._row)
        host.installEventFilter(self)
        self.hide()

    def ask(self, text: str, choices: Sequence[Choice]) -> None:
        """Show a sentence and a button for every choice; the first is the one to take."""
        while (item := self._row.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.text.setText(text)
        self.buttons = []
        for label, run in choices:
            button = QPushButton(label)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, r=run: r())
            button.setProperty("primary", not self.buttons)
            self._row.addWidget(button)
            button.show()  # at once, or a bar that is seen already has no room for it
            self.buttons.append(button)
        self._row.addStretch(1)
        self.show()
        self._place()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """As wide as the panel, whenever that changes."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        width = max(self._host.width() - 2 * MARGIN, self.minimumSizeHint().width())
        self.setGeometry(MARGIN, MARGIN, width, self.heightForWidth(width))
