"""Files that another program changes while they are open are said, and can be read again."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from app.document.session import Session
from app.document.texts import tr
from app.shared.values import Item, Slot, item_for
from app.window.requests import Requests
from app.window.shell import Shell

REST_MS = 500
"""Who writes a file does so in several steps; it is looked at when they are done."""


class FileWatch(QObject):
    """Watches what is open. What is shown stays as it was read until the user wants the new file."""

    def __init__(self, session: Session, requests: Requests, shell: Shell, parent: QObject):
        super().__init__(parent)
        self._session, self._requests, self._shell = session, requests, shell
        self._said: dict[Slot, Item] = {}
        self._watcher = QFileSystemWatcher(self)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._look)
        self._watcher.fileChanged.connect(lambda _: self._rest.start())
        session.follow({"items"}, self._watch)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.applicationStateChanged.connect(self._come_back)  # what cannot be watched, as on other machines

    def _watch(self) -> None:
        wanted = {item.path for item in self._session.items.values() if item_for(item.path).stamp != (0, 0)}
        known = {*self._watcher.files()}
        if known - wanted:
            self._watcher.removePaths(sorted(known - wanted))
        if wanted - known:
            self._watcher.addPaths(sorted(wanted - known))

    def _come_back(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self._rest.start()

    def _look(self) -> None:
        for slot, item in self._session.items.items():
            new = replace(item, stamp=item_for(item.path).stamp)
            if new == item:
                self._said.pop(slot, None)
            elif (0, 0) not in (item.stamp, new.stamp) and self._said.get(slot) != new:
                self._said[slot] = new
                sentence = tr(
                    "{name} was changed by another program. What you see here, with its pins and parts, is the file as it was."
                )
                again = partial(self._requests.open, slot, new)
                self._shell.fail(sentence.format(name=item.name), slot, tr("Read it again"), again)
        self._watch()  # a file that was replaced is no longer watched
