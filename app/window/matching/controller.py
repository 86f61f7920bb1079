"""Pins and the hover: places that are asked about, and the answers of the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.document.commands import AddPin, DeletePins, RenamePin, SetCorrections, correct
from app.document.session import Pin, Session
from app.document.texts import tr
from app.shared.results import Answer
from app.shared.values import SLOTS, EncoderSettings, Guide, Item, Slot
from app.window.engine_client import Request
from app.window.matching.dock import PinsPanel
from app.window.matching.next_steps import NextSteps, outside
from app.window.requests import Requests
from app.window.shell import Shell
from app.window.views.image import ImagePanel
from app.window.views.panels import Panels

Place = tuple[float, ...]
"""Pixel (u, v) or point (x, y, z)."""


@dataclass(frozen=True)
class Question:
    """All that an answer of one slot on another depends on, beside the place.

    Attributes:
        guide: camera, lens and poses of the shape in the image, if any are known.
        corrections: places that belong together for certain, here and there.
    """

    source: Item
    target: Item
    encoder: EncoderSettings
    guide: Guide | None
    corrections: tuple[tuple[Place, Place], ...]


class MatchController(QObject):
    """Keeps the answers of all pins up to date, and answers the hover.

    Signals:
        hovered(slot, answers): live answers while the mouse moves over a panel.
        hover_ended(): and that is over.
    """

    hovered = Signal(str, object)
    hover_ended = Signal()

    def __init__(
        self,
        session: Session,
        requests: Requests,
        panels: Panels,
        dock: PinsPanel,
        steps: NextSteps,
        shell: Shell,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._requests, self._shell = session, requests, shell
        self._steps = steps
        self._asking: dict[int, tuple[Request, dict[Slot, Question]]] = {}
        self._hover: Slot | None = None
        session.follow({"items", "encoder", "pins", "aligned", "likely", "corrections"}, self._answer_pins)
        requests.prepared.connect(lambda _: self._answer_pins())
        dock.selected.connect(session.set_current)
        dock.renamed.connect(lambda pin_id, name: session.undo_stack.push(RenamePin(session, pin_id, name)))
        dock.deleted.connect(lambda pin_ids: session.undo_stack.push(DeletePins(session, pin_ids)))
        dock.cleared.connect(self.clear)
        for slot, panel in panels.items():
            panel.pin_selected.connect(session.set_current)
            panel.match_moved.connect(lambda pin_id, to, s=slot: self._put_right(pin_id, s, to))
            panel.hover_ended.connect(self.end_hover)
            if isinstance(panel, ImagePanel):
                panel.hovered.connect(lambda u, v, s=slot: self.hover(s, (u, v)))
            else:
                panel.hovered.connect(lambda point, s=slot: self.hover(s, tuple(map(float, point))))

    def place(self, slot: Slot, at: Place) -> bool:
        """Place a pin; one outside the focus box, where nothing is matched, is refused."""
        if outside(self._session, slot, at):
            sentence = tr("Only what is inside the box is matched: click inside it, or enlarge it.")
            enlarge = partial(self._steps.enlarge_and_place, slot, at)
            self._shell.fail(sentence, slot, tr("Enlarge the box"), enlarge)
            return True
        self._session.undo_stack.push(AddPin(self._session, self._session.new_pin(slot, at)))
        return True

    def clear(self) -> None:
        """Delete all pins."""
        self._session.undo_stack.push(DeletePins(self._session, list(self._session.pins)))

    def delete_current(self) -> None:
        """Delete the pin that is selected."""
        if self._session.current is not None:
            self._session.undo_stack.push(DeletePins(self._session, [self._session.current]))

    def forget_corrections(self) -> None:
        """Take back what was put right."""
        if self._session.corrections:
            step = SetCorrections(self._session, tr("Forget corrected matches"), ())
            self._session.undo_stack.push(step)

    def hover(self, slot: Slot, at: Place) -> None:
        """Ask what is under the mouse; of several questions only the latest is answered."""
        questions = self._questions(slot)
        if not questions:
            return
        self._hover = slot

        def done(answers: list[Answer]) -> None:
            if self._hover == slot:
                self.hovered.emit(slot, dict(zip(questions, answers, strict=True)))

        self._ask("hover", questions, at, done)

    def end_hover(self) -> None:
        """Answers that are still on their way come too late."""
        if self._hover is not None:
            self._hover = None
            self.hover_ended.emit()

    def _put_right(self, pin_id: int, slot: Slot, to: Place | None) -> None:
        if to is None:
            self._shell.say(tr("A match must lie on the photo or the shape; this one stays where it was."), 6000)
            return
        self._session.undo_stack.push(correct(self._session, self._session.pins[pin_id], slot, to))
        self._shell.say(tr("Corrected: matches near it follow, and Adapt (Expert > Encoder) can learn from it."), 6000)

    def _answer_pins(self) -> None:
        for pin in list(self._session.pins.values()):
            every = self._questions(pin.slot)
            questions = {slot: one for slot, one in every.items() if slot not in pin.answers or slot in pin.outdated}
            _, asked = self._asking.get(pin.pin_id, (None, {}))
            if questions and questions != asked and not pin.problem:
                self._answer(pin, questions)

    def _answer(self, pin: Pin, questions: dict[Slot, Question]) -> None:
        def done(answers: list[Answer]) -> None:
            now, pin_now = self._questions(pin.slot), self._session.pins.get(pin.pin_id)
            found = {s: one for s, one in zip(questions, answers, strict=True) if now.get(s) == questions[s]}
            if pin_now is not None and found:
                every = {**pin_now.answers, **found}
                self._session.set_answers(pin.pin_id, {slot: every[slot] for slot in SLOTS if slot in every})

        def give_up(sentence: str) -> None:
            known = self._session.pins[pin.pin_id].answers if pin.pin_id in self._session.pins else {}
            self._session.set_answers(pin.pin_id, known, sentence)

        def failed(sentence: str, details: str) -> None:
            give_up(sentence)
            if details:
                self._requests.failed.emit(sentence, details, pin.slot)
            else:
                self._shell.say(sentence)

        def cancelled() -> None:
            if is_latest():
                give_up(tr("Stopped before it was matched; place the pin again."))

        def finished() -> None:
            if is_latest():
                del self._asking[pin.pin_id]

        def is_latest() -> bool:
            return pin.pin_id in self._asking and self._asking[pin.pin_id][0] is request

        self._asking.pop(pin.pin_id, None)  # it may be replaced, which is no reason to say that it was stopped
        request = self._ask(f"pin {pin.pin_id}", questions, pin.at, done)
        self._asking[pin.pin_id] = (request, questions)
        request.failed.connect(failed)
        request.cancelled.connect(cancelled)
        request.finished.connect(finished)

    def _ask(self, latest: str, questions: dict[Slot, Question], at: Place, done: Callable[[Any], object]) -> Request:
        every = list(questions.values())
        return self._requests.ask(
            "query",
            latest,
            done,
            source=every[0].source,
            targets=[one.target for one in every],
            at=at,
            encoder=every[0].encoder,
            known=[one.guide for one in every],
            corrections=[list(one.corrections) for one in every],
        )

    def _questions(self, source: Slot) -> dict[Slot, Question]:
        """What can be asked about places of a slot now, by target."""
        if not self._requests.is_ready(source):
            return {}
        item, encoder = self._session.items[source], self._session.encoder
        return {
            slot: Question(item, target, encoder, self._session.guide(source, slot), self._corrections(source, slot))
            for slot, target in self._requests.targets(source).items()
        }

    def _corrections(self, source: Slot, target: Slot) -> tuple[tuple[Place, Place], ...]:
        """What the user put right between two slots, either way."""
        every = self._session.corrections
        there = [(c.at, c.to) for c in every if (c.source, c.target) == (source, target)]
        back = [(c.to, c.at) for c in every if (c.source, c.target) == (target, source)]
        return (*there, *back)
