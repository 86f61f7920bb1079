"""The shape panel: a mesh or point cloud to turn around, with a heatmap as colours and pins on it."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QImage, QOpenGLContext
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QStackedLayout, QToolButton, QVBoxLayout, QWidget

from app.document.texts import tr
from app.window.views.drops import FileDrops
from app.window.views.empty import EmptyState, complaint
from app.window.views.error_bar import ErrorBar
from app.window.views.header import Header
from app.window.views.layers import ALL, Layer, Looks
from app.window.views.marks import PinMark
from app.window.views.mesh_marks import MeshMarks
from app.window.views.mesh_mouse import SHAPE_TOOLS, MeshMouse, navigate
from app.window.views.outline import WIDTH, Outlined
from app.window.views.panel_menu import show_menu
from app.window.views.pixels import as_image
from app.window.views.view_menu import ViewMenu, view_of
from core.colors import HEATMAPS


class MeshPanel(FileDrops, Outlined):
    """Shows one shape, in the units and axes of its file.

    Signals:
        clicked(point): float64 [3] on the surface, by a click without a drag.
        hovered(point), hover_ended(): the mouse moves over the surface with Shift held, and that is over.
        action_changed(action), action_finished(action): a part tool is at work, and what it did
            (:class:`core.parts.action.Action`).
        picture_requested(), close_requested(): save what is shown, or close it.
        files_dropped(paths), open_requested(), activated(), pin_selected(pin id), up_chosen(axis),
        match_moved(pin id, point, or None beside the shape).
    """

    clicked = Signal(object)
    hovered = Signal(object)
    hover_ended = Signal()
    action_changed = Signal(object)
    action_finished = Signal(object)
    files_dropped = Signal(list)
    open_requested = Signal()
    picture_requested = Signal()
    close_requested = Signal()
    activated = Signal()
    pin_selected = Signal(int)
    match_moved = Signal(int, object)
    up_chosen = Signal(str)

    def __init__(self, badge: str = tr("Shape"), parent: QWidget | None = None):
        super().__init__(parent)
        self.header, self.errors = Header(badge), ErrorBar()
        self.view_button = self.header.add_tool("sides", tr("View"), tr("Look from a side (1 to 7)"), lambda: None)
        self.view_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.view_menu = ViewMenu(self)
        self.view_button.setMenu(self.view_menu)
        self.edges_tool = self.header.add_tool(
            "edges", tr("Edges"), tr("Show triangle edges (E)"), self._set_edges, checkable=True
        )
        self.fit_tool = self.header.add_tool("fit", tr("Fit"), tr("Fit the shape (F)"), self.reset_view)
        self.empty = EmptyState(
            "shape", tr("Drop a shape here"), tr("or click to open one: OBJ, PLY, STL, OFF, GLB, glTF, XYZ")
        )
        self.empty.clicked.connect(self.open_requested)
        self._host = QWidget()
        self._stack = QStackedLayout(self._host)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDTH, WIDTH, WIDTH, WIDTH)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.errors)
        layout.addWidget(self._host, 1)
        self.setAcceptDrops(True)
        QOpenGLWidget(self).hide()  # one from the start spares the window from being rebuilt for the first shape
        self.plotter: Any = None
        self._shape: Any = None
        self._camera: Any = None
        self._mouse: Any = None
        self._tool: tuple[str, float, float] = ("", 0.02, 30.0)
        self._pins: Any = None
        self._legend: Any = None
        self._through: Any = None
        self._smoothing: Any = None
        self._heat: tuple[npt.NDArray[np.float32], float, float] | None = None
        self._labels: npt.NDArray[np.uint8] | None = None
        self._looks: Looks = ALL
        self._marks = MeshMarks(self, self)
        self._marks.match_moved.connect(self.match_moved)
        self._colormap, self._up = HEATMAPS[0], "y"
        self._navigation = "trackball"
        self.header.set_active(self._shape is not None)

    def set_mesh(self, mesh: Any | None, title: str = "", up: str = "y") -> None:
        """Show a display mesh (:class:`core.geometry.display.DisplayMesh`, or made ready), or the empty state."""
        self.header.title.setText(title)
        self._up = up
        if mesh is not None and self.plotter is None and not self._start():
            return
        self._heat = self._labels = None
        if self._shape is not None:
            self.plotter.renderer.RemoveActor(self._shape.actor)
            self._shape = self._mouse.picker = None
            self._legend.hide()
        self.set_marks([])
        if mesh is None:
            self._stack.setCurrentWidget(self.empty)
        else:
            from app.window.views.drawable import Drawable
            from app.window.views.scene import ShapeActor

            drawable = mesh if isinstance(mesh, Drawable) else Drawable(mesh)
            self._shape, self._mouse.picker = ShapeActor(drawable), drawable.picker
            self.plotter.renderer.AddActor(self._shape.actor)
            self.plotter.draw_later()
            self._stack.setCurrentWidget(self.plotter)
            self.set_view("corner")
        self.header.set_active(self._shape is not None)

    def show_canvas(self) -> bool:
        """Make what a shape is drawn on, or show that; whether it was there already."""
        if self.plotter is None:
            return not self._start()
        self._stack.setCurrentWidget(self.plotter)
        return True

    @property
    def takes_keys(self) -> QWidget | None:
        """What the keys of the panel go to; None before the first shape."""
        keys: QWidget | None = self.plotter
        return keys

    @property
    def up(self) -> str:
        """Which direction of the file points up."""
        return self._up

    def middle(self) -> npt.NDArray[np.float64]:
        """The middle float64 [3] of the bounding box, in units and axes of the file; the origin without a shape."""
        return np.zeros(3) if self._shape is None else np.array(self._shape.polydata.GetCenter())

    def set_up(self, up: str) -> None:
        """Say which direction of the file points up; the shape is shown standing on its feet."""
        if up != self._up:
            self._up = up
            self.set_view("corner")

    def set_heatmap(self, scores: npt.NDArray[np.float32] | None, low: float = 0.0, high: float = 1.0) -> None:
        """Colour by similarity float32 [V], colours from ``low`` to ``high``; None shows the shape's own look."""
        if self._shape is None or (scores is None and self._heat is None):
            return
        if scores is not None and len(scores) != self._shape.polydata.GetNumberOfPoints():
            return
        self._heat = None if scores is None else (scores, low, high)
        self._repaint()

    def set_colormap(self, name: str) -> None:
        self._colormap = name
        self._repaint()

    def set_marks(self, marks: list[PinMark]) -> None:
        if marks == self._marks.all:
            return
        self._marks.all = marks
        if self._pins is not None:
            self._pins.set_marks(marks)
            self._schedule()

    def set_view(self, view: str) -> None:
        """Look from "front", "back", "left", "right", "top", "bottom" or "corner"."""
        if self._shape is None:
            return
        self._camera.look(self._up, view)
        self.reset_view()

    def reset_view(self, also: npt.NDArray | None = None) -> None:
        """Fit the shape into the panel, from the present direction, and points [n, 3] with it."""
        if self._shape is not None:
            self._camera.fit(*self._shape.ball_with(also))
            self._schedule()

    def set_frustum(self, name: str, points: npt.NDArray | None, color: str = "#ff4d6d", layer: Layer = "pose") -> None:
        """Show the camera of a photo, see :class:`app.window.views.frustums.Frustums`; None removes it."""
        if self.plotter is not None:
            self.frustums.show(name, points, color, layer)
            self._schedule()

    def show_layers(self, looks: Looks) -> None:
        """Show what lies over the shape, or around it, as it is to be seen."""
        if looks == self._looks:
            return
        self._looks = looks
        self._marks.visible = looks["pins"].visible
        self._follow_looks()
        self._repaint()

    def _follow_looks(self) -> None:
        if self.plotter is not None:
            self.frustums.show_layers(self._looks)
            self._pins.set_opacity(self._looks["pins"].opacity if self._looks["pins"].visible else 0.0)

    def set_navigation(self, name: str) -> None:
        """What the mouse does: "trackball", "turntable" or "blender"."""
        self._navigation = name
        if self.plotter is not None:
            navigate(self.plotter, name)

    def view_state(self) -> list[float]:
        """Place, focus, up and angle of the camera, for :meth:`restore_view`."""
        return [] if self._shape is None else self._camera.state()

    def restore_view(self, state: list[float]) -> None:
        if len(state) == 10:
            self.look_from(np.array(state[:3]), np.array(state[3:6]), np.array(state[6:9]), state[9])

    def look_from(self, eye: npt.NDArray, at: npt.NDArray, up: npt.NDArray, angle: float) -> None:
        """See the shape from ``eye`` [3]; ``angle`` in degrees spans the panel's height."""
        if self._shape is not None:
            self._camera.look_from(eye, at, up, angle)
            self._schedule()

    def picture(self) -> QImage | None:
        """What is shown, with legend and pins; None while nothing is."""
        if self._shape is None:
            return None
        self._render()
        return as_image(np.asarray(self.plotter.screenshot(return_img=True)))

    def world_to_widget(self, point: npt.ArrayLike) -> QPointF:
        """Where a point of the shape appears, in the coordinates of :attr:`plotter` (logical pixels)."""
        return QPointF(*self._camera.to_widget(point))

    def eye(self) -> npt.NDArray:
        """Where the shape is seen from, float64 [3]."""
        return np.asarray(self._camera.eye())

    def close_panel(self) -> None:
        """Free the OpenGL window; the panel cannot be used afterwards."""
        if self.plotter is not None:
            plotter, self.plotter = self.plotter, None
            plotter.removeEventFilter(self)
            self._mouse.stop()
            self._mouse.picker = self._shape = None
            plotter.end()

    def _start(self) -> bool:
        """Make the OpenGL widget when the first shape comes; without OpenGL say so."""
        if not QOpenGLContext().create():
            said = tr("This display has no OpenGL 3.2, which 3D needs. Install a driver, or Mesa (libgl1-mesa-dri).")
            self._stack.setCurrentIndex(self._stack.addWidget(complaint(said)))
            return False
        from app.window.views.canvas import Canvas
        from app.window.views.frustums import Frustums
        from app.window.views.mesh_camera import MeshCamera
        from app.window.views.scene import Legend, PinActors, through_renderer
        from app.window.views.smoothing import Smoothing

        self.plotter = Canvas(self._host)
        self.plotter.installEventFilter(self)
        self._camera = MeshCamera(self.plotter)
        self._mouse = MeshMouse(self.plotter, self)
        self._mouse.pressed.connect(self.activated)
        self._mouse.clicked.connect(self._click)
        self._mouse.pivoted.connect(self._set_pivot)
        self._mouse.menu_requested.connect(self._show_menu)
        self._mouse.grab = self._marks.match_at
        self._mouse.dragging.connect(self._marks.move)
        self._mouse.dropped.connect(self._marks.drop)
        for name in ("hovered", "hover_ended", "action_changed", "action_finished"):
            getattr(self._mouse, name).connect(getattr(self, name))
        self.set_part_tool(*self._tool)
        self._stack.addWidget(self.plotter)
        self.set_navigation(self._navigation)
        self._through = through_renderer(self.plotter.render_window, self.plotter.renderer)
        self._pins = PinActors(self.plotter.renderer, self._through)
        self._legend = Legend(self.plotter.renderer)
        self.frustums = Frustums(self.plotter.renderer)
        self._follow_looks()
        self._smoothing = Smoothing(self.plotter)
        self.plotter.renderer.AddObserver("StartEvent", self._before_render)
        self._dress()
        return True

    def _dress(self) -> None:
        if self.plotter is None:
            return
        from app.window.views.scene import dress

        dress(self.plotter)
        self._legend.recolor()
        self._schedule()

    def _before_render(self, *_: object) -> None:
        if self.plotter is None:
            return
        camera, ratio = self.plotter.renderer.GetActiveCamera(), self.plotter.devicePixelRatioF()
        self.plotter.renderer.ResetCameraClippingRange()
        self._through.ResetCameraClippingRange(self.plotter.renderer.ComputeVisiblePropBounds())
        width, height = self.plotter.renderer.GetSize()
        self._pins.rescale(camera, height, ratio)
        self._legend.place(width, height, ratio)

    def _repaint(self) -> None:
        if self._shape is None:
            return
        heat, parts, coordinates = (self._looks[layer] for layer in ("heat", "parts", "coordinates"))
        self._shape.set_coordinates(coordinates.opacity if coordinates.visible else 0.0)
        self._shape.set_labels(self._labels if parts.visible else None, parts.opacity)
        if self._heat is None or not heat.visible:
            self._shape.paint(None, 0, 1, self._colormap, 1)
            self._legend.hide()
        else:
            scores, low, high = self._heat
            self._shape.paint(scores, low, high, self._colormap, heat.opacity)
            self._legend.show(low, high, self._colormap)
        self._schedule()

    def _schedule(self) -> None:
        if self.plotter is not None:
            self._smoothing.moving()
            self.plotter.update()

    def _render(self) -> None:
        if self.plotter is not None and self._shape is not None:
            self.plotter.render()

    def _set_edges(self, on: bool) -> None:
        if self._shape is not None:
            self._shape.set_edges(on)
            self._schedule()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keys are ours; the mouse is that of :class:`app.window.views.mesh_mouse.MeshMouse`."""
        if self.plotter is None or watched is not self.plotter:
            return False
        if event.type() == QEvent.Type.Resize:
            self._camera.resized()
        return event.type() == QEvent.Type.KeyPress and self._key(event)

    def _key(self, event: Any) -> bool:
        key, view = event.text().lower(), view_of(event)
        if view:
            self.set_view(view)
        elif key == "f" or event.key() == Qt.Key.Key_Home:
            self.reset_view()
        elif key == "e":
            self.edges_tool.defaultAction().toggle()
        else:
            event.ignore()
        return True  # VTK's own keys (quit, wireframe, pick) would surprise

    def pick(self, at: QPointF) -> npt.NDArray | None:
        """The point float64 [3] of the surface under a place of the widget, or None."""
        return None if self._mouse is None else self._mouse.pick(at)

    def set_part_tool(self, tool: str, size: float, angle: float) -> None:
        """Take a part tool up, "" for none; the radius is a fraction of the diagonal, the angle is in degrees."""
        self._tool = (tool, size, angle)
        if self._mouse is not None:
            self._mouse.tool, self._mouse.size, self._mouse.angle = tool if tool in SHAPE_TOOLS else "", size, angle
            self.plotter.setCursor(Qt.CursorShape.CrossCursor if self._mouse.tool else Qt.CursorShape.ArrowCursor)

    def set_labels(self, rgba: npt.NDArray[np.uint8] | None) -> None:
        """Lay parts over the shape: uint8 [F, 4] for the faces of its file (points of a cloud); None removes them."""
        if rgba is not None or self._labels is not None:
            self._labels = rgba
            self._repaint()

    def _click(self, at: QPointF) -> None:
        if (mark := self._marks.at(at)) is not None:
            self.pin_selected.emit(mark.pin_id)
            return
        point = self.pick(at)
        if point is not None:
            self.clicked.emit(point)

    def _show_menu(self, at: QPointF) -> None:
        tools = [tool.defaultAction() for tool in (self.edges_tool, self.fit_tool)]
        show_menu(self, [self.view_menu, *tools], self.plotter.mapToGlobal(at.toPoint()))

    def _set_pivot(self, at: QPointF) -> None:
        point = self.pick(at)
        if point is not None:
            self._camera.turn_around(point)
            self._schedule()
