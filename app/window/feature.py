"""What a task brings to the window.

These are a side panel, labelled tools, what it can export, menu entries with their keys, tools of the mouse, and
samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from app.shared.values import Slot
from app.window.tools import Tool
from app.window.views.layers import Layer

Place = Literal["task", "drawer", "expert"]
"""Where a panel is: beside the photos and shapes with a button in the bar, below them, or behind Expert."""


@dataclass(frozen=True)
class Entry:
    """A line of a menu: its text, what it does, its key, and whether there is something to do (None: always)."""

    text: str
    run: Callable[[], object]
    key: QKeySequence.StandardKey | str | None = None
    can: Callable[[], bool] | None = None


Entries = Sequence[Entry | None]
"""Lines of a menu; None is a line between groups."""


class Feature:
    """A task of the window, made with :class:`app.window.services.Services`; ``app.window.features`` lists all of them.

    Attributes:
        name: of the folder that the task has in every room.
        title: of its button and of its line in the View menu; ``icon`` of ``resources/icons`` stands beside it.
        menu: title of the menu that the task has of its own, "" for none.
        place: where its panel is.
        key: that shows it, "" for none.
        layers: what is seen at full strength over photos and shapes while it is current.
        panel: its list and its settings.
        toolbar: its tools in a row, each with its name; only of those in the bar.
        foot: what it shows below photos and shapes, whichever task is current; it shows and hides it itself.
    """

    name: str
    title: str
    icon: str
    menu: str = ""
    place: Place = "task"
    key: str = ""
    layers: frozenset[Layer] = frozenset()
    panel: QWidget
    toolbar: QWidget
    foot: QWidget | None = None

    def layers_on(self, slot: Slot) -> frozenset[Layer]:
        """What of it lies over the photo or the shape of a slot."""
        return self.layers

    def set_current(self, current: bool) -> None:
        """It became the task that is current, or another one is."""

    def entries(self) -> Entries:
        """Lines of the task's own menu."""
        return ()

    def file_entries(self) -> Entries:
        """Lines that the task adds to the File menu."""
        return ()

    def edit_entries(self) -> Entries:
        """Lines that the task adds to the Edit menu."""
        return ()

    def takes(self, path: str) -> bool:
        """Whether a file or a folder that is opened is for this task, which then opens it."""
        return False

    def delete(self) -> None:
        """Delete what is selected, as Delete over a photo or a shape does while the task is current."""

    def exports(self) -> Entries:
        """What the task can write to files, in the menu of its Export button."""
        return ()

    def tools(self) -> Sequence[Tool]:
        """What the mouse can do in the panels for this task."""
        return ()

    def samples(self) -> dict[str, Callable[[], object]]:
        """What can be tried at first, by its name."""
        return {}
