"""The part that is being marked: asks the engine what the marks mean and where the part is on the other panels."""

from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from app.document.session import Session, Slot, kind_of
from app.document.texts import tr
from app.shared.results import Carried
from app.shared.values import Draft, Item
from app.window.engine_client import EngineClient
from app.window.requests import Queries
from core.parts.action import Action
from core.parts.layers import Layers, Mask, in_part


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
        changed(): there is something new in :attr:`marked`.
        said(text): the step it is on, or why there is nothing.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, session: Session, engine: EngineClient, queries: Queries, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._engine, self._queries = session, engine, queries
        self.marked = Marked()
        self.sam = ""
        self.carries = True
        self._shown: Draft | None = None
        session.draft_changed.connect(self._follow)
        queries.prepared.connect(self._prepared)

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
            layers = layers.mark(part_id, slot, in_part(carried.percent, threshold))
        return layers

    def refresh(self) -> None:
        """Ask anew, with another segmenter or other panels."""
        self._shown = None
        self._follow()

    def _follow(self) -> None:
        draft, shown = self._session.draft, self._shown
        self._shown = draft
        if draft is None or not draft.actions:
            self.marked = Marked()
            self.said.emit("")
            self.changed.emit()
        elif shown is not None and (draft.slot, draft.actions, draft.base) == (shown.slot, shown.actions, shown.base):
            self.changed.emit()
            self._carry()
        else:
            self._mark(draft.slot, draft.actions, draft.base)  # type: ignore[arg-type]

    def _mark(self, slot: Slot, actions: tuple[Action, ...], base: Mask | None, finished: bool = True) -> None:
        draft = self._session.draft
        asked = {"item": self._session.items[slot], "actions": actions, "base": base, "sam": self.sam}
        request = self._engine.submit("mark_part", lane="query", latest="mark", encoder=self._session.encoder, **asked)
        if finished:
            self.said.emit(tr("Cutting out the part…") if kind_of(slot) == "image" else tr("Marking…"))

        def done(candidates: list[tuple[Mask, float]]) -> None:
            if finished and self._session.draft != draft:
                return
            self.marked = Marked(candidates, self.marked.carried if not finished else {})
            self.changed.emit()
            if finished:
                self.said.emit("")
                self._carry()

        request.done.connect(done)
        request.progressed.connect(lambda _, text: self.said.emit(f"{text}…"))
        request.failed.connect(self._failed)

    def _carry(self) -> None:
        """Find the part on the other panels; other images that have it already vote."""
        draft, mask, items = self._session.draft, self.mask, self._session.items
        if draft is None or mask is None:
            return
        targets = self._queries.targets(draft.slot) if self.carries else {}  # type: ignore[arg-type]
        sources: list[tuple[Item, Mask]] = [(items[draft.slot], mask)]  # type: ignore[index]
        part = next((p for p in self._session.layers.parts if p.part_id == draft.part_id), None)
        for slot, old in part.masks.items() if part is not None else ():
            if slot != draft.slot and kind_of(slot) == "image" == kind_of(draft.slot):  # type: ignore[arg-type]
                sources.append((items[slot], old))  # type: ignore[index]
                targets.pop(slot, None)  # type: ignore[call-overload]
        if not targets or not self._queries.is_ready(draft.slot):  # type: ignore[arg-type]
            return
        self.said.emit(tr("Finding it on {targets}…").format(targets=", ".join(targets)))
        request = self._engine.submit(
            "carry_part", lane="query", latest="carry", encoder=self._session.encoder, sources=sources,
            targets=list(targets.values()),
        )  # fmt: skip

        def done(carried: list[Carried]) -> None:
            if self._session.draft == draft:
                self.marked.carried = dict(zip(targets, carried, strict=True))
                self.said.emit("")
                self.changed.emit()

        request.done.connect(done)
        request.progressed.connect(lambda _, text: self.said.emit(f"{text}…"))
        request.failed.connect(self._failed)

    def _failed(self, sentence: str, details: str) -> None:
        self.said.emit(sentence)
        if details:
            self._queries.failed.emit(sentence, details)

    def _prepared(self, slot: Slot) -> None:
        """The segmenter looks at an image as soon as it is open; a draft is carried to what came since."""
        item = self._session.items.get(slot)
        if item is not None and item.kind == "image":
            self._queries.run("look_for_parts", lambda _: None, item=item, encoder=self._session.encoder, sam=self.sam)
        self._carry()
