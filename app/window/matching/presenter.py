"""From the document to what the panels show: marks, heatmaps, rows of the pin list."""

from typing import Any

from PySide6.QtCore import QObject

from app.document.session import Pin, Session
from app.document.texts import sureness, title, tr
from app.shared.results import Answer
from app.shared.values import Slot, kind_of
from app.window.content import Content
from app.window.matching.controller import MatchController
from app.window.matching.dock import PinRow, PinsPanel
from app.window.matching.next_steps import NextSteps
from app.window.views.marks import PinMark
from app.window.views.panels import Panels
from core.calibration import SOUGHT
from core.colors import pair_color


class MatchPresenter(QObject):
    """Keeps panels and pin list in step with a session."""

    def __init__(
        self,
        session: Session,
        controller: MatchController,
        content: Content,
        panels: Panels,
        pins: PinsPanel,
        steps: NextSteps,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._panels, self._pins = session, panels, pins
        self._steps = steps
        self._hovering: Slot | None = None
        session.follow(
            {"items", "pins", "current", "answers", "aligned", "likely", "corrections", "encoder"}, self.refresh
        )
        content.shown.connect(lambda slot, _: self._refresh_panel(slot))
        controller.hovered.connect(self.show_hover)
        controller.hover_ended.connect(self.end_hover)
        self.refresh()

    def refresh(self) -> None:
        """Show everything anew (cheap: panels change only what differs)."""
        self._pins.set_rows([_row(pin, self._session, self._steps) for pin in self._session.pins.values()])
        self._pins.set_current(self._session.current)
        self._pins.show_hint(self._hint())
        for slot in self._panels:
            self._refresh_panel(slot)

    def _hint(self) -> str:
        """What to do as long as there is no pin."""
        if not self._session.items:
            return tr(
                "Your pins are listed here: a pin is a place you clicked, with where it was found on the other panels and how sure that is.\n\nOpen a photo and a shape first."
            )
        return tr("Click the photo or the shape to place a pin.\n\nHold Shift and move the mouse to see matches live.")

    def _refresh_panel(self, slot: Slot) -> None:
        self._panels[slot].set_marks(self._marks(slot))
        if self._hovering is None:
            self._show_heat(slot)

    def show_hover(self, source: Slot, answers: dict[Slot, Answer]) -> None:
        """Live answers of the place under the mouse."""
        self._hovering = source
        for slot, panel in self._panels.items():
            if slot in answers:
                _heat(panel, answers[slot])
                answer = answers[slot]
                live = PinMark(0, answer.location, "#ffffff", "", "match", muted=answer.verdict == "none")
                panel.set_marks([*self._marks(slot), live])

    def end_hover(self) -> None:
        """Back to the current pin."""
        if self._hovering is not None:
            self._hovering = None
            self.refresh()

    def _current(self) -> Pin | None:
        return self._session.pins.get(self._session.current) if self._session.current is not None else None

    def _show_heat(self, slot: Slot) -> None:
        pin = self._current()
        answer = pin.answers.get(slot) if pin is not None else None
        if answer is None:
            self._panels[slot].set_heatmap(None)
        else:
            _heat(self._panels[slot], answer)

    def _marks(self, slot: Slot) -> list[PinMark]:
        marks = []
        for pin in self._session.pins.values():
            selected = pin.pin_id == self._session.current
            if pin.slot == slot:
                marks.append(PinMark(pin.pin_id, pin.at, pin.color, pin.name, "source", selected))
            elif slot in pin.answers:
                answer = pin.answers[slot]
                muted = answer.verdict == "none"
                marks.append(PinMark(pin.pin_id, answer.location, pin.color, pin.name, "match", selected, muted))
                if selected:
                    rivals = [PinMark(pin.pin_id, at, pin.color, pin.name, "rival") for at, _ in answer.rivals]
                    marks.extend(rivals)
        return marks + self._pair_marks(slot)

    def _pair_marks(self, slot: Slot) -> list[PinMark]:
        """Both ends of the pairs that align a shape to a photo; their numbers are below zero, they are no pins."""
        marks = []
        for aligned in self._session.aligned.values():
            for number, pair in enumerate(aligned.pairs, 1):
                if slot in (aligned.image, aligned.shape):
                    at = pair.pixel if slot == aligned.image else pair.point
                    name = tr("Pair {number}").format(number=number)
                    marks.append(PinMark(-number, at, pair_color(number), name, "source", numbered=True))
        return marks


def _heat(panel: Any, answer: Answer) -> None:
    if answer.heat_box is None:
        panel.set_heatmap(answer.heat, answer.low, answer.high)
    else:
        panel.set_heatmap(answer.heat, answer.heat_box, answer.low, answer.high)


def _row(pin: Pin, session: Session, steps: NextSteps) -> PinRow:
    verdicts = [answer.verdict for answer in pin.answers.values()]
    status: Any = next((v for v in ("none", "unsure", "good") if v in verdicts), "")
    if not verdicts and not pin.problem and len(session.items) > 1:
        status = "working"
    best = next(iter(pin.answers.values()), None)
    summary = pin.problem
    if best is not None:
        summary = f"{_sure(best)}\n{_numbers(best, ', ')}"
    chances = [answer.probability for answer in pin.answers.values() if answer.verdict == status]
    return PinRow(
        pin.pin_id,
        pin.name,
        pin.color,
        title(pin.slot),
        status,
        summary,
        _details(pin, session),
        min(chances, default=None),
        steps.of(pin),
    )


def _details(pin: Pin, session: Session) -> str:
    if pin.problem:
        return pin.problem
    right = {c.target for c in session.corrections if (c.source, c.at) == (pin.slot, pin.at)}
    lines = [
        tr("<b>{name}</b> in {slot}: {at}").format(name=pin.name, slot=title(pin.slot), at=_place(pin.slot, pin.at))
    ]
    for slot, answer in pin.answers.items():
        lines.append(
            tr("<br><b>{slot}</b>: {verdict}<br>{location}<br>{numbers}").format(
                slot=title(slot),
                verdict=tr("corrected by hand") if slot in right else _sure(answer),
                location=_place(slot, answer.location),
                numbers=_numbers(answer, " · "),
            )
        )
        lines.append(_through(pin.slot, slot, session))
        if answer.rivals:
            several = tr("{count} other places are nearly as similar").format(count=len(answer.rivals))
            lines.append(several if len(answer.rivals) > 1 else tr("Another place is nearly as similar"))
    return "<br>".join(filter(None, lines))


def _through(source: Slot, target: Slot, session: Session) -> str:
    """What a match went through, where that is not plain."""
    if kind_of(source) == kind_of(target):
        return ""
    guide = session.guide(source, target)
    if guide is not None:
        count = len(guide[2])
        if any(SOUGHT in pose.reasons for pose in guide[2]):
            return tr("found through {count} likely poses; without a box the object was looked for").format(count=count)
        return (
            tr("found through the pose") if count == 1 else tr("found through {count} likely poses").format(count=count)
        )
    looked_for = {(source, target), (target, source)} & session.likely.keys()
    return tr("found by comparing views; the pose is still being looked for") if looked_for else ""


def _sure(answer: Answer) -> str:
    return sureness(answer.verdict, answer.probability, answer.reasons)


def _numbers(answer: Answer, between: str) -> str:
    numbers = (
        tr("similarity {score:.2f}").format(score=answer.score),
        tr("margin {margin:.2f}").format(margin=answer.margin),
        tr("cycle error {cycle_error:.1%}").format(cycle_error=answer.cycle_error),
    )
    return between.join(numbers)


def _place(slot: Slot, at: tuple[float, ...]) -> str:
    if kind_of(slot) == "image":
        return tr("pixel ({u:.1f}, {v:.1f})").format(u=at[0], v=at[1])
    return tr("point ({x}, {y}, {z})").format(**dict(zip("xyz", map(_short, at), strict=True)))


def _short(value: float) -> str:
    """A coordinate as one reads it; files get all of its digits."""
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
