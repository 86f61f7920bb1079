"""The page that measures encoders side by side: a table, bars, pictures of good and bad cases."""

from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import tr
from app.shared.results import Measurement

OPEN_SHAPES = tr("the open shapes")

EMPTY = tr(
    "Measure how well the encoder finds the same place again: in two pictures of the open shapes, or on a data set."
)

OF_VIEWS = tr(
    "Shares of pixels of one picture of a shape that are found in another one, from elsewhere and in other light, within 5, 10 and 20 % of the picture's width. What Adapt says is of places on the shape, looked for in several pictures at once, so its shares are other ones."
)
"""What is measured on shapes."""


class MeasurePage(QDialog):
    """The page that measures encoders.

    Signals:
        measure_requested(data, beside, count): measure, on the open shapes where data is "".
        report_requested(): show the report.
    """

    measure_requested = Signal(str, list, int)
    report_requested = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(tr("Measure encoders"))
        self.resize(760, 560)
        self._make_fields()
        self._lay_out()
        self._measured = Measurement({}, [])

    def _make_fields(self) -> None:
        self.data = QComboBox()
        self.data.setEditable(True)
        self.data.addItems(
            [OPEN_SHAPES, "procedural", *(f"{kind}:" for kind in ("meshes", "onepose", "tapvid", "pfpascal", "spair"))]
        )
        self.data.setToolTip(
            tr(
                "The open shapes, procedural ones, or a data set: onepose:FOLDER, tapvid:FILE, pfpascal:FOLDER, spair:FOLDER, meshes:FOLDER"
            )
        )
        self.beside = QLineEdit()
        self.beside.setPlaceholderText(tr("none; for example dinov2, pocket+my-adapter.safetensors"))
        self.beside.setToolTip(
            tr("Other encoders as NAME or NAME+ADAPTER, separated by commas; the one in use is always measured")
        )
        self.count = QSpinBox()
        self.count.setRange(1, 10_000)
        self.count.setValue(12)
        self.count.setToolTip(tr("At most so many shapes, objects, videos, or pairs of each category"))
        self.measure, self.report = QPushButton(tr("Measure")), QPushButton(tr("Open report"))
        self.measure.setDefault(True)
        self.measure.clicked.connect(self._ask)
        self.report.clicked.connect(self.report_requested)
        self.report.setEnabled(False)
        self.state = QLabel(EMPTY)
        self.state.setWordWrap(True)
        self.table = QTableWidget()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.itemSelectionChanged.connect(self._show_cases)
        self.bars = Bars()
        self.bad, self.good = QLabel(), QLabel()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Data"), self.data)
        form.addRow(tr("Compare with"), self.beside)
        form.addRow(tr("Number"), self.count)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.report)
        buttons.addWidget(self.measure)
        cases = QHBoxLayout()
        for label in (self.bad, self.good):
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
            cases.addWidget(label, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.state)
        layout.addWidget(self.table, 2)
        layout.addWidget(self.bars, 1)
        layout.addLayout(cases, 2)

    def set_busy(self, busy: bool) -> None:
        self.measure.setEnabled(not busy)
        if busy:
            self.state.setText(tr("Measuring…"))

    def show_measured(self, measured: Measurement, done: bool) -> None:
        """Fill table, bars and pictures; ``done`` when nothing is missing."""
        self._measured = measured
        title, rows = next(iter(measured.tables.items()))
        said = title if done else tr("{title}: measuring…").format(title=title)
        self.state.setText(f"{said}\n{OF_VIEWS}" if title.startswith("multiview") else said)
        self.report.setEnabled(done)
        columns = list(rows[0])
        self.table.setColumnCount(len(columns))
        self.table.setHorizontalHeaderLabels(columns)
        self.table.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                value = row[column]
                item = QTableWidgetItem(
                    value if isinstance(value, str) else f"{value:.2f}" if value != int(value) else f"{value:.0f}"
                )
                if j:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(i, j, item)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.bars.show_rows([{k: v for k, v in row.items() if k not in ("cases", "ape")} for row in rows])
        if self.table.currentRow() < 0:
            self.table.selectRow(0)
        self._show_cases()

    def _ask(self) -> None:
        others = [name.strip() for name in self.beside.text().split(",") if name.strip()]
        data = self.data.currentText().strip()
        self.measure_requested.emit("" if data == OPEN_SHAPES else data, others, self.count.value())

    def _show_cases(self) -> None:
        """The worst and the best picture of the encoder of the chosen row."""
        chosen = self.table.item(self.table.currentRow(), 0)
        name = chosen.text() if chosen is not None else ""
        cases = sorted((case for case in self._measured.cases if case[0] == name), key=lambda case: case[2])
        for label, case in zip((self.bad, self.good), (cases[:1], cases[1:][-1:]), strict=True):
            label.setPixmap(QPixmap())
            if case:
                _, part, share, file = case[0]
                label.setPixmap(QPixmap(file).scaledToHeight(150, Qt.TransformationMode.SmoothTransformation))
                label.setToolTip(tr("{part}: {share:.0%} right").format(part=part, share=share))


class Bars(QWidget):
    """Shares in [0, 1]: a group of bars for every column, one bar for every row."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.rows: list[dict[str, Any]] = []
        self.setMinimumHeight(90)

    def show_rows(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if not self.rows:
            return
        painter, palette = QPainter(self), self.palette()
        columns = list(self.rows[0])[1:]
        line = painter.fontMetrics().height()
        wide, tall = self.width() / max(len(columns), 1), self.height() - 2 * line
        colors = [palette.color(QPalette.ColorRole.Highlight), palette.color(QPalette.ColorRole.PlaceholderText)]
        for i, column in enumerate(columns):
            thick = min(28.0, 0.7 * wide / len(self.rows))
            begin = i * wide + (wide - thick * len(self.rows)) / 2
            for j, row in enumerate(self.rows):
                value = row[column]
                if not 0 <= value <= 1:
                    continue
                x, y = begin + j * thick, line + tall * (1 - value)
                color = colors[0] if j == 0 else colors[1].lighter(100 + 15 * (j - 1))
                painter.fillRect(QRectF(x, y, thick - 3, tall * value), color)
                painter.setPen(palette.color(QPalette.ColorRole.WindowText))
                center = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
                painter.drawText(QRectF(x - thick, y - line, 3 * thick - 3, line), center, f"{100 * value:.0f}")
            painter.drawText(QRectF(i * wide, line + tall, wide, line), Qt.AlignmentFlag.AlignHCenter, column)
