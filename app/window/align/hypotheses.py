"""The list of hypotheses: each with a small picture over the photo, how sure it is, and how it differs from the best."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu

from app.document.texts import tr
from app.shared.results import PosePicture
from app.shared.values import PoseInPhoto
from core.calibration import per_cent

SIDE = 72
"""Logical pixels along the longer side of a picture."""

KINDS = {
    "same": tr("nearly the same as {best}"),
    "symmetric": tr("looks the same as {best}: the shape is symmetric"),
    "mirror": tr("mirror image of {best}"),
    "half turn": tr("half a turn from {best}"),
    "turned": tr("turned by {degrees:.0f}° from {best}"),
}
"""How a pose stands to the best one, by the kinds of :data:`core.alignment.rivals.Kinship`."""


@dataclass(frozen=True)
class PoseRow:
    """A line of the list.

    Attributes:
        text: lines that are read beside the picture.
        tip: what more there is to know.
        picture: of the pose; None while it is being drawn.
    """

    text: str
    tip: str
    picture: QPixmap | None


def pose_row(number: int, pose: PoseInPhoto, picture: PosePicture | None, drawn: QPixmap | None) -> PoseRow:
    """The line of a pose, ``number`` from 1 on, the best first."""
    if number == 1:
        kind = tr("best")
    elif picture is None:
        kind = ""
    else:
        kind = KINDS[picture.kind].format(best=1, degrees=picture.degrees)
    if pose.probability is None and not pose.score:
        text = tr("Pose {number}: not compared with the photo").format(number=number)
        return PoseRow(text, text, drawn)
    sure = "?" if pose.sure is None else per_cent(pose.sure)
    tip = tr(
        "Pose {number}: right with a probability of {sure}; score {score:.2f}, overlap of the silhouettes {overlap:.0%}"
    )
    return PoseRow(
        tr("Pose {number}: {sure} sure").format(number=number, sure=sure) + f"\n{kind}",
        tip.format(number=number, sure=sure, score=pose.score, overlap=pose.overlap) + (f"\n{kind}" if kind else ""),
        drawn,
    )


class PoseList(QListWidget):
    """Hypotheses; a click chooses one. Lines keep their size and their place, whatever they say.

    Signals:
        chosen(number): a pose, from 0 on.
        view_requested(), save_requested(), clear_requested(): by the context menu.
    """

    chosen = Signal(int)
    view_requested = Signal()
    save_requested = Signal()
    clear_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setWordWrap(True)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.currentRowChanged.connect(lambda row: self.chosen.emit(row) if row >= 0 else None)
        self._pictures: list[QPixmap | None] = []
        self._empty = QPixmap(SIDE, SIDE)
        self._empty.fill(Qt.GlobalColor.transparent)

    def set_rows(self, rows: list[PoseRow], choice: int) -> None:
        """Show hypotheses; lines are kept, for this may be called while one of them says that it was chosen."""
        with QSignalBlocker(self):
            while self.count() > len(rows):
                self.takeItem(self.count() - 1)
            del self._pictures[len(rows) :]
            for place, row in enumerate(rows):
                item = self.item(place)
                if item is None:
                    item = QListWidgetItem(_icon(self._empty), "", self)
                    item.setSizeHint(QSize(0, SIDE + 8))
                    self._pictures.append(None)
                item.setText(row.text)
                item.setToolTip(row.tip)
                if row.picture is not self._pictures[place]:
                    self._pictures[place] = row.picture
                    item.setIcon(_icon(self._empty if row.picture is None else row.picture))
            self.setCurrentRow(choice if rows else -1)
        self.setVisible(bool(rows))

    def _menu(self, at: QPoint) -> None:
        if self.itemAt(at) is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("See the shape as in the photo"), self.view_requested.emit)
        menu.addAction(tr("Save pose…"), self.save_requested.emit)
        menu.addSeparator()
        menu.addAction(tr("Clear pose"), self.clear_requested.emit)
        menu.popup(self.viewport().mapToGlobal(at))


def _icon(picture: QPixmap) -> QIcon:
    """A picture in the middle of a square, in its own colours where its line is chosen too."""
    side = max(picture.width(), picture.height())
    whole = QPixmap(side, side)
    whole.fill(Qt.GlobalColor.transparent)
    painter = QPainter(whole)
    painter.drawPixmap((side - picture.width()) // 2, (side - picture.height()) // 2, picture)
    painter.end()
    icon = QIcon(whole)
    icon.addPixmap(whole, QIcon.Mode.Selected)
    return icon
