"""The card of the tour: which of its steps are done, and what to do now."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from app.document.texts import tr

DONE = "#2e9e5b"


class TourCard(QFrame):
    """A title, a mark for every step, a sentence, and buttons; as high as the longest sentence needs.

    Signals:
        left(): the user wants no more of it.
        open_requested(): the button of the first step.
    """

    left = Signal()
    open_requested = Signal()

    def __init__(self, sentences: Sequence[str]):
        """``sentences`` are all that it will show."""
        super().__init__()
        self._sentences = sentences
        self.setObjectName("tourCard")
        self.setAccessibleName(tr("A first minute"))
        self.title, self.marks, self.sentence = QLabel(), QLabel(), QLabel()
        what = QLabel(tr("A first minute"))
        what.setForegroundRole(what.foregroundRole().PlaceholderText)
        self.title.setStyleSheet("font-weight: 600;")
        self.marks.setTextFormat(Qt.TextFormat.RichText)
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.open, self.leave = QPushButton(tr("Open the sample")), QPushButton(tr("Leave the tour"))
        self.open.setProperty("primary", True)
        self.open.clicked.connect(self.open_requested)
        self.leave.clicked.connect(self.left)
        head, row, column = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        head.addWidget(what, 1)
        head.addWidget(self.marks)
        row.addWidget(self.open)
        row.addStretch(1)
        row.addWidget(self.leave)
        column.setContentsMargins(12, 8, 12, 8)
        column.addLayout(head)
        column.addWidget(self.title)
        column.addWidget(self.sentence)
        column.addLayout(row)

    def show_step(self, title: str, sentence: str, done: Sequence[bool], now: int | None) -> None:
        """Show what to do now, the number of a step from 0 on, or that there is no more (None)."""
        self.title.setText(title)
        self.sentence.setText(sentence)
        self.marks.setText("&nbsp;".join(_mark(number, one, number == now) for number, one in enumerate(done)))
        self.marks.setAccessibleName(tr("{done} of {count} steps are done").format(done=sum(done), count=len(done)))
        self.marks.setToolTip(self.marks.accessibleName())
        self.open.setVisible(now == 0)
        self.leave.setText(tr("Leave the tour") if now is not None else tr("Close"))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Nothing around it moves when a step has more to say."""
        super().resizeEvent(event)
        room = QRect(0, 0, self.width() - 24, 1000)
        flags, metrics = Qt.TextFlag.TextWordWrap, self.fontMetrics()
        self.sentence.setMinimumHeight(max(metrics.boundingRect(room, flags, one).height() for one in self._sentences))


def _mark(number: int, done: bool, now: bool) -> str:
    if done:
        return f'<span style="color: {DONE};">✓</span>'
    return f"<b>{number + 1}</b>" if now else f"{number + 1}"
