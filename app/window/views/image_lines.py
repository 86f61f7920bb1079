"""Straight lines over a photo, in the colours of their directions, and the end that waits for the other one."""

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

Pixel = tuple[float, float]

BORDER = 8.0
"""Pixels of the screen around the lines that their ends take."""


class ImageLines(QGraphicsItem):
    """Lines between pixels, as wide on the screen however large the photo is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[Pixel, Pixel, str]] = []
        self.begun: tuple[Pixel, str] | None = None
        self.setZValue(22)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_lines(self, lines: Sequence[tuple[Pixel, Pixel, str]], begun: tuple[Pixel, str] | None = None) -> None:
        """Show lines (from, to, colour), and the first end of the next one."""
        self.prepareGeometryChange()
        self.lines, self.begun = list(lines), begun
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802
        ends = [end for one in self.lines for end in one[:2]] + ([self.begun[0]] if self.begun else [])
        if not ends:
            return QRectF()
        us, vs = zip(*ends, strict=True)
        margin = BORDER * 50
        return QRectF(min(us), min(vs), max(us) - min(us), max(vs) - min(vs)).adjusted(-margin, -margin, margin, margin)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = 3.5 / max(painter.worldTransform().m11(), 1e-9)
        for start, end, color in self.lines:
            line = QLineF(start[0] + 0.5, start[1] + 0.5, end[0] + 0.5, end[1] + 0.5)
            for shade, width in (("#000000", 4.0), (color, 2.0)):
                pen = QPen(QColor(shade), width)
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.drawLine(line)
            _dots(painter, (start, end), color, size)
        if self.begun is not None:
            _dots(painter, (self.begun[0],), self.begun[1], size)


def _dots(painter: QPainter, ends: Sequence[Pixel], color: str, size: float) -> None:
    pen = QPen(QColor("#000000"), 1.0)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.setBrush(QColor(color))
    for u, v in ends:
        painter.drawEllipse(QRectF(u + 0.5 - size, v + 0.5 - size, 2 * size, 2 * size))
