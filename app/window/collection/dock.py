"""The collection panel: photos of one object or category, pulled into one frame."""

from typing import Literal

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import tr
from app.window.collection.filmstrip import Filmstrip
from app.window.views.toolbar import Toolbar

ORDERS = ((tr("As added"), "order"), (tr("Best first"), "best"), (tr("By viewpoint"), "viewpoint"))
FILTERS = (
    (tr("All"), "all"),
    (tr("Inliers"), "inliers"),
    (tr("Outliers"), "outliers"),
    (tr("Seen from the front"), "front"),
    (tr("From the right"), "right"),
    (tr("From behind"), "back"),
    (tr("From the left"), "left"),
    (tr("From above"), "above"),
)
EXPORTS = (
    (tr("Poses and coordinate maps (JSON, NPZ)…"), "npz"),
    (tr("Poses and coordinate maps (JSON, EXR)…"), "exr"),
    (tr("COLMAP…"), "colmap"),
    ("nerfstudio…", "nerfstudio"),
    (tr("Photos with the drawing…"), "edited"),
)
CARRIES = (
    (tr("Parts marked in the open photo"), "photo"),
    (tr("Parts marked on the shape"), "shape"),
    (tr("A picture over the chosen photo…"), "picture"),
    (tr("Nothing"), "nothing"),
)

HELP = tr(
    "Drop two or more photos of one object or category here, open a shape like it, and press Congeal: every photo gets a pose in the frame of that shape."
)

ShapeState = Literal["", "opening", "open"]

SHAPE_STATES: dict[ShapeState, str] = {
    "": tr("First open a shape like what the photos show as Shape 1, or choose one from the gallery"),
    "opening": tr("The shape is being opened; the photos can be congealed in a moment"),
    "open": tr("Find the pose of every photo in the frame of Shape 1"),
}
"""Why the photos cannot be congealed yet, or what that does."""


class CollectionPanel(QWidget):
    """The panel of a collection of photos, and its tools.

    Signals:
        add_requested(), clear_requested(), congeal_requested(): congeal, stopped().
        shape_requested(): choose the shape from the gallery.
        arranged(): other order, filter or cameras.
        turned(): the average picture from another side.
        carry_requested(what): of ``CARRIES``.
        fix_requested(), remove_requested(number).
    """

    add_requested = Signal()
    clear_requested = Signal()
    congeal_requested = Signal()
    stopped = Signal()
    shape_requested = Signal()
    arranged = Signal()
    turned = Signal()
    carry_requested = Signal(str)
    fix_requested = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.strip = Filmstrip()
        self.about = QLabel(HELP)
        self.about.setWordWrap(True)
        self.toolbar = self._toolbar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addLayout(self._arrange_row())
        layout.addWidget(self.strip, 1)
        layout.addWidget(self.cameras)
        layout.addWidget(self.about)
        layout.addWidget(self._average_column())
        self._runs = False

    def set_state(self, photos: int, shape: ShapeState, joined: bool, fixable: bool) -> None:
        """What can be done now."""
        self.start.setEnabled(self._runs or (photos > 1 and shape == "open"))
        self.start.setToolTip(SHAPE_STATES[shape])
        for widget in (self.carry.defaultAction(), self.cameras, self.azimuth):
            widget.setEnabled(joined)
        self.gallery.setEnabled(photos > 1 and not self._runs)
        self.fix_action.setEnabled(fixable and joined and not self._runs)

    def set_running(self, runs: bool) -> None:
        self._runs = runs
        self.start.setText(tr("Stop") if runs else tr("Congeal"))
        self.start.setEnabled(True)

    def show_average(self, picture: QPixmap | None) -> None:
        self.average.setPixmap(picture or QPixmap())
        self.average_box.setVisible(picture is not None)

    def await_average(self, anew: bool) -> None:
        """The average picture is being made; one that is there stays meanwhile, unless it is to be made ``anew``."""
        if anew or self.average.pixmap().isNull():
            self.average.setText(tr("Being made…"))
        self.average_box.show()

    def _toolbar(self) -> Toolbar:
        toolbar = Toolbar()
        self.start = QPushButton(tr("Congeal"))
        self.start.setProperty("primary", True)
        self.start.setMinimumWidth(self.start.sizeHint().width())
        self.start.clicked.connect(lambda: (self.stopped if self._runs else self.congeal_requested).emit())
        self.add = self._action(tr("Add photos…"), "", self.add_requested)
        self.gallery = self._action(
            tr("Shape from gallery"),
            tr("Open the shape of the gallery that fits the photos best"),
            self.shape_requested,
        )
        self.fix_action = self._action(
            tr("Confirm pose"),
            tr("The pose of the open photo is right; the other photos are fitted to it again"),
            self.fix_requested,
        )
        toolbar.add_action(self.add, "add")
        toolbar.add_action(self.gallery, "gallery")
        toolbar.add(self.start)
        self.fix = toolbar.add_action(self.fix_action, "confirm")
        toolbar.add_line()
        self.carry = toolbar.add_action(QAction(tr("Draw on all"), self), "draw-all")
        self.carry.setMenu(self._carry_menu())
        self.carry.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        toolbar.add_action(
            self._action(tr("Clear"), tr("Remove all photos from the collection"), self.clear_requested), "trash"
        )
        toolbar.add_stretch()
        return toolbar

    def _action(self, text: str, tip: str, signal: SignalInstance) -> QAction:
        action = QAction(text, self)
        action.setToolTip(tip or text)
        action.triggered.connect(lambda: signal.emit())
        return action

    def _carry_menu(self) -> QMenu:
        menu = QMenu(self)
        for title, name in CARRIES:
            menu.addAction(title).triggered.connect(lambda _=False, n=name: self.carry_requested.emit(n))
        return menu

    def _arrange_row(self) -> QHBoxLayout:
        self.order, self.filter = QComboBox(), QComboBox()
        for box, choices in ((self.order, ORDERS), (self.filter, FILTERS)):
            for text, name in choices:
                box.addItem(text, name)
            box.currentIndexChanged.connect(lambda: self.arranged.emit())
        self.cameras = QCheckBox(tr("Cameras"))
        self.cameras.setToolTip(tr("Show where the photos were taken from, around the shape"))
        self.cameras.toggled.connect(lambda: self.arranged.emit())
        row = QHBoxLayout()
        row.addWidget(self.order, 1)
        row.addWidget(self.filter, 1)
        return row

    def _average_column(self) -> QWidget:
        self.average_box, title = QWidget(), QLabel(tr("Average of all photos"))
        self.average, self.azimuth = QLabel(), QSlider(Qt.Orientation.Horizontal)
        self.average.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.average.setMinimumSize(150, 150)  # as large as the picture, so that nothing moves when it comes
        self.average.setToolTip(tr("The average of all photos, laid on the shape; the slider turns it"))
        self.azimuth.setRange(-180, 180)
        self.azimuth.setValue(45)
        self.azimuth.valueChanged.connect(lambda: self.turned.emit())
        column = QVBoxLayout(self.average_box)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (title, self.average, self.azimuth):
            column.addWidget(widget)
        self.average_box.hide()
        return self.average_box
