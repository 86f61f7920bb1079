"""The project file in the window: new, open, save, autosave, and recovery after a crash."""

import uuid
from contextlib import suppress
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QDateTime, QLockFile, QObject, QSettings, QStandardPaths, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox

from app.document.project import SavedDocument, apply, changed_files, document_of, moved, pack, unpack
from app.document.session import Session
from app.document.texts import tr
from app.shared.values import Item, Slot, item_for
from app.window.content import Content
from app.window.file_names import with_suffix
from app.window.shell import Shell
from app.window.views.panels import Panels
from core.errors import CounterpointError
from core.interchange.project import SUFFIX, load_project, save_project

AUTOSAVE_MS = 20_000
"""Between two looks at whether there is something new to keep."""

UNREAD = ".unread"
"""Of autosaved documents that could not be opened."""

PATTERN = tr("Projects (*{suffix})").format(suffix=SUFFIX)

Choice = Literal["save", "discard", "cancel"]


class ProjectFiles(QObject):
    """What is open as a file.

    Signals:
        changed(): another file, or saved.
    """

    changed = Signal()

    def __init__(
        self, session: Session, settings: QSettings, panels: Panels, content: Content, shell: Shell, parent: QObject
    ):
        super().__init__(parent)
        self._session, self._settings, self._panels, self._shell = session, settings, panels, shell
        self.path: Path | None = None
        self._stamp: tuple[int, int] | None = None
        self._whole = False
        self._view: dict[str, list[float]] = {}
        self._kept: SavedDocument | None = None
        self._store: Path | None = None
        self._lock: QLockFile | None = None
        self._timer = QTimer(self, interval=AUTOSAVE_MS)
        self._timer.timeout.connect(self.autosave)
        content.shown.connect(self._restore_view)

    def start(self) -> None:
        """Begin to autosave; a document that a crash left behind is offered."""
        left = self._left_behind()
        folder = autosave_folder()
        name = f"{uuid.uuid4().hex}{SUFFIX}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._store, self._lock = folder / name, QLockFile(str(folder / f"{name}.lock"))
            self._lock.setStaleLockTime(0)
            if not self._lock.tryLock(0):
                self._store = None
        except OSError:
            self._store = None
        if self._store is None:
            self._shell.say(
                tr("{folder} cannot be written, so your work is not autosaved; save it yourself.").format(
                    folder=folder
                ),
                10_000,
            )
        self._timer.start()
        for path, lock in left:
            self._offer(path)
            _remove(path)
            lock.unlock()

    def stop(self) -> None:
        """The window closes in order: nothing is left behind."""
        self._timer.stop()
        if self._store is not None and self._lock is not None:
            _remove(self._store)
            self._lock.unlock()
            self._store = None

    def may_close(self) -> bool:
        """Whether what is open may go: it is saved, or the user saves it now or gives it up."""
        if self._session.undo_stack.isClean() or not (self._session.items or self._session.collection.photos):
            return True
        choice = self.ask()
        return choice == "discard" or (choice == "save" and self.save())

    def ask(self) -> Choice:
        """Save, give up, or stay?"""
        name = self.path.name if self.path else tr("this project")
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._shell.dialog_parent,
            "Counterpoint",
            tr("Save the changes to {name}?").format(name=name),
            buttons.Save | buttons.Discard | buttons.Cancel,
        )
        return {buttons.Save: "save", buttons.Discard: "discard"}.get(answer, "cancel")  # type: ignore[return-value]

    def new(self) -> None:
        """An empty document."""
        if self.may_close():
            apply(SavedDocument(), self._session)
            self._became(None)

    def save(self) -> bool:
        """Write to the file that is open, or ask for one; returns whether it was written."""
        if self.path is None:
            return self.save_as()
        changed = _stamp(self.path) not in (self._stamp, None)
        return (not changed or self.ask_overwrite(self.path.name)) and self.save_to(self.path)

    def save_as(self, whole: bool = False) -> bool:
        """Ask for a file to write to; ``whole`` puts the photos and shapes in as well, now and whenever it is saved."""
        start = str(self.path or Path(str(self._settings.value("folder", ""))) / f"untitled{SUFFIX}")
        name, _ = QFileDialog.getSaveFileName(self._shell.dialog_parent, tr("Save project"), start, PATTERN)
        path = with_suffix(self._shell.dialog_parent, name, SUFFIX, another=False) if name else None
        if path is None:
            return False
        self._whole = whole
        return self.save_to(path)

    def save_to(self, path: Path) -> bool:
        """Write a project; when that fails the document stays as unsaved as it was, and the old file as it was."""
        try:
            document = document_of(self._session, self._shell.view_state())
            save_project(path, pack(document, path.absolute().parent, self._whole))
        except CounterpointError as error:
            self._shell.fail(str(error))
            return False
        self._session.undo_stack.setClean()
        self._became(path, self._whole)
        self._shell.say(tr("Saved {path}").format(path=path.absolute()))
        return True

    def ask_open(self) -> None:
        folder = str(self._settings.value("folder", ""))
        name, _ = QFileDialog.getOpenFileName(self._shell.dialog_parent, tr("Open project"), folder, PATTERN)
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Open a project in the place of what is open."""
        if not self.may_close():
            return
        try:
            project = load_project(path)
            document, missing = unpack(project, path.absolute().parent, autosave_folder().with_name("embedded"))
        except CounterpointError as error:
            self._shell.fail(str(error))
            return
        self._show(self._ask_for(document, missing))
        self._became(path, bool(project.files))
        self._say_changed(changed_files(project, path.absolute().parent))

    def autosave(self) -> None:
        """Keep what is not saved, beside the program's other data; quiet, and only when something is new."""
        if self._store is None or self._session.undo_stack.isClean():
            return
        document = document_of(self._session, self._shell.view_state(), str(self.path or ""))
        if document == self._kept:
            return
        try:
            save_project(self._store, pack(document, self._store.parent))
            self._kept = document
        except CounterpointError as error:
            self._shell.say(tr("Not autosaved: {error}").format(error=error), 10_000)

    def _restore_view(self, slot: Slot, elements: int) -> None:
        """What a project opened is seen as when it was saved, once."""
        if elements and slot in self._view:
            self._panels[slot].restore_view(self._view.pop(slot))

    def _show(self, document: SavedDocument) -> None:
        self._view = dict(document.view)
        apply(document, self._session)

    def _became(self, path: Path | None, whole: bool = False) -> None:
        self.path, self._kept, self._whole = path, None, whole
        self._stamp = None if path is None else _stamp(path)
        if self._store is not None:
            _remove(self._store)
        self.changed.emit()

    def _ask_for(self, document: SavedDocument, missing: list[Item]) -> SavedDocument:
        for item in missing:
            what = tr("Where is {name}?").format(name=item.name)
            name, _ = QFileDialog.getOpenFileName(
                self._shell.dialog_parent, what, "", f"{item.name} (*{Path(item.path).suffix})"
            )
            if name:
                document = moved(document, item, item_for(name))
        return document

    def _say_changed(self, names: list[str]) -> None:
        for name in names:
            self._shell.say(
                tr("{name} was changed since the project was saved: check the pins, parts and poses on it.").format(
                    name=name
                ),
                20_000,
            )

    def _left_behind(self) -> list[tuple[Path, QLockFile]]:
        """Autosaved documents of windows that are no more, locked by us."""
        found = []
        for path in sorted(autosave_folder().glob(f"*{SUFFIX}")):
            lock = QLockFile(f"{path}.lock")
            lock.setStaleLockTime(0)
            if lock.tryLock(0):  # the lock of a process that lives is respected
                found.append((path, lock))
        return found

    def _offer(self, path: Path) -> None:
        try:
            project = load_project(path)
            document, missing = unpack(project, path.parent)
        except CounterpointError as error:
            self._put_aside(path, str(error))
            return
        when = QDateTime.fromSecsSinceEpoch(int(path.stat().st_mtime)).toString("d MMM, HH:mm")
        name = Path(document.origin).name or tr("an unsaved project")
        if self.ask_recover(
            tr("Counterpoint was not closed properly. Recover {name} as it was on {when}?").format(name=name, when=when)
        ):
            self._show(self._ask_for(document, missing))
            self._became(Path(document.origin) if document.origin else None)
            self._session.undo_stack.resetClean()
            self._say_changed(changed_files(project, path.parent))

    def _put_aside(self, path: Path, reason: str) -> None:
        """Keep a document that is left behind and cannot be opened, and ask about it no more."""
        aside = path.with_suffix(UNREAD)
        with suppress(OSError):
            path.replace(aside)
        sentence = tr(
            "What was autosaved when Counterpoint was not closed properly cannot be opened: {reason} It is kept as {path}."
        )
        self._shell.fail(sentence.format(reason=reason, path=aside))

    def ask_overwrite(self, name: str) -> bool:
        """Whether what another window or program wrote into the project meanwhile may be lost."""
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.warning(
            self._shell.dialog_parent,
            "Counterpoint",
            tr(
                "{name} was changed by another window or program since it was opened here. Save over it? To keep both, cancel and "
                "save under another name."
            ).format(name=name),
            buttons.Save | buttons.Cancel,
            buttons.Cancel,
        )
        return answer == buttons.Save

    def ask_recover(self, sentence: str) -> bool:
        answer = QMessageBox.question(self._shell.dialog_parent, "Counterpoint", sentence)
        return answer == QMessageBox.StandardButton.Yes


def _stamp(path: Path) -> tuple[int, int] | None:
    """Tells whether a file is as it was; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _remove(path: Path) -> None:
    """Delete a file that is there; one that cannot be deleted stays, which harms nobody."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def autosave_folder() -> Path:
    """Return where documents are kept that nobody saved yet."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)) / "autosave"
