"""Posed shapes over a photo: one picture for each shape, all cut off at a line for comparison."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPixmapItem, QGraphicsRectItem, QStyleOptionGraphicsItem, QWidget

from app.shared.values import Box
from app.window.views.pixels import as_pixmap


class Overlays(QGraphicsRectItem):
    """Pictures by name; what lies right of ``share`` of the photo's width is cut off."""

    def __init__(self, z: float) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)
        self.setZValue(z)
        self._items: dict[str, QGraphicsPixmapItem] = {}
        self._photo, self._share, self._away = QRectF(), 1.0, False

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Nothing of its own."""

    def fit(self, photo: QRectF) -> None:
        """A new photo: nothing lies over it."""
        self._photo = photo
        for name in list(self._items):
            self.show_picture(name, None)
        self.swipe(self._share)

    def swipe(self, share: float) -> None:
        """Show the left ``share`` of the photo's width, 0 to 1."""
        self._share = share
        self.setRect(QRectF(self._photo.left(), self._photo.top(), self._photo.width() * share, self._photo.height()))

    def put_away(self, away: bool) -> None:
        """Show none of them for a while, or all of them again."""
        self._away = away
        for item in self._items.values():
            item.setVisible(not away)

    def shown(self) -> list[str]:
        return list(self._items)

    def show_picture(self, name: str, rgba: npt.NDArray[np.uint8] | None, box: Box = (0, 0, 1, 1)) -> None:
        """Lay uint8 [h, w, 4] over the part ``box`` of the photo; None removes it."""
        old = self._items.pop(name, None)
        if rgba is None:
            if old is not None and old.scene() is not None:
                old.scene().removeItem(old)
            return
        item = old or QGraphicsPixmapItem(self)
        item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        item.setVisible(not self._away)
        lay(item, as_pixmap(rgba), box)
        self._items[name] = item


def lay(item: QGraphicsPixmapItem, pixmap: QPixmap | None, box: Box) -> None:
    """Show a picture over the part ``box`` of a photo, or nothing."""
    item.setPixmap(pixmap or QPixmap())
    if pixmap is not None:
        sx, sy = (box[2] - box[0]) / pixmap.width(), (box[3] - box[1]) / pixmap.height()
        item.setTransform(QTransform(sx, 0, 0, sy, box[0] + 0.5, box[1] + 0.5))
