"""Handles to move, turn and scale a posed shape in its photo.

They are a ball and the shape's three axes, of constant size on the screen.
"""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

Tip = tuple[float, float]

COLORS = ("#ff5a5a", "#54d65a", "#5aa0ff")
RADIUS = 78.0
"""Of the ball, on the screen."""
REACH = 11.0
TOOLS = ("move", "turn", "scale")


class PoseHandles(QGraphicsItem):
    """Drawn at the middle of the shape; ``tool`` "" hides them.

    A drag at the tip of an axis keeps to that axis, one anywhere else is free.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setZValue(15)
        self.setVisible(False)
        self.tool = ""
        self._tips: tuple[Tip, ...] = ()

    @property
    def placed(self) -> bool:
        return bool(self._tips)

    def place(self, middle: tuple[float, float] | None, axes: tuple[Tip, ...] = ()) -> None:
        """``middle`` is a pixel, ``axes`` the directions [3] in which the shape's axes appear, at most 1 long.

        None hides them.
        """
        self.prepareGeometryChange()
        self._tips = axes if middle is not None else ()
        if middle is not None:
            self.setPos(middle[0] + 0.5, middle[1] + 0.5)
        self._update()

    def take(self, tool: str) -> None:
        self.tool = tool
        self._update()

    def _update(self) -> None:
        self.setVisible(bool(self.tool and self._tips))
        self.update()

    def handle_at(self, offset: QPointF) -> str:
        """The handle at ``offset`` from the middle, in pixels of the screen.

        It is "0" to "2" for the tip of an axis, else "free".
        """
        for number, (x, y) in enumerate(self._tips):
            if math.hypot(offset.x() - x * RADIUS, offset.y() - y * RADIUS) <= REACH:
                return str(number)
        return "free"

    def boundingRect(self) -> QRectF:  # noqa: N802
        r = RADIUS + 16
        return QRectF(-r, -r, 2 * r, 2 * r)

    def shape(self) -> QPainterPath:
        return QPainterPath()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.tool == "turn":
            for color, width in (("#000000", 3.5), ("#ffffff", 1.5)):
                painter.setPen(QPen(QColor(color), width))
                painter.drawEllipse(QPointF(0, 0), RADIUS, RADIUS)
        for (x, y), color in zip(self._tips, COLORS, strict=False):
            tip = QPointF(x * RADIUS, y * RADIUS)
            for shade, width in ((QColor(0, 0, 0, 190), 5.0), (QColor(color), 2.5)):
                painter.setPen(QPen(shade, width))
                painter.drawLine(QPointF(0, 0), tip)
            painter.setPen(QPen(Qt.GlobalColor.black, 1))
            painter.setBrush(QColor(color))
            if self.tool == "scale":
                painter.drawRect(QRectF(tip.x() - 6, tip.y() - 6, 12, 12))
            else:
                painter.drawEllipse(tip, 6.5, 6.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(Qt.GlobalColor.black, 1))
        painter.setBrush(Qt.GlobalColor.white)
        painter.drawEllipse(QPointF(0, 0), 4.5, 4.5)
