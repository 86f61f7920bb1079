"""The task Scene: a whole data set, photo after photo."""

from functools import partial

from PySide6.QtCore import QObject, QSettings, Qt
from PySide6.QtGui import QKeySequence, QShortcut

from app.document.session import Session
from app.document.texts import tr
from app.window.active_pair import ActivePair
from app.window.feature import Entries, Entry, Feature
from app.window.requests import Requests
from app.window.scene.controller import SceneController, is_scene
from app.window.scene.dock import CHECK_KEY, ScenePanel
from app.window.scene.presenter import ScenePresenter
from app.window.scene.work import TITLES, SceneWork
from app.window.shell import Shell
from app.window.views.layers import Layer
from app.window.views.panels import Panels


class SceneFeature(Feature):
    """Make and check the poses of many objects in many photos."""

    name, title, icon, key = "scene", tr("Scene"), "task-scene", "Ctrl+5"
    layers: frozenset[Layer] = frozenset({"pose", "pins"})

    def __init__(
        self,
        session: Session,
        requests: Requests,
        panels: Panels,
        pair: ActivePair,
        settings: QSettings,
        shell: Shell,
        parent: QObject,
    ):
        self.panel = ScenePanel()
        self.toolbar, self.foot = self.panel.toolbar, self.panel.strip
        self.presenter = ScenePresenter(session, requests, self.panel, parent)
        self.controller = SceneController(session, requests, pair, self.panel, settings, shell, parent)
        self.work = SceneWork(session, requests, self.controller, self.panel, settings, shell, parent)
        for panel in panels.values():
            for key, by in ((Qt.Key.Key_PageDown, 1), (Qt.Key.Key_PageUp, -1)):
                step = QShortcut(QKeySequence(key), panel, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
                step.activated.connect(partial(self.controller.step, by))

    def takes(self, path: str) -> bool:
        if not is_scene(path):
            return False
        self.controller.open(path)
        return True

    def file_entries(self) -> Entries:
        return (
            Entry(tr("Open s&cene…"), self.controller.ask_folder),
            Entry(tr("Open scene file or video…"), self.controller.ask_file),
        )

    def edit_entries(self) -> Entries:
        return (Entry(tr("Mark the photo as checked"), self.controller.check, CHECK_KEY),)

    def exports(self) -> Entries:
        open_ = self.controller.is_open
        return (
            Entry(tr("Save the scene where it came from"), self.work.save, can=self.work.can_save),
            *(Entry(text, partial(self.work.export, name), can=open_) for name, text in TITLES.items()),
            None,
            Entry(tr("Check the files by BOP's rules"), self.work.check, can=self.work.is_bop),
        )

    def delete(self) -> None:
        self.controller.remove_pose()
