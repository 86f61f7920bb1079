"""A small line plot."""

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QWidget


class Curve(QWidget):
    """Values over steps, the first as a level to compare with, and a fainter line with a scale of its own.

    Hidden while there are none.
    """

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.points: list[tuple[float, float]] = []
        self.faint: list[tuple[float, float]] = []
        self.setMinimumHeight(70)
        self.hide()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, 90)

    def show_points(self, points: list[tuple[float, float]], faint: list[tuple[float, float]] | None = None) -> None:
        """(step, value) pairs."""
        self.points, self.faint = points, faint or []
        self.setVisible(len(points) > 1)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if len(self.points) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, palette = painter.fontMetrics(), self.palette()
        left, top = metrics.horizontalAdvance("100 %") + 6, metrics.height() / 2
        width, height = self.width() - left - 4, self.height() - 2 * top
        steps, values = zip(*self.points, strict=True)

        def places(points: list[tuple[float, float]]) -> list[QPointF]:
            low, high = min(value for _, value in points), max(value for _, value in points)
            across, up = width / max(steps[-1] - steps[0], 1e-9), height / max(high - low, 1e-6)
            return [QPointF(left + (step - steps[0]) * across, top + (high - value) * up) for step, value in points]

        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        if len(self.faint) > 1:
            painter.drawPolyline(QPolygonF(places(self.faint)))
        line = places(self.points)
        for value in (min(values), max(values)):
            at = line[values.index(value)]
            painter.drawText(QPointF(0, at.y() + metrics.ascent() / 2 - 1), f"{value:.0%}")
        level = QPen(palette.color(QPalette.ColorRole.PlaceholderText), 1, Qt.PenStyle.DotLine)
        painter.setPen(level)
        painter.drawLine(line[0], QPointF(line[-1].x(), line[0].y()))
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 2))
        painter.drawPolyline(QPolygonF(line))
