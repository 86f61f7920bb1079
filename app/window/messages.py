"""What the program said: for a while in the status bar, and kept to be read again."""

from collections import deque
from datetime import datetime

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDialog, QListWidget, QStatusBar, QVBoxLayout, QWidget

from app.document.texts import tr

KEPT = 50
"""The last messages; older ones are in the log."""

WARNING_MS = 10_000


class Messages(QObject):
    """Sentences for the user."""

    def __init__(self, status_bar: QStatusBar, parent: QObject | None = None):
        super().__init__(parent)
        self._status_bar = status_bar
        self.kept: deque[tuple[datetime, str]] = deque(maxlen=KEPT)
        status_bar.installEventFilter(self)

    def say(self, sentence: str, milliseconds: int) -> None:
        """Show a sentence in the status bar for a while, and keep it."""
        self.keep(sentence)
        self._status_bar.showMessage(sentence, milliseconds)

    def keep(self, sentence: str) -> None:
        """Keep a sentence that is shown elsewhere."""
        self.kept.append((datetime.now(), sentence))

    def warn(self, sentences: list[str]) -> None:
        """Show what the user should know about a result."""
        for sentence in sentences:
            self.say(sentence, WARNING_MS)
        if len(sentences) > 1:
            more = tr("{sentence} (and {count} more: Help > Messages)")
            self._status_bar.showMessage(more.format(sentence=sentences[0], count=len(sentences) - 1), WARNING_MS)

    def show(self, parent: QWidget) -> "MessageList":
        """Show what was said, the last first."""
        dialog = MessageList([f"{time:%H:%M:%S}  {sentence}" for time, sentence in reversed(self.kept)], parent)
        dialog.open()
        return dialog

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """A click on the sentence in the status bar shows all."""
        if event.type() == QEvent.Type.MouseButtonRelease and self._status_bar.currentMessage():
            self.show(self._status_bar.window())
            return True
        return super().eventFilter(watched, event)


class MessageList(QDialog):
    """Lines, each with its time."""

    def __init__(self, lines: list[str], parent: QWidget | None = None):
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Messages"))
        self.resize(640, 320)
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.addItems(lines or [tr("Nothing yet")])
        layout = QVBoxLayout(self)
        layout.addWidget(self.list)
