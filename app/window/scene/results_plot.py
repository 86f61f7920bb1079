"""A plot of errors over what may explain them: distance, visibility, or the viewpoint."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from core.colors import HEATMAPS, lookup_table

REACH, RADIUS = 9.0, 3.5
"""Pixels from a point in which a click means it, and its radius."""

BINS = 8
"""Of the line of medians, with as many points in each."""

USUAL = 0.95
"""The share of points that the scale of errors is made for; what is beyond is drawn at its end."""


@dataclass(frozen=True)
class Point:
    """A point of the plot.

    Attributes:
        row: what is meant by it.
        x, y: where it is; ``shade`` from 0 to 1 is its colour, None for that of the plot.
        about: what the mouse is told.
    """

    row: int
    x: float
    y: float
    shade: float | None = None
    about: str = ""


@dataclass(frozen=True)
class Axis:
    """A title, the range of values, and how far apart they are marked; 0 for a round number that fits."""

    title: str
    low: float
    high: float
    step: float = 0.0

    def ticks(self) -> list[float]:
        """The values that are marked."""
        if not self.high > self.low:
            return [self.low]
        step = self.step or self._round()
        return [step * n for n in range(math.ceil(self.low / step), math.floor(self.high / step + 1e-9) + 1)]

    def _round(self) -> float:
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / 3))
        return step * next(times for times in (1, 2, 5, 10) if (self.high - self.low) / (step * times) <= 5)


class ResultsPlot(QWidget):
    """Points between two axes, with a line of medians where they have no shades.

    Signals:
        chosen(row), opened(row): a click on a point, and a double-click.
    """

    chosen = Signal(int)
    opened = Signal(int)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.points: Sequence[Point] = ()
        self.across, self.up = Axis("", 0, 1), Axis("", 0, 1)
        self.note, self.empty = "", ""
        self.current = -1
        self.setMinimumSize(240, 130)
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(700, 210)

    def show_points(self, points: Sequence[Point], across: Axis, up: Axis, note: str = "", empty: str = "") -> None:
        """Show points; ``note`` says what shades mean, ``empty`` what is said where there is none."""
        self.points, self.across, self.up, self.note, self.empty = points, across, up, note, empty
        self.update()

    def set_current(self, row: int) -> None:
        """Mark the point of a row, -1 for none."""
        self.current = row
        self.update()

    def place_of(self, row: int) -> QPointF:
        """Where the point of a row is."""
        return self._at(next(point for point in self.points if point.row == row))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        point = self._near(event.position())
        if point is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(point.row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        point = self._near(event.position())
        if point is not None and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(point.row)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        point = self._near(event.position())
        self.setToolTip("" if point is None else point.about)
        self.setCursor(Qt.CursorShape.ArrowCursor if point is None else Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        if not self.points:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty)
            return
        self._draw_axes(painter)
        table = lookup_table(HEATMAPS[0])
        plain = palette.color(QPalette.ColorRole.Highlight)
        plain.setAlphaF(0.6)
        edge = palette.color(QPalette.ColorRole.WindowText)
        edge.setAlphaF(0.5)
        for point in self.points:
            shade = None if point.shade is None else QColor(*map(int, table[round(255 * point.shade)]))
            painter.setPen(Qt.PenStyle.NoPen if shade is None else QPen(edge, 0.8))
            painter.setBrush(plain if shade is None else shade)
            painter.drawEllipse(self._at(point), RADIUS, RADIUS)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.points[0].shade is None:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 1.5))
            painter.drawPolyline(QPolygonF([self._place(*middle) for middle in self._medians()]))
        for point in self.points:
            if point.row == self.current:
                painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 2))
                painter.drawEllipse(self._at(point), RADIUS + 3, RADIUS + 3)

    def _area(self) -> QRectF:
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance("0000.0") + 6
        return QRectF(left, line + 6, self.width() - left - 12, self.height() - 3 * line - 14)

    def _place(self, x: float, y: float) -> QPointF:
        area = self._area()
        right, up = ((min(max(v, axis.low), axis.high) - axis.low) / ((axis.high - axis.low) or 1)
                     for v, axis in ((x, self.across), (y, self.up)))  # fmt: skip
        return QPointF(area.left() + right * area.width(), area.bottom() - up * area.height())

    def _at(self, point: Point) -> QPointF:
        return self._place(point.x, point.y)

    def _near(self, at: QPointF) -> Point | None:
        def away(point: Point) -> float:
            gap = self._at(point) - at
            return math.hypot(gap.x(), gap.y())

        nearest = min(self.points, key=away, default=None)
        return nearest if nearest is not None and away(nearest) <= REACH else None

    def _medians(self) -> list[tuple[float, float]]:
        """The median of both numbers in each of some bins along x."""
        ordered = np.array(sorted((point.x, point.y) for point in self.points))
        return [tuple(np.median(part, axis=0)) for part in np.array_split(ordered, BINS) if len(part) > 1]

    def _draw_axes(self, painter: QPainter) -> None:
        area, palette, line = self._area(), self.palette(), self.fontMetrics().height()
        text, grid = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.PlaceholderText)
        grid.setAlphaF(0.35)
        middle = Qt.AlignmentFlag.AlignHCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in self.across.ticks():
            x = self._place(value, self.up.low).x()
            painter.setPen(grid)
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(text)
            painter.drawText(QRectF(x - 40, area.bottom() + 3, 80, line), middle, f"{value:g}")
        for value in self.up.ticks():
            y = self._place(self.across.low, value).y()
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(text)
            painter.drawText(QRectF(0, y - line / 2, area.left() - 5, line), right, f"{value:g}")
        painter.drawText(QRectF(area.left(), area.bottom() + line + 4, area.width(), line), middle, self.across.title)
        painter.drawText(QPointF(4, line - 2), self.up.title)
        painter.drawText(QRectF(0, 0, self.width() - 12, line), right, self.note)
