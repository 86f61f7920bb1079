"""The task Parts: parts marked on one panel and found on the others."""

from collections.abc import Sequence
from functools import partial

from app.document.texts import tr
from app.window.feature import Entries, Entry, Feature
from app.window.parts.clicks import ClickController
from app.window.parts.controller import PartsController
from app.window.parts.dock import PartsPanel
from app.window.parts.draft import Drafts
from app.window.parts.files import PartFiles
from app.window.parts.marking_tools import HINTS, KEYS, TOOLS
from app.window.parts.presenter import PartsPresenter
from app.window.services import Services
from app.window.tools import Tool
from app.window.views.layers import Layer


class PartsFeature(Feature):
    """Mark a part, and keep it as a layer."""

    name, title, icon, menu, key = "parts", tr("Parts"), "task-parts", tr("&Parts"), "Ctrl+2"
    layers: frozenset[Layer] = frozenset({"parts"})
    panel: PartsPanel

    def __init__(self, use: Services):
        session, requests, panels, parent = use.session, use.requests, use.panels, use.parent
        self._tools = use.tools
        self.panel = PartsPanel()
        self.toolbar = self.panel.toolbar
        self.drafts = Drafts(session, requests, parent)
        self.controller = PartsController(session, self.drafts, requests, panels, use.tools, self.panel, parent)
        self.clicks = ClickController(session, self.drafts, panels, parent)
        self.presenter = PartsPresenter(session, self.drafts, use.content, panels, self.panel, parent)
        self.files = PartFiles(session, requests, self.controller, use.active, self.panel, use.shell, parent)

    def entries(self) -> Entries:
        brush = self.panel.brush
        return (
            *(Entry(text, partial(self._tools.toggle, name), KEYS[name]) for name, text, _ in TOOLS),
            None,
            Entry(tr("Keep the part"), self.controller.keep, "Return"),
            Entry(tr("Discard the marking, or leave the tool"), self.controller.drop, "Escape"),
            Entry(tr("Next candidate"), partial(self.controller.cycle, 1), "N"),
            Entry(tr("Previous candidate"), partial(self.controller.cycle, -1), "Shift+N"),
            Entry(tr("Smaller brush"), lambda: brush.setValue(brush.value() - 4), "["),
            Entry(tr("Larger brush"), lambda: brush.setValue(brush.value() + 4), "]"),
            None,
            *self.exports(),
            Entry(tr("Open labels…"), self.files.load),
        )

    def delete(self) -> None:
        if not self.clicks.delete_chosen():
            self.panel.edit_requested.emit("delete")

    def exports(self) -> Entries:
        files = self.files
        return (
            Entry(tr("Save labels of this panel…"), files.save, can=files.has_labels),
            Entry(tr("Save parts as meshes…"), files.save_meshes, can=partial(files.has_labels, "shape")),
        )

    def tools(self) -> Sequence[Tool]:
        return [Tool(name, HINTS[name]) for name, _, _ in TOOLS]
