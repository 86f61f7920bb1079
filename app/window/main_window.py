"""The window: puts panels, docks and menus together and connects them to the session. No logic of its own."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QByteArray, QSettings, QStandardPaths, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QIcon
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow, QSplitter, QVBoxLayout, QWidget

from app.document import commands
from app.document.session import SLOTS, Session, Slot, kind_of, slots_of
from app.document.texts import title, tr
from app.shared.resources import resource
from app.shared.values import KINDS, Kind, item_for
from app.window import appearance as looks
from app.window import menus
from app.window.align.cameras import Cameras
from app.window.align.controller import Aligner
from app.window.align.dock import POSE_HINTS, AlignPanel
from app.window.align.manual import Posing
from app.window.collection.controller import Collector
from app.window.collection.dock import CollectionPanel
from app.window.collection.presenter import CollectionView
from app.window.encoder.controller import Tuning
from app.window.encoder.dock import EncoderPanel
from app.window.engine_client import EngineClient
from app.window.engine_errors import Troubles
from app.window.gallery.controller import Finder
from app.window.gallery.dock import GalleryPanel
from app.window.matching.dock import PinsPanel
from app.window.matching.presenter import Panels, Presenter
from app.window.parts.controller import Parts
from app.window.parts.dock import HINTS, PartsPanel
from app.window.parts.draft import Drafts
from app.window.parts.presenter import PartsPresenter
from app.window.preload import Preload
from app.window.project_files import Projects
from app.window.requests import Queries
from app.window.sample import open_sample_collection
from app.window.task_bar import TaskBar
from app.window.theme import apply_theme, translate_qt
from app.window.trim_memory import GiveBack
from app.window.views.image import ImagePanel
from app.window.views.mesh import MeshPanel
from app.window.welcome import Welcome
from core.interchange.project import SUFFIX


class MainWindow(QMainWindow):
    """One document, its panels and the engine."""

    def __init__(self, settings: QSettings | None = None, jobs_module: str = "app.engine.jobs") -> None:
        super().__init__()
        self.settings = settings or QSettings("counterpoint", "counterpoint")
        self.session = Session(self)
        self.engine = EngineClient(jobs_module, self, log_path=_log_path())
        self.preload = Preload(self)
        self.queries = Queries(self.session, self.engine, self)
        self.panels: Panels = {slot: _panel(slot) for slot in SLOTS}
        self.pins, self.gallery, self.encoder, self.tasks = PinsPanel(), GalleryPanel(), EncoderPanel(), TaskBar()
        self.parts_panel = PartsPanel()
        self.align_panel = AlignPanel()
        self.aligner = Aligner(self.session, self.queries, self.panels, self.align_panel, self)
        self.finder = Finder(self.session, self.queries, self.gallery, self.settings, self)
        self.collection_panel = CollectionPanel()
        self.collection_view = CollectionView(self.session, self.queries, self.panels, self.collection_panel, self)
        self.collector = Collector(
            self.session, self.queries, self.collection_view, self.collection_panel, self.settings, self
        )
        self.cameras = Cameras(self.session, self.queries, self.aligner, self.align_panel, self)
        self.posing = Posing(self.session, self.queries, self.panels, self.aligner, self.align_panel, self)
        self.presenter = Presenter(self.session, self.panels, self.pins, self)
        self.drafts = Drafts(self.session, self.engine, self.queries, self)
        self.parts = Parts(self.session, self.drafts, self.queries, self.panels, self.parts_panel, self)
        self.parts_presenter = PartsPresenter(self.session, self.drafts, self.panels, self.parts_panel, self)
        self.tuning = Tuning(self.session, self.queries, self.encoder, self)
        self.active: Slot = "image 1"
        self.message, self._engine_runs = QLabel(), False
        self.projects = Projects(self)
        self.memory = GiveBack(self.session, self)
        self._build()
        self._connect()
        self.menus = menus.build(self)
        self._restore()
        looks.restore(self)
        self._guide()
        self.engine.start()
        QTimer.singleShot(0, self.preload.start)
        QTimer.singleShot(0, self.projects.start)

    def open_files(self, paths: list[str], slot: Slot | None = None) -> None:
        """Open images and shapes; the first of a kind goes where ``slot`` says, or replaces the first of its kind, others follow."""
        free = {kind: slots_of(kind) for kind in KINDS}
        if slot is not None:
            kind = kind_of(slot)
            free[kind] = free[kind][free[kind].index(slot) :]
        for project in (path for path in paths if path.endswith(SUFFIX)):
            self.projects.open(Path(project))
        for item in (item_for(path) for path in paths if not path.endswith(SUFFIX)):
            if free[item.kind]:
                self.queries.open(free[item.kind].pop(0), item)
            else:
                count = len(slots_of(item.kind))
                more = tr("; drop many photos on the Collection dock (View menu)") if item.kind == "image" else ""
                self.statusBar().showMessage(
                    tr("{name} was left out: {count} {kind}s can be open at once{more}.").format(
                        name=item.name, count=count, kind=item.kind, more=more
                    ),
                    8000,
                )

    def open_next(self, kind: Kind) -> None:
        """Ask for a file for the first slot of a kind in which nothing is open, or the last."""
        slots = slots_of(kind)
        menus.ask_open(self, next((slot for slot in slots if slot not in self.session.items), slots[-1]))

    def open_sample(self) -> None:
        """The bundled photo and shape, with the focus box drawn and one pin placed."""
        from app.window.sample import open_sample

        open_sample(self)

    def place_pin(self, slot: Slot, at: tuple[float, ...]) -> None:
        if self.posing.take_click(slot, at):
            return
        self.session.undo_stack.push(commands.AddPin(self.session, self.session.new_pin(slot, at)))

    def show_panel(self, slot: Slot, on: bool) -> None:
        """Show or hide a panel, and with it the column that it alone fills; one that appears shares the column evenly."""
        appears = on and self.panels[slot].isHidden()
        self.panels[slot].setVisible(on)
        column = self.panels[slot].parentWidget()
        if isinstance(column, QSplitter):
            column.setVisible(any(not p.isHidden() for p in self.panels.values() if p.parentWidget() is column))
            if appears:
                column.setSizes([column.height()] * column.count())

    def view_state(self) -> dict[str, list[float]]:
        """How open panels look at what they show, for the project file."""
        return {slot: self.panels[slot].view_state() for slot in self.session.items}

    def _build(self) -> None:
        self._name_window()
        self.setWindowIcon(QIcon(str(resource("icons/counterpoint.svg"))))
        columns = QSplitter(Qt.Orientation.Horizontal)
        for slots in (SLOTS[:2], SLOTS[2:4], SLOTS[4:]):
            column = QSplitter(Qt.Orientation.Vertical)
            columns.addWidget(column)
            for slot in slots:
                column.addWidget(self.panels[slot])
            for slot in slots:
                self.show_panel(slot, slot.endswith("1"))
            column.setChildrenCollapsible(False)
        columns.setChildrenCollapsible(False)
        columns.setSizes([500, 500, 500])
        self.welcome, middle = Welcome(), QWidget()
        box = QVBoxLayout(middle)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.welcome)
        box.addWidget(columns, 1)
        self.setCentralWidget(middle)
        self.pins_dock = self._dock(tr("Pins"), self.pins)
        self.parts_dock = self._dock(tr("Parts"), self.parts_panel)
        self.align_dock = self._dock(tr("Align"), self.align_panel)
        self.gallery_dock = self._dock(tr("Gallery"), self.gallery)
        self.encoder_dock = self._dock(tr("Encoder"), self.encoder)
        for dock in (self.parts_dock, self.align_dock, self.gallery_dock, self.encoder_dock):
            self.tabifyDockWidget(self.pins_dock, dock)
        self.collection_dock = self._dock(
            tr("Collection"), self.collection_panel, Qt.DockWidgetArea.BottomDockWidgetArea
        )
        self.collection_dock.hide()
        self.pins_dock.raise_()
        self.statusBar().addWidget(self.message, 1)
        self.statusBar().addPermanentWidget(self.tasks)
        room = self.screen().availableGeometry()
        self.resize(
            round(max(0.75 * room.width(), min(1500, 0.96 * room.width()))),
            round(max(0.75 * room.height(), min(940, 0.92 * room.height()))),
        )
        self.resizeDocks([self.pins_dock], [290], Qt.Orientation.Horizontal)

    def _dock(
        self, title: str, content: QWidget, area: Qt.DockWidgetArea = Qt.DockWidgetArea.RightDockWidgetArea
    ) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(title)
        dock.setWidget(content)
        self.addDockWidget(area, dock)
        return dock

    def _connect(self) -> None:
        for slot, panel in self.panels.items():
            panel.activated.connect(lambda s=slot: self._activate(s))
            panel.files_dropped.connect(lambda paths, s=slot: self.open_files(paths, s))
            panel.open_requested.connect(lambda s=slot: menus.ask_open(self, s))
            panel.pin_selected.connect(self.session.set_current)
            panel.match_moved.connect(lambda pin_id, to, s=slot: self._put_right(pin_id, s, to))
            panel.hover_ended.connect(self.queries.end_hover)
            panel.hover_ended.connect(self.presenter.end_hover)
            if isinstance(panel, ImagePanel):
                panel.clicked.connect(lambda u, v, s=slot: self.place_pin(s, (u, v)))
                panel.hovered.connect(lambda u, v, s=slot: self.queries.hover(s, (u, v)))
                panel.box_changed.connect(lambda box, s=slot: self._set_box(s, box))
            else:
                panel.clicked.connect(lambda point, s=slot: self.place_pin(s, tuple(map(float, point))))
                panel.hovered.connect(lambda point, s=slot: self.queries.hover(s, tuple(map(float, point))))
                panel.up_chosen.connect(lambda up, s=slot: self._set_up(s, up))
        self.queries.opened.connect(lambda slot, content: self.preload.then(partial(self._show, slot, content)))
        self.queries.hovered.connect(self.presenter.show_hover)
        self.troubles = Troubles(self)
        self.queries.busy.connect(self.tasks.follow)
        self.session.item_changed.connect(self._item_changed)
        self.parts_panel.tool_changed.connect(self._guide)
        self.align_panel.tool_changed.connect(self._guide)
        self.align_panel.tool_changed.connect(self._one_tool)
        self.parts_panel.tool_changed.connect(lambda: self._one_tool())
        self.pins.selected.connect(self.session.set_current)
        self.pins.renamed.connect(
            lambda i, name: self.session.undo_stack.push(commands.RenamePin(self.session, i, name))
        )
        self.pins.deleted.connect(lambda ids: self.session.undo_stack.push(commands.DeletePins(self.session, ids)))
        self.pins.cleared.connect(self.clear_pins)
        self.finder.opened.connect(lambda path, second: self.open_files([path], "shape 2" if second else "shape 1"))
        self.finder.ready.connect(self._align_found)
        self.parts_panel.selected.connect(lambda ids: self.finder.choose_part(ids[0] if ids else None))
        self.collector.opened.connect(self.queries.open)
        self.collection_view.placed.connect(self.place_pin)
        for teller in (self.collector, self.collection_view):
            teller.said.connect(lambda sentence: self.statusBar().showMessage(sentence, 8000))
        self.encoder.applied.connect(self.session.set_encoder)
        self.session.encoder_changed.connect(lambda: self.encoder.set_settings(self.session.encoder))
        self.session.undo_stack.cleanChanged.connect(self._clean_changed)
        self.projects.changed.connect(self._name_window)
        self.engine.ready.connect(self._engine_ready)

    def clear_pins(self) -> None:
        self.session.undo_stack.push(commands.DeletePins(self.session, list(self.session.pins)))

    def _align_found(self, slot: Slot) -> None:
        self._activate(slot)
        self.align_dock.show()
        self.align_dock.raise_()
        self.aligner.start()

    def _show(self, slot: Slot, content: object) -> None:
        panel, item = self.panels[slot], self.session.items.get(slot)
        if isinstance(panel, ImagePanel):
            panel.set_image(content, item.name if item else "")  # type: ignore[arg-type]
            panel.set_box(item.box if item else None)
        else:
            opened = content
            panel.set_mesh(getattr(opened, "mesh", None), item.name if item else "", item.up if item else "y")
            for warning in getattr(opened, "warnings", []):
                self.statusBar().showMessage(warning, 10_000)
        if content is None:
            self.parts_presenter.opened(slot, 0)
        else:
            self.show_panel(slot, True)
            size = content.shape[0] * content.shape[1] if isinstance(content, np.ndarray) else content.elements  # type: ignore[attr-defined]
            self.parts_presenter.opened(slot, size)
            view = self.projects.view_of(slot)
            if view is not None:
                panel.restore_view(view)
        self.presenter.refresh()

    def _item_changed(self, slot: Slot) -> None:
        self._guide()
        self.encoder.set_shapes(sum(item.kind == "shape" for item in self.session.items.values()))
        panel, item = self.panels[slot], self.session.items.get(slot)
        if item is not None:
            menus.remember(self, item.path)
            panel.header.title.setText(item.name)
            if isinstance(panel, ImagePanel):
                panel.set_box(item.box)
            else:
                panel.set_up(item.up)

    def _put_right(self, pin_id: int, slot: Slot, to: tuple[float, ...] | None) -> None:
        if to is None:
            self.statusBar().showMessage(tr("There is nothing: the match stays where it was."), 6000)
            return
        self.session.undo_stack.push(commands.correct(self.session, self.session.pins[pin_id], slot, to))
        self.statusBar().showMessage(
            tr("Put right: matches near it follow, and Adapt (Encoder dock) learns from it."), 6000
        )

    def _set_box(self, slot: Slot, box: object) -> None:
        if slot in self.session.items:
            self.session.undo_stack.push(commands.SetBox(self.session, slot, box))  # type: ignore[arg-type]

    def _set_up(self, slot: Slot, up: str) -> None:
        if slot in self.session.items and self.session.items[slot].up != up:
            self.session.undo_stack.push(commands.SetUp(self.session, slot, up))

    def _engine_ready(self) -> None:
        self._engine_runs = True
        self._guide()
        request = self.engine.submit("list_encoders", lane="query")
        request.done.connect(self.encoder.set_encoders)

    def _activate(self, slot: Slot) -> None:
        self.active = slot
        self.aligner.activate(slot)
        self.finder.active = slot

    def _name_window(self) -> None:
        name = (
            tr("{name}[*] - Counterpoint").format(name=self.projects.path.name)
            if self.projects.path
            else tr("Counterpoint[*]")
        )
        self.setWindowTitle(name)

    def _clean_changed(self, clean: bool) -> None:
        self.setWindowModified(not clean)

    def _one_tool(self, pose_tool: str | None = None) -> None:
        """A tool of one dock puts down that of the other."""
        if pose_tool and self.parts_panel.tool()[0]:
            self.parts_panel.choose_tool("")
        elif pose_tool is None and self.parts_panel.tool()[0] and self.align_panel.tool:
            self.align_panel.take("")

    def _guide(self) -> None:
        """Say in the status bar what to do next, and above the panels while nothing is open."""
        empty = not self.session.items and not self.session.collection.photos
        if (empty and self.welcome.isHidden()) or not self.welcome.buttons:
            collection: Callable[[], None] = partial(open_sample_collection, self)
            samples = {tr("the sample"): self.open_sample, tr("the sample collection"): collection}
            self.welcome.fill(samples, menus.recent_files(self), lambda path: self.open_files([path]))
        self.welcome.setVisible(empty)
        if not self._engine_runs:
            text = tr("Starting the engine…")
        elif not self.session.items:
            text = tr("Drop a photo and a shape into the window, or choose File > Open sample")
        else:
            tool = self.align_panel.tool or self.parts_panel.tool()[0]
            text = (HINTS | POSE_HINTS).get(tool, tr("Click to place a pin · hold Shift and move for a live preview"))
        self.message.setText(text)

    def _restore(self) -> None:
        geometry = self.settings.value("geometry")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if not self.projects.may_close():
            event.ignore()
            return
        self.projects.stop()
        self.settings.setValue("geometry", self.saveGeometry())
        for panel in self.panels.values():
            if isinstance(panel, MeshPanel):
                panel.close_panel()
        self.preload.stop()
        self.engine.shutdown()
        super().closeEvent(event)


def _panel(slot: Slot) -> ImagePanel | MeshPanel:
    return ImagePanel(title(slot)) if kind_of(slot) == "image" else MeshPanel(title(slot))


def _log_path() -> str | None:
    folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.CacheLocation) or ".")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder / "engine.log")


def run(files: list[str], sample: bool = False) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    QApplication.setApplicationName("counterpoint")
    app = QApplication(sys.argv[:1])
    app.setDesktopFileName("counterpoint")
    translate_qt(app)
    window = MainWindow()
    apply_theme(app, str(window.settings.value("theme", "system")))  # type: ignore[arg-type]
    window.show()
    if files:
        QTimer.singleShot(0, lambda: window.open_files(files))
    elif sample:
        QTimer.singleShot(0, window.open_sample)
    return app.exec()
