"""The tools of matching, and the list of pins with what was found for each."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QColor, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.document.texts import tr
from app.window.matching.next_steps import Step
from app.window.views.swatch import swatch
from app.window.views.toolbar import Toolbar
from app.window.views.verdicts import COLORS
from core.calibration import per_cent

Status = Literal["good", "unsure", "none", "working", ""]

_WORDS = {"good": tr("good"), "unsure": tr("unsure"), "none": tr("no counterpart"), "working": tr("working…"), "": ""}
_STATUS_TIPS = {
    "good": tr("Good: such matches are right at least four times out of five."),
    "unsure": tr("Unsure: such matches are often wrong; align the shape, or draw a tighter box."),
    "none": tr("No counterpart: the place is probably hidden, or not part of the object."),
    "working": tr("Waiting for the encoder."),
    "": "",
}

MOST_STEPS = 2
"""So many next steps are offered at once."""


@dataclass(frozen=True)
class PinRow:
    """A line of the list: who the pin is, where it was placed, how well and how probably it was matched.

    ``steps`` are what can be done about what is doubted.
    """

    pin_id: int
    name: str
    color: str
    origin: str
    status: Status
    summary: str
    details: str
    probability: float | None = None
    steps: tuple[Step, ...] = ()


class PinsPanel(QWidget):
    """The panel of the pins, and the tools beside it.

    Signals:
        selected(pin id), renamed(pin id, name), deleted(pin ids), cleared(): in the list.
        box_requested(), zoom_requested(), forget_requested(): draw the box of the photo, zoom to it (or back), forget
            what was put right by hand.
    """

    selected = Signal(int)
    renamed = Signal(int, str)
    deleted = Signal(list)
    cleared = Signal()
    box_requested = Signal()
    zoom_requested = Signal()
    forget_requested = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.list = _List()
        self.list.delete_pressed.connect(self._delete)
        self.list.currentItemChanged.connect(self._current_changed)
        self.list.itemChanged.connect(self._edited)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.hint.setForegroundRole(self.hint.foregroundRole().PlaceholderText)
        self.hint.setContentsMargins(8, 8, 8, 8)
        self.details = QLabel()
        self.details.setTextFormat(Qt.TextFormat.RichText)
        self.details.setWordWrap(True)
        self.details.setToolTip(
            tr(
                "Similarity: of the two places, 1 at most.\nMargin: the lead over the next best place.\nCycle error: how far from the start matching back lands, as a share of the object's size."
            )
        )
        self.details.setContentsMargins(8, 4, 8, 4)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.delete_button, self.clear_button = QPushButton(tr("Delete")), QPushButton(tr("Clear all"))
        self.delete_button.clicked.connect(self._delete)
        self.clear_button.clicked.connect(self.cleared)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(8, 4, 8, 8)
        buttons.addStretch()
        buttons.addWidget(self.delete_button)
        buttons.addWidget(self.clear_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.hint)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.details)
        layout.addLayout(self._step_row())
        layout.addLayout(buttons)
        self.toolbar = Toolbar()
        self.toolbar_actions = [self._tool(*one) for one in self._tools()]
        self.toolbar.add_stretch()
        self._rows: list[PinRow] = []
        self.set_rows([])

    def show_pair(self, name: str) -> None:
        """Say on what the tools work."""
        for action, (_, _, tip, _) in zip(self.toolbar_actions, self._tools(), strict=True):
            action.setToolTip(f"{tip}\n{name}" if name else tip)

    def set_enabled(self, photo: bool, box: bool, corrected: bool) -> None:
        """What can be done: whether there are a photo, its box, and matches put right by hand."""
        for action, on in zip(self.toolbar_actions, (photo, box, corrected), strict=True):
            action.setEnabled(on)

    def _step_row(self) -> QHBoxLayout:
        """Buttons for the next steps; they stay, since what one of them does may change what is offered."""
        self._steps: tuple[Step, ...] = ()
        self.steps = [QPushButton() for _ in range(MOST_STEPS)]
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 4)
        for number, button in enumerate(self.steps):
            button.clicked.connect(lambda _=False, n=number: self._steps[n].run())
            row.addWidget(button)
        row.addStretch()
        return row

    def _show_steps(self, steps: tuple[Step, ...]) -> None:
        self._steps = steps[:MOST_STEPS]
        for number, button in enumerate(self.steps):
            button.setVisible(number < len(self._steps))
            button.setText(self._steps[number].text if number < len(self._steps) else "")

    def _tools(self) -> tuple[tuple[str, str, str, SignalInstance], ...]:
        """Icon, text, tip and signal of each."""
        return (
            ("focus-box", tr("Box the object"), tr("Drag a box around the object in the photo (B)"), self.box_requested),
            ("zoom-box", tr("Zoom to the box"), tr("Zoom to the box, or back to the whole photo (Z)"), self.zoom_requested),
            ("forget", tr("Forget corrected matches"), tr("Forget what you corrected by hand; those matches are found again"), self.forget_requested),
        )  # fmt: skip

    def _tool(self, icon_name: str, text: str, tip: str, signal: SignalInstance) -> QAction:
        action = QAction(text, self)
        action.setToolTip(tip)
        action.triggered.connect(lambda: signal.emit())
        self.toolbar.add_action(action, icon_name)
        return action

    def show_hint(self, text: str) -> None:
        """What to do as long as there is no pin."""
        self.hint.setText(text)

    def set_rows(self, rows: list[PinRow]) -> None:
        """Show these pins; the list is touched only where it differs."""
        blocker = QSignalBlocker(self.list)
        current = self._current_id()
        while self.list.topLevelItemCount() > len(rows):
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        for i, row in enumerate(rows):
            item = self.list.topLevelItem(i)
            if item is None:
                item = QTreeWidgetItem()
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                self.list.addTopLevelItem(item)
            _fill(item, row)
        self._rows = rows
        self.hint.setVisible(not rows)
        for widget in (self.list, self.delete_button, self.clear_button):
            widget.setVisible(bool(rows))
        blocker.unblock()
        self.set_current(current)

    def set_current(self, pin_id: int | None) -> None:
        blocker = QSignalBlocker(self.list)
        index = next((i for i, row in enumerate(self._rows) if row.pin_id == pin_id), None)
        item = None if index is None else self.list.topLevelItem(index)
        if item is None:
            self.list.clearSelection()
            self.list.selectionModel().clearCurrentIndex()
        else:
            self.list.setCurrentItem(item)
        self.details.setText("" if index is None else self._rows[index].details)
        self._show_steps(() if index is None else self._rows[index].steps)
        self.delete_button.setEnabled(index is not None)
        blocker.unblock()

    def _current_id(self) -> int | None:
        item = self.list.currentItem()
        return None if item is None else item.data(0, Qt.ItemDataRole.UserRole)

    def _current_changed(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.selected.emit(item.data(0, Qt.ItemDataRole.UserRole))

    def _edited(self, item: QTreeWidgetItem, column: int) -> None:
        pin_id, name = item.data(0, Qt.ItemDataRole.UserRole), item.text(0).strip()
        old = next((row for row in self._rows if row.pin_id == pin_id), None)
        if old is None or name == old.name:
            return
        if name:
            self.renamed.emit(pin_id, name)
        else:
            self.set_rows(self._rows)

    def _menu(self, at: QPoint) -> None:
        item = self.list.itemAt(at)
        if item is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Rename"), lambda: self.list.editItem(item, 0))
        menu.addAction(tr("Delete"), self._delete)
        menu.addSeparator()
        menu.addAction(tr("Delete all"), self.cleared.emit)
        menu.popup(self.list.viewport().mapToGlobal(at))

    def _delete(self) -> None:
        chosen = [item.data(0, Qt.ItemDataRole.UserRole) for item in self.list.selectedItems()]
        if chosen:
            self.deleted.emit(chosen)


class _List(QTreeWidget):
    delete_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(3)
        self.setHeaderLabels([tr("Pin"), tr("Placed in"), tr("Match")])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(False)
        self.setFrameShape(self.Shape.NoFrame)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)

    def edit(self, *arguments: object) -> object:  # type: ignore[override]
        """Only the name can be edited."""
        if arguments and hasattr(arguments[0], "column") and arguments[0].column() != 0:
            return False
        return super().edit(*arguments)  # type: ignore[call-overload]


def _fill(item: QTreeWidgetItem, row: PinRow) -> None:
    item.setData(0, Qt.ItemDataRole.UserRole, row.pin_id)
    item.setText(0, row.name)
    item.setIcon(0, swatch(row.color))
    item.setText(1, row.origin)
    sure = "" if row.probability is None else f" {per_cent(row.probability)}"
    item.setText(2, _WORDS[row.status] + sure)
    item.setForeground(2, QColor(COLORS[row.status]))
    item.setToolTip(0, row.summary)
    item.setToolTip(2, "\n".join(filter(None, (row.summary, _STATUS_TIPS[row.status]))))
