"""The panels in three columns: two of images, one of shapes."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter

from app.shared.values import SLOTS, Slot
from app.window.views.panels import Panels


class Columns(QSplitter):
    """A column is seen while one of its panels is."""

    def __init__(self, panels: Panels):
        super().__init__(Qt.Orientation.Horizontal)
        self._panels = panels
        for slots in (SLOTS[:2], SLOTS[2:4], SLOTS[4:]):
            column = QSplitter(Qt.Orientation.Vertical)
            self.addWidget(column)
            for slot in slots:
                column.addWidget(panels[slot])
            for slot in slots:
                self.show_panel(slot, slot.endswith("1"))
            column.setChildrenCollapsible(False)
        self.setChildrenCollapsible(False)
        self.setSizes([500, 500, 500])

    def show_panel(self, slot: Slot, on: bool) -> None:
        """Show or hide a panel, and with it the column that it alone fills.

        One that appears shares the column evenly.
        """
        appears = on and self._panels[slot].isHidden()
        column = self._panels[slot].parentWidget()
        if isinstance(column, QSplitter) and appears:
            column.setSizes([column.height()] * column.count())  # before, so that the others change their size once
        self._panels[slot].setVisible(on)
        if isinstance(column, QSplitter):
            column.setVisible(any(not p.isHidden() for p in self._panels.values() if p.parentWidget() is column))
