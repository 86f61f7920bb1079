"""The menu of the sides that a shape can be seen from."""

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from app.document.texts import title, tr
from core.geometry.viewpoints import VIEWS

AXES = ("y", "z", "x", "-y", "-z", "-x")

NUMPAD = {"1": "front", "3": "right", "7": "top"}
"""The keys of the number pad that Blender and others have for three of the views."""


def view_of(event: QKeyEvent) -> str:
    """The view of a key, a name of ``VIEWS``; "" for none."""
    if event.modifiers() & Qt.KeyboardModifier.KeypadModifier and event.text() in NUMPAD:
        return NUMPAD[event.text()]
    return dict(zip("1234567", VIEWS, strict=True)).get(event.text(), "")


class ViewMenu(QMenu):
    """Standard views with their keys, and which axis of the file points up."""

    def __init__(self, panel: Any):
        """``panel`` is a :class:`app.window.views.mesh.MeshPanel`."""
        super().__init__(tr("View"), panel)
        for name, key in zip(VIEWS, "1234567", strict=True):
            self.addAction(f"{title(name)}\t{key}").triggered.connect(partial(panel.set_view, name))
        self.addSeparator()
        up_menu = self.addMenu(tr("Up axis of the file"))
        for axis in AXES:
            action = up_menu.addAction(axis)
            action.triggered.connect(partial(panel.up_chosen.emit, axis))
            action.setCheckable(True)
            up_menu.aboutToShow.connect(lambda a=action: a.setChecked(a.text() == panel.up))
