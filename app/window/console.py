"""A Python console in the window's own process."""

import code
import contextlib
import io
import sys
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFontDatabase, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.document.texts import tr


class Console(QWidget):
    """Runs lines of Python with some names at hand; what they raise is shown, never thrown."""

    def __init__(self, names: dict[str, Any], parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(tr("Python console"))
        self.setWindowFlag(Qt.WindowType.Window)
        self.resize(640, 360)
        self.names = dict(names)
        self._interpreter = code.InteractiveConsole(self.names)
        self.output, self.input = QPlainTextEdit(readOnly=True), QLineEdit()
        self.output.setMaximumBlockCount(5000)
        for widget in (self.output, self.input):
            widget.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.input.setPlaceholderText(">>>")
        self.input.returnPressed.connect(self._enter)
        self.input.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.addWidget(self.output, 1)
        layout.addWidget(self.input)
        self._history: list[str] = []
        self._at = 0
        self.output.appendPlainText(
            tr("Python {version}. You can use {names}.").format(version=sys.version.split()[0], names=", ".join(names))
        )

    def run(self, line: str) -> str:
        """Run a line, show it with what it printed, and return that."""
        caught, hook = io.StringIO(), sys.excepthook
        sys.excepthook = sys.__excepthook__  # another would take what is raised away from us
        with contextlib.redirect_stdout(caught), contextlib.redirect_stderr(caught):
            try:
                more = self._interpreter.push(line)
            except SystemExit:
                more = False
                print("The window is closed by File > Quit.")  # noqa: T201 - into the console
            finally:
                sys.excepthook = hook
        self.input.setPlaceholderText("..." if more else ">>>")
        text = caught.getvalue().rstrip("\n")
        self.output.appendPlainText(f">>> {line}" + (f"\n{text}" if text else ""))
        return text

    def _enter(self) -> None:
        line = self.input.text()
        self.input.clear()
        if line.strip():
            self._history.append(line)
        self._at = len(self._history)
        self.run(line)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Up and down go through what was entered."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self.input:
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if step is not None:
                self._at = min(max(self._at + step, 0), len(self._history))
                self.input.setText(self._history[self._at] if self._at < len(self._history) else "")
                return True
        return super().eventFilter(watched, event)
