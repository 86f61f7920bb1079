"""A small line plot."""

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QWidget


class Curve(QWidget):
    """Values over steps, the first as a level to compare with; hidden while there are none."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.points: list[tuple[float, float]] = []
        self.setMinimumHeight(70)
        self.hide()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, 90)

    def show_points(self, points: list[tuple[float, float]]) -> None:
        """(step, value) pairs."""
        self.points = points
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
        low, high = min(values), max(max(values), min(values) + 1e-6)

        def place(step: float, value: float) -> QPointF:
            return QPointF(
                left + (step - steps[0]) / max(steps[-1] - steps[0], 1e-9) * width,
                top + (high - value) / (high - low) * height,
            )

        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        for value in (low, high):
            painter.drawText(QPointF(0, place(0, value).y() + metrics.ascent() / 2 - 1), f"{value:.0%}")
        painter.drawLine(place(steps[0], values[0]), place(steps[-1], values[0]))
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 2))
        painter.drawPolyline(QPolygonF([place(*point) for point in self.points]))
