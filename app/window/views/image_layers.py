"""The layers of a photo: which items of the scene belong to each, and how they are seen."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from app.window.views.layers import ALL, ALONE, Layer, Looks

LayerItems = Mapping[Layer, Sequence[QGraphicsItem]]


class Group(QGraphicsItem):
    """Items that are seen, dimmed and stacked together."""

    def __init__(self, z: float):
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
        self.setZValue(z)

    def boundingRect(self) -> QRectF:  # noqa: N802
        return QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Nothing of its own."""


class ImageLayers:
    """``items`` are those of each layer; ``tools`` lie over the photo as well, but have eyes of their own."""

    def __init__(self, scene: QGraphicsScene, items: LayerItems, tools: Sequence[QGraphicsItem]):
        self._items, self._tools = items, tools
        for item in (*(one for layer in items.values() for one in layer), *tools):
            scene.addItem(item)
        self.show(ALL)

    def show(self, looks: Looks) -> None:
        """Show every layer as it is to be seen; of tools nothing is left while a photo is seen alone."""
        for layer, items in self._items.items():
            for item in items:
                item.setVisible(looks[layer].visible)
                item.setOpacity(looks[layer].opacity)
        for item in self._tools:
            item.setOpacity(0.0 if looks is ALONE else 1.0)
