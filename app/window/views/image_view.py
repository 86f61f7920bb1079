"""The picture inside the image panel: zoom, pan, clicks, hover, and the focus box drawn with the mouse."""

import math
from typing import Any, Literal

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPixmap, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsPixmapItem, QGraphicsScene, QGraphicsView

from app.shared.values import Box
from app.window.views.image_cursor import cursor_over
from app.window.views.image_items import BoxItem, GuessItem, MarkItem, rect_of
from app.window.views.image_layers import ImageLayers, LayerItems
from app.window.views.image_marks import ClickItem, ImageClicks, ImageMarks
from app.window.views.overlays import Overlays, lay
from app.window.views.pose_handles import PoseHandles
from app.window.views.strokes import Strokes

MAX_ZOOM, MIN_ZOOM = 64.0, 0.01

Shown = Literal["all", "box", ""]
"""What a view keeps in sight when its size changes; "" after the user zoomed or moved."""


class ImageView(QGraphicsView):
    """A view of an image whose scene has one unit a pixel.

    Pixel (0, 0) lies at [0, 1) x [0, 1); signals speak of pixels with their centres at integers.

    Signals:
        clicked(u, v), hovered(u, v), hover_ended(), activated(), pin_selected(pin id): what their names say.
        match_moved(pin id, place): a match was dragged to (u, v), or None beside the image.
        box_drawn(box): the user drew or changed the focus box (x0, y0, x1, y1).
        action_finished(action): something was done with the part tool that is taken up (:attr:`strokes`).
        box_tool_requested(on): the tool for the focus box, by a key.
        posed(handle, start, at, done): the posed shape is dragged from pixel to pixel with the tool of
            :attr:`handles`, see there.
        menu_requested(place): the right button was clicked, at a place of the screen.
        pushed(steps): the wheel was turned with Ctrl held while that tool is taken up; away from the user above zero.
    """

    clicked = Signal(float, float)
    hovered = Signal(float, float)
    hover_ended = Signal()
    activated = Signal()
    pin_selected = Signal(int)
    match_moved = Signal(int, object)
    box_drawn = Signal(object)
    action_finished = Signal(object)
    box_tool_requested = Signal(bool)
    posed = Signal(str, tuple, tuple, bool)
    pushed = Signal(float)
    menu_requested = Signal(QPoint)

    def __init__(self) -> None:
        super().__init__()
        self.setScene(QGraphicsScene(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(False)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.picture, self.labels, self.heat = (QGraphicsPixmapItem() for _ in range(3))
        self.heat.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self.labels.setZValue(4)
        self.heat.setZValue(5)
        self.things, self.overlays, self.coordinates = Overlays(2), Overlays(3), Overlays(3.5)
        self.handles, self.guess = PoseHandles(), GuessItem()
        self._box_item = BoxItem()
        self._box_item.setVisible(False)
        self.marks, self.clicks = ImageMarks(self), ImageClicks(self)
        self.marks.moved.connect(self.match_moved)
        tools = (self.guess, self._box_item, self.handles)
        items: LayerItems = {
            "photo": (self.picture,),
            "pose": (self.things, self.overlays),
            "coordinates": (self.coordinates,),
            "parts": (self.labels, self.clicks.group),
            "heat": (self.heat,),
            "pins": (self.marks.group,),
        }
        self.layers = ImageLayers(self.scene(), items, tools)
        self.strokes = Strokes(self.scene(), self.picture.boundingRect)
        self._shows: Shown = "all"
        self._press: QPoint | None = None
        self._last = QPoint()
        self._dragged = False
        self._space = False
        self._hovering = False
        self._box: Box | None = None
        self._drawing_box = False
        self._box_drag: tuple[str, QRectF, QPointF] | None = None
        self._pose_drag: tuple[str, tuple[float, float]] | None = None
        self._grabbed: MarkItem | ClickItem | None = None

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    def set_picture(self, pixmap: QPixmap | None) -> None:
        self.picture.setPixmap(pixmap or QPixmap())
        self._shows = "all"
        size = self.picture.boundingRect().size()
        margin = 4 * max(size.width(), size.height(), 1)
        for overlays in (self.things, self.overlays, self.coordinates):
            overlays.fit(self.picture.boundingRect())
        self.handles.place(None)
        self.setSceneRect(QRectF(-margin, -margin, size.width() + 2 * margin, size.height() + 2 * margin))

    def show_heat(self, pixmap: QPixmap | None, box: Box) -> None:
        lay(self.heat, pixmap, box)

    def show_labels(self, pixmap: QPixmap | None, scale: float) -> None:
        """Lay a picture over the image, ``scale`` pixels of which each of its own covers."""
        self.labels.setPixmap(pixmap or QPixmap())
        self.labels.setScale(scale)

    def show_box(self, box: Box | None) -> None:
        self._box = box
        self._box_item.setVisible(box is not None)
        if box is not None:
            self._box_item.set_geometry(self.picture.boundingRect(), rect_of(box))

    def dim_outside_box(self, on: bool) -> None:
        self._box_item.dims = on
        self._box_item.update()

    def draw_box(self, on: bool) -> None:
        """Take the tool for the focus box up or put it down."""
        self._drawing_box = on
        self.viewport().setCursor(self._cursor())

    def set_part_tool(self, tool: str, size: float) -> None:
        """Take one of ``strokes.IMAGE_TOOLS`` up, "" for none."""
        self.strokes.cancel()
        self.strokes.tool, self.strokes.size = tool, size
        self.viewport().setCursor(self._cursor())

    def _cursor(self) -> Qt.CursorShape:
        busy = self._drawing_box or self.strokes.tool
        return Qt.CursorShape.CrossCursor if busy else Qt.CursorShape.ArrowCursor

    def fit(self) -> None:
        """Show all of the image."""
        self._shows = "all"
        self._frame(self.picture.boundingRect(), 0.97)

    def zoom_to_box(self) -> None:
        """Show the box and a little around it; all of the image if that is what is shown, or if there is no box."""
        if self._box is None or self._shows == "box":
            self.fit()
            return
        self._shows = "box"
        self._frame(rect_of(self._box), 0.85)

    def _frame(self, area: QRectF, share: float) -> None:
        """Zoom so that an area of the scene takes a share of the viewport."""
        if area.isEmpty() or self.viewport().width() < 2:
            return
        scale = min(self.viewport().width() / area.width(), self.viewport().height() / area.height()) * share
        self._apply(min(MAX_ZOOM, scale))
        self.centerOn(area.center())

    def zoom_actual(self) -> None:
        """One pixel of the image on one of the screen."""
        self.zoom_to(1.0 / self.devicePixelRatioF())

    def zoom_to(self, scale: float, anchor: QPoint | None = None) -> None:
        """Zoom so that the scene point under ``anchor`` (default: the middle) stays where it is."""
        anchor = anchor or self.viewport().rect().center()
        before = self.mapToScene(anchor)
        self._shows = ""
        self._apply(min(MAX_ZOOM, max(MIN_ZOOM, scale)))
        moved = self.mapToScene(anchor) - before
        self.translate(moved.x(), moved.y())

    def _apply(self, scale: float) -> None:
        center = self.mapToScene(self.viewport().rect().center())
        self.setTransform(QTransform.fromScale(scale, scale))
        self.centerOn(center)
        smooth = scale * self.devicePixelRatioF() < 4
        mode = Qt.TransformationMode.SmoothTransformation if smooth else Qt.TransformationMode.FastTransformation
        self.picture.setTransformationMode(mode)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if self._shows == "all":
            self.fit()
        elif self._shows == "box" and self._box is not None:
            self._frame(rect_of(self._box), 0.85)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        delta = event.angleDelta().y() or event.angleDelta().x()
        if self.handles.isVisible() and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.pushed.emit(delta / 120)
            event.accept()
            return
        self.zoom_to(self.zoom * math.exp(delta / 480), event.position().toPoint())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.activated.emit()
        self._press = self._last = event.position().toPoint()
        self._dragged = False
        self._box_drag = None
        click = self._click_at(self._press)
        self.clicks.choose(click)
        if click is not None:
            self._grabbed = click if event.button() == Qt.MouseButton.LeftButton else None
        elif self._marks_parts() and event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self.strokes.begin(self.mapToScene(self._press), event.button() == Qt.MouseButton.LeftButton)
        elif event.button() == Qt.MouseButton.LeftButton and not self._space:
            self._grabbed = self.marks.match_at(self.items(self._press))
            self._box_drag = self._start_box_drag(self._press) if self._grabbed is None else None
            if self.handles.isVisible() and self._box_drag is None and self._grabbed is None:
                offset = QPointF(self._press - self.mapFromScene(self.handles.pos()))
                self._pose_drag = (self.handles.handle_at(offset), self._free_pixel(self._press))

    def _marks_parts(self) -> bool:
        return bool(self.strokes.tool) and not self._drawing_box and not self._space

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        at = event.position().toPoint()
        if self._press is None:
            self._hover(at, event.modifiers())
            if not self._drawing_box and not self.strokes.tool:
                above = self.items(at), self._handle_at(at) or "", self.marks, self.clicks
                over = self.handles.isVisible(), self._pixel(at) is not None
                self.viewport().setCursor(cursor_over(*above, *over))
            return
        if (at - self._press).manhattanLength() >= QApplication.startDragDistance():
            self._dragged = True
        if self._dragged and self.strokes.active:
            self.strokes.extend(self.mapToScene(at))
        elif self._dragged and isinstance(self._grabbed, ClickItem):
            self.clicks.drag(self._grabbed, self._pixel(at))
        elif self._dragged and isinstance(self._grabbed, MarkItem):
            self.marks.drag(self._grabbed, self.mapToScene(at))
        elif self._dragged and self._box_drag is not None:
            self._box_item.setVisible(True)
            self._box_item.set_geometry(self.picture.boundingRect(), self._dragged_box(at))
        elif self._dragged and self._pose_drag is not None:
            self.posed.emit(*self._pose_drag, self._free_pixel(at), False)
        elif self._dragged:
            step = at - self._last
            self._shows = ""
            self.translate(step.x() / self.zoom, step.y() / self.zoom)
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        at = event.position().toPoint()
        dragging_box = self._box_drag is not None and self._dragged
        still = self._press is not None and not self._dragged
        was_click = still and event.button() == Qt.MouseButton.LeftButton
        self._press = None
        if self.strokes.active:
            action = self.strokes.end()
            if action is not None:
                self.action_finished.emit(action)
        elif isinstance(self._grabbed, ClickItem):
            if self._dragged:
                self.clicks.drop(self._grabbed)
        elif self._grabbed is not None and self._dragged:
            self.marks.drop(self._grabbed, self._pixel(at))
        elif self._pose_drag is not None and self._dragged:
            self.posed.emit(*self._pose_drag, self._free_pixel(at), True)
        elif dragging_box:
            self._finish_box(self._dragged_box(at))
        elif was_click and not self._drawing_box and not self._space:
            self._click(at)
        elif still and event.button() == Qt.MouseButton.RightButton:
            self.menu_requested.emit(event.globalPosition().toPoint())
        self._box_drag = self._pose_drag = self._grabbed = None
        self.viewport().setCursor(self._cursor())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.mousePressEvent(event)

    def leaveEvent(self, event: Any) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._end_hover()

    def event(self, event: QEvent) -> bool:
        """Escape puts the tool for the focus box down before it means anything to the menus."""
        if event.type() == QEvent.Type.ShortcutOverride and self._drawing_box:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = event.key()
        if key == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = True
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif key in (Qt.Key.Key_F, Qt.Key.Key_Home):
            self.fit()
        elif key == Qt.Key.Key_1:
            self.zoom_actual()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_to(self.zoom * 1.25)
        elif key == Qt.Key.Key_Minus:
            self.zoom_to(self.zoom * 0.8)
        elif key == Qt.Key.Key_Z:
            self.zoom_to_box()
        elif key == Qt.Key.Key_B:
            self.box_tool_requested.emit(not self._drawing_box)
        elif key == Qt.Key.Key_Escape and self._drawing_box:
            self.box_tool_requested.emit(False)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Space:
            self._space = False
            self.viewport().setCursor(self._cursor())
        elif event.key() == Qt.Key.Key_Shift:
            self._end_hover()
        super().keyReleaseEvent(event)

    def _free_pixel(self, at: QPoint) -> tuple[float, float]:
        """The pixel under a place, also beside the picture."""
        place = self.mapToScene(at)
        return place.x() - 0.5, place.y() - 0.5

    def _pixel(self, at: QPoint) -> tuple[float, float] | None:
        inside = self.picture.boundingRect().contains(self.mapToScene(at))
        return self._free_pixel(at) if inside else None

    def _click_at(self, at: QPoint) -> ClickItem | None:
        """The click of a part under a place; with other tools than points in hand there is none."""
        free = self.strokes.tool in ("", "point") and not self._drawing_box and not self._space
        return self.clicks.at(self.items(at)) if free else None

    def _click(self, at: QPoint) -> None:
        mark = self.marks.at(self.items(at))
        if mark is not None:
            self.pin_selected.emit(mark.mark.pin_id)
            return
        pixel = self._pixel(at)
        if pixel is not None:
            self.clicked.emit(*pixel)

    def _hover(self, at: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        pixel = self._pixel(at) if modifiers & Qt.KeyboardModifier.ShiftModifier else None
        if pixel is None:
            self._end_hover()
        else:
            self._hovering = True
            self.hovered.emit(*pixel)

    def _end_hover(self) -> None:
        if self._hovering:
            self._hovering = False
            self.hover_ended.emit()

    def _handle_at(self, at: QPoint) -> str | None:
        if not self._box_item.isVisible():
            return None
        reach = 8 / self.zoom
        place = self.mapToScene(at)
        for name, handle in self._box_item.handles().items():
            if abs(handle.x() - place.x()) <= reach and abs(handle.y() - place.y()) <= reach:
                return name
        return None

    def _start_box_drag(self, at: QPoint) -> tuple[str, QRectF, QPointF] | None:
        handle = self._handle_at(at)
        place = self.mapToScene(at)
        if handle is not None:
            return handle, QRectF(self._box_item.box), place
        return ("new", QRectF(place, place), place) if self._drawing_box else None

    def _dragged_box(self, at: QPoint) -> QRectF:
        assert self._box_drag is not None
        name, start, origin = self._box_drag
        place = self.mapToScene(at)
        box = QRectF(start)
        if name == "new":
            box = QRectF(origin, place)
        else:
            for edge, setter in (("l", box.setLeft), ("r", box.setRight)):
                if edge in name:
                    setter(place.x())
            for edge, setter in (("t", box.setTop), ("b", box.setBottom)):
                if edge in name:
                    setter(place.y())
        return box.normalized().intersected(self.picture.boundingRect())

    def _finish_box(self, box: QRectF) -> None:
        if box.width() < 4 or box.height() < 4:
            self.show_box(self._box)
            return
        self.box_drawn.emit((box.left() - 0.5, box.top() - 0.5, box.right() - 0.5, box.bottom() - 0.5))
