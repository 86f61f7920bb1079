"""The list of a scene's things: their colours, and how each is posed in the photo that is worked on."""

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from app.document.scene import OpenScene
from app.document.texts import tr
from app.window.views.swatch import swatch
from core.registration.things import InstanceKey

ROLE = Qt.ItemDataRole.UserRole
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

POSE_STATES = {
    "read": tr("from file"),
    "made": tr("by hand"),
    "propagated": tr("propagated"),
    "refined": tr("refined"),
    "checked": tr("checked"),
    "drifted": tr("drifted"),
    "": "–",
}
"""What people read of where a pose comes from; "" for no pose in this photo."""


def thing_name(opened: OpenScene, thing: InstanceKey) -> str:
    """What people read of a thing: the name of its shape, with a number where the scene has several of it."""
    name = opened.scene.name_of(thing.object_id)
    name = name if thing.object_id in opened.scene.shapes else tr("{name} (no shape)").format(name=name)
    several = sum(one.object_id == thing.object_id for one in opened.things) > 1
    return f"{name} · {thing.instance + 1}" if several else name


@dataclass(frozen=True)
class ThingRow:
    """A line: a thing with its name and colour, in how many photos it is posed, and its pose in this one."""

    thing: InstanceKey
    name: str
    color: str
    photos: int
    state: str
    residual: float | None


class ThingList(QTreeWidget):
    """The things of a scene.

    Signals:
        chosen(thing): one was clicked.
        removed(): Delete was pressed.
    """

    chosen = Signal(object)
    removed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderLabels([tr("Object"), tr("Photos"), tr("In this photo"), tr("Pixels")])
        self.headerItem().setToolTip(1, tr("In how many photos it has a pose"))
        self.headerItem().setToolTip(2, tr("Where its pose in this photo comes from"))
        self.headerItem().setToolTip(3, tr("How far its pose is from what the photo shows"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setFrameShape(self.Shape.NoFrame)
        head = self.header()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2, 3):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self._follows = True
        self.currentItemChanged.connect(lambda item, _: self._moved(item))
        self.itemClicked.connect(lambda item, _: self._moved(item))

    def show_rows(self, rows: list[ThingRow], current: InstanceKey | None) -> None:
        """Show things, of which one is worked on; lines are kept."""
        self._follows = False
        while self.topLevelItemCount() > len(rows):
            self.takeTopLevelItem(self.topLevelItemCount() - 1)
        for place, row in enumerate(rows):
            item = self.topLevelItem(place)
            if item is None:
                item = QTreeWidgetItem()
                item.setTextAlignment(1, RIGHT)
                item.setTextAlignment(3, RIGHT)
                self.addTopLevelItem(item)
            item.setData(0, ROLE, row.thing)
            item.setIcon(0, swatch(row.color))
            off = "" if row.residual is None else f"{row.residual:.1f}"
            for column, text in enumerate((row.name, str(row.photos), POSE_STATES[row.state], off)):
                item.setText(column, text)
            item.setToolTip(0, row.name)
            if row.thing == current and self.currentItem() is not item:
                self.setCurrentItem(item)
        if current is None:
            self.setCurrentIndex(QModelIndex())
        self._follows = True

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def _moved(self, item: QTreeWidgetItem | None) -> None:
        if self._follows and item is not None:
            self.chosen.emit(InstanceKey(*item.data(0, ROLE)))
