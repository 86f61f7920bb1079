"""What parts of the program may ask of the window around them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import QWidget

from app.shared.values import Slot


class Shell(Protocol):
    """The window as its parts see it."""

    @property
    def dialog_parent(self) -> QWidget:
        """What dialogs belong to."""

    def say(self, sentence: str, milliseconds: int = 8000) -> None:
        """Show a sentence in the status bar for a while; it is kept among the messages."""

    def saved(self, path: str | Path) -> None:
        """Say where a file was written."""

    def fail(self, sentence: str, where: str = "", action: str = "", run: Callable[[], object] | None = None) -> None:
        """Say what went wrong, in the panel of a slot or of a task, or in the one used last.

        ``action`` is a button there that runs ``run``.
        """

    def show_feature(self, name: str) -> None:
        """Make a task the current one, or open a drawer."""

    def open_files(self, paths: list[str], slot: Slot | None = None) -> None:
        """Open images and shapes from a slot on, and projects."""

    def view_state(self) -> dict[str, list[float]]:
        """How open panels look at what they show, for the project file."""
