"""The tasks in the status bar: what the engine is doing, how far it is, what waits behind it, and Cancel for each."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from app.document.texts import tr
from app.window.engine_client import Request


class TaskRow(QWidget):
    """One request: what it is, how far it is, and Cancel."""

    def __init__(self, request: Request):
        super().__init__()
        self.request, self.step, self.fraction = request, "", 0.0
        self.label, self.bar, self.cancel = QLabel(), QProgressBar(), QToolButton()
        self.label.setMinimumWidth(280)
        self.bar.setRange(0, 100)
        self.bar.setFixedSize(120, 10)
        self.bar.setTextVisible(False)
        self.cancel.setText(tr("Cancel"))
        self.cancel.setToolTip(tr("Stop this task"))
        self.cancel.clicked.connect(lambda: self.stop())
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 4, 2)
        row.addWidget(self.label, 1)
        row.addWidget(self.bar)
        row.addWidget(self.cancel)
        self.show_state()

    @property
    def text(self) -> str:
        """What it is doing now, or that it waits."""
        if self.request.state == "waiting":
            return tr("{title} (waiting)").format(title=self.request.title)
        if not self.step:
            return self.request.title
        return tr("{title}, {share:.0%}: {step}").format(title=self.request.title, share=self.fraction, step=self.step)

    def show_state(self) -> None:
        self.label.setText(self.text)
        self.bar.setValue(round(100 * self.fraction))

    def progress(self, fraction: float, step: str) -> None:
        """``fraction`` is of the whole request, whatever its present step counts; it never falls."""
        self.fraction, self.step = max(self.fraction, fraction), step
        self.show_state()

    def stop(self) -> None:
        self.step = tr("Stopping…")
        self.show_state()
        self.request.cancel()


class TaskBar(QWidget):
    """Shows the request that has run longest, and all others in a list above; hidden when there is none."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.label = QLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setFixedWidth(160)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.cancel, self.more = QToolButton(), QToolButton()
        self.cancel.setText(tr("Cancel"))
        self.cancel.setToolTip(tr("Stop this task"))
        self.cancel.clicked.connect(lambda: self._cancel())
        self.more.setToolTip(tr("Show everything that runs or waits"))
        self.more.clicked.connect(lambda: self.open_list())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 6, 0)
        for widget in (self.label, self.bar, self.cancel, self.more):
            row.addWidget(widget)
        self.rows: list[TaskRow] = []
        self.list = QFrame(self, Qt.WindowType.Popup)
        self.list.setFrameShape(QFrame.Shape.StyledPanel)
        self._column = QVBoxLayout(self.list)
        self._column.setContentsMargins(0, 4, 0, 4)
        self._column.setSpacing(0)
        self.setVisible(False)

    def follow(self, request: Request) -> None:
        """Show a request until it is finished."""
        row = TaskRow(request)
        self.rows.append(row)
        self._column.addWidget(row)
        request.started.connect(lambda: self._changed(row))
        request.progressed.connect(lambda fraction, step: self._progress(row, fraction, step))
        request.finished.connect(lambda: self._forget(row))
        self._show()

    def is_idle(self) -> bool:
        return not self.rows

    def open_list(self) -> None:
        """Show all of them above the status bar."""
        self.list.adjustSize()
        corner = self.mapToGlobal(QPoint(self.width(), 0))
        self.list.move(corner - QPoint(self.list.width(), self.list.height() + 4))
        self.list.show()

    def _changed(self, row: TaskRow) -> None:
        row.show_state()
        self._show()

    def _progress(self, row: TaskRow, fraction: float, step: str) -> None:
        row.progress(fraction, step)
        self._show()

    def _shown(self) -> TaskRow | None:
        """One that runs, before those that wait."""
        return min(self.rows, key=lambda row: row.request.state == "waiting", default=None)

    def _show(self) -> None:
        row = self._shown()
        if row is not None:
            self.label.setText(row.text)
            self.bar.setUpdatesEnabled(False)  # else it paints the whole window at once
            self.bar.setValue(round(100 * row.fraction))
            self.bar.setUpdatesEnabled(True)
            others = len(self.rows) - 1
            self.more.setText(tr("{others} more ▴").format(others=others))
            self.more.setVisible(others > 0)
        self.setVisible(row is not None)

    def _forget(self, row: TaskRow) -> None:
        self.rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()  # it may be its own Cancel that ended it
        self.list.setVisible(self.list.isVisible() and bool(self.rows))
        self._show()

    def _cancel(self) -> None:
        row = self._shown()
        if row is not None:
            row.stop()
            self._show()
