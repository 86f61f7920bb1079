"""What the Help menu shows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from app.document.texts import tr
from app.shared.log import log_folder
from app.shared.resources import resource
from app.window import dialogs
from app.window.console import Console
from app.window.feature import Entries, Entry
from app.window.messages import Messages


def help_entries(messages: Messages, tour: Callable[[], object], parent: QWidget) -> Entries:
    """Lines of the Help menu."""
    return (
        Entry(tr("Mouse and keys"), lambda: dialogs.say_shortcuts(parent), "F1"),
        Entry(tr("A first minute"), tour),
        Entry(tr("Documentation"), lambda: _open_folder(resource("docs"))),
        Entry(tr("Messages"), lambda: messages.show(parent)),
        Entry(tr("Show log"), lambda: _open_folder(log_folder())),
        Entry(tr("About Counterpoint"), lambda: dialogs.say_about(parent)),
    )


def console_entries(names: dict[str, Any], parent: QWidget) -> Entries:
    """Line of the Expert menu; ``names`` are at hand in the Python console."""
    return (Entry(tr("Python console"), lambda: show_console(names, parent)),)


def show_console(names: dict[str, Any], parent: QWidget) -> None:
    """The window's one console, which keeps what was done in it."""
    console = parent.findChild(Console) or Console(names, parent)
    console.show()
    console.raise_()
    console.input.setFocus()


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
