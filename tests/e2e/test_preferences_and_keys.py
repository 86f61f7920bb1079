"""Preferences, shortcuts, themes, the menus, every key."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt, QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMessageBox

from app.window.preferences import Preferences
from core.colors import HEATMAPS, STEPPED
from tests.e2e.hands import CTRL, choose, click_pixel, drag, on_view, press

ALT = Qt.KeyboardModifier.AltModifier

TOOLS = {"P": "point", "X": "box", "L": "lasso", "R": "brush", "Shift+R": "eraser", "C": "component", "G": "flood"}
POSE_TOOLS = {"W": "move", "T": "turn", "S": "scale", "K": "pairs"}
OTHERS = {"Return", "Esc", "N", "Shift+N", "[", "]", "F1", "A", "D", "H", "V"}
"""Single keys of the menus, by what the tests below, ``test_habits.py`` and ``test_scene.py`` press; H is held in ``test_layers.py``."""


def press_keys(window, keys):
    (combination,) = [QKeySequence(keys)[0]]
    press(window, combination.key(), combination.keyboardModifiers())


@pytest.fixture
def preferences(window):
    choose(window, "Edit", "Preferences")
    return window.findChild(Preferences)


def test_themes_and_menus(window):
    light = window.palette().window().color().lightness()
    choose(window, "View", "Theme", "Dark")
    assert window.palette().window().color().lightness() < light
    choose(window, "View", "Theme", "Light")
    titles = [a.text() for a in window.menuBar().actions()]
    assert titles == ["&File", "&Edit", "&Parts", "P&ose", "&View", "&Help"]
    shortcuts = [a.shortcut().toString() for menu in window.menuBar().actions() for a in menu.menu().actions()]
    assert {"Ctrl+O", "Ctrl+Z"} <= set(shortcuts)


def test_preferences_change_the_window_at_once_and_are_kept(window, preferences, qtbot):
    dialog, mesh = preferences, window.panels["shape 1"]
    while dialog.colors.currentIndex() < HEATMAPS.index("viridis"):
        QTest.keyClick(dialog.colors, Qt.Key.Key_Down)
    QTest.keyClick(dialog.steps, Qt.Key.Key_Space)
    assert mesh._colormap == "viridis" + STEPPED
    QTest.keyClick(dialog.navigation, Qt.Key.Key_Down)
    assert "up axis" in dialog.how.text() and mesh._navigation == "turntable"
    qtbot.waitUntil(lambda: "MB in" in dialog.cache.text(), timeout=90_000)
    again = QSettings(window.settings.fileName(), QSettings.Format.IniFormat)
    assert again.value("heatmap") == "viridis" and again.value("navigation") == "turntable"
    press(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.findChildren(Preferences))  # none is kept for each time that it was open


def test_shortcuts_can_be_changed_and_not_given_twice(window, preferences, qtbot):
    name = "Edit > Delete all pins"
    editor, action = preferences.editors[name], window.appearance.named_actions()[name]
    QTest.keyClick(editor, Qt.Key.Key_K, CTRL | ALT)
    qtbot.waitUntil(lambda: action.shortcut() == QKeySequence("Ctrl+Alt+K"))
    QTest.keyClick(editor, Qt.Key.Key_O, CTRL)
    qtbot.waitUntil(lambda: "key of File > Open photo" in preferences.note.text())
    assert action.shortcut() == QKeySequence("Ctrl+Alt+K") == editor.keySequence()
    action.setShortcut(QKeySequence())
    window.appearance.restore()
    assert action.shortcut() == QKeySequence("Ctrl+Alt+K")


def test_all_single_keys_of_the_menus_are_pressed_here(window):
    keys = {key.toString() for one in window.appearance.named_actions().values() for key in one.shortcuts()}
    assert {key for key in keys if "Ctrl" not in key} == {*TOOLS, *POSE_TOOLS, *OTHERS}


def test_keys_of_tools_take_them_up_and_put_them_down(posed):
    window = posed
    for keys, tool in {**TOOLS, **POSE_TOOLS}.items():
        panel = window.features.parts.panel if keys in TOOLS else window.features.align.panel
        press_keys(window, keys)
        assert window.tools.active == tool and panel.isVisible()
        assert [name for name, one in panel.tools.items() if one.isChecked()] == [tool]
        assert window.guide.message.text() == window.tools.hint()
        if keys in POSE_TOOLS:
            press_keys(window, keys)
            assert window.tools.active == "" and not panel.tools[tool].isChecked()
    press_keys(window, "P")
    press_keys(window, "P")
    assert window.tools.active == "" and "place a pin" in window.guide.message.text()
    press_keys(window, "R")
    press_keys(window, "W")  # one puts down the other
    assert window.tools.active == "move" and not window.features.parts.panel.tools["brush"].isChecked()


def test_keys_of_a_draft(opened, qtbot):
    window, dock, session = opened, opened.features.parts.panel, opened.session
    brush = dock.brush.value()
    press_keys(window, "]")
    assert dock.brush.value() == brush + 4
    press_keys(window, "[")
    assert dock.brush.value() == brush
    press_keys(window, "P")
    for wanted in ("Return", "Esc"):
        click_pixel(window.panels["image 1"], 1000, 690)
        qtbot.waitUntil(lambda: bool(dock.keep.isEnabled() and not dock.step.text()), timeout=90_000)
        press_keys(window, "N")
        assert session.draft.choice == 1
        press_keys(window, "Shift+N")
        assert session.draft.choice == 0
        press_keys(window, wanted)
        assert session.draft is None and len(session.layers.parts) == 1
        assert window.tools.active == "point"
    press_keys(window, "Esc")
    assert window.tools.active == ""


def test_the_help_key_says_all_keys(window):
    said = []

    def close():
        (box,) = window.findChildren(QMessageBox)
        said.append(box.text())
        box.close()

    QTimer.singleShot(500, close)
    press_keys(window, "F1")
    assert "place a pin" in said[0] and "Shift" in said[0]


def test_keys_over_an_image(opened):
    panel = opened.panels["image 1"]
    view = panel.view
    fitted = view.zoom
    QTest.keyClick(view, Qt.Key.Key_1)
    assert view.zoom == pytest.approx(1 / view.devicePixelRatioF())
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.zoom == pytest.approx(1.25 / view.devicePixelRatioF())
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.zoom == pytest.approx(1 / view.devicePixelRatioF())
    QTest.keyClick(view, Qt.Key.Key_F)
    assert view.zoom == pytest.approx(fitted, rel=0.01)
    QTest.keyClick(view, Qt.Key.Key_B)
    assert panel.box_tool.defaultAction().isChecked()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not panel.box_tool.defaultAction().isChecked()
    QTest.keyPress(view, Qt.Key.Key_Space)  # held, a drag moves the image whatever the tool
    before, start = view.mapToScene(QPoint(0, 0)), on_view(panel, 600, 500)
    drag(view.viewport(), start, start + QPoint(60, 0))
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert (view.mapToScene(QPoint(0, 0)) - before).manhattanLength() > 20 and not opened.session.pins


def test_keys_over_a_shape(opened):
    mesh = opened.panels["shape 1"]
    seen = []
    for key in "1234567":
        QTest.keyClick(mesh.plotter, key)
        seen.append(np.round(mesh.view_state()[:3], 3).tolist())
    assert len({tuple(one) for one in seen}) == 7
    fitted = np.array(mesh.view_state()[:3])
    mesh.plotter.renderer.GetActiveCamera().Dolly(3)
    QTest.keyClick(mesh.plotter, "f")
    assert np.allclose(mesh.view_state()[:3], fitted, rtol=0.01)
    edges = mesh._shape.actor.GetProperty().GetEdgeVisibility
    QTest.keyClick(mesh.plotter, "e")
    assert edges()
    QTest.keyClick(mesh.plotter, "e")
    assert not edges()


def test_keys_in_the_list_of_pins(opened, sample, wait_ready, qtbot):
    pins = opened.features.matching.panel.list
    click_pixel(opened.panels["image 1"], *sample["at"])
    wait_ready(opened)
    pins.setCurrentItem(pins.topLevelItem(0))
    QTest.keyClick(pins, Qt.Key.Key_F2)
    editor = pins.findChild(QLineEdit)
    editor.setFocus()
    QTest.keyClicks(editor, "trunk")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: opened.session.pins[1].name == "trunk")  # Qt commits in the next turn of the loop
    QTest.keyClick(pins, Qt.Key.Key_Delete)
    assert not opened.session.pins
