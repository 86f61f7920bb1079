"""The tool that the mouse has in the panels: one at a time, whichever task it belongs to."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, Signal

from app.document.texts import tr
from app.shared.values import Slot
from app.window.views.image import ImagePanel
from app.window.views.panels import Panels

Click = Callable[[Slot, tuple[float, ...]], bool]
"""Takes the place of a click, pixel (u, v) or point (x, y, z); returns whether it meant something."""


SAME_CLICK = 0.25
"""Seconds after the window was activated in which a click is the one that did it."""


@dataclass(frozen=True)
class Tool:
    """Something that the mouse does while it is taken up.

    Attributes:
        name: "" for what it does without any tool.
        hint: what the status bar says meanwhile: what the next click does; a function where that changes.
        click: where clicks in a panel go; None, or False from it: where they go without a tool.
    """

    name: str
    hint: str | Callable[[], str]
    click: Click | None = None


class Tools(QObject):
    """Knows which tool is taken up, and gives clicks to it.

    Signals:
        changed(name): another tool is taken up, "" for none.
        hint_changed(): the next click does something else.
        left(): another task is current; what the one before asked for is over.
        pointed(): a place was clicked, and no tool took the click.
    """

    changed = Signal(str)
    hint_changed = Signal()
    left = Signal()
    pointed = Signal()

    def __init__(self, panels: Panels, parent: QObject | None = None):
        super().__init__(parent)
        self.active = self.resting = ""
        self._activated = 0.0
        if parent is not None:
            parent.installEventFilter(self)
        self._tools: dict[str, Tool] = {}
        self._boxing = False
        self.changed.connect(self.hint_changed)
        for slot, panel in panels.items():
            if isinstance(panel, ImagePanel):
                panel.clicked.connect(lambda u, v, s=slot: self._clicked(s, (u, v)))
                panel.box_tool.defaultAction().toggled.connect(self._box_tool)
                self.left.connect(partial(panel.box_tool.defaultAction().setChecked, False))
            else:
                panel.clicked.connect(lambda point, s=slot: self._clicked(s, tuple(map(float, point))))

    def offer(self, tools: Iterable[Tool]) -> None:
        """Make tools known."""
        self._tools.update({tool.name: tool for tool in tools})

    def rest_with(self, name: str) -> None:
        """This tool has the mouse as long as none is taken up; "" for none."""
        self.resting = name
        self.hint_changed.emit()

    def take(self, name: str) -> None:
        """Take a tool up, and put down the one before; "" only puts down."""
        if name != self.active:
            self.active = name
            self.changed.emit(name)

    def leave(self, keep: bool) -> None:
        """Another task is current: put the tool down, unless it is to be kept because it is a tool of that task."""
        if not keep:
            self.take("")
        self.left.emit()

    def toggle(self, name: str) -> None:
        """Take a tool up, or put it down if it is the one."""
        self.take("" if name == self.active else name)

    def hint(self) -> str:
        """What the next click does."""
        if self._boxing:
            return tr("Drag a box around the object · Esc leaves it as it was")
        hint = self._tools[self.active or self.resting].hint
        return hint if isinstance(hint, str) else hint()

    def _box_tool(self, on: bool) -> None:
        self._boxing = on
        self.hint_changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.WindowActivate:
            self._activated = time.monotonic()
        return super().eventFilter(watched, event)

    def _clicked(self, slot: Slot, at: tuple[float, ...]) -> None:
        """A click that only brings the window to the front does nothing else."""
        if time.monotonic() - self._activated > SAME_CLICK:
            self.click(slot, at)

    def click(self, slot: Slot, at: tuple[float, ...]) -> None:
        """A place in a panel was clicked."""
        for name in (*filter(None, (self.active, self.resting)), ""):
            click = self._tools[name].click
            if click is not None and click(slot, at):
                if not name:
                    self.pointed.emit()
                return
