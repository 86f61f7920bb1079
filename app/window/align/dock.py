"""The pose panel: start, choose among hypotheses, change the pose by hand, see how much the photo agrees."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import title, tr
from app.window.align.hypotheses import PoseList, PoseRow
from app.window.align.pairs import PairList
from app.window.views.toolbar import Toolbar
from core.alignment.freedom import FREEDOMS

TOOLS = (
    ("move", tr("Move"), tr("Drag the shape in the photo (W); at the tip of an axis along it; Ctrl+wheel nearer and farther")),
    ("turn", tr("Turn"), tr("Drag to turn the shape like a ball (T); at the tip of an axis about it; beside the ball about the view")),
    ("scale", tr("Scale"), tr("Drag the tip of an axis to scale along it (S), anywhere else all of them")),
    ("pairs", tr("Pairs"), tr("Click a place in the photo and the same on the shape (K); from three pairs on the pose follows them")),
)  # fmt: skip

ALIGN_TIP = tr("Find the pose of the shape in the photo (Ctrl+L)")
VIEW_TIP = tr("See the shape in its panel as the photo's camera sees it (Ctrl+Shift+L)")
CLEAR_TIP = tr("Forget the poses and the pairs")

KEYS = {"move": "W", "turn": "T", "scale": "S", "pairs": "K"}

STYLES = (
    ("solid", tr("Solid")),
    ("wireframe", tr("Wireframe")),
    ("silhouette", tr("Silhouette")),
    ("coordinates", tr("Coordinates (NOC)")),
)


class AlignPanel(QWidget):
    """The panel in which a shape is aligned to a photo, and its tools.

    Signals:
        align_requested(), stopped(), clear_requested(), style_changed(): what their names say.
        chosen(index): another of the poses.
        opacity_changed(share), swiped(share): from 0 to 1.
        tool_requested(tool): a key of ``KEYS``, or "".
        camera_requested(): read intrinsics from a file, or forget them.
        estimate_requested(): estimate the field of view.
        depth_requested(), rig_requested(): read (or forget) measured depth, and the cameras of a rig.
        carry_requested(): the pose in the rig's other photos.
        view_requested(): see the shape as in the photo.
        save_requested(): write the pose that is shown.
    """

    align_requested = Signal()
    stopped = Signal()
    chosen = Signal(int)
    clear_requested = Signal()
    opacity_changed = Signal(float)
    swiped = Signal(float)
    style_changed = Signal()
    tool_requested = Signal(str)
    camera_requested = Signal()
    estimate_requested = Signal()
    depth_requested = Signal()
    rig_requested = Signal()
    carry_requested = Signal()
    view_requested = Signal()
    save_requested = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.toolbar = self._toolbar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addLayout(self._camera_rows())
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setForegroundRole(self.hint.foregroundRole().PlaceholderText)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.list = PoseList()
        self.list.chosen.connect(self.chosen)
        self.list.view_requested.connect(self.view_requested)
        self.list.save_requested.connect(self.save_requested)
        self.list.clear_requested.connect(self.clear_requested)
        layout.addWidget(self.hint)
        layout.addWidget(self.list, 200)
        layout.addWidget(self.verdict)
        self.pairs = PairList()
        layout.addWidget(self.pairs, 100)
        layout.addWidget(self.forget, 0, Qt.AlignmentFlag.AlignRight)
        layout.addLayout(self._look_rows())
        layout.addStretch(1)
        self._runs = False
        self.set_ready(False)
        self.set_poses([], 0, "")
        self.set_known("", 0, False)

    @property
    def locked(self) -> frozenset[str]:
        """Of ``FREEDOMS``."""
        return frozenset(action.data() for action in self.locks.menu().actions() if action.isChecked())

    @property
    def style_name(self) -> str:
        return str(self.style_box.currentData())

    def show_tool(self, tool: str) -> None:
        """Show which tool is taken up, "" (or one of another task) for none."""
        for name, button in self.tools.items():
            button.defaultAction().setChecked(name == tool)

    def set_camera(self, name: str) -> None:
        """Intrinsics come from a file, or ("") from the field of view."""
        short = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, 60)
        self.camera.setText(short or tr("Camera"))
        self.from_file.setText(tr("Forget the intrinsics of the file") if name else tr("Take intrinsics from a file…"))
        self.fov.setEnabled(not name)

    def set_known(self, depth: str, cameras: int, carries: bool) -> None:
        """Show the file with the photo's depth or "", and how many cameras the rig has.

        ``carries`` says whether a pose can be carried to others of it.
        """
        self.measured.setText(
            tr("Forget the depth of {depth}").format(depth=depth) if depth else tr("Take measured depth from a file…")
        )
        self.rig.setText(
            tr("Forget the rig of {cameras} cameras").format(cameras=cameras)
            if cameras
            else tr("Take the cameras of a rig from a file…")
        )
        self.carry.setEnabled(carries)

    def set_ready(self, ready: bool) -> None:
        """Whether an image and a shape are there to be aligned."""
        self.start.setEnabled(ready)
        for button in self.tools.values():
            button.defaultAction().setEnabled(ready)

    def show_hint(self, text: str) -> None:
        """What to do next, "" for nothing."""
        self.hint.setText(text)
        self.hint.setVisible(bool(text))

    def set_running(self, runs: bool) -> None:
        self._runs = runs
        self.start.setText(tr("Stop") if runs else tr("Align shape to photo"))

    def set_poses(self, rows: list[PoseRow], choice: int, verdict: str) -> None:
        """Show hypotheses, a line each, and what is thought of the one that is chosen."""
        self.list.set_rows(rows, choice)
        self.verdict.setText(verdict)
        self.verdict.setVisible(bool(verdict))
        self.forget.setVisible(bool(rows or verdict))
        self.view.setEnabled(bool(rows))
        self.estimate.setEnabled(bool(rows))

    def _camera_rows(self) -> QFormLayout:
        self.fov, self.dof, self.camera, self.locks = QDoubleSpinBox(), QComboBox(), QPushButton(), QPushButton()
        self.fov.setRange(0, 170)
        self.fov.setSpecialValueText(tr("as the photo says, else 50°"))
        self.fov.setSuffix("°")
        self.fov.setToolTip(tr("What the photo's longer side spans; 0 takes it from the photo's EXIF data, or as 50°"))
        self._fill_camera_menu()
        self._fill_freedoms()
        form = QFormLayout()
        form.addRow(tr("Field of view"), self.fov)
        form.addRow(tr("Adjust"), self.dof)
        row = QHBoxLayout()
        row.addWidget(self.camera)
        row.addWidget(self.locks)
        form.addRow("", row)
        return form

    def _fill_camera_menu(self) -> None:
        self.camera.setText(tr("Camera"))
        self.camera.setToolTip(
            tr("The photo's camera: of a file, or estimated with the pose; measured depth; the cameras of a rig")
        )
        cameras = QMenu(self.camera)
        self.from_file = cameras.addAction(tr("Take intrinsics from a file…"), self.camera_requested.emit)
        self.estimate = cameras.addAction(tr("Estimate the field of view with the pose"), self.estimate_requested.emit)
        cameras.addSeparator()
        self.measured = cameras.addAction(tr("Take measured depth from a file…"), self.depth_requested.emit)
        self.measured.setToolTip(
            tr(
                "A PNG of millimetres (thousandths of the shape's units) or NPY, of the photo's size: tells size from distance"
            )
        )
        cameras.addSeparator()
        self.rig = cameras.addAction(tr("Take the cameras of a rig from a file…"), self.rig_requested.emit)
        self.rig.setToolTip(
            tr(
                "transforms.json of nerfstudio or images.txt of COLMAP, in the shape's units: a pose in one photo is one in all"
            )
        )
        self.carry = cameras.addAction(tr("Carry the pose to the rig's other photos"), self.carry_requested.emit)
        cameras.setToolTipsVisible(True)
        self.camera.setMenu(cameras)

    def _fill_freedoms(self) -> None:
        for value, text in (
            (6, tr("position, rotation")),
            (7, tr("position, rotation, size")),
            (9, tr("and size by axis")),
        ):
            self.dof.addItem(text, value)
        self.dof.setToolTip(
            tr(
                "What aligning may change (6, 7 or 9 degrees of freedom): more when the shape is not exactly that of the photo"
            )
        )
        menu = QMenu(self.locks)
        for name in FREEDOMS:
            action = menu.addAction(title(name))
            action.setData(name)
            action.setCheckable(True)
        menu.triggered.connect(self._locked)
        self.locks.setMenu(menu)
        self.locks.setToolTip(
            tr("What must stay as it is: position along and rotation about the camera's axes, size along the shape's")
        )
        self._locked()

    def _toolbar(self) -> Toolbar:
        toolbar = Toolbar()
        self.start = QPushButton(tr("Align shape to photo"))
        self.start.setProperty("primary", True)
        self.start.setMinimumWidth(self.start.sizeHint().width())
        self.start.clicked.connect(self._pressed)
        toolbar.add(self.start)
        toolbar.add_line()
        self.tools: dict[str, QToolButton] = {}
        for name, text, tip in TOOLS:
            action = QAction(text, self)
            action.setToolTip(tip)
            action.setCheckable(True)
            action.triggered.connect(lambda on, n=name: self.tool_requested.emit(n if on else ""))
            self.tools[name] = toolbar.add_action(action, f"pose-{name}")
        toolbar.add_line()
        self.view = QAction(tr("See as in photo"), self)
        self.view.triggered.connect(self.view_requested)
        toolbar.add_action(self.view, "view")
        self.forget = QPushButton(tr("Clear"))
        self.forget.clicked.connect(self.clear_requested)
        toolbar.add_stretch()
        self.show_pair("")
        return toolbar

    def show_pair(self, name: str) -> None:
        """Say on what the tools work."""
        every: list[tuple[QAction | QPushButton, str]] = [
            (self.start, ALIGN_TIP),
            (self.view, VIEW_TIP),
            (self.forget, CLEAR_TIP),
            *((self.tools[tool].defaultAction(), tip) for tool, _, tip in TOOLS),
        ]
        for what, tip in every:
            what.setToolTip(f"{tip}\n{name}" if name else tip)

    def _look_rows(self) -> QFormLayout:
        self.style_box, self.opacity, self.swipe = QComboBox(), QSlider(), QSlider()
        for name, text in STYLES:
            self.style_box.addItem(text, name)
        self.style_box.currentIndexChanged.connect(self.style_changed)
        for slider, value, signal, what in (
            (self.opacity, 65, self.opacity_changed, tr("Opacity of the shape over the photo")),
            (self.swipe, 100, self.swiped, tr("How much of the photo, from the left, the shape is shown over")),
        ):
            slider.setOrientation(Qt.Orientation.Horizontal)
            slider.setRange(0, 100)
            slider.setValue(value)
            slider.setAccessibleName(what)
            slider.setToolTip(what)
            slider.valueChanged.connect(lambda v, s=signal: s.emit(v / 100))
        form = QFormLayout()
        form.addRow(tr("Show as"), self.style_box)
        form.addRow(tr("Opacity"), self.opacity)
        form.addRow(tr("Swipe"), self.swipe)
        return form

    def _locked(self) -> None:
        count = len(self.locked)
        self.locks.setText(tr("Lock ({count})").format(count=count) if count else tr("Lock"))

    def _pressed(self) -> None:
        (self.stopped if self._runs else self.align_requested).emit()
