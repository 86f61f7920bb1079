"""From parts and the draft to what the panels and the parts panel show."""

from collections.abc import Container
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.document.session import Session
from app.document.texts import sureness, title, tr
from app.shared.values import Slot
from app.window.content import Content
from app.window.parts import painting
from app.window.parts.clicks import clicks_of
from app.window.parts.dock import PartsPanel
from app.window.parts.draft import Drafts
from app.window.parts.rows import PartRow
from app.window.views.image import ImagePanel
from app.window.views.panels import Panels, image_panels

if TYPE_CHECKING:
    from core.parts.layers import Layers, Part

VERDICTS = ("none", "unsure", "good")
"""From the least sure."""


class PartsPresenter(QObject):
    """Keeps them in step."""

    def __init__(
        self,
        session: Session,
        drafts: Drafts,
        content: Content,
        panels: Panels,
        dock: PartsPanel,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._drafts, self._panels, self._dock = session, drafts, panels, dock
        self._sizes: dict[Slot, int] = {}
        self._listed: Layers | None = None
        drafts.changed.connect(self.refresh)
        drafts.status.connect(dock.say)
        dock.threshold_changed.connect(self._paint)
        content.shown.connect(self._shown)
        session.follow({"marking"}, lambda: dock.show_marking(session.marking))

    def refresh(self) -> None:
        """Show everything anew; the list only if it is another one, for a name may be edited there."""
        layers = self._session.layers
        if layers is not self._listed:
            self._listed = layers
            self._dock.set_rows(list(map(self._row, layers.parts)), layers.exclusive)
        self._show_draft()
        self._show_clicks()
        self._paint()

    def _shown(self, slot: Slot, elements: int) -> None:
        self._sizes[slot] = elements
        self._show_clicks()
        self._paint_slot(slot)

    def _row(self, part: "Part") -> PartRow:
        found = {slot: mask.sure for slot in self._panels if (mask := part.masks.get(slot)) and mask.sure}
        worst = min(found.values(), key=lambda one: VERDICTS.index(one.verdict), default=None)
        about = "\n".join(
            f"{title(slot)}: {sureness(one.verdict, one.probability, one.reasons)}" for slot, one in found.items()
        )
        verdict, probability = (worst.verdict, worst.probability) if worst is not None else ("", None)
        where = self._where(part.masks)
        return PartRow(part.part_id, part.name, part.color, part.visible, where, verdict, probability, about)

    def _where(self, masks: Container[str]) -> str:
        have = [slot for slot in self._panels if slot in masks]
        return ", ".join(map(title, have)) or tr("nothing yet")

    def _show_draft(self) -> None:
        draft, candidates = self._session.draft, self._drafts.marked.candidates
        if draft is None:
            self._dock.set_draft(None)
            return
        part = next((part for part in self._session.layers.parts if part.part_id == draft.part_id), None)
        text = tr("{name} in {slot}").format(name=tr("New part") if part is None else part.name, slot=title(draft.slot))
        verdicts = [
            f"{title(slot)}: {sureness(one.verdict, one.probability, one.reasons)}"
            for slot, one in self._drafts.marked.carried.items()
        ]
        choice = draft.choice % len(candidates) if candidates else 0
        score = candidates[choice][1] if candidates else 0.0
        self._dock.set_draft("\n".join([text, *verdicts]), len(candidates), choice, score)

    def _show_clicks(self) -> None:
        draft = self._session.draft
        for slot, panel in image_panels(self._panels).items():
            panel.set_clicks(clicks_of(draft) if draft is not None and draft.slot == slot else [])

    def _paint(self) -> None:
        for slot in self._panels:
            self._paint_slot(slot)

    def _paint_slot(self, slot: Slot) -> None:
        panel, size, layers = self._panels[slot], self._sizes.get(slot), self._session.layers
        if not size or slot not in self._session.items:
            return
        draft, mask = self._session.draft, self._drafts.mask
        drawn = mask if draft is not None and draft.slot == slot and mask is not None and mask.size == size else None
        carried = self._drafts.marked.carried.get(slot) if draft is not None else None
        if drawn is None and carried is None and not any(slot in part.masks for part in layers.parts):
            panel.set_labels(None)
            return
        view, step = (lambda values: values), 1
        if isinstance(panel, ImagePanel):
            width, height = panel.image_size
            view, step = painting.image_view((height, width))
        shown = layers
        if draft is not None and draft.part_id and (drawn is not None or carried is not None):
            shown = layers.without([draft.part_id])
        rgba = painting.paint_layers(shown, slot, size, view)
        color = self._color()
        if drawn is not None:
            painting.paint_mask(rgba, drawn, color, view)
        if carried is not None and len(carried.percent) == size:
            painting.paint_evidence(rgba, carried.percent, self._dock.threshold_percent(), color, view)
        if isinstance(panel, ImagePanel):
            painting.border(rgba)
            panel.set_labels(rgba, step)
        else:
            panel.set_labels(rgba)

    def _color(self) -> str:
        """Of the part that is being marked."""
        draft, layers = self._session.draft, self._session.layers
        part = next((p for p in layers.parts if draft is not None and p.part_id == draft.part_id), None)
        return part.color if part is not None else layers.new_part().parts[0].color
