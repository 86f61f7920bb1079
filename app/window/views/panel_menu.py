"""The menu of a panel, by the right button."""

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from app.document.texts import tr


def show_menu(panel: Any, own: Iterable[QAction | QMenu], at: QPoint) -> QMenu:
    """Show at a place of the screen what can be done with a panel: its own lines, and those that all have.

    The panel has the signals ``picture_requested``, ``open_requested`` and ``close_requested``.
    """
    menu = QMenu(panel)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for line in own:
        if isinstance(line, QMenu):
            menu.addMenu(line)
        else:
            menu.addAction(line)
    menu.addSeparator()
    for text, signal in (
        (tr("Save picture…"), panel.picture_requested),
        (tr("Open another file here…"), panel.open_requested),
        (tr("Close"), panel.close_requested),
    ):
        menu.addAction(text).triggered.connect(lambda _=False, s=signal: s.emit())
    menu.popup(at)
    return menu
