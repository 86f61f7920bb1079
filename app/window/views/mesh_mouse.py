"""The mouse over a 3D view: clicks told from drags, live preview, strokes on the surface.

What is not ours goes on to VTK.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from core.parts.action import Action

if TYPE_CHECKING:
    from collections.abc import Callable

HOVER_MS = 16
SHAPE_TOOLS = ("brush", "eraser", "component", "flood")
STEP = 6.0
"""A stroke is followed at places no farther apart than this on the screen."""


class MeshMouse(QObject):
    """Watches a plotter.

    Signals:
        pressed(), clicked(place), pivoted(place), menu_requested(place): places are those of the widget; the last is a
            click with the right button.
        hovered(point), hover_ended(): with Shift held over the surface.
        action_changed(action), action_finished(action): a stroke so far, and when it is done.
        dragging(what, place), dropped(what, place): what ``grab`` gave for the place of a press is moved.
    """

    pressed = Signal()
    clicked = Signal(QPointF)
    pivoted = Signal(QPointF)
    menu_requested = Signal(QPointF)
    hovered = Signal(object)
    hover_ended = Signal()
    action_changed = Signal(object)
    action_finished = Signal(object)
    dragging = Signal(object, QPointF)
    dropped = Signal(object, QPointF)

    def __init__(self, plotter: Any, parent: QObject):
        super().__init__(parent)
        self._plotter = plotter
        self.picker: Any = None
        self.tool, self.size, self.angle = "", 0.02, 30.0
        self.grab: Callable[[QPointF], object] = lambda _: None
        self._grabbed: object = None
        self._press: QPointF | None = None
        self._right: QPointF | None = None
        self._hover_at: QPointF | None = None
        self._hovering = False
        self._stroke: list[tuple[float, ...]] = []
        self._last = QPointF()
        self._add = True
        self._hover_timer = QTimer(self, singleShot=True, interval=HOVER_MS)
        self._hover_timer.timeout.connect(self._send_hover)
        plotter.installEventFilter(self)

    def stop(self) -> None:
        self._hover_timer.stop()
        self._plotter.removeEventFilter(self)

    def pick(self, at: QPointF) -> npt.NDArray | None:
        """The point float64 [3] of the surface under a place of the widget, or None."""
        return None if self.picker is None else self.picker.pick(*self._ray(at))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        kind = event.type()
        if isinstance(event, QMouseEvent):
            if kind == QEvent.Type.MouseButtonPress:
                self.pressed.emit()
            if (self.tool and self._paint(event)) or self._drag(event):
                return True
            self._watch_right(event)
            if kind == QEvent.Type.MouseButtonPress:
                self._press = event.position() if event.button() == Qt.MouseButton.LeftButton else None
            elif kind == QEvent.Type.MouseButtonRelease:
                start, self._press = self._press, None
                if (
                    start is not None
                    and event.button() == Qt.MouseButton.LeftButton
                    and _still(start, event.position())
                ):
                    self.clicked.emit(event.position())
            elif kind == QEvent.Type.MouseMove:
                if self._press is not None and not _still(self._press, event.position()):
                    self._press = QPointF(-1e6, -1e6)
                self._track_hover(event)
            elif kind == QEvent.Type.MouseButtonDblClick:
                self.pivoted.emit(event.position())
                return True
        elif kind == QEvent.Type.Leave or (kind == QEvent.Type.KeyRelease and event.key() == Qt.Key.Key_Shift):  # type: ignore[attr-defined]
            self._end_hover()
        return False

    def _watch_right(self, event: QMouseEvent) -> None:
        """The right button without a drag asks for a menu; VTK zooms by a drag with it."""
        if event.button() != Qt.MouseButton.RightButton:
            return
        if event.type() == QEvent.Type.MouseButtonPress:
            self._right = event.position()
        elif event.type() == QEvent.Type.MouseButtonRelease:
            start, self._right = self._right, None
            if start is not None and _still(start, event.position()):
                QTimer.singleShot(0, self, lambda: self.menu_requested.emit(start))  # VTK's drag ends first

    def _paint(self, event: QMouseEvent) -> bool:
        """A press on the surface begins a stroke; one beside it turns the shape as always.

        Returns whether it was ours.
        """
        kind, left = event.type(), event.button() == Qt.MouseButton.LeftButton
        if kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            point = self.pick(event.position()) if left or event.button() == Qt.MouseButton.RightButton else None
            if point is None:
                return False
            self._add = left and self.tool != "eraser"
            self._stroke, self._last = [tuple(map(float, point))], event.position()
            if self._brushes():
                self.action_changed.emit(self._action())
            return True
        if not self._stroke:
            return False
        if kind == QEvent.Type.MouseMove:
            if self._brushes():
                self._follow(event.position())
                self.action_changed.emit(self._action())
        elif kind == QEvent.Type.MouseButtonRelease:
            action, self._stroke = self._action(), []
            self.action_finished.emit(action)
        return True

    def _drag(self, event: QMouseEvent) -> bool:
        """Move what was grabbed; one that was hardly moved was clicked. Returns whether the event was ours."""
        kind, at = event.type(), event.position()
        if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._grabbed, self._press = self.grab(at), at
        elif self._grabbed is None:
            return False
        elif kind == QEvent.Type.MouseMove:
            if self._press is None or not _still(self._press, at):
                self._press = None
                self.dragging.emit(self._grabbed, at)
        elif kind == QEvent.Type.MouseButtonRelease:
            what, self._grabbed = self._grabbed, None
            if self._press is None:
                self.dropped.emit(what, at)
            else:
                self.clicked.emit(at)
            self._press = None
            return True
        return self._grabbed is not None

    def _brushes(self) -> bool:
        return self.tool in ("brush", "eraser")

    def _follow(self, at: QPointF) -> None:
        way = at - self._last
        steps = max(1, int(np.hypot(way.x(), way.y()) // STEP))
        for step in range(1, steps + 1):
            point = self.pick(self._last + way * (step / steps))
            if point is not None:
                self._stroke.append(tuple(map(float, point)))
        self._last = at

    def _action(self) -> Action:
        if self._brushes():
            return Action("brush", self._add, tuple(self._stroke), self.size)
        size = self.angle if self.tool == "flood" else 0.0
        return Action(self.tool, self._add, tuple(self._stroke[:1]), size)  # type: ignore[arg-type]

    def _ray(self, at: QPointF) -> tuple[npt.NDArray, npt.NDArray]:
        renderer, ratio = self._plotter.renderer, self._plotter.devicePixelRatioF()
        ends = []
        for depth in (0.0, 1.0):
            renderer.SetDisplayPoint(at.x() * ratio, (self._plotter.height() - 1 - at.y()) * ratio, depth)
            renderer.DisplayToWorld()
            x, y, z, w = renderer.GetWorldPoint()
            ends.append(np.array([x, y, z]) / (w or 1.0))
        return ends[0], ends[1]

    def _track_hover(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and event.buttons() == Qt.MouseButton.NoButton:
            self._hover_at = event.position()
            if not self._hover_timer.isActive():
                self._hover_timer.start()
        else:
            self._end_hover()

    def _send_hover(self) -> None:
        at, self._hover_at = self._hover_at, None
        point = self.pick(at) if at is not None else None
        if point is not None:
            self._hovering = True
            self.hovered.emit(point)
        elif at is not None:
            self._end_hover()

    def _end_hover(self) -> None:
        self._hover_timer.stop()
        self._hover_at = None
        if self._hovering:
            self._hovering = False
            self.hover_ended.emit()


def navigate(plotter: Any, name: str) -> None:
    """Let the mouse move the camera in one of the ways people know."""
    if name == "turntable":
        plotter.enable_terrain_style(mouse_wheel_zooms=True, shift_pans=True)
    elif name == "blender":
        plotter.enable_custom_trackball_style(middle="rotate", shift_middle="pan", control_middle="dolly", right="pan")
    else:
        plotter.enable_trackball_style()


def _still(a: QPointF, b: QPointF) -> bool:
    return (a - b).manhattanLength() < QApplication.startDragDistance()
