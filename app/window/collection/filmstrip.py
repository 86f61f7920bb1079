"""Photos side by side: what was found for each, and where each shows a place."""

from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from app.document.texts import tr
from app.window.text_keys import OwnReturn
from app.window.views.drops import FileDrops

PICTURE, MARGIN = 120, 5
GOOD, UNSURE, OUT, FIXED = "#2e9e5b", "#d08a00", "#d64550", "#3d7eff"
ROLE = Qt.ItemDataRole.UserRole


@dataclass
class Frame:
    """One photo of the strip.

    Attributes:
        number: in the collection.
        name, caption, about: the photo's file, a line below it, and what the mouse is told.
        border: colour of its frame, "" for none.
        mark: (u, v) as fractions of the picture where it shows the place that was clicked, and whether nothing hides
            it.
    """

    number: int
    name: str
    about: str
    caption: str = ""
    border: str = ""
    size: tuple[int, int] = (1, 1)
    picture: QPixmap = field(default_factory=QPixmap)
    drawing: QPixmap | None = None
    mark: tuple[float, float, bool] | None = None
    mark_color: str = "#ffffff"


class Filmstrip(OwnReturn, FileDrops, QListWidget):
    """The photos of a collection in a row.

    Signals:
        pointed(number, u, v): a click in a photo, as fractions of its width and height.
        opened(number): a double-click on one, or Return.
        removed(number): leave it out of the collection.
        files_dropped(paths).
    """

    pointed = Signal(int, float, float)
    opened = Signal(int)
    removed = Signal(int)
    files_dropped = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setMovement(QListWidget.Movement.Static)
        self.setUniformItemSizes(True)
        self.setSpacing(2)
        self.setAcceptDrops(True)
        self.setItemDelegate(_Painter(self))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self._click: tuple[int, float, float] | None = None
        self._opening = False
        self._waiting = QTimer(self, singleShot=True, interval=min(250, QApplication.doubleClickInterval()))
        self._waiting.timeout.connect(self._clicked)

    def show_frames(self, frames: list[Frame]) -> None:
        """Show photos; places are kept, so that nothing moves under the mouse."""
        chosen = self.chosen()
        while self.count() > len(frames):
            self.takeItem(self.count() - 1)
        for row, one in enumerate(frames):
            item = self.item(row) or QListWidgetItem(self)
            item.setData(ROLE, one)
            item.setToolTip(one.about)
        row = next((row for row, one in enumerate(frames) if one.number == chosen), -1)
        if row != self.currentRow():
            self.setCurrentRow(row)

    def chosen(self) -> int | None:
        """The number of the photo that is selected."""
        item = self.currentItem()
        return None if item is None else int(item.data(ROLE).number)

    def frames(self) -> list[Frame]:
        return [self.item(row).data(ROLE) for row in range(self.count())]

    def place_of(self, number: int, u: float, v: float) -> Any:
        """Where a place of a photo is in the viewport (for tests and tours)."""
        for row in range(self.count()):
            if self.item(row).data(ROLE).number == number:
                area = picture_area(self.item(row).data(ROLE), self.visualItemRect(self.item(row)))
                return QPointF(area.x() + u * area.width(), area.y() + v * area.height()).toPoint()
        return None

    def dragMoveEvent(self, event: Any) -> None:  # noqa: N802
        event.acceptProposedAction()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._opening = False  # of a double-click the second press is none of these
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseReleaseEvent(event)
        item = self.itemAt(event.position().toPoint())
        if item is None or event.button() != Qt.MouseButton.LeftButton or self._opening:
            self._opening = False
            return
        area = picture_area(item.data(ROLE), self.visualItemRect(item))
        at = event.position() - area.topLeft()
        u, v = at.x() / max(area.width(), 1), at.y() / max(area.height(), 1)
        if 0 <= u <= 1 and 0 <= v <= 1:
            self._click = (item.data(ROLE).number, u, v)
            self._waiting.start()

    def _clicked(self) -> None:
        """No second click came."""
        if self._click is not None:
            self.pointed.emit(*self._click)
            self._click = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._waiting.stop()
        self._click, self._opening = None, True
        item = self.itemAt(event.position().toPoint())
        if item is not None:
            self.opened.emit(item.data(ROLE).number)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        number = self.chosen()
        if number is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(number)
            return
        super().keyPressEvent(event)

    def _menu(self, at: Any) -> None:
        item = self.itemAt(at)
        if item is not None:
            number, menu = item.data(ROLE).number, QMenu(self)
            menu.addAction(tr("Open with its pose")).triggered.connect(lambda: self.opened.emit(number))
            menu.addAction(tr("Remove from the collection")).triggered.connect(lambda: self.removed.emit(number))
            menu.popup(self.viewport().mapToGlobal(at))


class _Painter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        side = PICTURE + 2 * MARGIN
        return QSize(side, side + 2 * option.fontMetrics.height())

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        frame: Frame = index.data(ROLE)
        rect: QRect = option.rect
        palette: QPalette = option.palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, palette.highlight())
            painter.setPen(palette.highlightedText().color())
        else:
            painter.setPen(palette.text().color())
        area = picture_area(frame, rect)
        painter.drawPixmap(area, frame.picture, QRectF(frame.picture.rect()))
        if frame.drawing is not None:
            painter.drawPixmap(area, frame.drawing, QRectF(frame.drawing.rect()))
        line = rect.adjusted(MARGIN, PICTURE + MARGIN + 2, -MARGIN, 0)
        line.setHeight(option.fontMetrics.height())
        for text in (frame.name, frame.caption):
            short = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, short)
            line.translate(0, line.height())
        if frame.border:
            painter.setPen(QPen(QColor(frame.border), 2.5))
            painter.drawRect(area)
        if frame.mark is not None:
            _mark(painter, area, frame.mark, QColor(frame.mark_color))
        painter.restore()


def picture_area(frame: Frame, rect: QRect) -> QRectF:
    """Where the picture is drawn in an item's rectangle."""
    width, height = frame.size
    factor = PICTURE / max(width, height)
    w, h = width * factor, height * factor
    return QRectF(rect.x() + (rect.width() - w) / 2, rect.y() + MARGIN + (PICTURE - h) / 2, w, h)


def _mark(painter: QPainter, area: QRectF, mark: tuple[float, float, bool], color: QColor) -> None:
    """A filled dot where the place is seen, an open one where something hides it."""
    u, v, visible = mark
    at = QPointF(area.x() + u * area.width(), area.y() + v * area.height())
    painter.setClipRect(area)
    painter.setPen(QPen(QColor("#101010"), 3.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(at, 5.0, 5.0)
    painter.setPen(QPen(QColor("#ffffff") if visible else color, 1.5))
    painter.setBrush(color if visible else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(at, 5.0, 5.0)
    painter.setClipping(False)
