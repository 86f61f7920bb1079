"""The task in the status bar: what the engine is doing, how far it is, and Cancel."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from app.document.texts import tr
from app.window.engine_client import Request


class TaskBar(QWidget):
    """Shows the oldest unfinished request; hidden when there is none."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.label = QLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setFixedWidth(160)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.cancel = QToolButton()
        self.cancel.setText(tr("Cancel"))
        self.cancel.setToolTip(tr("Stop this task"))
        self.cancel.clicked.connect(self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 6, 0)
        for widget in (self.label, self.bar, self.cancel):
            row.addWidget(widget)
        self._requests: list[Request] = []
        self.setVisible(False)

    def follow(self, request: Request) -> None:
        """Show a request until it is finished."""
        self._requests.append(request)
        request.progressed.connect(lambda fraction, text: self._progress(request, fraction, text))
        request.finished.connect(lambda: self._forget(request))
        if len(self._requests) == 1:
            self._show(tr("Waiting for the engine"), 0.0)

    def is_idle(self) -> bool:
        return not self._requests

    def _progress(self, request: Request, fraction: float, text: str) -> None:
        if self._requests and request is self._requests[0]:
            self._show(text, fraction)

    def _show(self, text: str, fraction: float) -> None:
        self.label.setText(text)
        self.bar.setValue(round(100 * fraction))
        self.setVisible(True)

    def _forget(self, request: Request) -> None:
        if request in self._requests:
            self._requests.remove(request)
        self.setVisible(bool(self._requests))

    def _cancel(self) -> None:
        if self._requests:
            self._requests[0].cancel()
            self.label.setText(tr("Stopping…"))
