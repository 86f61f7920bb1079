"""Preferences, shortcuts, themes, the menus."""

from PySide6.QtCore import QSettings
from PySide6.QtGui import QKeySequence

from app.window.appearance import NAVIGATION
from app.window.preferences import Preferences
from core.colors import HEATMAPS, STEPPED


def test_themes_and_menus(window, qtbot):

    dark = window.palette().window().color().lightness()
    window.appearance.set_theme("dark")
    assert window.palette().window().color().lightness() < dark
    window.appearance.set_theme("light")
    titles = [a.text() for a in window.menuBar().actions()]
    assert titles == ["&File", "&Edit", "&Parts", "P&ose", "&View", "&Help"]
    shortcuts = [a.shortcut().toString() for menu in window.menuBar().actions() for a in menu.menu().actions()]
    assert {"Ctrl+O", "Ctrl+Z"} <= set(shortcuts)


def test_preferences_change_the_window_at_once_and_are_kept(window, qtbot):
    dialog = Preferences(window.appearance, window.requests, window)
    dialog.show()
    dialog.colors.setCurrentIndex(HEATMAPS.index("viridis"))
    dialog.colors.activated.emit(HEATMAPS.index("viridis"))
    dialog.steps.click()
    assert window.panels["shape 1"]._colormap == "viridis" + STEPPED
    dialog.navigation.activated.emit(list(NAVIGATION).index("turntable"))
    assert "up axis" in dialog.how.text() and window.panels["shape 1"]._navigation == "turntable"
    qtbot.waitUntil(lambda: "MB in" in dialog.cache.text(), timeout=20_000)
    again = QSettings(window.settings.fileName(), QSettings.Format.IniFormat)
    assert again.value("heatmap") == "viridis" and again.value("navigation") == "turntable"
    dialog.close()


def test_shortcuts_can_be_changed_and_not_given_twice(window):
    dialog = Preferences(window.appearance, window.requests, window)
    name = "Edit > Delete all pins"
    dialog.editors[name].setKeySequence(QKeySequence("Ctrl+Alt+K"))
    dialog.editors[name].editingFinished.emit()
    action = window.appearance.named_actions()[name]
    assert action.shortcut() == QKeySequence("Ctrl+Alt+K")
    dialog.editors[name].setKeySequence(QKeySequence("Ctrl+O"))
    dialog.editors[name].editingFinished.emit()
    assert "belongs to File > Open image" in dialog.note.text() and action.shortcut() == QKeySequence("Ctrl+Alt+K")
    action.setShortcut(QKeySequence())
    window.appearance.restore()
    assert action.shortcut() == QKeySequence("Ctrl+Alt+K")
