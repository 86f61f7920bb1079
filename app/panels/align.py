"""The align dock: start, choose among hypotheses, see how much the photo agrees."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)


class AlignPanel(QWidget):
    """Signals: wanted(), stopped(), chosen(index), forgotten(), opacity_changed(0 to 1)."""

    wanted = Signal()
    stopped = Signal()
    chosen = Signal(int)
    forgotten = Signal()
    opacity_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.fov, self.dof = QDoubleSpinBox(), QComboBox()
        self.fov.setRange(0, 170)
        self.fov.setSpecialValueText("from the photo, or 50°")
        self.fov.setSuffix("°")
        self.fov.setToolTip("What the photo's longer side spans; 0 takes it from the photo's EXIF data, or as 50°")
        for value, text in ((6, "place and rotation"), (7, "and one scale"), (9, "and a scale for each axis")):
            self.dof.addItem(f"{value}: {text}", value)
        self.dof.setToolTip("Degrees of freedom: more when the shape is not exactly that of the photo")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(65)
        self.opacity.setAccessibleName("Opacity of the shape over the photo")
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        form = QFormLayout()
        form.addRow("Field of view", self.fov)
        form.addRow("Freedom", self.dof)
        form.addRow("Opacity", self.opacity)
        self.start, self.forget = QPushButton("Align shape to photo"), QPushButton("Clear")
        self.start.clicked.connect(self._pressed)
        self.forget.clicked.connect(self.forgotten)
        self.hint = QLabel("Draw the focus box (B) around the object in the photo, then align the shape to it.")
        self.hint.setWordWrap(True)
        self.hint.setForegroundRole(self.hint.foregroundRole().PlaceholderText)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.list = QListWidget()
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setToolTip(
            "Other poses that the photo agrees with, for objects that look the same from several sides"
        )
        self.list.currentRowChanged.connect(self._row_changed)
        buttons = QHBoxLayout()
        buttons.addWidget(self.start, 1)
        buttons.addWidget(self.forget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.hint)
        layout.addWidget(self.verdict)
        layout.addWidget(self.list, 100)
        layout.addStretch(1)
        self._runs = False
        self.set_ready(False)
        self.set_poses([], 0, "")

    def set_ready(self, ready: bool) -> None:
        """Whether an image and a shape are there to be aligned."""
        self.start.setEnabled(ready)

    def set_running(self, runs: bool) -> None:
        self._runs = runs
        self.start.setText("Stop" if runs else "Align shape to photo")

    def set_poses(self, lines: list[str], choice: int, verdict: str) -> None:
        """Show hypotheses, a line each."""
        blocker = QSignalBlocker(self.list)
        self.list.clear()
        self.list.addItems(lines)
        self.list.setCurrentRow(choice if lines else -1)
        blocker.unblock()
        self.verdict.setText(verdict)
        self.verdict.setVisible(bool(verdict))
        self.hint.setVisible(not lines)
        self.list.setVisible(bool(lines))
        self.forget.setEnabled(bool(lines))

    def _pressed(self) -> None:
        (self.stopped if self._runs else self.wanted).emit()

    def _row_changed(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)
