"""The task Match: places that are matched."""

from collections.abc import Sequence

from app.document.texts import tr
from app.window.feature import Entries, Entry, Feature
from app.window.matching.controller import MatchController
from app.window.matching.dock import PinsPanel
from app.window.matching.files import PinFiles
from app.window.matching.focus import FocusFirst
from app.window.matching.next_steps import NextSteps
from app.window.matching.presenter import MatchPresenter
from app.window.services import Services
from app.window.tools import Tool
from app.window.views.layers import Layer


class MatchingFeature(Feature):
    """Click a place and see where it is on everything else."""

    name, title, icon, key = "matching", tr("Match"), "task-match", "Ctrl+1"
    layers: frozenset[Layer] = frozenset({"heat", "pins"})

    def __init__(self, use: Services):
        session, panels, shell, parent = use.session, use.panels, use.shell, use.parent
        self.panel = PinsPanel()
        self.toolbar = self.panel.toolbar
        self.steps = NextSteps(session, panels, use.pair, lambda slot: self.focus.draw_box(slot), shell)
        self.controller = MatchController(session, use.requests, panels, self.panel, self.steps, shell, parent)
        self.focus = FocusFirst(session, panels, use.pair, self.panel, use.tools, self.controller.place, parent)
        self.files = PinFiles(session, shell)
        self.panel.forget_requested.connect(self.controller.forget_corrections)
        self.presenter = MatchPresenter(session, self.controller, use.content, panels, self.panel, self.steps, parent)

    def edit_entries(self) -> Entries:
        return (
            Entry(tr("Delete pin"), self.controller.delete_current, "Ctrl+Backspace"),
            Entry(tr("Delete all pins"), self.controller.clear),
            Entry(tr("Forget corrected matches"), self.controller.forget_corrections),
        )

    def delete(self) -> None:
        self.controller.delete_current()

    def exports(self) -> Entries:
        return self.files.entries()

    def tools(self) -> Sequence[Tool]:
        return (Tool("", self.focus.hint, self.focus.click),)
