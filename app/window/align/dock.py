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
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import tr
from app.window.align.hypotheses import PoseList, PoseRow
from app.window.align.pairs import PairList
from app.window.views.toolbar import Toolbar
from core.alignment.freedom import FREEDOMS

TOOLS = (
    ("move", tr("Move"), tr("Drag the shape to where it is in the photo (W); the tip of an axis moves it along that axis, Ctrl+wheel nearer or farther")),
    ("turn", tr("Turn"), tr("Drag to turn the shape like a ball (T); the tip of an axis turns it about that axis, outside the ball it turns like a wheel")),
    ("scale", tr("Scale"), tr("Drag the tip of an axis to scale along that axis (S); drag anywhere else to scale along all three")),
    ("pairs", tr("Pairs"), tr("Click a place in the photo and the same place on the shape (K); from three pairs on the pose follows them")),
)  # fmt: skip

ALIGN_TIP = tr("Find the pose of the shape in the photo (Ctrl+L)")
VIEW_TIP = tr("View the shape in its panel as the photo's camera sees it (Ctrl+Shift+L)")
CLEAR_TIP = tr("Remove the poses and the pairs of this photo and this shape")

LOCKS = (
    *(tr("Position along x"), tr("Position along y"), tr("Position along z")),
    *(tr("Rotation about x"), tr("Rotation about y"), tr("Rotation about z")),
    *(tr("Size along x"), tr("Size along y"), tr("Size along z")),
)

KEYS = {"move": "W", "turn": "T", "scale": "S", "pairs": "K"}


