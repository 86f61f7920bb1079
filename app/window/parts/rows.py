"""Lines of the list of parts."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QTreeWidgetItem

from app.window.views.swatch import swatch
from app.window.views.verdicts import COLORS, words


@dataclass(frozen=True)
class PartRow:
    """A line of the list.

    Attributes:
        where: on what it is marked.
        verdict, probability: of what the program found that is least sure, "" and None where all was made by hand.
        about: sentences about all that it found.
    """

    part_id: int
    name: str
    color: str
    visible: bool
    where: str
    verdict: str = ""
    probability: float | None = None
    about: str = ""


def fill(item: QTreeWidgetItem, row: PartRow) -> None:
    """Write a row into a line of three columns: name, where it is marked, how sure that is."""
    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsUserCheckable)
    item.setText(0, row.name)
    item.setText(1, row.where)
    item.setText(2, words(row.verdict, row.probability))
    item.setForeground(2, QColor(COLORS[row.verdict]))
    item.setToolTip(1, row.where)
    item.setToolTip(2, row.about)
    item.setIcon(0, swatch(row.color))
    item.setData(0, Qt.ItemDataRole.UserRole, row.part_id)
    item.setCheckState(0, Qt.CheckState.Checked if row.visible else Qt.CheckState.Unchecked)
