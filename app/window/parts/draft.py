"""The part that is being marked: asks the engine what the marks mean and where the part is on the other panels."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.document.session import Fact, Session
from app.document.texts import title, tr
from app.shared.results import Carried
from app.shared.values import Draft, Item, Slot, kind_of, slots_of
from app.window.requests import Requests
from core.parts.action import Action
from core.parts.layers import Layers, Mask, MaskSureness, in_part


@dataclass
class Marked:
    """What came of a draft so far.

    Attributes:
        candidates: masks in the draft's own slot with their scores.
        carried: by slot, the chosen candidate on the other panels.
    """

    candidates: list[tuple[Mask, float]] = field(default_factory=list)
    carried: dict[Slot, Carried] = field(default_factory=dict)


class Drafts(QObject):
    """Follows the session's draft.

    Signals:
        changed(): parts or the draft are other ones, or there is something new in :attr:`marked`.
        status(text): the step it is on, or why there is nothing.
    """

    changed = Signal()
    status = Signal(str)

    def __init__(self, session: Session, requests: Requests, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._requests = session, requests
        self.marked = Marked()
        self._shown: Draft | None = None
        self._segmenter = session.marking.segmenter
        session.changed.connect(self._changed)
        requests.prepared.connect(self._prepared)

    @property
    def mask(self) -> Mask | None:
        """The candidate that is chosen."""
        draft, candidates = self._session.draft, self.marked.candidates
        return None if draft is None or not candidates else candidates[draft.choice % len(candidates)][0]

    def preview(self, slot: Slot, action: Action) -> None:
        """Show what the draft would be with an action that is not finished (a stroke under the mouse)."""
        draft = self._session.draft
        same = draft is not None and draft.slot == slot
        actions = (*draft.actions, action) if draft is not None and same else (action,)
        base = draft.base if draft is not None and same else None
        self._mark(slot, actions, base, finished=False)

    def preview_draft(self, draft: Draft) -> None:
        """Show what the draft would be if it were this one (a click under the mouse)."""
        self._mark(draft.slot, draft.actions, draft.base, finished=False)

    def kept(self, threshold: int) -> Layers | None:
        """The session's layers with the draft as a part; None while there is nothing to keep."""
        draft, mask, layers = self._session.draft, self.mask, self._session.layers
        if draft is None or mask is None:
            return None
        part_id = draft.part_id
        if part_id not in {part.part_id for part in layers.parts}:
            layers = layers.new_part()
            part_id = layers.parts[0].part_id
        layers = layers.mark(part_id, draft.slot, mask.array())
        for slot, carried in self.marked.carried.items():
            known = carried.probability == carried.probability  # not NaN
            sure = MaskSureness(carried.verdict, carried.probability if known else None, carried.reasons)
            layers = layers.find(part_id, slot, in_part(carried.percent, threshold), sure)
        return layers

    def _changed(self, facts: frozenset[Fact]) -> None:
        if "marking" in facts:
            if self._session.marking.segmenter != self._segmenter:
                self._segmenter = self._session.marking.segmenter
                for item in self._session.items.values():
                    self._look_at(item)
            self._shown = None  # what was marked is marked anew
            self._follow()
        elif "draft" in facts:
            self._follow()
        elif facts & {"likely", "aligned"}:
            self._carry()
        elif "layers" in facts:
            self.changed.emit()

    def _follow(self) -> None:
        draft, shown = self._session.draft, self._shown
        self._shown = draft
        if draft is None or not draft.actions:
            self.marked = Marked()
            self.status.emit("")
            self.changed.emit()
        elif shown is not None and (draft.slot, draft.actions, draft.base) == (shown.slot, shown.actions, shown.base):
            self.changed.emit()
            self._carry()
        else:
            self._mark(draft.slot, draft.actions, draft.base)

    def _mark(self, slot: Slot, actions: tuple[Action, ...], base: Mask | None, finished: bool = True) -> None:
        draft = self._session.draft
        if finished:
            self.status.emit(tr("Cutting out the part…") if kind_of(slot) == "image" else tr("Marking…"))

        def done(candidates: list[tuple[Mask, float]]) -> None:
            if finished and self._session.draft != draft:
                return
            self.marked = Marked(candidates, self.marked.carried if not finished else {})
            self.changed.emit()
            if finished:
                self.status.emit("")
                self._carry()

        self._ask(
            "mark_part",
            "mark",
            done,
            item=self._session.items[slot],
            actions=actions,
            base=base,
            encoder=self._session.encoder,
            sam=self._session.marking.segmenter,
        )

    def _carry(self) -> None:
        """Find the part on the other panels where nobody marked it by hand; images where somebody did vote."""
        draft, mask, items, layers = self._session.draft, self.mask, self._session.items, self._session.layers
        if draft is None or mask is None:
            return
        there = self._requests.targets(draft.slot) if self._session.marking.carries else {}
        targets = {slot: item for slot, item in there.items() if not layers.marked_by_hand(draft.part_id, slot)}
        sources: list[tuple[Item, Mask]] = [(items[draft.slot], mask)]
        slots = [draft.slot]
        if kind_of(draft.slot) == "image":
            for slot in slots_of("image"):
                if slot != draft.slot and layers.marked_by_hand(draft.part_id, slot):
                    sources.append((items[slot], layers.get(draft.part_id).masks[slot]))
                    slots.append(slot)
        if not targets or not self._requests.is_ready(draft.slot):
            return
        self.status.emit(tr("Finding the part on {targets}…").format(targets=", ".join(map(title, targets))))

        def done(carried: list[Carried]) -> None:
            if self._session.draft == draft:
                self.marked.carried = dict(zip(targets, carried, strict=True))
                self.status.emit("")
                self.changed.emit()

        self._ask(
            "carry_part",
            "carry",
            done,
            encoder=self._session.encoder,
            sources=sources,
            targets=list(targets.values()),
            known=[[self._session.guide(slot, target) for slot in slots] for target in targets],
        )

    def _ask(self, job: str, latest: str, done: Callable[[Any], None], **arguments: Any) -> None:
        request = self._requests.ask(job, latest, done, **arguments)
        request.progressed.connect(lambda _, text: self.status.emit(f"{text}…"))
        request.failed.connect(self._failed)

    def _failed(self, sentence: str, details: str) -> None:
        self.status.emit(sentence)
        if details:
            self._requests.failed.emit(sentence, details, self._session.draft.slot if self._session.draft else "")

    def _prepared(self, slot: Slot) -> None:
        """The segmenter looks at an image as soon as it is open; a draft is carried to what came since."""
        item = self._session.items.get(slot)
        if item is not None:
            self._look_at(item)
        self._carry()

    def _look_at(self, item: Item) -> None:
        if item.kind == "image":
            encoder, segmenter = self._session.encoder, self._session.marking.segmenter
            self._requests.run("look_for_parts", lambda _: None, item=item, encoder=encoder, sam=segmenter)
