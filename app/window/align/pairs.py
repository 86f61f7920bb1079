"""The list of pairs: what belongs together for certain, and how far the pose that is shown misses it."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem

from app.document.texts import tr
from app.shared.values import Aligned
from app.window.views.swatch import swatch
from core.colors import pair_color
from core.geometry.pose import camera_matrix, reprojection_errors

LINES = 5
"""So many pairs are seen at once."""


@dataclass(frozen=True)
class PairRow:
    """A line of the list: the number of a pair from 1 on, and its error in pixels of the photo; None without a pose."""

    number: int
    error: float | None


def pair_rows(aligned: Aligned | None) -> list[PairRow]:
    """The pairs of an alignment, those first that the pose misses most."""
    if aligned is None:
        return []
    if aligned.pose is None or aligned.K is None or not aligned.pairs:
        return [PairRow(number, None) for number in range(1, len(aligned.pairs) + 1)]
    points, pixels = (np.array([getattr(one, end) for one in aligned.pairs]) for end in ("point", "pixel"))
    errors = reprojection_errors(aligned.pose.pose(), camera_matrix(*aligned.K), points, pixels, aligned.lens)
    return [PairRow(int(place) + 1, float(errors[place])) for place in np.argsort(-errors, kind="stable")]


class PairList(QTreeWidget):
    """Pairs with their errors.

    Signals:
        deleted(numbers): pairs are to go.
    """

    deleted = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderLabels([tr("Pair"), tr("Reprojection error")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setFrameShape(self.Shape.NoFrame)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(False)
        self.setMaximumHeight(round((LINES + 2) * 1.4 * self.fontMetrics().height()))
        self.setToolTip(
            tr(
                "How many pixels lie between a pair's pixel and where the pose puts its point. The worst pair is first; Delete removes the selected ones."
            )
        )
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.set_rows([])

    def set_rows(self, rows: list[PairRow]) -> None:
        """Show these pairs; lines are kept, and a pair that is selected stays so."""
        selected = set(self._selected())
        while self.topLevelItemCount() > len(rows):
            self.takeTopLevelItem(self.topLevelItemCount() - 1)
        for place, row in enumerate(rows):
            item = self.topLevelItem(place)
            if item is None:
                item = QTreeWidgetItem()
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.addTopLevelItem(item)
            item.setData(0, Qt.ItemDataRole.UserRole, row.number)
            item.setText(0, tr("Pair {number}").format(number=row.number))
            item.setIcon(0, swatch(pair_color(row.number)))
            item.setText(1, _pixels(row.error))
            item.setSelected(row.number in selected)
        self.setVisible(bool(rows))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_selected()
        else:
            super().keyPressEvent(event)

    def _selected(self) -> list[int]:
        return [item.data(0, Qt.ItemDataRole.UserRole) for item in self.selectedItems()]

    def delete_selected(self) -> None:
        """Ask for the selected pairs to be deleted."""
        chosen = self._selected()
        if chosen:
            self.clearSelection()  # the numbers are those of other pairs from now on
            self.deleted.emit(chosen)

    def _menu(self, at: QPoint) -> None:
        if self.itemAt(at) is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Delete pair"), self.delete_selected)
        menu.popup(self.viewport().mapToGlobal(at))


def _pixels(error: float | None) -> str:
    if error is None:
        return "–"
    return tr("{error:.1f} px").format(error=error) if isfinite(error) else tr("behind the camera")
