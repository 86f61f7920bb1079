"""A dot of a colour, for lists."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap


def swatch(color: str) -> QIcon:
    """Draw a dot of a colour (``#rrggbb``) as an icon of 28 x 28 pixels for screens of double density."""
    pixmap = QPixmap(28, 28)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 90))
    painter.setBrush(QColor(color))
    painter.drawEllipse(4, 4, 20, 20)
    painter.end()
    pixmap.setDevicePixelRatio(2)
    return QIcon(pixmap)
