"""What the window asks of the engine: to open and prepare what the document names, and whatever a task wants done."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.document.commands import SetItem
from app.document.session import Session
from app.shared.results import OpenedShape
from app.shared.values import SLOTS, EncoderSettings, Item, Slot
from app.window.engine_client import EngineClient, Lane, Request
from app.window.jobs import place_of, title_of
from app.window.read_ahead import ReadAhead

log = logging.getLogger(__name__)

REST = 1500
"""Milliseconds after which what a scene has open is prepared for matching: who goes through its photos only looks at them."""


class Requests(QObject):
    """Runs engine requests for a session.

    Signals:
        opened(slot, content): what a panel draws: uint8 [H, W, 3], :class:`app.shared.results.OpenedShape`, or None
            when closed.
        prepared(slot): what is open there can be matched.
        failed(sentence, details, where): what the bar of a slot or of a task ("" for none) should say.
        warned(sentences): what the user should know about a result.
        busy(request): work to show in the task bar.
        reading_changed(): another file is being read, or one no longer.
    """

    opened = Signal(str, object)
    prepared = Signal(str)
    failed = Signal(str, str, str)
    warned = Signal(list)
    busy = Signal(object)
    reading_changed = Signal()

    def __init__(
        self,
        session: Session,
        engine: EngineClient,
        stage: Callable[[Slot, object, Callable[[], None]], None],
        parent: QObject | None = None,
    ):
        """``stage`` makes ready what was read for a slot, and then calls something."""
        super().__init__(parent)
        self._session, self._engine, self._stage = session, engine, stage
        self.ahead = ReadAhead(engine, self)
        self._known: dict[Slot, Item] = {}
        self._shown: dict[Slot, Item] = {}
        self._ready: dict[Slot, tuple[Item, EncoderSettings]] = {}
        self._preparing: dict[Slot, Request] = {}
        self._waiting: set[Slot] = set()
        self._rest = QTimer(self, singleShot=True)
        self._rest.timeout.connect(self._prepare_waiting)
        self._reading: list[Slot] = []
        self._of_document: set[Request] = set()
        self._document = 0
        session.leaving.connect(self._leave)
        session.changed.connect(self._follow)

    def open(self, slot: Slot, item: Item) -> None:
        """Read a file in the engine; it enters the document only if that works."""
        document = self._document

        def enter(content: object) -> None:
            if document != self._document:
                return
            self._shown[slot] = item.file
            self._session.undo_stack.push(SetItem(self._session, slot, item))
            self._opened(slot, content)

        self._read(slot, item, enter)

    def is_reading(self, slot: Slot) -> bool:
        """Whether a file is being read for a slot, or made ready to be drawn."""
        return slot in self._reading

    def is_ready(self, slot: Slot) -> bool:
        """Whether what is open in a slot can be matched."""
        item = self._session.items.get(slot)
        return item is not None and self._ready.get(slot) == (item, self._session.encoder)

    def targets(self, source: Slot) -> dict[Slot, Item]:
        """What places of a slot can be matched with."""
        return {slot: item for slot, item in self._session.items.items() if slot != source and self.is_ready(slot)}

    def run(
        self, job: str, done: Callable[[Any], object], *, where: str = "", lane: Lane = "work", **arguments: Any
    ) -> Request:
        """Long work in the engine, shown in the list of tasks.

        ``done`` takes the result; a failure is said in the panel that it is about: ``where``, or that of an item among
        the arguments. Neither comes once the document was left that it was asked for.
        """
        where = where or place_of(job, arguments, self._session.items)

        def succeed(result: Any) -> None:
            if request in self._of_document:
                done(result)

        def fail(sentence: str, details: str) -> None:
            if request in self._of_document:
                self.failed.emit(sentence, details, where)

        request = self._submit(job, lane, None, where, succeed, arguments)
        request.failed.connect(fail)
        request.finished.connect(lambda: self._of_document.discard(request))
        self._of_document.add(request)
        self.busy.emit(request)
        return request

    def ask(self, job: str, latest: str, done: Callable[[Any], object], **arguments: Any) -> Request:
        """A short question; of several with the same ``latest`` only the newest is answered.

        It is shown in the task bar only if it takes so long that it reports progress; who asks says failures, if they
        are to be said.
        """
        request = self._submit(job, "query", latest, "", done, arguments)
        request.failed.connect(lambda sentence, details: log.warning("%s: %s\n%s", job, sentence, details))
        once = Qt.ConnectionType.SingleShotConnection
        request.progressed.connect(lambda *_: self.busy.emit(request), once)
        return request

    def look(self, job: str, done: Callable[[Any], object], **arguments: Any) -> Request:
        """Work in the background that nobody asked for and nobody waits for; who asks says what comes of it."""
        request = self._engine.submit(job, lane="background", **arguments)
        request.done.connect(done)
        request.failed.connect(lambda sentence, details: log.info("%s: %s\n%s", job, sentence, details))
        return request

    def _submit(
        self,
        job: str,
        lane: Lane,
        latest: str | None,
        where: str,
        done: Callable[[Any], object],
        arguments: dict[str, Any],
    ) -> Request:
        request = self._engine.submit(job, lane=lane, latest=latest, **arguments)
        request.title, request.where = title_of(job, arguments), where
        request.done.connect(done)
        request.warned.connect(self.warned)
        return request

    def _read(
        self, slot: Slot, item: Item, done: Callable[[object], None], failed: Callable[[], None] | None = None
    ) -> None:
        """In a lane of its own: a file can be opened while something else takes long."""

        def loaded(content: object) -> None:
            self._stage(slot, content, partial(enter, content))

        def enter(content: object) -> None:
            end()
            done(content)

        def end() -> None:
            self._reading.remove(slot)
            self.reading_changed.emit()

        there = self.ahead.pixels_of(item)
        self._reading.append(slot)
        if there is not None:
            loaded(there)
            return
        request = self._keep_up(f"open_{item.kind}", loaded, "files", slot, failed, item=item.file)
        request.failed.connect(end)
        request.cancelled.connect(end)
        self.reading_changed.emit()

    def _keep_up(
        self,
        job: str,
        done: Callable[[Any], object],
        lane: Lane,
        where: Slot,
        failed: Callable[[], None] | None = None,
        **arguments: Any,
    ) -> Request:
        """What an open file needs, whichever document it is in; ``done`` sees whether it is still open."""
        request = self._submit(job, lane, None, where, done, arguments)
        if failed is not None:
            request.failed.connect(lambda *_: failed())
        request.failed.connect(lambda sentence, details: self.failed.emit(sentence, details, where))
        self.busy.emit(request)
        return request

    def _opened(self, slot: Slot, content: object) -> None:
        self.opened.emit(slot, content)
        if isinstance(content, OpenedShape) and content.warnings:
            self.warned.emit(content.warnings)

    def _leave(self) -> None:
        """What is under way for the document is given up."""
        self._document += 1
        left, self._of_document = self._of_document, set()
        for request in left:
            request.cancel()

    def _follow(self, facts: frozenset[str]) -> None:
        changed = [slot for slot in SLOTS if self._session.items.get(slot) != self._known.get(slot)]
        self._known = dict(self._session.items)
        for slot in changed:
            self._show(slot)
        for slot in self._session.items if "encoder" in facts else changed:
            self._drop(slot)
            self._waiting.add(slot)
        if self._waiting:
            self._rest.start(0 if self._session.scene is None else REST)

    def _prepare_waiting(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for slot in SLOTS:
            if slot in waiting:
                self._prepare(slot)

    def _show(self, slot: Slot) -> None:
        """Read what the document names, unless it is there already."""
        item = self._session.items.get(slot)
        if item is None:
            self._shown.pop(slot, None)
            self.opened.emit(slot, None)
        elif self._shown.get(slot) != item.file:
            file = self._shown[slot] = item.file

            def done(content: object) -> None:
                if self._shown.get(slot) == file:
                    self._opened(slot, content)

            self._read(
                slot, item, done, lambda: self.opened.emit(slot, None) if self._shown.get(slot) == file else None
            )

    def _drop(self, slot: Slot) -> None:
        old = self._preparing.pop(slot, None)
        if old is not None:
            old.drop()

    def _prepare(self, slot: Slot) -> None:
        if slot not in self._session.items:
            return
        item, encoder = self._session.items[slot], self._session.encoder

        def done(_: object) -> None:
            self._ready[slot] = (item, encoder)
            self.prepared.emit(slot)

        def finished() -> None:
            if self._preparing.get(slot) is request:
                del self._preparing[slot]

        request = self._keep_up("prepare", done, "work", slot, item=item, encoder=encoder)
        self._preparing[slot] = request
        request.finished.connect(finished)