class AlignPanel(QWidget):
    """The panel in which a shape is aligned to a photo, and its tools.

    Signals:
        align_requested(), stopped(), clear_requested(): what their names say.
        chosen(index): another of the poses.
        tool_requested(tool): a key of ``KEYS``, or "".
        camera_requested(): read intrinsics from a file, or forget them.
        estimate_requested(): estimate the field of view.
        focal_requested(), edges_requested(): solve the focal length from pairs, or click edges of a box for it.
        depth_requested(), rig_requested(): read (or forget) measured depth, and the cameras of a rig.
        carry_requested(): the pose in the rig's other photos.
        view_requested(): see the shape as in the photo.
        save_requested(): write the pose that is shown.
    """

    align_requested = Signal()
    stopped = Signal()
    chosen = Signal(int)
    clear_requested = Signal()
    tool_requested = Signal(str)
    camera_requested = Signal()
    estimate_requested = Signal()
    focal_requested = Signal()
    edges_requested = Signal()
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
        layout.addStretch(1)
        self._runs = False
        self.set_ready(False)
        self.set_poses([], 0, "")
        self.set_known("", 0, False)

    @property
    def locked(self) -> frozenset[str]:
        """Of ``FREEDOMS``."""
        return frozenset(action.data() for action in self.locks.menu().actions() if action.isChecked())

    def show_tool(self, tool: str) -> None:
        """Show which tool is taken up, "" (or one of another task) for none."""
        for name, button in self.tools.items():
            button.defaultAction().setChecked(name == tool)

    def set_camera(self, name: str) -> None:
        """Intrinsics come from a file, or ("") from the field of view."""
        short = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, 60)
        self.camera.setText(short or tr("Camera"))
        self.from_file.setText(tr("Forget the intrinsics") if name else tr("Open intrinsics…"))
        self.fov.setEnabled(not name)

    def set_known(self, depth: str, cameras: int, carries: bool) -> None:
        """Show the file with the photo's depth or "", and how many cameras the rig has.

        ``carries`` says whether a pose can be carried to others of it.
        """
        self.measured.setText(
            tr("Forget the depth of {depth}").format(depth=depth) if depth else tr("Open measured depth…")
        )
        self.rig.setText(
            tr("Forget the {cameras} cameras of the rig").format(cameras=cameras) if cameras else tr("Open camera rig…")
        )
        self.carry.setEnabled(carries)

    def set_focal(self, pairs: bool, edges: bool) -> None:
        """Whether pairs, and edges, may say the focal length."""
        self.focal.setEnabled(pairs)
        self.edges.setEnabled(edges)

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
        self.fov.setSpecialValueText(tr("automatic"))
        self.fov.setSuffix("°")
        self.fov.setToolTip(
            tr(
                "The angle that the longer side of the photo spans. 0 is automatic: taken from the photo's EXIF data, or 50° where there are none."
            )
        )
        self._fill_camera_menu()
        self._fill_freedoms()
        form = QFormLayout()
        form.addRow(tr("Field of view"), self.fov)
        form.addRow(tr("Solve for"), self.dof)
        row = QHBoxLayout()
        row.addWidget(self.camera)
        row.addWidget(self.locks)
        form.addRow("", row)
        return form

    def _fill_camera_menu(self) -> None:
        self.camera.setText(tr("Camera"))
        self.camera.setToolTip(
            tr("What is known about the photo's camera: intrinsics, measured depth, a rig of cameras")
        )
        cameras = QMenu(self.camera)
        self.from_file = cameras.addAction(tr("Open intrinsics…"), self.camera_requested.emit)
        self.estimate = cameras.addAction(tr("Estimate the field of view"), self.estimate_requested.emit)
        self.focal = cameras.addAction(tr("Solve the focal length from the pairs"), self.focal_requested.emit)
        self.focal.setToolTip(
            tr(
                "With five pairs or more; pairs in other open photos of the same size and shape count as of the same camera"
            )
        )
        self.edges = cameras.addAction(tr("Focal length from the edges of a box…"))
        self.edges.setCheckable(True)
        self.edges.triggered.connect(self.edges_requested.emit)
        self.edges.setToolTip(
            tr("Click the ends of edges at right angles to each other: of a box, a table, a building")
        )
        cameras.addSeparator()
        self.measured = cameras.addAction(tr("Open measured depth…"), self.depth_requested.emit)
        self.measured.setToolTip(
            tr(
                "A PNG in millimetres (thousandths of the shape's unit) or an NPY, of the photo's size. Depth tells a small near object from a large far one."
            )
        )
        cameras.addSeparator()
        self.rig = cameras.addAction(tr("Open camera rig…"), self.rig_requested.emit)
        self.rig.setToolTip(
            tr(
                "transforms.json of nerfstudio or images.txt of COLMAP, in the shape's unit. A pose in one photo of a rig is a pose in all of them."
            )
        )
        self.carry = cameras.addAction(tr("Transfer the pose to the rig's other photos"), self.carry_requested.emit)
        cameras.setToolTipsVisible(True)
        self.camera.setMenu(cameras)

    def _fill_freedoms(self) -> None:
        for value, text in (
            (6, tr("position and rotation")),
            (7, tr("position, rotation, size")),
            (9, tr("position, rotation, 3 sizes")),
        ):
            self.dof.addItem(text, value)
        self.dof.setToolTip(
            tr(
                "What aligning may change: 6, 7 or 9 degrees of freedom. Choose sizes too when the shape is not exactly the object in the photo."
            )
        )
        menu = QMenu(self.locks)
        for name, text in zip(FREEDOMS, LOCKS, strict=True):
            action = menu.addAction(text)
            action.setData(name)
            action.setCheckable(True)
        menu.triggered.connect(self._locked)
        self.locks.setMenu(menu)
        self.locks.setToolTip(
            tr(
                "What aligning must not change: position along and rotation about the camera's axes, size along the shape's axes"
            )
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
        self.view = QAction(tr("View as in photo"), self)
        self.view.triggered.connect(self.view_requested)
        toolbar.add_action(self.view, "camera")
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

    def _locked(self) -> None:
        count = len(self.locked)
        self.locks.setText(tr("Lock ({count})").format(count=count) if count else tr("Lock"))

    def _pressed(self) -> None:
        (self.stopped if self._runs else self.align_requested).emit()
