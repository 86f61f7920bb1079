"""What lies over a photo for the hand to take: pins and pairs, and the clicks of a part that is being marked."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.document.texts import tr
from app.window.views.image_items import MarkItem
from app.window.views.image_layers import Group
from app.window.views.image_names import ImageNames
from app.window.views.marks import ClickMark, PinMark

Pixel = tuple[float, float]


class ImageMarks(QObject):
    """The pins of a photo.

    Signals:
        moved(pin id, place): a match was dragged to (u, v), or None beside the photo.
    """

    moved = Signal(int, object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.group = Group(20)
        self._items: list[MarkItem] = []
        self._names = ImageNames(self.group)

    def show(self, marks: list[PinMark]) -> None:
        if [item.mark for item in self._items] == marks:
            return
        old, self._items = self._items, [MarkItem(mark) for mark in marks]
        _replace(old, self._items, self.group)
        self._names.show_names(self._items)

    def at(self, items: Iterable[QGraphicsItem]) -> MarkItem | None:
        """The topmost of these that can be chosen by a click."""
        return next((item for item in items if isinstance(item, MarkItem) and item.mark.role != "rival"), None)

    def match_at(self, items: Iterable[QGraphicsItem]) -> MarkItem | None:
        """The topmost of these that is a match, which can be dragged to where it belongs."""
        marks = (item for item in items if isinstance(item, MarkItem))
        return next((item for item in marks if item.mark.role == "match" and item.mark.pin_id > 0), None)

    def drag(self, item: MarkItem, place: QPointF) -> None:
        """Show a match where it is dragged, in pixels of the scene."""
        item.setPos(place)
        self._names.show_names(self._items)

    def drop(self, item: MarkItem, pixel: Pixel | None) -> None:
        if pixel is None:
            self.drag(item, QPointF(item.mark.position[0] + 0.5, item.mark.position[1] + 0.5))
        self.moved.emit(item.mark.pin_id, pixel)


class ImageClicks(QObject):
    """The clicks of a part that is being marked, as dots; one of them can be chosen.

    Signals:
        dragged(number, place), moved(number, place): a click is dragged over (u, v), and was dropped there.
        deleted(number): a click is to go.
    """

    dragged = Signal(int, object)
    moved = Signal(int, object)
    deleted = Signal(int)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.group = Group(21)
        self.can_be_taken = True
        self._chosen: int | None = None
        self._items: list[ClickItem] = []
        self._delete = QAction(tr("Delete click"), self)
        self._delete.triggered.connect(self.delete_chosen)

    def show(self, marks: list[ClickMark]) -> None:
        known = [item.mark for item in self._items]
        if known == marks:
            return
        if [mark.number for mark in known] != [mark.number for mark in marks]:
            self._chosen = None
        old, self._items = self._items, [ClickItem(mark) for mark in marks]
        _replace(old, self._items, self.group)
        self._draw_chosen()

    def at(self, items: Iterable[QGraphicsItem]) -> "ClickItem | None":
        """The topmost of these that is a click."""
        return next((item for item in items if isinstance(item, ClickItem) and self.can_be_taken), None)

    def choose(self, item: "ClickItem | None") -> None:
        """Choose the click that keys are meant for."""
        self._chosen = None if item is None else item.mark.number
        self._draw_chosen()

    def drag(self, item: "ClickItem", pixel: Pixel | None) -> None:
        """Show a click where it is dragged; outside the photo it stays."""
        if pixel is not None:
            item.setPos(pixel[0] + 0.5, pixel[1] + 0.5)
            self.dragged.emit(item.mark.number, pixel)

    def drop(self, item: "ClickItem") -> None:
        """A click stays where it was dragged."""
        self.moved.emit(item.mark.number, (item.pos().x() - 0.5, item.pos().y() - 0.5))

    def delete_chosen(self) -> bool:
        """Delete the click that is chosen; returns whether there is one."""
        number, seen = self._chosen, self.group.isVisible()
        if number is None or not seen or not self.can_be_taken:
            return False
        self.deleted.emit(number)
        return True

    def actions(self) -> list[QAction]:
        """What can be done with the click that is chosen."""
        return [] if self._chosen is None else [self._delete]

    def _draw_chosen(self) -> None:
        for item in self._items:
            item.choose(item.mark.number == self._chosen)


class ClickItem(QGraphicsItem):
    """A dot of constant size on the screen: a plus for what belongs to the part, a minus for what does not."""

    RADIUS = 7.0

    def __init__(self, mark: ClickMark):
        super().__init__()
        self.mark, self._chosen = mark, False
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setPos(mark.position[0] + 0.5, mark.position[1] + 0.5)
        what = tr("Belongs to the part") if mark.add else tr("Does not belong to the part")
        self.setToolTip(tr("{what} · drag moves it, Delete removes it").format(what=what))

    def choose(self, on: bool) -> None:
        self._chosen = on
        self.setZValue(on)
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802
        r = self.RADIUS + 5
        return QRectF(-r, -r, 2 * r, 2 * r)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(QPointF(0, 0), self.RADIUS + 3, self.RADIUS + 3)
        return path

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        r = self.RADIUS + 1.5 * self._chosen
        painter.setPen(QPen(QColor(0, 0, 0, 200), 1))
        painter.setBrush(Qt.GlobalColor.white)
        painter.drawEllipse(QPointF(0, 0), r + 1.5, r + 1.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#1f9d55" if self.mark.add else "#d0343c"))
        painter.drawEllipse(QPointF(0, 0), r - 0.5, r - 0.5)
        painter.setPen(QPen(Qt.GlobalColor.white, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(-3.5, 0), QPointF(3.5, 0))
        if self.mark.add:
            painter.drawLine(QPointF(0, -3.5), QPointF(0, 3.5))


def _replace(old: Iterable[QGraphicsItem], new: Iterable[QGraphicsItem], group: Group) -> None:
    """Put new items in the place of old ones."""
    for item in old:
        item.scene().removeItem(item)
    for item in new:
        item.setParentItem(group)
