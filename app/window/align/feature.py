"""The task Pose: a shape put over the photo, by itself and by hand."""

from collections.abc import Sequence
from functools import partial

from app.document.texts import tr
from app.window.align.cameras import CameraController
from app.window.align.controller import AlignController
from app.window.align.depth_layer import DepthLayer
from app.window.align.dock import KEYS, TOOLS, AlignPanel
from app.window.align.files import PoseFiles
from app.window.align.focal import TOOL, FocalLength
from app.window.align.manual import ManualPose
from app.window.align.search import PoseSearch
from app.window.feature import Entries, Entry, Feature
from app.window.services import Services
from app.window.tools import Tool
from app.window.views.layers import Layer


class AlignFeature(Feature):
    """Find the pose of a shape in a photo."""

    name, title, icon, menu, key = "align", tr("Pose"), "task-pose", tr("P&ose"), "Ctrl+3"
    layers: frozenset[Layer] = frozenset({"pose", "coordinates", "depth", "pins"})

    def __init__(self, use: Services):
        self._tools, self._shell = use.tools, use.shell
        self.panel = AlignPanel()
        self.toolbar, self._pairs = self.panel.toolbar, self.panel.pairs
        use.pair.changed.connect(lambda: self.panel.show_pair(use.pair.name()))
        self.controller = AlignController(use, self.panel)
        self.cameras = CameraController(use.session, use.requests, self.controller, self.panel, use.parent)
        self.manual = ManualPose(use, self.controller, self.panel)
        self.focal = FocalLength(use, self.controller, self.panel)
        self.depth = DepthLayer(use, self.controller)
        self.files = PoseFiles(self.manual, use.shell)
        self.panel.save_requested.connect(self.files.save)
        self.search = PoseSearch(use.session, use.requests, self.controller, use.shell, use.parent)

    def align(self) -> None:
        """Show the task and align the shape to the photo."""
        self._shell.show_feature(self.name)
        self.controller.start()

    def entries(self) -> Entries:
        cameras = self.cameras
        lines = (
            Entry(tr("Align shape to photo"), self.controller.start, "Ctrl+L"),
            None,
            *(Entry(_by_hand(name, text), partial(self._tools.toggle, name), KEYS[name]) for name, text, _ in TOOLS),
            None,
            Entry(tr("View shape as in photo"), self.manual.look_as_photo, "Ctrl+Shift+L"),
            None,
            Entry(tr("Open pose…"), self.files.open),
            *self.exports(),
            None,
            Entry(tr("Open intrinsics…"), cameras.ask_camera),
            Entry(tr("Open measured depth…"), cameras.ask_depth),
            Entry(tr("Open camera rig…"), cameras.ask_rig),
            Entry(tr("Transfer the pose to the rig's other photos"), cameras.carry),
        )
        return [None if one is None else Entry(one.text, partial(self._shown, one), one.key) for one in lines]

    def delete(self) -> None:
        if not self.focal.delete():
            self._pairs.delete_selected()

    def exports(self) -> Entries:
        return (Entry(tr("Save pose…"), self.files.save, can=self.controller.is_posed),)

    def tools(self) -> Sequence[Tool]:
        drags = [Tool(name, tip) for name, _, tip in TOOLS if name != "pairs"]
        edges = Tool(TOOL, self.focal.hint, self.focal.click)
        return [*drags, Tool("pairs", self.manual.hint, self.manual.click), edges]

    def _shown(self, entry: Entry) -> None:
        """Every entry shows the task."""
        self._shell.show_feature(self.name)
        entry.run()


def _by_hand(name: str, text: str) -> str:
    return tr("Place pairs") if name == "pairs" else tr("{what} by hand").format(what=text)
