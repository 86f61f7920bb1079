"""Between the document and the engine: opens what the document names, keeps the pins' answers up to date, answers the hover."""

from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from app.document.commands import SetItem
from app.document.session import Pin, Session, Slot
from app.document.texts import tr
from app.shared.results import Answer
from app.shared.values import Item
from app.window.engine_client import EngineClient, Request


class Queries(QObject):
    """Runs engine requests for a session.

    Signals:
        opened(slot, content): what a panel draws: uint8 [H, W, 3], :class:`app.shared.results.OpenedShape`, or None when closed.
        hovered(slot, answers): live answers while the mouse moves.
        prepared(slot): what is open there can be matched.
        failed(sentence, details): something a dialog should say.
        busy(request or None): the long work to show in the task bar.
    """

    opened = Signal(str, object)
    hovered = Signal(str, object)
    failed = Signal(str, str)
    busy = Signal(object)
    refused = Signal(str)
    prepared = Signal(str)

    def __init__(self, session: Session, engine: EngineClient, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._engine = session, engine
        self._shown: dict[Slot, Item] = {}
        self._ready: dict[Slot, tuple[Item, Any]] = {}
        self._preparing: dict[Slot, Request] = {}
        self._asking: dict[int, Request] = {}
        self._hover: Slot | None = None
        session.item_changed.connect(self._item_changed)
        session.encoder_changed.connect(self._prepare_all)
        session.pins_changed.connect(self._answer_pins)
        session.aligned_changed.connect(self._posed_anew)
        session.corrections_changed.connect(self._answer_pins)

    def open(self, slot: Slot, item: Item) -> None:
        """Read a file in the engine; it enters the document only if that works."""

        def done(content: object) -> None:
            self._shown[slot] = item.file
            self.opened.emit(slot, content)
            self._session.undo_stack.push(SetItem(self._session, slot, item))

        self.run(f"open_{item.kind}", done, item=item.file)

    def hover(self, slot: Slot, at: tuple[float, ...]) -> None:
        """Ask what is under the mouse; of several questions only the latest is answered."""
        targets = self.targets(slot)
        if not targets or not self.is_ready(slot):
            return
        self._hover = slot

        def done(answers: list[Answer]) -> None:
            if self._hover == slot:
                self.hovered.emit(slot, _by_slot(answers, targets))

        self._submit_query("hover", slot, targets, at).done.connect(done)

    def ask(self, job: str, latest: str, done: Any, **arguments: Any) -> None:
        """A short question; of several with the same ``latest`` only the newest is answered, and a failure is not told."""
        self._engine.submit(job, lane="query", latest=latest, **arguments).done.connect(done)

    def end_hover(self) -> None:
        """Answers that are still on their way come too late."""
        self._hover = None

    def is_ready(self, slot: Slot) -> bool:
        return self._ready.get(slot) == (self._session.items.get(slot), self._session.encoder)

    def _item_changed(self, slot: Slot) -> None:
        item = self._session.items.get(slot)
        if item is None:
            self._shown.pop(slot, None)
            self._cancel_preparing(slot)
            self.opened.emit(slot, None)
        else:
            if self._shown.get(slot) != item.file:
                self._shown[slot] = item.file
                self.run(f"open_{item.kind}", lambda content: self.opened.emit(slot, content), item=item.file)
            self._prepare(slot)
        self._answer_pins()

    def _prepare_all(self) -> None:
        for slot in self._session.items:
            self._prepare(slot)
        self._answer_pins()

    def _prepare(self, slot: Slot) -> None:
        self._cancel_preparing(slot)
        item, encoder = self._session.items[slot], self._session.encoder

        def done(_: object) -> None:
            self._preparing.pop(slot, None)
            self._ready[slot] = (item, encoder)
            self.prepared.emit(slot)
            self._answer_pins()

        request = self.run("prepare", done, item=item, encoder=encoder)
        self._preparing[slot] = request
        request.failed.connect(lambda *_: self._preparing.pop(slot, None))

    def _cancel_preparing(self, slot: Slot) -> None:
        old = self._preparing.pop(slot, None)
        if old is not None:
            old.cancel()

    def _answer_pins(self) -> None:
        for pin in list(self._session.pins.values()):
            targets = self.targets(pin.slot)
            if self.is_ready(pin.slot) and any(slot not in pin.answers for slot in targets) and not pin.problem:
                self._answer(pin, targets)

    def _answer(self, pin: Pin, targets: dict[Slot, Item]) -> None:
        self._asking.pop(pin.pin_id, None)
        request = self._submit_query(f"pin {pin.pin_id}", pin.slot, targets, pin.at)
        self._asking[pin.pin_id] = request

        def done(answers: list[Answer]) -> None:
            if self.targets(pin.slot) == targets:
                self._session.set_answers(pin.pin_id, _by_slot(answers, targets))

        def failed(sentence: str, details: str) -> None:
            self._session.set_answers(pin.pin_id, {}, sentence)
            if details:
                self.failed.emit(sentence, details)
            else:
                self.refused.emit(sentence)

        def cancelled() -> None:
            if self._asking.get(pin.pin_id) is request:
                self._session.set_answers(pin.pin_id, {}, tr("Stopped before it was matched."))

        request.done.connect(done)
        request.failed.connect(failed)
        request.cancelled.connect(cancelled)
        once = Qt.ConnectionType.SingleShotConnection
        request.progressed.connect(lambda *_: self.busy.emit(request), once)  # only the first of a pair takes long

    def targets(self, source: Slot) -> dict[Slot, Item]:
        """What places of a slot can be matched with."""
        return {slot: item for slot, item in self._session.items.items() if slot != source and self.is_ready(slot)}

    def _submit_query(self, latest: str, slot: Slot, targets: dict[Slot, Item], at: tuple[float, ...]) -> Request:
        asked = {"source": self._session.items[slot], "targets": list(targets.values()), "at": at}
        asked["known"] = [self._known(slot, target) for target in targets]
        asked["corrections"] = [self._corrections(slot, target) for target in targets]
        return self._engine.submit("query", lane="query", latest=latest, encoder=self._session.encoder, **asked)

    def _known(self, a: Slot, b: Slot) -> Any:
        """The photo's camera and the poses of a shape in it (the one that the user chose, if it is not the best); or None."""
        aligned = self._session.aligned.get((a, b)) or self._session.aligned.get((b, a))
        if aligned is None or aligned.pose is None:
            return None
        return aligned.K, aligned.lens, aligned.poses if aligned.choice == 0 else (aligned.pose,)

    def _corrections(self, source: Slot, target: Slot) -> list[tuple[tuple[float, ...], tuple[float, ...]]]:
        """What the user put right between two slots, either way."""
        every = self._session.corrections
        return [(c.at, c.to) for c in every if (c.source, c.target) == (source, target)] + [
            (c.to, c.at) for c in every if (c.source, c.target) == (target, source)
        ]

    def _posed_anew(self) -> None:
        """Poses guide clicks: what was answered without them is asked again."""
        self._session.forget_answers()
        self._answer_pins()

    def run(self, job: str, done: Any, **arguments: Any) -> Request:
        """Long work in the engine, shown in the task bar; ``done`` takes the result."""
        request = self._engine.submit(job, **arguments)
        request.done.connect(done)
        request.failed.connect(self.failed)
        self.busy.emit(request)
        return request


def _by_slot(answers: list[Answer], targets: dict[Slot, Item]) -> dict[Slot, Any]:
    return dict(zip(targets, answers, strict=True))
