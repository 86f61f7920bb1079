"""What a task brings to the window.

These are a dock with its panel, menu entries with their keys, tools of the mouse, and samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from app.window.tools import Tool


@dataclass(frozen=True)
class Entry:
    """A line of a menu: its text, what it does, and its key."""

    text: str
    run: Callable[[], object]
    key: QKeySequence.StandardKey | str | None = None


Entries = Sequence[Entry | None]
"""Lines of a menu; None is a line between groups."""


class Feature:
    """A task of the window. Its constructor says what it needs; ``app.window.features`` lists all of them.

    Attributes:
        name: of the folder that the task has in every room.
        title: of the dock and of its line in the View menu.
        menu: title of the menu that the task has of its own, "" for none.
        area: where the dock is; ``hidden`` until something shows it.
        panel: what the dock holds.
    """

    name: str
    title: str
    menu: str = ""
    area = Qt.DockWidgetArea.RightDockWidgetArea
    hidden = False
    panel: QWidget

    def entries(self) -> Entries:
        """Lines of the task's own menu."""
        return ()

    def file_entries(self) -> Entries:
        """Lines that the task adds to the File menu."""
        return ()

    def edit_entries(self) -> Entries:
        """Lines that the task adds to the Edit menu."""
        return ()

    def tools(self) -> Sequence[Tool]:
        """What the mouse can do in the panels for this task."""
        return ()

    def samples(self) -> dict[str, Callable[[], object]]:
        """What can be tried at first, by its name."""
        return {}
