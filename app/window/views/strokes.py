"""Marking in an image with the mouse: points, boxes, brush strokes and outlines, drawn while they are made."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsScene

from core.parts.action import Action

IMAGE_TOOLS = ("point", "box", "brush", "eraser", "lasso")

MIN_PART = 16.0
"""An outline around fewer square pixels is a click with an unsteady hand."""

_COLOR = {True: "#ffffff", False: "#ff5a5a"}


class Strokes:
    """One stroke at a time over a picture; places are pixels with their centres at integers.

    ``size`` is the radius of the brush as a fraction of the picture's diagonal.
    """

    def __init__(self, scene: QGraphicsScene, picture: Callable[[], QRectF]):
        self._scene, self._picture = scene, picture
        self.tool, self.size = "", 0.02
        self._places: list[tuple[float, float]] = []
        self._add = True
        self._item: QGraphicsPathItem | None = None

    @property
    def active(self) -> bool:
        """Whether a stroke is being made."""
        return bool(self._places)

    @property
    def radius(self) -> float:
        """Of the brush, in pixels."""
        picture = self._picture()
        return float(max(0.5, self.size * (picture.width() ** 2 + picture.height() ** 2) ** 0.5))

    def begin(self, place: QPointF, add: bool) -> None:
        """A stroke starts at a place of the scene; ``add`` False takes from the part."""
        self._add = add and self.tool != "eraser"
        self._places = [self._pixel(place)]
        self._show()

    def extend(self, place: QPointF) -> None:
        self._places.append(self._pixel(place))
        self._show()

    def end(self) -> Action | None:
        """What the stroke did, or None for nothing."""
        places, tool, radius = self._places, self.tool, self.radius
        self.cancel()
        if not places:
            return None
        if tool == "point":
            return Action("point", self._add, (places[0],))
        if tool == "box":
            (u0, v0), (u1, v1) = places[0], places[-1]
            return Action("box", True, (places[0], places[-1])) if min(abs(u1 - u0), abs(v1 - v0)) >= 3 else None
        if tool == "lasso":
            return Action("lasso", self._add, tuple(places)) if _area(places) >= MIN_PART else None
        return Action("brush", self._add, tuple(places), radius)

    def cancel(self) -> None:
        self._places = []
        if self._item is not None:
            self._scene.removeItem(self._item)
            self._item = None

    def _pixel(self, place: QPointF) -> tuple[float, float]:
        """A pixel of the picture, kept inside it."""
        picture = self._picture()
        u = min(max(place.x(), picture.left()), picture.right() - 1e-3) - 0.5
        v = min(max(place.y(), picture.top()), picture.bottom() - 1e-3) - 0.5
        return u, v

    def _show(self) -> None:
        if self.tool == "point":
            return
        if self._item is None:
            self._item = QGraphicsPathItem()
            self._item.setZValue(15)
            self._scene.addItem(self._item)
        points = [QPointF(u + 0.5, v + 0.5) for u, v in self._places]
        path = QPainterPath(points[0])
        color = QColor(_COLOR[self._add])
        pen = QPen(color, 2)
        pen.setCosmetic(True)
        if self.tool == "box":
            path.addRect(QRectF(points[0], points[-1]).normalized())
        else:
            for point in points[1:] or [points[0] + QPointF(0.01, 0)]:
                path.lineTo(point)
        if self.tool in ("brush", "eraser"):
            color.setAlpha(130)
            pen = QPen(
                color, 2 * self.radius, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
            )
        elif self.tool == "lasso":
            fill = QColor(color)
            fill.setAlpha(50)
            self._item.setBrush(fill)
        self._item.setPen(pen)
        self._item.setPath(path)


def _area(outline: list[tuple[float, float]]) -> float:
    """Of a polygon, in square pixels (the shoelace formula)."""
    ends = outline[1:] + outline[:1]
    return abs(sum(u0 * v1 - u1 * v0 for (u0, v0), (u1, v1) in zip(outline, ends, strict=True))) / 2
