"""The window: puts panels, tasks and menus together. No logic of its own, and no knowledge of single tasks."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QByteArray, QSettings, QTimer
from PySide6.QtGui import QCloseEvent, QIcon, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from app.document import commands
from app.document.session import Session
from app.document.texts import tr
from app.shared.log import log_file, log_what_is_thrown, start_log
from app.shared.resources import resource
from app.shared.values import Slot
from app.window import menus
from app.window.active_pair import ActivePair
from app.window.appearance import Appearance
from app.window.blink import Blink
from app.window.content import Content
from app.window.engine_client import EngineClient
from app.window.errors import Errors
from app.window.feature import Entries, Entry
from app.window.features import build_features
from app.window.file_watch import FileWatch
from app.window.files import Files
from app.window.guide import Guide
from app.window.help import console_entries, help_entries
from app.window.keyboard import Keyboard
from app.window.layer_presenter import LayerPresenter
from app.window.layer_settings import LayerSettings
from app.window.messages import Messages
from app.window.photo_steps import PhotoSteps
from app.window.pictures import Pictures
from app.window.preferences import Preferences
from app.window.preload import Preload
from app.window.project_files import ProjectFiles
from app.window.requests import Requests
from app.window.sample import Sample
from app.window.services import Services
from app.window.staging import Staging
from app.window.task_bar import TaskBar
from app.window.text_keys import TextKeys
from app.window.theme import apply_theme, translate_qt
from app.window.tools import Tools
from app.window.tour import Tour
from app.window.trim_memory import GiveBack
from app.window.views.columns import Columns
from app.window.views.layers_panel import LayersPanel
from app.window.views.panels import ActivePanel, make_panels, mesh_panels
from app.window.workspace import LAYOUT, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable


class MainWindow(QMainWindow):
    """One document, its panels and the engine; :class:`app.window.shell.Shell` to all of them."""

    def __init__(self, settings: QSettings | None = None, jobs_module: str = "app.engine.jobs") -> None:
        super().__init__()
        self.settings = settings or QSettings("counterpoint", "counterpoint")
        self.session = Session(self)
        self.preload = Preload(self)
        self.engine = EngineClient(jobs_module, self, log_path=log_file("engine"))
        self.panels = make_panels()
        self.columns = Columns(self.panels)
        self.staging = Staging(self.preload, self.panels, self.columns, self)
        self.requests = Requests(self.session, self.engine, self.staging, self)
        self.active = ActivePanel(self.panels, self)
        self.pair = ActivePair(self.session, self.panels, self.active, self.say, self)
        self.content = Content(self.session, self.requests, self.panels, self.columns, self)
        self.tools, self.layers = Tools(self.panels, self), LayerSettings(self)
        self.messages, self.tasks = Messages(self.statusBar(), self), TaskBar()
        self.steps = PhotoSteps(self)
        services = self._services()
        self.features = build_features(services)
        self.projects = ProjectFiles(self.session, self.settings, self.panels, self.content, self, self)
        self.files = Files(services, self.projects, tuple(self.features))
        self.sample = Sample(self.session, self.requests, self.tools, self)
        samples: dict[str, Callable[[], object]] = {tr("the sample"): self.open_sample}
        for feature in self.features:
            samples |= feature.samples()
        self.guide = Guide(self.session, self.engine, self.tools, self.files, samples, self)
        self.errors = Errors(services, self.features, self.messages)
        self.watch = FileWatch(self.session, self.requests, self, self)
        self.tour = Tour(self.session, self.tools, self.settings, self)
        self.pictures = Pictures(self.panels, self.active, self)
        self.memory, self.text_keys = GiveBack(self.session, self), TextKeys(self)
        self.appearance = Appearance(self.settings, self.panels, self.menuBar())
        self.keyboard = Keyboard(self.menuBar(), self.panels, self.active, self)
        self._build()
        self._build_menus()
        self._connect()
        self._restore()
        self.guide.refresh()
        self.engine.start()
        QTimer.singleShot(0, self.preload.start)
        QTimer.singleShot(0, self.projects.start)

    def _services(self) -> Services:
        return Services(
            session=self.session,
            engine=self.engine,
            requests=self.requests,
            panels=self.panels,
            content=self.content,
            active=self.active,
            pair=self.pair,
            tools=self.tools,
            layers=self.layers,
            settings=self.settings,
            shell=self,
            steps=self.steps,
            parent=self,
        )

    @property
    def dialog_parent(self) -> QWidget:
        return self

    def say(self, sentence: str, milliseconds: int = 8000) -> None:
        self.messages.say(sentence, milliseconds)

    def saved(self, path: str | Path) -> None:
        self.say(tr("Saved {path}").format(path=path))
        self.tour.file_written()

    def fail(self, sentence: str, where: str = "", action: str = "", run: "Callable[[], object] | None" = None) -> None:
        self.errors.say(sentence, "", where, action, run)

    def show_feature(self, name: str) -> None:
        self.workspace.show_feature(name)

    def open_files(self, paths: list[str], slot: Slot | None = None) -> None:
        self.files.open(paths, slot)

    def view_state(self) -> dict[str, list[float]]:
        return self.content.view_state()

    def open_sample(self) -> None:
        """The bundled photo and shape, with the box drawn and one pin placed; the tour leaves both to the user."""
        self.sample.open(worked=not self.tour.runs)

    def _build(self) -> None:
        self._name_window()
        self.setWindowIcon(QIcon(str(resource("icons/counterpoint.svg"))))
        self.workspace = Workspace(tuple(self.features), self.guide.welcome, self.columns, self.tour.card, self.tools)
        self.setCentralWidget(self.workspace)
        self.blink, self.layers_panel = Blink(self.layers, self.say, self), LayersPanel(self)
        self.layers_panel.addAction(self.blink.action)  # a popup has all keys while it is open
        self.shown_layers = LayerPresenter(
            self.session, self.layers, self.panels, self.layers_panel, self.workspace.bar, self.blink.hint, self
        )
        self.statusBar().addWidget(self.guide.message, 1)
        self.statusBar().addPermanentWidget(self.tasks)
        room = self.screen().availableGeometry()
        self.resize(
            round(max(0.75 * room.width(), min(1500, 0.96 * room.width()))),
            round(max(0.75 * room.height(), min(940, 0.92 * room.height()))),
        )

    def _build_menus(self) -> None:
        bar, features = self.menuBar(), tuple(self.features)
        preferences = Entry(tr("Preferences…"), self._show_preferences, QKeySequence.StandardKey.Preferences)
        sample = Entry(tr("Open sam&ple"), self.open_sample)
        self.recent = menus.file_menu(bar, self.projects, self.files, features, sample, self._file_entries())
        menus.edit_menu(bar, self.session.undo_stack, features, preferences)
        menus.task_menus(bar, features)
        menus.view_menu(bar, self.panels, self.columns, self.workspace, self.appearance, self.blink.action)
        names = {"window": self, "session": self.session, "commands": commands, "np": np}
        menus.fill(bar.addMenu(tr("&Help")), help_entries(self.messages, self.tour.begin, self))
        menus.fill(self.workspace.bar.expert_menu, console_entries(names, self))
        self.workspace.offer_exports(partial(menus.export_menu, self, self._picture_entries()))
        self.keyboard.follow_menus()
        self.keyboard.delete_by(lambda: getattr(self.features, self.workspace.current).delete())

    def _file_entries(self) -> Entries:
        return (
            *self.steps.entries(),
            None,
            *self._picture_entries(),
            None,
            Entry(tr("Close panel"), lambda: self.content.close(self.keyboard.slot), "Ctrl+W"),
            Entry(tr("&Quit"), self.close, QKeySequence.StandardKey.Quit),
        )

    def _picture_entries(self) -> Entries:
        return (
            Entry(tr("Save picture of photo…"), partial(self.pictures.save, "image"), "Ctrl+E"),
            Entry(tr("Save picture of shape…"), partial(self.pictures.save, "shape"), "Ctrl+Shift+E"),
        )

    def _connect(self) -> None:
        self.requests.busy.connect(self.tasks.follow)
        self.requests.warned.connect(self.messages.warn)
        self.session.leaving.connect(lambda: self.tools.take(""))
        self.session.undo_stack.cleanChanged.connect(self._clean_changed)
        self.projects.changed.connect(self._name_window)
        self.workspace.changed.connect(lambda _: self._show_layers())
        self.workspace.changed.connect(self.tour.show_task)
        self.workspace.changed.connect(lambda name: setattr(self.steps, "current", name))
        self.tour.card.open_requested.connect(self.open_sample)
        self.session.follow({"items", "collection"}, self._show_layers)
        self.pair.changed.connect(lambda: self.workspace.show_pair(self.pair.name()))

    def _restore(self) -> None:
        geometry = self.settings.value(f"{LAYOUT}/geometry")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        self.workspace.restore(self.settings)
        self._show_layers()
        self.appearance.restore()

    def _show_layers(self) -> None:
        self.shown_layers.show_task(getattr(self.features, self.workspace.current).layers_on)

    def _name_window(self) -> None:
        path = self.projects.path
        self.setWindowTitle(tr("{name}[*] - Counterpoint").format(name=path.name) if path else tr("Counterpoint[*]"))

    def _clean_changed(self, clean: bool) -> None:
        self.setWindowModified(not clean)

    def _show_preferences(self) -> None:
        Preferences(self.appearance, self.requests, self).open()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        if not self.projects.may_close():
            event.ignore()
            return
        self.projects.stop()
        self.settings.setValue(f"{LAYOUT}/geometry", self.saveGeometry())
        self.workspace.save(self.settings)
        for panel in mesh_panels(self.panels).values():
            panel.close_panel()
        self.staging.stop()
        self.preload.stop()
        self.engine.shutdown()
        super().closeEvent(event)


def begin(window: MainWindow, files: list[str], sample: bool = False) -> None:
    """Open what was asked for; whoever asked for nothing, and never saw the tour, is shown it."""
    if files:
        window.open_files(files)
    elif sample:
        window.open_sample()
    else:
        window.tour.begin_once()


def run(files: list[str], sample: bool = False) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    start_log(log_file("window"))
    log_what_is_thrown()
    QApplication.setApplicationName("counterpoint")
    app = QApplication(sys.argv[:1])
    app.setDesktopFileName("counterpoint")
    translate_qt(app)
    window = MainWindow()
    apply_theme(app, window.appearance.theme())  # type: ignore[arg-type]
    window.show()
    QTimer.singleShot(0, partial(begin, window, files, sample))
    code = app.exec()
    window.preload.wait()
    return code
