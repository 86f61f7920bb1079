"""The table of other poses beside those of a scene: a line for each true pose, sorted by any column."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.document.texts import tr
from app.window.text_keys import OwnReturn
from core.registration.things import InstanceKey

Row = Mapping[str, Any]
Index = QModelIndex | QPersistentModelIndex

ERRORS = {
    "rotation": (tr("Rotation (°)"), tr("The angle between the two rotations, of symmetric shapes the smallest")),
    "translation": (tr("Place (mm)"), tr("The distance between the two places")),
    "ADD": (tr("ADD (mm)"), tr("The mean distance between the same points of the shape at both poses")),
    "ADD-S": (tr("ADD-S (mm)"), tr("The mean distance to the nearest point: also for symmetric shapes")),
    "MSSD": (tr("MSSD (mm)"), tr("The largest distance of a point of the shape, over its symmetries (BOP)")),
    "MSPD": (tr("MSPD (px)"), tr("The largest distance of a point in the photo, over the symmetries (BOP)")),
    "VSD": (tr("VSD"), tr("The share of what is seen that differs in depth, 0 to 1 (BOP)")),
    "reprojection": (tr("In the photo (px)"), tr("The mean distance of the same points in the photo, lens and all")),
}
"""Titles and explanations of what is measured, by column of :mod:`core.scenes.inspect`."""

CIRCUMSTANCES = {
    "distance": (tr("Distance (mm)"), tr("From the camera to the thing")),
    "visibility": (tr("Visible (%)"), tr("The share of the thing that nothing hides")),
}
PLACE = {
    "photo": (tr("Photo"), tr("A double-click or Return goes there, with the other pose as an orange outline")),
    "object": (tr("Object"), ""),
}
COLUMNS = {**PLACE, **ERRORS, **CIRCUMSTANCES}
NAMES = list(COLUMNS)

NUMBER = Qt.ItemDataRole.UserRole
MISSING = "–"


def thing_of(row: Row) -> InstanceKey:
    """What a row is about."""
    return InstanceKey(row["object"], row["instance"])


def place_of(row: Row) -> tuple[str, InstanceKey]:
    """The photo that a row is about, and the thing in it."""
    return row["photo"], thing_of(row)


class ResultsModel(QAbstractTableModel):
    """Rows of :func:`core.scenes.inspect.inspect`."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Row] = ()
        self.order: Mapping[str, int] = {}
        self._name_of: Callable[[InstanceKey], str] = str

    def show_rows(self, rows: Sequence[Row], order: Mapping[str, int], name_of: Callable[[InstanceKey], str]) -> None:
        """Show rows; ``order`` is that of the photos, ``name_of`` what people read of a thing."""
        self.beginResetModel()
        self.rows, self.order, self._name_of = rows, order, name_of
        self.endResetModel()

    @staticmethod
    def columns() -> list[str]:
        """The names of the columns."""
        return NAMES

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(NAMES)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[NAMES[section]][0]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return COLUMNS[NAMES[section]][1]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, name = self.rows[index.row()], NAMES[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, name)
        if role == NUMBER:
            return self._number(row, name)
        if role == Qt.ItemDataRole.TextAlignmentRole and name not in PLACE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _text(self, row: Row, name: str) -> str:
        value = row[name]
        if name == "object":
            return self._name_of(thing_of(row))
        if name == "photo" or value is None:
            return MISSING if value is None else str(value)
        return f"{100 * value:.0f}" if name == "visibility" else f"{value:.2f}" if value < 100 else f"{value:.0f}"

    def _number(self, row: Row, name: str) -> float:
        """What a column is sorted by; a true pose without another one is worse than any."""
        if name == "photo":
            return self.order.get(row["photo"], -1)
        if name == "object":
            return 1000.0 * float(row["object"]) + float(row["instance"])
        return math.inf if row[name] is None else float(row[name])


class ResultsTable(OwnReturn, QTableView):
    """Sorted by a click on a title, the largest first.

    Signals:
        opened(row): a double-click on a row of the model, or Return.
        chosen(row): another one is current, -1 for none.
    """

    opened = Signal(int)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.rows = ResultsModel()
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.rows)
        self._sorted.setSortRole(NUMBER)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(NAMES.index("ADD-S"), Qt.SortOrder.DescendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        head = self.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setHighlightSections(False)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._sorted.mapToSource(index).row()))
        self.selectionModel().currentRowChanged.connect(lambda *_: self.chosen.emit(self.current()))
        self._sorted.modelReset.connect(self.resizeColumnsToContents)

    def current(self) -> int:
        """The row of the model that is selected, -1 for none."""
        return self._sorted.mapToSource(self.currentIndex()).row()

    def select(self, row: int) -> None:
        """Select a row of the model, -1 for none."""
        self.setCurrentIndex(self._sorted.mapFromSource(self.rows.index(row, 0)))

    def choose(self, row: int) -> None:
        """Select a row of the model, and show it."""
        self.select(row)
        self.scrollTo(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current() >= 0:
            self.opened.emit(self.current())
            return
        super().keyPressEvent(event)
