"""Graphics items of the image panel: the focus box, a guess of it, and the pin marks."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem, QStyleOptionGraphicsItem, QWidget

from app.document.texts import tr
from app.shared.values import Box
from app.window.views.marks import PinMark


def rect_of(box: Box) -> QRectF:
    """A box (x0, y0, x1, y1) of pixels in the scene, where pixel (0, 0) lies at [0, 1) x [0, 1)."""
    return QRectF(box[0] + 0.5, box[1] + 0.5, box[2] - box[0], box[3] - box[1])


class MarkItem(QGraphicsItem):
    """A pin mark of constant size on the screen, at a pixel centre."""

    def __init__(self, mark: PinMark):
        super().__init__()
        self.mark = mark
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setPos(mark.position[0] + 0.5, mark.position[1] + 0.5)
        self.setZValue(20 + 2 * mark.selected + (mark.role != "rival"))
        self.setOpacity(0.65 if mark.muted else 1.0)
        role = {"source": tr("placed here"), "match": tr("match"), "rival": tr("rival, nearly as similar")}[mark.role]
        self.setToolTip(f"{mark.label} ({role})")

    @property
    def radius(self) -> float:
        return {"source": 6.0, "match": 8.0, "rival": 5.0}[self.mark.role] + 2.0 * self.mark.selected

    def boundingRect(self) -> QRectF:  # noqa: N802
        r = self.radius + 4
        return QRectF(-r, -r, 2 * r, 2 * r)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(QPointF(0, 0), self.radius + 3, self.radius + 3)
        return path

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color, r = QColor(self.mark.color), self.radius
        if self.mark.role == "source":
            painter.setPen(QPen(Qt.GlobalColor.black, 1))
            painter.setBrush(Qt.GlobalColor.white)
            painter.drawEllipse(QPointF(0, 0), r + 1.5, r + 1.5)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(QPointF(0, 0), r - 1, r - 1)
        else:
            path = _ring(r) if self.mark.role == "match" else _diamond(r)
            style = Qt.PenStyle.DashLine if self.mark.muted else Qt.PenStyle.SolidLine
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(0, 0, 0, 200), 5))
            painter.drawPath(path)
            painter.setPen(QPen(Qt.GlobalColor.white, 3.5))
            painter.drawPath(path)
            painter.setPen(QPen(color, 2.5, style))
            painter.drawPath(path)


def _ring(r: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), r, r)
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        path.moveTo(dx * r * 0.35, dy * r * 0.35)
        path.lineTo(dx * r, dy * r)
    return path


def _diamond(r: float) -> QPainterPath:
    path = QPainterPath()
    path.moveTo(0, -r)
    for x, y in ((r, 0), (0, r), (-r, 0), (0, -r)):
        path.lineTo(x, y)
    return path


class GuessItem(QGraphicsRectItem):
    """Where the program takes the object to be: a dashed frame that the mouse cannot touch."""

    def __init__(self) -> None:
        super().__init__()
        pen = QPen(QColor("#ffffff"), 2.0, Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        self.setPen(pen)
        self.setZValue(9)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.hide()

    def show_box(self, box: Box | None) -> None:
        """Frame a box (x0, y0, x1, y1) of pixels, or nothing."""
        self.setVisible(box is not None)
        if box is not None:
            self.setRect(rect_of(box))


class BoxItem(QGraphicsItem):
    """The focus box: what lies outside is dimmed (unless it is not to be), eight handles of constant size on the screen."""

    HANDLE = 4.5

    def __init__(self) -> None:
        super().__init__()
        self.image = QRectF()
        self.box = QRectF()
        self.dims = True
        self.setZValue(10)

    def set_geometry(self, image: QRectF, box: QRectF) -> None:
        self.prepareGeometryChange()
        self.image, self.box = image, box
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802
        return self.image.united(self.box).adjusted(-50, -50, 50, 50)

    def shape(self) -> QPainterPath:
        return QPainterPath()

    def handles(self) -> dict[str, QPointF]:
        """Name of a handle (the edges it moves: l, r, t, b) -> place in the scene."""
        b, c = self.box, self.box.center()
        return {
            "lt": b.topLeft(),
            "rt": b.topRight(),
            "lb": b.bottomLeft(),
            "rb": b.bottomRight(),
            "l": QPointF(b.left(), c.y()),
            "r": QPointF(b.right(), c.y()),
            "t": QPointF(c.x(), b.top()),
            "b": QPointF(c.x(), b.bottom()),
        }

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self.dims:
            dim = QPainterPath()
            dim.addRect(self.image)
            dim.addRect(self.box)
            painter.fillPath(dim, QColor(0, 0, 0, 105))
        for color, width, style in (("#000000", 3.0, Qt.PenStyle.SolidLine), ("#ffffff", 1.5, Qt.PenStyle.SolidLine)):
            pen = QPen(QColor(color), width, style)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.box)
        size = self.HANDLE / max(painter.worldTransform().m11(), 1e-9)
        pen = QPen(Qt.GlobalColor.black, 1)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(Qt.GlobalColor.white)
        for place in self.handles().values():
            painter.drawRect(QRectF(place.x() - size, place.y() - size, 2 * size, 2 * size))


HANDLE_CURSORS = {
    "l": Qt.CursorShape.SizeHorCursor,
    "r": Qt.CursorShape.SizeHorCursor,
    "t": Qt.CursorShape.SizeVerCursor,
    "b": Qt.CursorShape.SizeVerCursor,
    "lt": Qt.CursorShape.SizeFDiagCursor,
    "rb": Qt.CursorShape.SizeFDiagCursor,
    "rt": Qt.CursorShape.SizeBDiagCursor,
    "lb": Qt.CursorShape.SizeBDiagCursor,
}
"""Of the mouse over the handles of the focus box."""
