"""The photos of a scene in a row: only those that are seen are drawn, and only their small pictures are kept."""

from collections import OrderedDict
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.window.scene.cells import COLORS, Cell
from app.window.text_keys import OwnReturn
from app.window.views.drops import FileDrops

WIDTH, HEIGHT, MARGIN = 104, 66, 4
"""Of a small picture at most, and around it."""

KEPT = 300
"""Small pictures that are kept; others are asked for again."""

SETTLES_MS = 60
"""So long the strip must rest before pictures are asked for."""

Index = QModelIndex | QPersistentModelIndex
ROLE = Qt.ItemDataRole.UserRole


class PhotoModel(QAbstractListModel):
    """The cells of the strip, and their pictures as far as they are there."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[Cell] = []
        self._rows: dict[str, int] = {}
        self._pictures: OrderedDict[str, QPixmap] = OrderedDict()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.cells)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        cell = self.cells[index.row()]
        if role == ROLE:
            return cell
        told = {Qt.ItemDataRole.DisplayRole: cell.name, Qt.ItemDataRole.ToolTipRole: cell.about}
        return told.get(Qt.ItemDataRole(role))

    def set_cells(self, cells: list[Cell]) -> None:
        """Show other cells; where the photos are the same, those alone are drawn that changed."""
        if cells is self.cells:
            return
        if [cell.key for cell in cells] != [cell.key for cell in self.cells]:
            self.beginResetModel()
            self.cells = cells
            self._rows = {cell.key: row for row, cell in enumerate(cells)}
            self.endResetModel()
            return
        before, self.cells = self.cells, cells
        for row, (old, new) in enumerate(zip(before, cells, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(row), self.index(row))

    def row(self, key: str) -> int | None:
        """Where a photo is in the strip."""
        return self._rows.get(key)

    def picture(self, key: str) -> QPixmap | None:
        """The small picture of a photo, None where it is not there."""
        if key in self._pictures:
            self._pictures.move_to_end(key)
        return self._pictures.get(key)

    def set_picture(self, key: str, picture: QPixmap) -> None:
        """The small picture of a photo came; one that could not be made is an empty one."""
        self._pictures[key] = picture
        if len(self._pictures) > KEPT:
            self._pictures.popitem(last=False)
        if key in self._rows:
            self.dataChanged.emit(self.index(self._rows[key]), self.index(self._rows[key]))

    def forget_pictures(self) -> None:
        """The pictures are of another scene."""
        self._pictures.clear()


class Filmstrip(OwnReturn, FileDrops, QListView):
    """The strip.

    Signals:
        opened(key): the user goes to a photo, with the mouse or with the arrow keys, Home, End, PgUp and PgDown.
        wanted(keys): pictures that are seen and missing.
        files_dropped(paths).
    """

    opened = Signal(str)
    wanted = Signal(list)
    files_dropped = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.photos = PhotoModel()
        self.setModel(self.photos)
        self.setItemDelegate(_Painter(self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAcceptDrops(True)
        self.setFixedHeight(_cell_size(self).height() + self.horizontalScrollBar().sizeHint().height() + 2)
        self._rest = QTimer(self, singleShot=True, interval=SETTLES_MS)
        self._rest.timeout.connect(self.ask_pictures)
        self.horizontalScrollBar().valueChanged.connect(lambda _: self._rest.start())
        self.photos.modelReset.connect(self._rest.start)
        self._follows = True
        self.selectionModel().currentChanged.connect(self._moved)
        self.clicked.connect(self._moved)

    def show_cells(self, cells: list[Cell], current: str) -> None:
        """Show photos, of which one is worked on."""
        self._follows = False
        self.photos.set_cells(cells)
        row = self.photos.row(current)
        index = QModelIndex() if row is None else self.photos.index(row)
        if index != self.currentIndex():
            self.setCurrentIndex(index)
        if row is None:
            self.clearSelection()
        self._follows = True
        self._rest.start()

    def neighbour(self, key: str, by: int) -> str | None:
        """The photo after another one of the strip, or before it; the first where it is not in the strip."""
        row = self.photos.row(key)
        at = 0 if row is None else row + by
        return self.photos.cells[at].key if 0 <= at < len(self.photos.cells) else None

    def ask_pictures(self) -> None:
        """Ask for the pictures that are seen and missing."""
        missing = [cell.key for cell in self._seen() if self.photos.picture(cell.key) is None]
        if missing:
            self.wanted.emit(missing)

    def place_of(self, key: str) -> QRect:
        """Where a photo is in the viewport."""
        row = self.photos.row(key)
        return QRect() if row is None else self.visualRect(self.photos.index(row))

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._rest.start()

    def wheelEvent(self, event: Any) -> None:  # noqa: N802
        """The wheel goes along the strip."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - round(turned * _cell_size(self).width() / 120))
        event.accept()

    def dragMoveEvent(self, event: Any) -> None:  # noqa: N802
        event.acceptProposedAction()

    def _seen(self) -> list[Cell]:
        if not self.isVisible() or not self.photos.cells:
            return []
        width, at = _cell_size(self).width(), self.horizontalScrollBar().value()
        return self.photos.cells[at // width : (at + self.viewport().width()) // width + 1]

    def _moved(self, index: QModelIndex) -> None:
        if self._follows and index.isValid():
            self.opened.emit(self.photos.cells[index.row()].key)


class _Painter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return _cell_size(self.parent())  # type: ignore[arg-type]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell: Cell = index.data(ROLE)
        rect: QRect = option.rect
        palette: QPalette = option.palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(rect, palette.highlight())
        area = QRectF(rect.x() + MARGIN, rect.y() + MARGIN, WIDTH, HEIGHT)
        picture = index.model().picture(cell.key)  # type: ignore[attr-defined]
        if picture is not None and not picture.isNull():
            painter.drawPixmap(_within(area, picture), picture, QRectF(picture.rect()))
        else:
            painter.fillRect(area, palette.alternateBase())
        painter.setPen(palette.highlightedText().color() if chosen else palette.text().color())
        line = QRectF(area.x(), area.bottom() + 2, WIDTH, option.fontMetrics.height())
        name = option.fontMetrics.elidedText(cell.name, Qt.TextElideMode.ElideMiddle, WIDTH)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, name)
        line.translate(0, line.height())
        _state(painter, line, cell, option)
        painter.restore()


def _state(painter: QPainter, line: QRectF, cell: Cell, option: QStyleOptionViewItem) -> None:
    """A dot in the colour of the state, and what it is."""
    text = option.fontMetrics.elidedText(cell.caption, Qt.TextElideMode.ElideRight, WIDTH - 14)
    width = 14 + option.fontMetrics.horizontalAdvance(text)
    left = line.x() + (line.width() - width) / 2
    pen = painter.pen()
    painter.setPen(QPen(QColor("#ffffff"), 1) if option.state & QStyle.StateFlag.State_Selected else Qt.PenStyle.NoPen)
    painter.setBrush(QColor(COLORS[cell.state]))
    painter.drawEllipse(QRectF(left, line.center().y() - 4, 8, 8))
    painter.setPen(pen)
    painter.drawText(QRectF(left + 14, line.y(), width, line.height()), Qt.AlignmentFlag.AlignVCenter, text)


def _within(area: QRectF, picture: QPixmap) -> QRectF:
    factor = min(area.width() / picture.width(), area.height() / picture.height())
    width, height = picture.width() * factor, picture.height() * factor
    return QRectF(area.center().x() - width / 2, area.center().y() - height / 2, width, height)


def _cell_size(view: QWidget) -> QSize:
    return QSize(WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN + 2 * view.fontMetrics().height() + 2)
