"""How the window looks and feels, kept in the settings: theme, colours of heatmaps, what the mouse does over shapes, shortcuts."""

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu

from app.document.texts import tr
from app.window.theme import apply_theme
from app.window.views.mesh import MeshPanel
from core.colors import HEATMAPS, STEPPED

if TYPE_CHECKING:
    from app.window.main_window import MainWindow

THEMES = ("system", "light", "dark")

NAVIGATION = {
    "trackball": tr("Left turns, middle moves, right or wheel zooms"),
    "turntable": tr("Left turns about the up axis, Shift+left moves, wheel zooms"),
    "blender": tr("Middle or left turns, Shift+middle or right moves, Ctrl+middle or wheel zooms"),
}
"""What the mouse does over shapes, by name."""


def restore(window: "MainWindow") -> None:
    """As it was the last time."""
    set_colors(window, colors(window), stepped(window))
    set_navigation(window, navigation(window))
    for name, action in named_actions(window).items():
        saved = window.settings.value(f"shortcuts/{name}")
        if saved is not None:
            action.setShortcut(QKeySequence(str(saved)))


def theme(window: "MainWindow") -> str:
    return _one_of(window, "theme", THEMES)


def set_theme(window: "MainWindow", name: str) -> None:
    window.settings.setValue("theme", name)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_theme(application, name)  # type: ignore[arg-type]


def colors(window: "MainWindow") -> str:
    return _one_of(window, "heatmap", HEATMAPS)


def stepped(window: "MainWindow") -> bool:
    return str(window.settings.value("heatmap steps", "false")) == "true"


def set_colors(window: "MainWindow", name: str, in_steps: bool) -> None:
    """The colours of heatmaps, smooth or in steps that can be told apart."""
    window.settings.setValue("heatmap", name)
    window.settings.setValue("heatmap steps", "true" if in_steps else "false")
    for panel in window.panels.values():
        panel.set_colormap(name + (STEPPED if in_steps else ""))


def navigation(window: "MainWindow") -> str:
    return _one_of(window, "navigation", tuple(NAVIGATION))


def set_navigation(window: "MainWindow", name: str) -> None:
    window.settings.setValue("navigation", name)
    for panel in window.panels.values():
        if isinstance(panel, MeshPanel):
            panel.set_navigation(name)


def named_actions(window: "MainWindow") -> dict[str, QAction]:
    """Everything in the menus that a key can be given to, by its place and text."""
    found: dict[str, QAction] = {}

    def walk(menu: QMenu, place: str) -> None:
        for action in menu.actions():
            below = action.menu()
            name = f"{place} > {action.text().replace('&', '').rstrip('…')}"
            if isinstance(below, QMenu):
                walk(below, name)
            elif action.text():
                found[name] = action

    for top in window.menuBar().actions():
        menu = top.menu()
        if isinstance(menu, QMenu):
            walk(menu, top.text().replace("&", ""))
    return {name: action for name, action in found.items() if tr("Open &recent").replace("&", "") not in name}


def set_shortcut(window: "MainWindow", name: str, keys: QKeySequence) -> str | None:
    """Give an action a key; returns the name of another one that has it already, and then nothing is changed."""
    actions = named_actions(window)
    if not keys.isEmpty():
        taken = next((other for other, action in actions.items() if other != name and keys in action.shortcuts()), None)
        if taken is not None:
            return taken
    actions[name].setShortcut(keys)
    window.settings.setValue(f"shortcuts/{name}", keys.toString())
    return None


def _one_of(window: "MainWindow", key: str, names: tuple[str, ...]) -> str:
    value = str(window.settings.value(key, names[0]))
    return value if value in names else names[0]
