"""Looking at other poses beside those of the open scene: another program's results, or a second annotation."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from app.document.session import Session
from app.document.texts import tr
from app.shared.results import Inspected
from app.window.requests import Requests
from app.window.scene.measured import Measured, only
from app.window.scene.results_page import ResultsPage
from app.window.scene.things import thing_name
from app.window.shell import Shell
from core.geometry.pose import Pose
from core.registration.things import InstanceKey

FILES = tr("Results and poses (*.csv *.json *.txt *.yaml *.yml);;All files (*)")

REST = 400
"""Milliseconds after a change of poses until they are measured anew: one who corrects them does several things in a row."""


class Results(QObject):
    """Asks for a file, has it measured, and shows the page.

    Signals:
        changed(): other poses are there to be drawn, or none any more.
    """

    changed = Signal()

    def __init__(
        self,
        session: Session,
        requests: Requests,
        go: Callable[[str, InstanceKey], object],
        shell: Shell,
        parent: QObject | None = None,
    ):
        """``go`` goes to a photo and a thing."""
        super().__init__(parent)
        self._session, self._requests, self._go, self._shell = session, requests, go, shell
        self._measured: Measured | None = None
        self._shown_for: object = None
        self._running = self._stopped = False
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._measure_again)
        self.page: ResultsPage | None = None
        session.follow({"scene"}, self._follow)

    def ask(self) -> None:
        """Ask for the file with the other poses."""
        if self._session.scene is None:
            self._shell.fail(tr("Open a scene first; then other poses can be compared with its own."), "scene")
            return
        parent, caption = self._shell.dialog_parent, tr("Poses to compare with the scene's own")
        path, _ = QFileDialog.getOpenFileName(parent, caption, "", FILES)
        if path:
            self.inspect(path)

    def inspect(self, path: str) -> None:
        """Measure the poses of a file beside those of the scene."""
        opened = self._session.scene
        if opened is None:
            return
        scene = opened.scene

        def done(found: Inspected) -> None:
            if self._root() == scene.root:
                self._measured, self._stopped = Measured(scene, found), False
                self._show()
                self._follow()

        self._requests.run("inspect_scene", done, where="scene", scene=scene, path=path)

    def other(self) -> Pose | None:
        """The other pose of the thing that is worked on, in units of the scene; None where there is none."""
        opened = self._session.scene
        if self._measured is None or opened is None or opened.thing is None:
            return None
        return self._measured.found.others.get((opened.photo, opened.thing))

    def _root(self) -> object:
        return None if self._session.scene is None else self._session.scene.scene.root

    def _show(self) -> None:
        opened = self._session.scene
        assert opened is not None and self._measured is not None
        if self.page is None:
            self.page = ResultsPage(self._shell.dialog_parent)
            self.page.opened.connect(self._go)
            self.page.other_requested.connect(self.ask)
            self.page.again_requested.connect(self._go_on)
            self.page.left.connect(self._forget)
        self._shown_for = opened.scene.root
        order = {photo.key: number for number, photo in enumerate(opened.scene.photos)}
        self.page.show_inspected(self._measured.found, order, self.name_of)
        self.page.show()
        self.page.raise_()
        self.changed.emit()

    def name_of(self, thing: InstanceKey) -> str:
        """What people read of a thing of the scene."""
        opened = self._session.scene
        return str(thing.object_id) if opened is None else thing_name(opened, thing)

    def _follow(self) -> None:
        """Results are about one scene, and follow its poses."""
        if self._measured is None or self.page is None:
            return
        if self._root() != self._shown_for:
            self.page.close()
            return
        opened = self._session.scene
        assert opened is not None
        changed = self._measured.changed(opened.scene)
        self.page.show_changed(len(changed), self._stopped)
        if changed and not self._stopped:
            self._rest.start()

    def _go_on(self) -> None:
        """Measure anew, also after that was cancelled or failed."""
        self._stopped = False
        self._follow()

    def _measure_again(self) -> None:
        """Measure the photos anew that were changed, one time after the other."""
        opened, before = self._session.scene, self._measured
        changed = frozenset() if opened is None or before is None else before.changed(opened.scene)
        if opened is None or before is None or not changed or self._running:
            return
        scene = opened.scene

        def done(new: Inspected) -> None:
            if self._measured is before and self.page is not None:
                self._measured = before.with_photos(scene, changed, new)
                self.page.update_inspected(self._measured.found)
                self.changed.emit()

        part = only(scene, changed)
        if not part.poses:
            done(Inspected(before.found.path, [], {}))
            self._follow()
            return
        self._running = True
        request = self._requests.run("inspect_again", done, scene=part, path=before.found.path)
        request.cancelled.connect(self._stop)
        request.failed.connect(self._stop)
        request.finished.connect(self._ended)

    def _stop(self) -> None:
        self._stopped = True

    def _ended(self) -> None:
        self._running = False
        self._follow()

    def _forget(self) -> None:
        self._measured = None
        self._rest.stop()
        self.changed.emit()
