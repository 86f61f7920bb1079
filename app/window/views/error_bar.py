"""What went wrong, said in the panel that it is about."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.document.texts import tr

STYLE = """
ErrorBar { background: #9d2f3b; border: 0; }
ErrorBar QLabel { color: white; }
ErrorBar QPushButton {
  color: white; background: transparent; border: 1px solid rgba(255, 255, 255, 150); border-radius: 4px; padding: 2px 8px;
}
ErrorBar QPushButton:hover, ErrorBar QPushButton:focus { background: rgba(255, 255, 255, 50); }
"""


class ErrorBar(QFrame):
    """Shows the last sentence until it is closed, with what can be done about it; the window stays usable."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setStyleSheet(STYLE)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action, self.refusal = QPushButton(), QPushButton(tr("Give up"))
        self.more, self.close_button = QPushButton(tr("Details")), QPushButton("✕")
        self.action.clicked.connect(lambda: self._act())
        self.refusal.clicked.connect(lambda: self.clear())
        self.more.clicked.connect(lambda: self._show_details())
        self.close_button.clicked.connect(lambda: self.clear())
        self.close_button.setToolTip(tr("Close"))
        self.close_button.setAccessibleName(tr("Close"))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 6, 5)
        row.addWidget(self.text, 1)
        for button in (self.action, self.refusal, self.more, self.close_button):
            row.addWidget(button)
        self._details, self._count = "", 0
        self._run: Callable[[], object] | None = None
        self._otherwise: Callable[[], object] | None = None
        self.hide()

    @property
    def asks(self) -> bool:
        """Whether something waits for an answer."""
        return self._otherwise is not None

    def say(
        self,
        sentence: str,
        details: str = "",
        action: str = "",
        run: Callable[[], object] | None = None,
        otherwise: Callable[[], object] | None = None,
    ) -> None:
        """Show a sentence; ``details`` can be asked for, and ``action`` is a button that runs ``run``.

        With ``otherwise`` it is a question, which that answers when the bar is closed or says something else.
        """
        self._refuse()
        self._otherwise = otherwise
        self.refusal.setVisible(otherwise is not None)
        self._count = self._count + 1 if self.isVisible() else 1
        more = "" if self._count == 1 else tr(" (and {count} before: Help > Messages)").format(count=self._count - 1)
        self.text.setText(sentence + more)
        self._details, self._run = details, run
        self.more.setVisible(bool(details))
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.show()

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self._count = 0
        self.hide()
        self._refuse()

    def _refuse(self) -> None:
        otherwise, self._otherwise = self._otherwise, None
        if otherwise is not None:
            otherwise()

    def _act(self) -> None:
        self._otherwise = None
        self.clear()
        if self._run is not None:
            self._run()

    def _show_details(self) -> None:
        dialog = QDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Details"))
        dialog.resize(720, 360)
        text = QPlainTextEdit(self._details, readOnly=True)
        QVBoxLayout(dialog).addWidget(text)
        dialog.open()
