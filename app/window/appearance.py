"""How the window looks and feels, kept in the settings.

These are the theme, the colours of heatmaps, what the mouse does over shapes, and the shortcuts.
"""

from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QMenuBar

from app.document.texts import tr
from app.window.theme import apply_theme
from app.window.views.panels import Panels, mesh_panels
from core.colors import HEATMAPS, STEPPED

THEMES = ("system", "light", "dark")

NAVIGATION = {
    "trackball": tr("Left button turns, middle button moves, right button or wheel zooms"),
    "turntable": tr("Left button turns about the up axis, Shift+left moves, wheel zooms"),
    "blender": tr("Middle or left button turns, Shift+middle or right button moves, Ctrl+middle or wheel zooms"),
}
"""What the mouse does over shapes, by name."""


class Appearance:
    """What of it is chosen, and how to choose another."""

    def __init__(self, settings: QSettings, panels: Panels, menu_bar: QMenuBar):
        self._settings, self._panels, self._menu_bar = settings, panels, menu_bar

    def restore(self) -> None:
        """As it was the last time."""
        self.set_colors(self.colors(), self.stepped())
        self.set_navigation(self.navigation())
        for name, action in self.named_actions().items():
            saved = self._settings.value(f"shortcuts/{name}")
            if saved is not None:
                action.setShortcut(QKeySequence(str(saved)))

    def theme(self) -> str:
        return self._one_of("theme", THEMES)

    def set_theme(self, name: str) -> None:
        self._settings.setValue("theme", name)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        apply_theme(application, name)  # type: ignore[arg-type]

    def colors(self) -> str:
        return self._one_of("heatmap", HEATMAPS)

    def stepped(self) -> bool:
        return str(self._settings.value("heatmap steps", "false")) == "true"

    def set_colors(self, name: str, in_steps: bool) -> None:
        """The colours of heatmaps, smooth or in steps that can be told apart."""
        self._settings.setValue("heatmap", name)
        self._settings.setValue("heatmap steps", "true" if in_steps else "false")
        for panel in self._panels.values():
            panel.set_colormap(name + (STEPPED if in_steps else ""))

    def navigation(self) -> str:
        return self._one_of("navigation", tuple(NAVIGATION))

    def set_navigation(self, name: str) -> None:
        """What the mouse does over shapes, of :data:`NAVIGATION`."""
        self._settings.setValue("navigation", name)
        for panel in mesh_panels(self._panels).values():
            panel.set_navigation(name)

    def named_actions(self) -> dict[str, QAction]:
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

        for top in self._menu_bar.actions():
            menu = top.menu()
            if isinstance(menu, QMenu):
                walk(menu, top.text().replace("&", ""))
        return {name: action for name, action in found.items() if tr("Open &recent").replace("&", "") not in name}

    def set_shortcut(self, name: str, keys: QKeySequence) -> str | None:
        """Give an action a key; returns the name of another one that has it already, and then nothing is changed."""
        actions = self.named_actions()
        if not keys.isEmpty():
            others = ((other, action) for other, action in actions.items() if other != name)
            taken = next((other for other, action in others if keys in action.shortcuts()), None)
            if taken is not None:
                return taken
        actions[name].setShortcut(keys)
        self._settings.setValue(f"shortcuts/{name}", keys.toString())
        return None

    def _one_of(self, key: str, names: tuple[str, ...]) -> str:
        value = str(self._settings.value(key, names[0]))
        return value if value in names else names[0]
