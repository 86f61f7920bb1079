"""What can be done about a doubt: the next step for the reasons that have one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from app.document.commands import AddPin, SetAligned, SetBox, Together
from app.document.session import Pair, Pin, Session
from app.document.texts import tr
from app.shared.values import Aligned, Box, Slot, kind_of
from app.window.active_pair import ActivePair
from app.window.shell import Shell
from app.window.views.panels import Panels, image_panels
from core.calibration import SOUGHT

OUTSIDE_BOX = "outside the box"
"""Why a pin has no matches; no word of a match's reasons."""

MARGIN = 0.05
"""A box is made so large that a place has this much of the box's longer side around it."""

Run = Callable[[], object]
Find = Callable[[Pin, Slot], Run | None]
"""What a step does about the match of a pin in a slot; None if it does not help there."""


@dataclass(frozen=True)
class Step:
    """A button: its text, and what it does."""

    text: str
    run: Run


class NextSteps:
    """Finds the steps that help with a pin."""

    def __init__(
        self, session: Session, panels: Panels, pair: ActivePair, draw_box: Callable[[Slot], object], shell: Shell
    ):
        self._session, self._pair, self._shell = session, pair, shell
        self._images, self._draw = image_panels(panels), draw_box
        rivals = (tr("Show rivals"), self._rivals)
        self._table: dict[str, tuple[str, Find]] = {
            OUTSIDE_BOX: (tr("Enlarge the box"), self._larger),
            SOUGHT: (tr("Draw the box"), self._box),
            "mirror": rivals,
            "pose": rivals,
            "rival": rivals,
            "rivals": rivals,
        }

    def of(self, pin: Pin) -> tuple[Step, ...]:
        """The steps for what is doubted about a pin, each once, in the order of its matches and their reasons."""
        doubts = [(word, slot) for slot, answer in pin.answers.items() for word in answer.reasons]
        if outside(self._session, pin.slot, pin.at):
            doubts.insert(0, (OUTSIDE_BOX, pin.slot))
        steps: dict[str, Step] = {}
        for word, slot in doubts:
            text, find = self._table.get(word, ("", _nothing))
            run = find(pin, slot)
            if run is not None:
                steps.setdefault(text, Step(text, run))
        return tuple(steps.values())

    def enlarge(self, slot: Slot, at: tuple[float, ...]) -> SetBox:
        """The edit that makes the box of a photo so large that a pixel is well inside."""
        box = self._session.items[slot].box
        assert box is not None
        return SetBox(self._session, slot, _grown(box, at, self._images[slot].image_size))

    def enlarge_and_place(self, slot: Slot, at: tuple[float, ...]) -> None:
        """A pin outside the box, which is made larger for it."""
        if outside(self._session, slot, at):
            pin = AddPin(self._session, self._session.new_pin(slot, at))
            both = Together(self._session, tr("Enlarge the box"), self.enlarge(slot, at), pin)
            self._session.undo_stack.push(both)

    def _larger(self, pin: Pin, slot: Slot) -> Run | None:
        return lambda: self._session.undo_stack.push(self.enlarge(slot, pin.at))

    def _box(self, pin: Pin, slot: Slot) -> Run | None:
        photo = next((one for one in (pin.slot, slot) if kind_of(one) == "image"), None)
        return None if photo is None else partial(self._draw, photo)

    def _rivals(self, pin: Pin, slot: Slot) -> Run | None:
        """The poses that a match may go through, where there are several; they become those of the document."""
        pair: Pair = (pin.slot, slot) if kind_of(pin.slot) == "image" else (slot, pin.slot)
        known, guide = self._session.aligned.get(pair), self._session.guide(*pair)
        count = len(known.poses) if known is not None and known.poses else len(guide[2]) if guide is not None else 0
        return partial(self._show_poses, pair) if kind_of(pair[0]) != kind_of(pair[1]) and count > 1 else None

    def _show_poses(self, pair: Pair) -> None:
        known, guide = self._session.aligned.get(pair) or Aligned(*pair), self._session.guide(*pair)
        if known.pose is None and guide is not None:
            K, lens, poses = guide
            shown = replace(known, K=K, lens=lens, poses=poses, choice=0)
            self._session.undo_stack.push(SetAligned(self._session, tr("Show rivals"), {pair: shown}))
        self._pair.choose(pair)
        self._shell.show_feature("align")


def outside(session: Session, slot: Slot, at: tuple[float, ...]) -> bool:
    """Whether a place lies outside the focus box of its photo, where nothing is matched."""
    item = session.items.get(slot)
    box = None if item is None else item.box
    return box is not None and not (box[0] <= at[0] <= box[2] and box[1] <= at[1] <= box[3])


def _grown(box: Box, at: tuple[float, ...], size: tuple[int, int]) -> Box:
    around = MARGIN * max(box[2] - box[0], box[3] - box[1])
    return (
        min(box[0], max(-0.5, at[0] - around)),
        min(box[1], max(-0.5, at[1] - around)),
        max(box[2], min(size[0] - 0.5, at[0] + around)),
        max(box[3], min(size[1] - 0.5, at[1] + around)),
    )


def _nothing(pin: Pin, slot: Slot) -> None:
    return None
