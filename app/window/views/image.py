"""The image panel: a photo with a heatmap over it, pins on it, and the focus box that decides what the encoder sees."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QRectF, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from app.document.texts import tr
from app.shared.values import Box
from app.window.views.drops import FileDrops
from app.window.views.empty import EmptyState
from app.window.views.error_bar import ErrorBar
from app.window.views.header import Header
from app.window.views.image_view import ImageView
from app.window.views.layers import Layer, Looks
from app.window.views.marks import ClickMark, PinMark
from app.window.views.outline import WIDTH, Outlined
from app.window.views.overlays import Overlays
from app.window.views.panel_bar import PanelBar
from app.window.views.panel_menu import show_menu
from app.window.views.pixels import as_pixmap
from app.window.views.strokes import IMAGE_TOOLS
from core.colors import HEATMAPS, apply_colormap, heat_weight


class ImagePanel(FileDrops, Outlined):
    """Shows one image. Pixels are (u, v) with the centre of the top-left pixel at (0, 0).

    Signals:
        clicked(u, v): a click without a drag.
        hovered(u, v), hover_ended(): the mouse moves over the image with Shift held, and that is over.
        action_finished(action): something was done with a part tool, see :class:`core.parts.action.Action`.
        box_changed(box or None): the user drew, changed or cleared the focus box (x0, y0, x1, y1).
        picture_requested(), close_requested(): save what is shown, or close it.
        overlays_wanted(): posed shapes are to be drawn again, see :meth:`put_overlays_away`.
        files_dropped(paths), open_requested(), activated(), pin_selected(pin id), match_moved(pin id, (u, v) or None).
    """

    clicked = Signal(float, float)
    hovered = Signal(float, float)
    hover_ended = Signal()
    box_changed = Signal(object)
    action_finished = Signal(object)
    overlays_wanted = Signal()
    files_dropped = Signal(list)
    open_requested = Signal()
    picture_requested = Signal()
    close_requested = Signal()
    activated = Signal()
    pin_selected = Signal(int)
    match_moved = Signal(int, object)

    overlays_away = False

    def __init__(self, badge: str = tr("Photo"), parent: QWidget | None = None):
        super().__init__(parent)
        self.view = ImageView()
        self.view.clicked.connect(self.clicked)
        self.view.hovered.connect(self.hovered)
        self.view.hover_ended.connect(self.hover_ended)
        self.view.pin_selected.connect(self.pin_selected)
        self.view.match_moved.connect(self.match_moved)
        self.view.activated.connect(self.activated)
        self.view.menu_requested.connect(self._show_menu)
        self.view.box_drawn.connect(self._user_box)
        self.view.action_finished.connect(self.action_finished)
        self.header, self.errors = Header(badge), ErrorBar()
        self.box_tool = self.header.add_tool(
            "focus-box",
            tr("Box the object"),
            tr("Drag a box around the object (B), so that only what is inside is matched"),
            self.view.draw_box,
            checkable=True,
        )
        self.view.box_tool_requested.connect(self.box_tool.defaultAction().setChecked)
        self.clear_box = self.header.add_tool(
            "clear-box", tr("Clear the box"), tr("Clear the box"), lambda: self._user_box(None)
        )
        self.fit_tool = self.header.add_tool("fit", tr("Fit"), tr("Fit the photo into the panel (F)"), self.view.fit)
        self.actual_tool = self.header.add_tool(
            "actual-size",
            tr("Actual size"),
            tr("One pixel of the photo on one of the screen (1)"),
            self.view.zoom_actual,
        )
        self.empty = EmptyState("image", tr("Drop a photo here"), tr("or click to open one: PNG, JPEG, WebP, TIFF"))
        self.empty.clicked.connect(self.open_requested)
        stack_host = QWidget()
        self._stack = QStackedLayout(stack_host)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        self.bar = PanelBar(stack_host)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDTH, WIDTH, WIDTH, WIDTH)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.errors)
        layout.addWidget(stack_host, 1)
        self.setAcceptDrops(True)
        self._image: npt.NDArray[np.uint8] | None = None
        self._box: Box | None = None
        self._heat: tuple[npt.NDArray[np.float32], Box, float, float] | None = None
        self._colormap = HEATMAPS[0]
        self._update_tools()

    @property
    def takes_keys(self) -> QWidget:
        """What the keys of the panel go to."""
        return self.view

    @property
    def image_size(self) -> tuple[int, int]:
        """(width, height) in pixels, (0, 0) when empty."""
        return (0, 0) if self._image is None else (self._image.shape[1], self._image.shape[0])

    @property
    def box(self) -> Box | None:
        return self._box

    def set_image(self, rgb: npt.NDArray[np.uint8] | None, title: str = "") -> None:
        """Show uint8 [H, W, 3], or the empty state; heatmap, box and marks are cleared."""
        self._image = rgb
        self._box = None
        self.header.title.setText(title)
        self.view.set_picture(None if rgb is None else as_pixmap(rgb))
        self.set_heatmap(None)
        self.view.show_box(None)
        self.set_marks([])
        self.set_clicks([])
        self.set_labels(None)
        self._stack.setCurrentIndex(0 if rgb is None else 1)
        self._update_tools()
        self.fit()

    def set_box(self, box: Box | None) -> None:
        """Show a focus box (x0, y0, x1, y1) without telling anyone."""
        self._box = box
        self.view.show_box(box)
        self._update_tools()

    def set_heatmap(
        self, values: npt.NDArray[np.float32] | None, box: Box = (0, 0, 1, 1), low: float = 0.0, high: float = 1.0
    ) -> None:
        """Lay similarities float32 [h, w] over the part ``box`` of the image, colours from ``low`` to ``high``.

        None removes them.
        """
        self._heat = None if values is None else (values, box, low, high)
        if values is None:
            self.view.show_heat(None, box)
        else:
            alpha = (heat_weight(values, low, high) * 255).astype(np.uint8)
            rgba = np.dstack([apply_colormap(values, self._colormap, low, high), alpha])
            self.view.show_heat(as_pixmap(rgba), box)

    def set_colormap(self, name: str) -> None:
        self._colormap = name
        if self._heat is not None:
            self.set_heatmap(*self._heat)

    def set_marks(self, marks: list[PinMark]) -> None:
        self.view.marks.show(marks)

    def set_clicks(self, marks: list[ClickMark]) -> None:
        """Show the clicks that a part is being marked by."""
        self.view.clicks.show(marks)

    def set_labels(self, rgba: npt.NDArray[np.uint8] | None, step: int = 1) -> None:
        """Lay parts over the image: uint8 [h, w, 4] with a pixel for every ``step`` of the image; None removes them."""
        self.view.show_labels(None if rgba is None else as_pixmap(rgba), step)

    def set_overlay(
        self, name: str, rgba: npt.NDArray[np.uint8] | None, box: Box = (0, 0, 1, 1), layer: Layer = "pose"
    ) -> None:
        """Lay a posed shape, or depth, uint8 [h, w, 4] over the part ``box`` of the image; None removes it."""
        self._overlays[layer].show_picture(name, rgba, box)

    def put_overlays_away(self, away: bool) -> None:
        """Show no posed shapes for a while, in whose place :meth:`set_things` draws all of a scene's, or show them again.

        Meanwhile nothing beside the focus box is dimmed: the other things are there.
        """
        if away == self.overlays_away:
            return
        self.overlays_away = away
        self.view.overlays.put_away(away)
        self.view.box_item.dim_outside(not away)
        if not away:
            self.set_things(None)
            self.overlays_wanted.emit()

    def set_things(self, rgba: npt.NDArray[np.uint8] | None) -> None:
        """Lay what is posed in a photo of a scene, uint8 [h, w, 4], over all of it; None removes it."""
        width, height = self.image_size
        self.view.things.show_picture("things", rgba, (-0.5, -0.5, width - 0.5, height - 0.5))

    def overlays(self) -> list[tuple[Layer, str]]:
        """The posed shapes that lie over the image."""
        return [
            (layer, name) for layer, overlays in self._overlays.items() for name in overlays.shown() if layer != "depth"
        ]

    @property
    def _overlays(self) -> dict[Layer, Overlays]:
        return {"pose": self.view.overlays, "coordinates": self.view.coordinates, "depth": self.view.measured}

    def show_layers(self, looks: Looks) -> None:
        """Show what lies over the photo as it is to be seen."""
        self.view.layers.show(looks)
        self.view.clicks.can_be_taken = looks["parts"].own

    def swipe(self, share: float) -> None:
        """Show posed shapes over the left ``share`` of the photo's width, 0 to 1."""
        for overlays in (self.view.things, self.view.overlays, self.view.coordinates):
            overlays.swipe(share)

    def set_part_tool(self, tool: str, size: float, angle: float) -> None:
        """Take a part tool up; those for shapes mean nothing here."""
        self.view.set_part_tool(tool if tool in IMAGE_TOOLS else "", size)

    def fit(self) -> None:
        self.view.fit()

    def view_state(self) -> list[float]:
        """Zoom and the scene point in the middle, for :meth:`restore_view`."""
        middle = self.view.mapToScene(self.view.viewport().rect().center())
        return [self.view.zoom, middle.x(), middle.y()]

    def restore_view(self, state: list[float]) -> None:
        zoom, x, y = state
        self.view.zoom_to(zoom)
        self.view.centerOn(x, y)

    def picture(self) -> QImage | None:
        """What is shown, at the image's own resolution; None while nothing is."""
        width, height = self.image_size
        if not width:
            return None
        picture = QImage(width, height, QImage.Format.Format_RGB32)
        painter = QPainter(picture)
        self.view.scene().render(painter, QRectF(0, 0, width, height), QRectF(0, 0, width, height))
        painter.end()
        return picture

    def _show_menu(self, at: QPoint) -> None:
        tools = (self.box_tool, self.clear_box, self.fit_tool, self.actual_tool)
        show_menu(self, [*self.view.clicks.actions(), *(tool.defaultAction() for tool in tools)], at)

    def _user_box(self, box: Box | None) -> None:
        self.set_box(box)
        self.box_tool.defaultAction().setChecked(False)
        self.box_changed.emit(box)

    def _update_tools(self) -> None:
        self.header.set_active(self._image is not None)
        self.clear_box.defaultAction().setEnabled(self._box is not None)
