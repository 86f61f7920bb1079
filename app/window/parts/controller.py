"""Marking and editing parts: what the parts panel and the tools on the panels do to the session."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject

from app.document.commands import SetDraft, SetLayers, SetMarking
from app.document.session import Session
from app.document.texts import title, tr
from app.shared.results import ReadLabels
from app.shared.values import Draft, Slot
from app.window.parts.dock import PartsPanel
from app.window.parts.draft import Drafts
from app.window.parts.marking_tools import KEYS
from app.window.requests import Requests
from app.window.tools import Tools
from app.window.views.panels import Panels
from core.parts.action import Action
from core.parts.layers import Layers, Mask


class PartsController(QObject):
    """Connects the panel and the panels' tools with the session; every edit is a step that can be undone."""

    def __init__(
        self,
        session: Session,
        drafts: Drafts,
        requests: Requests,
        panels: Panels,
        tools: Tools,
        dock: PartsPanel,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._drafts, self._requests = session, drafts, requests
        self._panels, self._tools, self._dock = panels, tools, dock
        self._further = 0
        tools.changed.connect(self._take_tool)
        session.leaving.connect(self._leave)
        dock.tool_requested.connect(tools.take)
        dock.brush_changed.connect(self._take_tool)
        dock.kept.connect(self.keep)
        dock.dropped.connect(self.drop)
        dock.cycled.connect(self.cycle)
        dock.carries_changed.connect(self._set_carries)
        dock.renamed.connect(lambda i, name: self._edit_part(i, tr("Rename to {name}").format(name=name), name=name))
        dock.recolored.connect(lambda i, color: self._edit_part(i, tr("Change colour"), color=color))
        dock.shown.connect(lambda i, on: self._edit_part(i, tr("Show part") if on else tr("Hide part"), visible=on))
        dock.exclusive_changed.connect(
            lambda on: self._push(
                tr("Let no parts overlap") if on else tr("Let parts overlap"), session.layers.made_exclusive(on)
            )
        )
        dock.selected.connect(self._selected)
        dock.edit_requested.connect(self._do)
        dock.mark_more_requested.connect(self.mark_more)
        session.follow({"layers", "draft"}, self._show_target)
        for slot, panel in panels.items():
            panel.action_finished.connect(lambda action, s=slot: self.act(s, action))
            if hasattr(panel, "action_changed"):
                panel.action_changed.connect(lambda action, s=slot: drafts.preview(s, action))

    def act(self, slot: Slot, action: Action) -> None:
        """Something was done with a tool: it goes to the draft of this panel, or begins one."""
        draft = self._session.draft
        if slot not in self._session.items:
            return
        if draft is None or draft.slot != slot:
            draft = self._new_draft(slot)
        elif action.tool == "box":
            draft = replace(draft, actions=tuple(one for one in draft.actions if one.tool != "box"))
        self._session.set_current(None)
        text = {"point": tr("Point"), "box": tr("Box"), "lasso": tr("Outline"), "brush": tr("Stroke")}.get(
            action.tool, tr("Fill")
        )
        step = replace(draft, actions=(*draft.actions, action), choice=0)
        self._session.undo_stack.push(
            SetDraft(self._session, tr("{text} in {slot}").format(text=text, slot=title(slot)), step)
        )

    def keep(self) -> None:
        """Make the draft a part, here and where it was found; the part is selected."""
        layers, draft = self._drafts.kept(self._dock.threshold_percent()), self._session.draft
        if layers is None or draft is None:
            return
        new = len(layers) > len(self._session.layers)
        name = layers.parts[0].name if new else layers.get(draft.part_id).name
        self._session.undo_stack.push(
            SetLayers(
                self._session,
                tr("Add {name}").format(name=name) if new else tr("Change {name}").format(name=name),
                layers,
            )
        )
        self._dock.select(layers.parts[0].part_id if new else draft.part_id)

    def drop(self) -> None:
        """Drop the draft; without one, put the tool down."""
        if self._session.draft is not None:
            self._session.undo_stack.push(SetDraft(self._session, tr("Discard the marking"), None))
        else:
            self._tools.take("")

    def cycle(self, step: int) -> None:
        """Take the next candidate, or the one before."""
        draft, count = self._session.draft, len(self._drafts.marked.candidates)
        if draft is not None and count > 1:
            chosen = replace(draft, choice=(draft.choice + step) % count)
            self._session.undo_stack.push(SetDraft(self._session, tr("Choose candidate"), chosen))

    def mark_more(self, on: bool) -> None:
        """What is marked from now on is added to the selected part, or taken from it; or makes new parts again."""
        chosen = self._dock.chosen()
        self._further = chosen[0] if on and len(chosen) == 1 else 0
        if on and self._tools.active not in KEYS:
            self._tools.take("brush")
        self._show_target()

    def _show_target(self) -> None:
        """Say what the next mark belongs to; while something is being marked, its title does."""
        names = {part.part_id: part.name for part in self._session.layers.parts}
        if self._further not in names:
            self._further = 0
        chosen, free = self._dock.chosen(), self._session.draft is None
        text = ""
        if free and self._further:
            text = tr("What you mark changes {name}.").format(name=names[self._further])
        elif free and len(chosen) == 1 and chosen[0] in names and self._tools.active in KEYS:
            text = tr("What you mark is a new part; Mark more adds to {name}.").format(name=names[chosen[0]])
        self._dock.show_target(text, bool(self._further), free)

    def set_segmenter(self, segmenter: str) -> None:
        """Cut parts out with the bundled cutter, GrabCut (""), a checkpoint of Segment Anything, or a plugin."""
        marking = replace(self._session.marking, segmenter=segmenter)
        if marking == self._session.marking:
            self._dock.show_marking(marking)  # the list shows what was not chosen in the end
        else:
            text = tr("Cut out parts with {name}").format(name=Path(segmenter).name or "GrabCut")
            self._session.undo_stack.push(SetMarking(self._session, text, marking))

    def save(self, slot: Slot, path: str, done: Any) -> None:
        """Write the parts of what is open in a slot to a file; a name without suffix is a folder of meshes."""
        item, parts = self._session.items[slot], [p for p in self._session.layers.parts if slot in p.masks]
        names, colors = [part.name for part in parts], [part.color for part in parts]
        masks = [part.masks[slot] for part in parts]
        self._requests.run("save_labels", done, item=item, names=names, colors=colors, masks=masks, path=path)

    def load(self, slot: Slot, paths: list[str]) -> None:
        """Add the parts of a file to what is open in a slot; parts of the same name become one."""

        def done(read: ReadLabels) -> None:
            self._push(tr("Open labels"), _with_read(self._session.layers, slot, read))

        self._requests.run("read_labels", done, item=self._session.items[slot], paths=paths)

    def _leave(self) -> None:
        self._further = 0
        self._show_target()

    def _new_draft(self, slot: Slot) -> Draft:
        known = {part.part_id: part for part in self._session.layers.parts}
        part = known.get(self._further)
        return Draft(slot) if part is None else Draft(slot, part_id=part.part_id, base=part.masks.get(slot))

    def _take_tool(self) -> None:
        name = self._tools.active
        if name not in KEYS:
            self._further = 0
        self._show_target()
        self._dock.show_tool(name)
        for panel in self._panels.values():
            panel.set_part_tool(name if name in KEYS else "", *self._dock.brush_settings())

    def _set_carries(self, on: bool) -> None:
        text = tr("Find parts on the other panels too") if on else tr("Mark parts on one panel only")
        marking = replace(self._session.marking, carries=on)
        self._session.undo_stack.push(SetMarking(self._session, text, marking))

    def _selected(self, part_ids: list[int]) -> None:
        if part_ids:
            self._session.set_current(None)
        if self._further:
            self._further = part_ids[0] if len(part_ids) == 1 else 0
        self._show_target()

    def _do(self, what: str) -> None:
        chosen, layers = self._dock.chosen(), self._session.layers
        if not chosen:
            return
        if what == "merge":
            self._push(tr("Merge parts"), layers.merged(chosen))
        elif what == "delete":
            self._push(tr("Delete parts") if len(chosen) > 1 else tr("Delete part"), layers.without(chosen))
        elif what == "split":
            self._split(chosen[0])
        else:
            at = [part.part_id for part in layers.parts].index(chosen[0])
            text = tr("Move the part up") if what == "up" else tr("Move the part down")
            self._push(text, layers.moved(chosen[0], at + (-1 if what == "up" else 1)))

    def _split(self, part_id: int) -> None:
        """Into the connected pieces on the first shape that has the part, or else in the first image."""
        part = self._session.layers.get(part_id)
        slots: list[Slot] = sorted((s for s in self._panels if s in part.masks), key=lambda s: s.startswith("image"))
        if not slots:
            return

        def done(pieces: list[Mask]) -> None:
            if len(pieces) < 2:
                self._dock.say(tr("{name} is one connected piece and cannot be split.").format(name=part.name))
            elif self._session.layers.get(part_id) is part:
                split = self._session.layers.split(part_id, slots[0], [piece.array() for piece in pieces])
                self._push(tr("Split {name}").format(name=part.name), split)

        self._requests.run("split_part", done, item=self._session.items[slots[0]], mask=part.masks[slots[0]])

    def _edit_part(self, part_id: int, text: str, **values: Any) -> None:
        layers = self._session.layers
        self._push(text, layers.with_part(replace(layers.get(part_id), **values)))

    def _push(self, text: str, layers: Layers) -> None:
        self._session.undo_stack.push(SetLayers(self._session, text, layers, self._session.draft))


def _with_read(layers: Layers, slot: Slot, read: ReadLabels) -> Layers:
    if len(read.masks) and np.sum([mask.array() for mask in read.masks], axis=0).max() > 1:
        layers = layers.made_exclusive(False)
    for name, color, mask in reversed(list(zip(read.names, read.colors, read.masks, strict=True))):
        part = next((part for part in layers.parts if part.name == name), None)
        if part is None:
            layers = layers.new_part(name, color)
            part = layers.parts[0]
        layers = layers.mark(part.part_id, slot, mask.array())
    return layers
