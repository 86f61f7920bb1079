"""The task Scene: a whole data set, photo after photo."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut

from app.document.scene import IMAGE
from app.document.texts import tr
from app.shared.values import Slot
from app.window.feature import Entries, Entry, Feature
from app.window.scene.controller import SceneController, is_scene
from app.window.scene.dock import CHECK_KEY, ScenePanel
from app.window.scene.neighbours import Neighbours
from app.window.scene.pictures import ScenePictures
from app.window.scene.presenter import ScenePresenter
from app.window.scene.results import Results
from app.window.scene.work import TITLES, SceneWork
from app.window.services import Services
from app.window.tools import Tool
from app.window.views.layers import Layer
from core.registration.things import InstanceKey

CHOOSE = "choose a thing"
"""The tool that has the mouse while no other is taken up."""


class SceneFeature(Feature):
    """Make and check the poses of many objects in many photos."""

    name, title, icon, key = "scene", tr("Scene"), "task-scene", "Ctrl+5"
    layers: frozenset[Layer] = frozenset({"pose", "pins"})

    def __init__(self, use: Services):
        session, requests, shell, parent = use.session, use.requests, use.shell, use.parent
        self.panel = ScenePanel()
        self.toolbar, self.foot = self.panel.toolbar, self.panel.strip
        self.presenter = ScenePresenter(session, requests, self.panel, parent)
        self.controller = SceneController(session, requests, use.pair, self.panel, use.settings, shell, parent)
        self.work = SceneWork(session, requests, self.controller, self.panel, use.settings, shell, parent)
        self.neighbours = Neighbours(session, requests, self.panel.strip, parent)
        self.results = Results(session, requests, self._show_result, shell, parent)
        self.panel.results_requested.connect(self.results.ask)
        self.pictures = ScenePictures(
            session, requests, use.panels, use.content, self.results.name_of, self.results.other, parent
        )
        self.results.changed.connect(self.pictures.draw)
        self.panel.own.toggled.connect(self.pictures.use_own_colors)
        self._tools, self._shell = use.tools, shell
        for panel in use.panels.values():
            for key, by in ((Qt.Key.Key_PageDown, 1), (Qt.Key.Key_PageUp, -1)):
                step = QShortcut(QKeySequence(key), panel, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
                step.activated.connect(partial(self.controller.step, by))
                step.setEnabled(False)  # else sliders of the layers would not get these keys
                session.follow({"scene"}, lambda s=step: s.setEnabled(session.scene is not None))  # type: ignore[misc]

    def set_current(self, current: bool) -> None:
        """A click chooses a thing that is drawn, and each has its colour, as long as the task is current."""
        self._tools.rest_with(CHOOSE if current else "")
        self.pictures.show_task(current)

    def tools(self) -> Sequence[Tool]:
        return (
            Tool(
                CHOOSE,
                tr("Click an object in the photo to work on it · D and A: next photo and the one before"),
                self._click,
            ),
        )

    def takes(self, path: str) -> bool:
        if is_scene(path):
            self.controller.open(path)
            return True
        return self.controller.takes_shape(path)

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

    def _click(self, slot: Slot, at: tuple[float, ...]) -> bool:
        """A thing in the photo becomes the one that is worked on; a click beside all of them means something else."""
        thing = self.pictures.thing_at(*at) if slot == IMAGE else None
        if thing is not None:
            self.controller.choose(thing)
        return thing is not None

    def _show_result(self, photo: str, thing: InstanceKey) -> None:
        """Go to what other poses were compared with."""
        self._shell.show_feature(self.name)
        self.controller.go_to(photo, thing)
