"""The menu of standard views of a shape, and of its up axis."""

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QMenu

from app.document.texts import title, tr
from core.geometry.viewpoints import VIEWS


def fill_view_menu(
    menu: QMenu, look: Callable[[str], object], choose_up: Callable[[str], object], up: Callable[[], str]
) -> None:
    """A line for every view, with its key, which calls ``look``; ``up`` says which axis is chosen now."""
    for name, key in zip(VIEWS, "1234567", strict=True):
        menu.addAction(f"{title(name)}\t{key}").triggered.connect(partial(look, name))
    menu.addSeparator()
    axes = menu.addMenu(tr("Up axis of the file"))
    for axis in ("y", "z", "x", "-y", "-z", "-x"):
        action = axes.addAction(axis)
        action.triggered.connect(partial(choose_up, axis))
        action.setCheckable(True)
        axes.aboutToShow.connect(lambda a=action: a.setChecked(a.text() == up()))
