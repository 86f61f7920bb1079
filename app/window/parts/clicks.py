"""Clicks that a part is being marked by: moved to another place, or deleted."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from app.document.commands import SetDraft
from app.document.session import Session
from app.document.texts import tr
from app.shared.values import Draft, Slot
from app.window.parts.draft import Drafts
from app.window.views.marks import ClickMark
from app.window.views.panels import Panels, image_panels

Pixel = tuple[float, float]


def clicks_of(draft: Draft) -> list[ClickMark]:
    """The clicks of a draft, in their order."""
    return [
        ClickMark(number, action.places[0], action.add)
        for number, action in enumerate(draft.actions)
        if action.tool == "point"
    ]


class ClickController(QObject):
    """Every change of a click is a step that can be undone; the mask follows while one is dragged."""

    def __init__(self, session: Session, drafts: Drafts, panels: Panels, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._drafts, self._panels = session, drafts, panels
        for slot, panel in image_panels(panels).items():
            clicks = panel.view.clicks
            clicks.dragged.connect(partial(self._drag, slot))
            clicks.moved.connect(partial(self._move, slot))
            clicks.deleted.connect(partial(self._delete, slot))

    def delete_chosen(self) -> bool:
        """Delete the click that is chosen in a photo; returns whether there is one."""
        return any(panel.view.clicks.delete_chosen() for panel in image_panels(self._panels).values())

    def _drag(self, slot: Slot, number: int, pixel: Pixel) -> None:
        draft = self._with_click(slot, number)
        if draft is not None:
            self._drafts.preview_draft(_moved(draft, number, pixel))

    def _move(self, slot: Slot, number: int, pixel: Pixel) -> None:
        draft = self._with_click(slot, number)
        if draft is not None:
            self._push(tr("Move click"), _moved(draft, number, pixel))

    def _delete(self, slot: Slot, number: int) -> None:
        draft = self._with_click(slot, number)
        if draft is not None:
            left = draft.actions[:number] + draft.actions[number + 1 :]
            self._push(tr("Delete click"), replace(draft, actions=left) if left else None)

    def _with_click(self, slot: Slot, number: int) -> Draft | None:
        """The draft, if it has that click; it may be another one since the mouse was pressed."""
        draft = self._session.draft
        known = draft is not None and draft.slot == slot and number in [one.number for one in clicks_of(draft)]
        return draft if known else None

    def _push(self, text: str, draft: Draft | None) -> None:
        self._session.undo_stack.push(SetDraft(self._session, text, draft))


def _moved(draft: Draft, number: int, pixel: Pixel) -> Draft:
    """The same draft with one of its clicks elsewhere."""
    actions = list(draft.actions)
    actions[number] = replace(actions[number], places=(pixel,))
    return replace(draft, actions=tuple(actions))
