"""The names of the marks in a photo, which stand where they cover nothing."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.window.views.image_items import MarkItem
from app.window.views.labels import nearest_edge, place_labels

EVERYWHERE = QRectF(-1e6, -1e6, 2e6, 2e6)


class ImageNames(QGraphicsItem):
    """Draws the names over all marks."""

    def __init__(self, parent: QGraphicsItem):
        super().__init__(parent)
        self.setZValue(1)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.font = QFont()
        self.font.setPixelSize(12)
        self.font.setBold(True)
        self._metrics = QFontMetricsF(self.font)
        self._items: list[MarkItem] = []

    def show_names(self, items: list[MarkItem]) -> None:
        """Show the names of other marks, or of the same ones at other places."""
        self._items = items
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802
        return EVERYWHERE

    def shape(self) -> QPainterPath:
        return QPainterPath()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        to_screen = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for text, mark, rect, off in self.names([to_screen.map(item.pos()) for item in self._items]):
            if off:
                end = nearest_edge(mark, rect)
                for color, width in (("#000000", 3.0), ("#ffffff", 1.2)):
                    painter.setPen(QPen(QColor(color), width))
                    painter.drawLine(mark, end)
            _write(painter, self.font, text, QPointF(rect.left(), rect.top() + self._metrics.ascent()))
        painter.restore()

    def names(self, places: list[QPointF]) -> list[tuple[str, QPointF, QRectF, bool]]:
        """The names that are read: text, the mark's place, where the text stands, and whether a line leads there.

        ``places`` are where the marks are on the screen.
        """
        order = sorted(range(len(places)), key=lambda number: not self._items[number].mark.says_label)
        if not order:
            return []
        named = [number for number in order if self._items[number].mark.says_label]
        texts = [self._items[number].mark.label for number in named]
        marks = np.array([[places[number].x(), places[number].y()] for number in order])
        sizes = np.array([[self._metrics.horizontalAdvance(text), self._metrics.height()] for text in texts])
        spots = place_labels(marks, sizes.reshape(-1, 2), np.array([self._items[number].radius for number in order]))
        return [
            (text, places[number], QRectF(places[number] + QPointF(x, y), QRectF(0, 0, *size).size()), off)
            for text, number, size, (x, y, off) in zip(texts, named, sizes, spots, strict=True)
        ]


def _write(painter: QPainter, font: QFont, text: str, at: QPointF) -> None:
    path = QPainterPath()
    path.addText(at, font, text)
    pen = QPen(QColor(0, 0, 0, 210), 3.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, pen)
    painter.fillPath(path, Qt.GlobalColor.white)
