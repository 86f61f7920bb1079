"""The scene panel: the things of a data set, and which of its photos the strip shows."""

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from app.document.texts import tr
from app.window.scene.cells import FILTERS, ORDERS
from app.window.scene.filmstrip import Filmstrip
from app.window.scene.things import ThingList
from app.window.views.drops import FileDrops
from app.window.views.toolbar import Toolbar

HELP = tr(
    "A scene is a whole data set: many photos, their cameras, the objects in them and their poses. Open a folder of photos, a BOP scene, a COLMAP or nerfstudio capture, or a video: drop its folder or file here, or press Open scene."
)

CHECK_KEY = "V"


class ScenePanel(FileDrops, QWidget):
    """The panel of a scene, its tools, and the strip below photos and shapes.

    Signals:
        folder_requested(), file_requested(): a scene is to be opened.
        propagate_requested(only): carry poses from all posed photos to where they are missing, or from this photo to all.
        refine_requested(only, far): refine all things, or the chosen one; they may be far off, and are looked for first.
        checked(): what is posed in this photo was found right, or is to be looked at again.
        shape_requested(), another_requested(): add a shape's file; add another thing of the chosen shape.
        results_requested(): other poses are to be compared with the scene's own.
        remove_requested(): forget the pose of the chosen thing in this photo.
        arranged(): another order or filter of the strip.
        files_dropped(paths).
    """

    folder_requested = Signal()
    file_requested = Signal()
    propagate_requested = Signal(bool)
    refine_requested = Signal(bool, bool)
    checked = Signal()
    shape_requested = Signal()
    another_requested = Signal()
    remove_requested = Signal()
    results_requested = Signal()
    arranged = Signal()
    files_dropped = Signal(list)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.strip, self.things = Filmstrip(), ThingList()
        self.strip.hide()
        self.strip.setAccessibleName(tr("Photos of the scene"))
        self.things.setAccessibleName(tr("Objects of the scene"))
        self.things.removed.connect(self.remove_requested)
        self.own = QCheckBox(tr("Objects in their own colours"))
        self.own.setToolTip(
            tr("Draw objects over the photo as their shapes are painted, not each in the colour of the list")
        )
        self.about, self.here = QLabel(HELP), QLabel()
        for label in (self.about, self.here):
            label.setWordWrap(True)
        self.toolbar = self._toolbar()
        self.setAcceptDrops(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self.about)
        self._arrange = self._arrange_row()
        layout.addWidget(self._arrange)
        layout.addWidget(self.here)
        layout.addWidget(self.things, 1)
        layout.addWidget(self.own)
        layout.addStretch(0)
        self.set_state(False, False, False, False)

    def set_state(self, opened: bool, thing: bool, posed: bool, checked: bool) -> None:
        """What can be done: a scene is open, a thing is chosen, has a pose in this photo, and the photo is checked."""
        for widget in (self._arrange, self.here, self.things, self.own):
            widget.setVisible(opened)
        self.strip.setVisible(opened)
        for action in (self.propagate, self.refine, self.add, self.inspect):
            action.setEnabled(opened)
        self.check.setEnabled(opened and (posed or checked))
        self.check.setChecked(checked)
        self.another.setEnabled(thing)
        self.remove.setEnabled(posed)

    def _toolbar(self) -> Toolbar:
        toolbar = Toolbar()
        self.open = QAction(tr("Open scene"), self)
        self.open.setToolTip(tr("Open a data set: a folder, a file or a video"))
        self.propagate = QAction(tr("Propagate"), self)
        self.propagate.setToolTip(tr("Transfer poses to the other photos"))
        self.refine = QAction(tr("Refine"), self)
        self.refine.setToolTip(tr("Let poses follow what the photos show"))
        self.add = QAction(tr("Add object"), self)
        self.add.setToolTip(tr("Add a shape's file to the scene, or another object of a shape that it has"))
        self.check = QAction(tr("Checked"), self)
        self.check.setCheckable(True)
        self.check.setToolTip(tr("I looked at this photo and all of its poses are right ({key})").format(key=CHECK_KEY))
        self.check.triggered.connect(lambda: self.checked.emit())
        self.remove = QAction(tr("Remove pose"), self)
        self.remove.setToolTip(tr("Forget the pose of the chosen object in this photo"))
        self.remove.triggered.connect(lambda: self.remove_requested.emit())
        self.inspect = QAction(tr("Inspect results…"), self)
        self.inspect.setToolTip(tr("Compare poses of another program or annotator with those of the scene"))
        self.inspect.triggered.connect(lambda: self.results_requested.emit())
        self._with_menu(toolbar, self.open, "open-scene", (tr("Folder…"), self.folder_requested, ()),
                        (tr("File or video…"), self.file_requested, ()))  # fmt: skip
        toolbar.add_line()
        self._with_menu(toolbar, self.propagate, "propagate",
                        (tr("From all posed photos: what is missing elsewhere"), self.propagate_requested, (False,)),
                        (tr("From this photo to all others"), self.propagate_requested, (True,)))  # fmt: skip
        self._with_menu(toolbar, self.refine, "refine",
                        (tr("All objects"), self.refine_requested, (False, False)),
                        (tr("The chosen object"), self.refine_requested, (True, False)),
                        (tr("All objects, also if about 10° off (slower)"), self.refine_requested, (False, True)),
                        (tr("The chosen object, also if about 10° off (slower)"), self.refine_requested, (True, True)))  # fmt: skip
        toolbar.add_action(self.check, "confirm")
        toolbar.add_line()
        _, self.another = self._with_menu(toolbar, self.add, "add", (tr("Shape file…"), self.shape_requested, ()),
                                          (tr("Another one of the chosen object"), self.another_requested, ()))  # fmt: skip
        toolbar.add_action(self.remove, "trash")
        toolbar.add_line()
        toolbar.add_action(self.inspect, "inspect")
        toolbar.add_stretch()
        return toolbar

    def _with_menu(
        self, toolbar: Toolbar, action: QAction, icon: str, *lines: tuple[str, SignalInstance, tuple]
    ) -> list[QAction]:
        menu, button = QMenu(self), toolbar.add_action(action, icon)
        made = []
        for text, signal, arguments in lines:
            made.append(menu.addAction(text))
            made[-1].triggered.connect(lambda _=False, s=signal, a=arguments: s.emit(*a))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return made

    def _arrange_row(self) -> QWidget:
        self.order, self.filter = QComboBox(), QComboBox()
        for box, choices, name in (
            (self.filter, FILTERS, tr("Photos in the strip")),
            (self.order, ORDERS, tr("Order")),
        ):
            for text, value in choices:
                box.addItem(text, value)
            box.setAccessibleName(name)
            box.currentIndexChanged.connect(lambda: self.arranged.emit())
        both = QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.filter, 1)
        row.addWidget(self.order, 1)
        return both
