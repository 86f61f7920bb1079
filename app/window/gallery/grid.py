"""Small pictures of shapes in a grid: a click looks at one, a double-click opens it, a drag turns it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QListWidget, QListWidgetItem, QMenu

from app.document.texts import tr
from app.window.text_keys import OwnReturn
from app.window.views.pixels import as_pixmap

PICTURE = 88

ENTRIES = (
    ("open", tr("Open")),
    ("second", tr("Open as second shape")),
    ("align", tr("Align to the photo")),
    ("like", tr("More like this")),
)


@dataclass
class _Drag:
    item: QListWidgetItem
    start: QPoint
    turned: bool = False


class ShapeGrid(OwnReturn, QListWidget):
    """Pictures of the shapes that were found.

    Signals:
        looked_at(result): a click on what was given to :meth:`show_shapes`, or the arrow keys.
        chosen(what, result): of ``ENTRIES``; a double-click and Return open it.
        turned(result, azimuth): show it from another side, radians; answer with :meth:`set_picture`.
    """

    looked_at = Signal(object)
    chosen = Signal(str, object)
    turned = Signal(object, float)

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setIconSize(QSize(PICTURE, PICTURE))
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setMovement(QListWidget.Movement.Static)
        self.setUniformItemSizes(True)
        self.setWordWrap(True)
        self.setSpacing(4)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.currentItemChanged.connect(self._current_changed)
        self._drag: _Drag | None = None
        self._azimuths: dict[int, float] = {}

    def show_shapes(self, found: list[Any]) -> None:
        """Of :class:`app.shared.results.FoundShape`."""
        self._drag = None
        self.clear()
        self._azimuths.clear()
        for one in found:
            pixmap = QPixmap()
            pixmap.loadFromData(one.picture)
            name = self.fontMetrics().elidedText(Path(one.path).name, Qt.TextElideMode.ElideMiddle, PICTURE)
            asked = not np.isnan(one.score)
            item = QListWidgetItem(QIcon(pixmap), f"{name}\n{one.score:.2f}" if asked else name)
            lines = [
                one.path,
                tr("similarity {score:.2f}").format(score=one.score) if asked else "",
                tr("tags: {tags}").format(tags=", ".join(one.tags)) if one.tags else "",
                tr("Double-click to open, drag to turn"),
            ]
            item.setToolTip("\n".join(filter(None, lines)))
            item.setData(Qt.ItemDataRole.UserRole, one)
            self.addItem(item)

    def _current_changed(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.looked_at.emit(item.data(Qt.ItemDataRole.UserRole))

    def set_picture(self, number: int, pixels: npt.NDArray[np.uint8]) -> None:
        """Of the shape with this number, uint8 [h, w, 3]."""
        for row in range(self.count()):
            item = self.item(row)
            if item.data(Qt.ItemDataRole.UserRole).number == number:
                item.setIcon(QIcon(as_pixmap(pixels)))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mousePressEvent(event)
        item = self.itemAt(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton
        self._drag = _Drag(item, event.position().toPoint()) if item is not None and left else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        drag = self._drag
        if drag is None:
            super().mouseMoveEvent(event)
            return
        moved = event.position().toPoint() - drag.start
        if not drag.turned and moved.manhattanLength() < QApplication.startDragDistance():
            return
        drag.turned = True
        one = drag.item.data(Qt.ItemDataRole.UserRole)
        self.turned.emit(one, self._azimuths.get(one.number, 0.0) - moved.x() * np.pi / PICTURE)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseReleaseEvent(event)
        drag, self._drag = self._drag, None
        if drag is None:
            return
        one = drag.item.data(Qt.ItemDataRole.UserRole)
        if drag.turned:
            moved = event.position().toPoint() - drag.start
            self._azimuths[one.number] = self._azimuths.get(one.number, 0.0) - moved.x() * np.pi / PICTURE

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        item = self.itemAt(event.position().toPoint())
        if item is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit("open", item.data(Qt.ItemDataRole.UserRole))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802
        item = self.currentItem()
        if item is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit("open", item.data(Qt.ItemDataRole.UserRole))
            return
        super().keyPressEvent(event)

    def _menu(self, at: QPoint) -> None:
        item = self.itemAt(at)
        if item is not None:
            menu = QMenu(self)
            for what, text in ENTRIES:
                one = item.data(Qt.ItemDataRole.UserRole)
                menu.addAction(text).triggered.connect(lambda _=False, w=what, o=one: self.chosen.emit(w, o))
            menu.popup(self.viewport().mapToGlobal(at))
