"""The page of other poses beside those of a scene: what they are like on the whole, the table, the plot."""

from collections.abc import Callable, Mapping
from math import ceil, floor
from pathlib import Path
from statistics import median

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from app.document.texts import tr
from app.shared.results import Inspected
from app.window.scene.results_plot import USUAL, Axis, Point, ResultsPlot
from app.window.scene.results_table import CIRCUMSTANCES, ERRORS, ResultsTable, Row, place_of, thing_of
from core.registration.things import InstanceKey

VIEWPOINT = "viewpoint"
OVER = {**{name: text for name, (text, _) in CIRCUMSTANCES.items()}, VIEWPOINT: tr("Viewpoint")}


class ResultsPage(QDialog):
    """Stays beside the window, so that one photo after the other can be looked at.

    Signals:
        opened(photo, thing): go there.
        other_requested(): read another file.
        again_requested(): measure anew what was changed.
        left(): it was closed.
    """

    opened = Signal(str, object)
    other_requested = Signal()
    again_requested = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(tr("Inspect results"))
        self.resize(1230, 520)
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.table, self.plot = ResultsTable(), ResultsPlot()
        self.error, self.over = QComboBox(), QComboBox()
        for name, (text, _) in ERRORS.items():
            self.error.addItem(text, name)
        for name, text in OVER.items():
            self.over.addItem(text, name)
        self.error.setCurrentIndex(self.error.findData("ADD-S"))
        self.other = QPushButton(tr("Open other results…"))
        self.other.setAutoDefault(False)
        self.other.clicked.connect(self.other_requested)
        self.changed, self.again = QLabel(), QPushButton(tr("Measure again"))
        self.again.setAutoDefault(False)
        self.again.clicked.connect(self.again_requested)
        self._name_of: Callable[[InstanceKey], str] = str
        self._lay_out()
        self.show_changed(0, False)
        self.table.opened.connect(self._open)
        self.table.chosen.connect(self.plot.set_current)
        self.plot.chosen.connect(self.table.choose)
        self.plot.opened.connect(self._open)
        for box in (self.error, self.over):
            box.currentIndexChanged.connect(self._draw)
        self.finished.connect(lambda _: self.left.emit())

    def show_inspected(self, found: Inspected, order: Mapping[str, int], name_of: Callable[[InstanceKey], str]) -> None:
        """Fill everything; ``order`` is that of the photos, ``name_of`` what people read of a thing."""
        self._name_of = name_of
        self.table.rows.show_rows(found.rows, order, name_of)
        self.about.setText(_summary(found))
        self._draw()
        if found.rows:
            self.table.selectRow(0)

    def update_inspected(self, found: Inspected) -> None:
        """Other numbers: what is chosen stays so, and the table stays where it is."""
        rows, bar = self.table.rows, self.table.verticalScrollBar()
        chosen, place = self.table.current(), bar.value()
        current = None if chosen < 0 else place_of(rows.rows[chosen])
        rows.show_rows(found.rows, rows.order, self._name_of)
        self.about.setText(_summary(found))
        self._draw()
        self.table.select(next((number for number, row in enumerate(found.rows) if place_of(row) == current), -1))
        bar.setValue(place)

    def show_changed(self, count: int, stopped: bool) -> None:
        """Say that numbers of so many photos are of before these were changed, and whether they are measured anew."""
        if stopped:
            self.changed.setText(tr("Photos changed since they were measured: {count}").format(count=count))
        else:
            self.changed.setText(tr("Photos changed: {count}. Measuring them again…").format(count=count))
        self.changed.setVisible(count > 0)
        self.again.setVisible(count > 0 and stopped)

    def _lay_out(self) -> None:
        choice = QHBoxLayout()
        for label, box in ((tr("Plot"), self.error), (tr("over"), self.over)):
            name = QLabel(label)
            name.setBuddy(box)
            choice.addWidget(name)
            choice.addWidget(box)
        choice.addStretch()
        choice.addWidget(self.changed)
        choice.addWidget(self.again)
        choice.addWidget(self.other)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(choice)
        column.addWidget(self.plot, 1)
        both = QSplitter(Qt.Orientation.Vertical)
        both.setChildrenCollapsible(False)
        both.addWidget(self.table)
        both.addWidget(lower)
        both.setStretchFactor(0, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.about)
        layout.addWidget(both, 1)

    def _open(self, row: int) -> None:
        self.table.choose(row)
        about = self.table.rows.rows[row]
        self.opened.emit(about["photo"], thing_of(about))

    def _draw(self) -> None:
        """The plot that is chosen."""
        rows, error, over = self.table.rows.rows, self.error.currentData(), self.over.currentData()
        needed = ("azimuth", "elevation") if over == VIEWPOINT else (over,)
        shown = [(n, row) for n, row in enumerate(rows) if all(row[name] is not None for name in (error, *needed))]
        top = _usual([row[error] for _, row in shown])
        title = ERRORS[error][0]
        empty = tr("There is nothing to plot: none of these poses has both numbers.")
        if over == VIEWPOINT:
            points = [
                Point(n, row["azimuth"], row["elevation"], min(row[error] / (top or 1), 1.0), self._about(row, error))
                for n, row in shown
            ]
            heights = [point.y for point in points] or [0.0]
            lowest, highest = 30 * floor(min(heights) / 30), 30 * ceil(max(heights) / 30)
            across, up = Axis(tr("Azimuth (°)"), -180, 180, 45), Axis(tr("Elevation (°)"), lowest, highest, 30)
            note = tr("{error}: blue is 0, red {top} and more").format(error=title, top=f"{top:.3g}")
            self.plot.show_points(points, across, up, note, empty)
            return
        factor = 100.0 if over == "visibility" else 1.0
        points = [Point(n, factor * row[over], row[error], None, self._about(row, error)) for n, row in shown]
        places = [point.x for point in points] or [0.0]
        low, high = (0.0, 100.0) if over == "visibility" else (min(places), max(places))
        beyond = sum(point.y > top for point in points)
        note = tr("The line is the median; {count} poses are above the scale").format(count=beyond)
        self.plot.show_points(points, Axis(OVER[over], low, high), Axis(title, 0, top or 1), note, empty)

    def _about(self, row: Row, error: str) -> str:
        number = f"{row[error]:.2f}"
        words = tr("{thing} in photo {photo}: {error} {number}")
        return words.format(
            thing=self._name_of(thing_of(row)), photo=row["photo"], error=ERRORS[error][0], number=number
        )


def _usual(values: list[float]) -> float:
    """Where the scale of an error ends: most values are below that, the others not far."""
    ordered = sorted(value for value in values if value < float("inf"))
    if not ordered:
        return 0.0
    return min(ordered[-1], 1.5 * ordered[int(USUAL * (len(ordered) - 1))])


def _summary(found: Inspected) -> str:
    measured = [row for row in found.rows if row["ADD"] is not None]
    without = len(found.rows) - len(measured)
    words = tr("{name}: {count} poses beside the scene's own.").format(name=Path(found.path).name, count=len(measured))
    if measured:
        numbers = {name: median(row[name] for row in measured) for name in ("rotation", "ADD-S", "reprojection")}
        said = tr(
            "In the median they are {rotation:.1f}° off, ADD-S is {adds:.1f} mm, {pixels:.1f} pixels in the photo."
        )
        words += " " + said.format(rotation=numbers["rotation"], adds=numbers["ADD-S"], pixels=numbers["reprojection"])
    if without:
        words += " " + tr("{count} poses of the scene have none beside them and stand first.").format(count=without)
    return words
