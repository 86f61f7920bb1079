"""What can be done first: samples, and what was open before; shown while nothing is open."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from app.document.texts import tr

SHOWN = 4


class Welcome(QWidget):
    """A row of buttons; ``add(text, tip, run)`` puts one there."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 8, 12, 8)
        self.buttons: list[QPushButton] = []

    def fill(self, samples: dict[str, Callable[[], object]], recent: list[str], opens: Callable[[str], None]) -> None:
        """Buttons for samples and for recent files that are still there."""
        while (item := self._row.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        self.buttons = []
        self._say(tr("Try"))
        for text, run in samples.items():
            self._add(text, "", run)
        there = [path for path in recent if Path(path).exists()][:SHOWN]
        if there:
            self._say(tr("or open again"))
        for path in there:
            self._add(Path(path).name, path, partial(opens, path))
        self._row.addStretch()

    def _say(self, text: str) -> None:
        label = QLabel(text)
        label.setForegroundRole(label.foregroundRole().PlaceholderText)
        self._row.addWidget(label)

    def _add(self, text: str, tip: str, run: Callable[[], object]) -> None:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: run())
        self._row.addWidget(button)
        self.buttons.append(button)
