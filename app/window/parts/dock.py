"""The parts panel: tools to mark a part, what came of it, and the list of parts."""

from functools import partial

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QColorDialog,
    QComboBox,
    QGridLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import tr
from app.shared.values import Marking
from app.window.parts.marking_tools import TOOLS
from app.window.parts.rows import PartRow, fill
from app.window.views.toolbar import Toolbar
from core.plugins import plugins

BUNDLED = {"": 0, "grabcut": 0, "cutter": 1}
"""Places in the list of what cuts parts out."""

FROM_FILE = 2
"""Where that list offers a checkpoint of Segment Anything; after it come its download, and plugins."""


class PartsPanel(QWidget):
    """The panel of the parts, and the tools that mark one.

    Signals:
        tool_requested(tool): a part tool, or "".
        brush_changed(): see :meth:`brush_settings`.
        kept(), dropped(), cycled(step): what becomes of the part that is marked.
        threshold_changed(), carries_changed(on), segmenter_chosen(index), exclusive_changed(on): other settings.
        renamed(part id, name), shown(part id, on), recolored(part id, color), selected(part ids): in the list.
        mark_more_requested(on): what is marked next belongs to the selected part, or no longer.
        edit_requested(what): one of "merge", "split", "delete", "up", "down".
    """

    tool_requested = Signal(str)
    brush_changed = Signal()
    kept = Signal()
    dropped = Signal()
    cycled = Signal(int)
    threshold_changed = Signal()
    carries_changed = Signal(bool)
    segmenter_chosen = Signal(int)
    renamed = Signal(int, str)
    shown = Signal(int, bool)
    recolored = Signal(int, str)
    selected = Signal(list)
    mark_more_requested = Signal(bool)
    edit_requested = Signal(str)
    exclusive_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._rows: list[PartRow] = []
        self._free = True
        self.toolbar = self._toolbar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.setSpacing(6)
        layout.addLayout(self._settings())
        layout.addWidget(self._draft_box())
        self.target = QLabel()
        self.target.setWordWrap(True)
        layout.addWidget(self.target)
        layout.addWidget(self._list(), 1)
        layout.addLayout(self._buttons())
        self.set_draft(None)
        self.set_rows([], True)
        self.show_target("", False, True)

    def brush_settings(self) -> tuple[float, float]:
        """(radius of the brush as a fraction of the diagonal, angle of the fill in degrees)."""
        return 0.002 * 1.06 ** self.brush.value(), float(self.angle.value())

    def show_tool(self, name: str) -> None:
        """Show which tool is taken up, "" (or one of another task) for none."""
        for other, action in self.tools.items():
            action.setChecked(other == name)

    def show_marking(self, marking: Marking) -> None:
        """Show what cuts parts out, and whether they are looked for on the other panels."""
        plugin = self.segmenter.findText(marking.segmenter)
        place = BUNDLED.get(marking.segmenter, plugin if plugin >= 0 else FROM_FILE)
        self.segmenter.setCurrentIndex(place)
        blocker = QSignalBlocker(self.carries)
        self.carries.setChecked(marking.carries)
        blocker.unblock()

    def set_draft(self, text: str | None, count: int = 0, choice: int = 0, score: float = 0.0) -> None:
        """Show what is being marked: ``text`` what it will be, ``count`` candidates; None hides it."""
        self.draft.setVisible(text is not None)
        self.title.setText(text or "")
        several = count > 1
        for button in (self.back, self.forward):
            button.setEnabled(several)
        how = tr("as drawn") if score >= 1 else tr("score {score:.0%}").format(score=score)
        self.candidate.setText(
            tr("{choice} of {count} · {how}").format(choice=choice + 1, count=count, how=how)
            if several
            else how
            if count
            else ""
        )
        self.keep.setEnabled(count > 0)

    def say(self, text: str) -> None:
        """The step it is on, or why there is nothing."""
        self.step.setText(text)
        self.step.setVisible(bool(text))

    def show_target(self, text: str, on: bool, free: bool) -> None:
        """Show what the next mark belongs to, "" where that is plain.

        ``on``: *Mark more* is on; ``free``: nothing is being marked, so that it can be turned on.
        """
        self.target.setText(text)
        self.target.setVisible(bool(text))
        self.buttons["mark"].setChecked(on)
        self._free = free or on
        self._enable()

    def set_rows(self, rows: list[PartRow], exclusive: bool) -> None:
        """Show the parts, the topmost first."""
        blocker = QSignalBlocker(self.list)
        chosen = set(self.chosen())
        self._rows = rows
        # Lines are kept: this may be called while one of them says that it was edited.
        while self.list.topLevelItemCount() > len(rows):
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        for place, row in enumerate(rows):
            item = self.list.topLevelItem(place)
            if item is None:
                item = QTreeWidgetItem()
                self.list.addTopLevelItem(item)
            fill(item, row)
            item.setSelected(row.part_id in chosen)
        blocker.unblock()
        blocker = QSignalBlocker(self.exclusive)
        self.exclusive.setChecked(exclusive)
        blocker.unblock()
        self.hint.setVisible(not rows)
        self.list.setVisible(bool(rows))
        self._enable()

    def chosen(self) -> list[int]:
        """Part ids that are selected in the list."""
        return [item.data(0, Qt.ItemDataRole.UserRole) for item in self.list.selectedItems()]

    def select(self, part_id: int) -> None:
        """Select one part, which is told as if the user had done it."""
        place = next((n for n, row in enumerate(self._rows) if row.part_id == part_id), -1)
        item = self.list.topLevelItem(place)
        if item is None or self.chosen() == [part_id]:
            return
        blocker = QSignalBlocker(self.list)
        self.list.setCurrentItem(item)
        blocker.unblock()
        self._selection_changed()

    def _toolbar(self) -> Toolbar:
        toolbar = Toolbar()
        self.tools: dict[str, QAction] = {}
        group = QActionGroup(self)
        group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        for name, text, tip in TOOLS:
            action = QAction(text, self)
            action.setToolTip(tip)
            action.setCheckable(True)
            action.triggered.connect(lambda on, n=name: self.tool_requested.emit(n if on else ""))
            group.addAction(action)
            toolbar.add_action(action, f"part-{name}")
            self.tools[name] = action
        toolbar.add_stretch()
        return toolbar

    def _settings(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        self.brush, self.angle, self.threshold = (QSlider(Qt.Orientation.Horizontal) for _ in range(3))
        self.brush_text, self.angle_text, self.threshold_text = QLabel(), QLabel(), QLabel()
        tips = (
            tr("Radius of the brush, as a share of the diagonal of the photo or shape"),
            tr("Creases sharper than this stop the fill"),
            tr("How sure it must be that a place belongs to the part"),
        )
        rows: tuple[tuple[str, QSlider, QLabel, int, int, int], ...] = (
            (tr("Brush"), self.brush, self.brush_text, 0, 80, 40),
            (tr("Crease"), self.angle, self.angle_text, 2, 90, 30),
            (tr("Threshold"), self.threshold, self.threshold_text, 1, 19, 10),
        )
        for line, ((name, slider, text, low, high, value), tip) in enumerate(zip(rows, tips, strict=True)):
            slider.setRange(low, high)
            slider.setToolTip(tip)
            slider.setAccessibleName(name)
            slider.valueChanged.connect(self._settings_changed)
            text.setMinimumWidth(40)
            grid.addWidget(QLabel(name), line, 0)
            grid.addWidget(slider, line, 1)
            grid.addWidget(text, line, 2)
            slider.setValue(value)
        self.segmenter = QComboBox()
        self.segmenter.addItems(
            [
                tr("GrabCut and descriptors"),
                tr("The bundled cutter"),
                tr("Segment Anything (file…)"),
                tr("Segment Anything (download…)"),
            ]
        )
        self.segmenter.addItems(list(plugins("segmenters")))
        self.segmenter.setToolTip(tr("What cuts a part out of a photo by points and boxes"))
        self.segmenter.activated.connect(self.segmenter_chosen)
        grid.addWidget(QLabel(tr("Cutter")), 3, 0)
        grid.addWidget(self.segmenter, 3, 1, 1, 2)
        self.carries = QCheckBox(tr("Find it on the other panels too"))
        self.carries.setChecked(True)
        self.carries.toggled.connect(self.carries_changed)
        grid.addWidget(self.carries, 4, 0, 1, 3)
        return grid

    def threshold_percent(self) -> int:
        return 5 * self.threshold.value()

    def _settings_changed(self) -> None:
        size, angle = self.brush_settings()
        self.brush_text.setText(f"{size:.1%}")
        self.angle_text.setText(f"{angle:.0f}°")
        self.threshold_text.setText(f"{self.threshold_percent()}%")
        (self.threshold_changed if self.sender() is self.threshold else self.brush_changed).emit()

    def _draft_box(self) -> QWidget:
        self.draft = QWidget()
        box = QGridLayout(self.draft)
        box.setContentsMargins(0, 4, 0, 4)
        self.title, self.candidate, self.step = QLabel(), QLabel(), QLabel()
        self.title.setStyleSheet("font-weight: 600;")
        self.title.setWordWrap(True)  # a long reason must not push the panels aside
        self.step.setWordWrap(True)
        self.back, self.forward = QToolButton(), QToolButton()
        for button, arrow, tip, step in (
            (self.back, Qt.ArrowType.LeftArrow, tr("Previous candidate (Shift+N)"), -1),
            (self.forward, Qt.ArrowType.RightArrow, tr("Next candidate (N)"), 1),
        ):
            button.setArrowType(arrow)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(partial(self.cycled.emit, step))
        self.keep, self.drop = QPushButton(tr("Keep")), QPushButton(tr("Discard"))
        self.keep.setToolTip(tr("Make it a part (Return)"))
        self.drop.setToolTip(tr("Discard what was marked (Escape)"))
        self.keep.clicked.connect(self.kept)
        self.drop.clicked.connect(self.dropped)
        box.addWidget(self.title, 0, 0, 1, 4)
        box.addWidget(self.back, 1, 0)
        box.addWidget(self.candidate, 1, 1, 1, 2)
        box.addWidget(self.forward, 1, 3)
        box.addWidget(self.step, 2, 0, 1, 4)
        box.addWidget(self.keep, 3, 0, 1, 2)
        box.addWidget(self.drop, 3, 2, 1, 2)
        box.setColumnStretch(1, 1)
        box.setColumnStretch(2, 1)
        return self.draft

    def _list(self) -> QWidget:
        host = QWidget()
        column = QVBoxLayout(host)
        column.setContentsMargins(0, 0, 0, 0)
        self.hint = QLabel(
            tr("Choose a tool above, mark a part in a photo or on a shape, and press Return to keep it.")
        )
        self.hint.setWordWrap(True)
        self.hint.setForegroundRole(self.hint.foregroundRole().PlaceholderText)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.list = QTreeWidget()
        self.list.setHeaderLabels([tr("Part"), tr("Marked on"), tr("Found")])
        self.list.setRootIsDecorated(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for number in (1, 2):
            self.list.header().setSectionResizeMode(number, QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setStretchLastSection(False)
        self.list.itemChanged.connect(self._item_changed)
        self.list.itemSelectionChanged.connect(self._selection_changed)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        column.addWidget(self.hint, 1)
        column.addWidget(self.list, 1)
        return host

    def _buttons(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4)
        self.exclusive = QCheckBox(tr("No overlaps"))
        self.exclusive.setToolTip(
            tr("A pixel or face belongs to one part only: what is marked is taken from the other parts")
        )
        self.exclusive.toggled.connect(self.exclusive_changed)
        self.buttons: dict[str, QPushButton] = {}
        texts = {
            "mark": tr("Mark more"),
            "merge": tr("Merge"),
            "split": tr("Split"),
            "delete": tr("Delete"),
            "up": tr("Up"),
            "down": tr("Down"),
        }
        tips = {
            "mark": tr("Add to the selected part, or take from it, until this is pressed again or the tool is left"),
            "merge": tr("Make the selected parts one"),
            "split": tr("Cut the selected part into its connected pieces"),
            "delete": tr("Delete the selected parts"),
            "up": tr("Move up in the list; where parts overlap, the upper one is seen"),
            "down": tr("Move down in the list"),
        }
        for number, (what, text) in enumerate(texts.items()):
            button = QPushButton(text)
            button.setToolTip(tips[what])
            if what == "mark":
                button.setCheckable(True)
                button.clicked.connect(self.mark_more_requested)
            else:
                button.clicked.connect(partial(self.edit_requested.emit, what))
            self.buttons[what] = button
            grid.addWidget(button, number // 3, number % 3)
        grid.addWidget(self.exclusive, 2, 0, 1, 3)
        return grid

    def _enable(self) -> None:
        chosen = len(self.chosen())
        needs = {"mark": chosen == 1 and self._free, "merge": chosen > 1, "split": chosen == 1, "delete": chosen > 0}
        for what, button in self.buttons.items():
            button.setEnabled(needs.get(what, chosen == 1))

    def _selection_changed(self) -> None:
        self._enable()
        self.selected.emit(self.chosen())

    def _item_changed(self, item: QTreeWidgetItem, column: int) -> None:
        part_id = item.data(0, Qt.ItemDataRole.UserRole)
        row = next((row for row in self._rows if row.part_id == part_id), None)
        if row is None:
            return
        on, name = item.checkState(0) == Qt.CheckState.Checked, item.text(0).strip()
        if on != row.visible:
            self.shown.emit(part_id, on)
        elif name and name != row.name:
            self.renamed.emit(part_id, name)
        else:
            self.set_rows(self._rows, self.exclusive.isChecked())

    def _menu(self, place: QPoint) -> None:
        chosen = self.chosen()
        if len(chosen) != 1:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Rename")).triggered.connect(lambda: self.list.editItem(self.list.selectedItems()[0], 0))
        menu.addAction(tr("Colour…")).triggered.connect(partial(self._choose_color, chosen[0]))
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _choose_color(self, part_id: int) -> None:
        row = next(row for row in self._rows if row.part_id == part_id)
        color = QColorDialog.getColor(QColor(row.color), self, tr("Colour of {name}").format(name=row.name))
        if color.isValid():
            self.recolored.emit(part_id, color.name())
