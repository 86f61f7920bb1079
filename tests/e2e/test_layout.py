"""Five tasks in a bar, one at a time, and every text can be read on a small screen."""

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.document.scene import OpenScene
from app.document.texts import sureness
from app.shared.values import Aligned, PoseInPhoto
from app.window.main_window import MainWindow
from core.scenes.opening import open_scene
from tests.conftest import SAMPLE
from tests.core.scenes import made
from tests.e2e.hands import CTRL, LEFT, press
from tests.e2e.texts import unreadable

TASKS = {"matching": Qt.Key.Key_1, "parts": Qt.Key.Key_2, "align": Qt.Key.Key_3, "collection": Qt.Key.Key_4}
TASKS["scene"] = Qt.Key.Key_5


def fill(window, folder):
    """Something in every list: a pin, a part and a draft, two poses, photos, a scene."""
    session = window.session
    session.set_pins([session.new_pin("image 1", (800.0, 500.0))], 1)
    session.set_layers(session.layers.new_part("Trunk").mark(1, "image 1", np.eye(960, 1280, dtype=bool)))
    window.features.parts.panel.set_draft(
        f"New part in image 1\nshape 1: {sureness('unsure', 0.5, ['mirror'])}", 3, 0, 0.8
    )
    pose = PoseInPhoto((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 6.0), (1.0, 1.0, 1.0), 0.7)
    aligned = Aligned("image 1", "shape 1", (1500.0, 1500.0, 640.0, 480.0), (pose, pose))
    session.set_aligned({("image 1", "shape 1"): aligned})
    window.features.collection.controller.add([str(SAMPLE / "collection")])
    scene = open_scene(made.bop(folder))
    session.set_on_disk(scene)
    session.set_scene(OpenScene.of(scene))


def settle(window, qtbot):
    """Let what came just now be laid out; what cannot be read then stays so."""
    for _ in range(20):
        qtbot.wait(80)
        if not unreadable(window):
            break


def test_every_task_fits_a_small_screen_in_both_themes(window, open_sample, tmp_path, qtbot):
    open_sample(window, "image", "shape")
    fill(window, tmp_path)
    window.resize(1280, 800)
    qtbot.waitUntil(window.tasks.is_idle, timeout=120_000)
    found = {}
    for theme in ("light", "dark"):
        window.appearance.set_theme(theme)
        for feature in window.features:
            window.show_feature(feature.name)
            settle(window, qtbot)
            assert (window.width(), window.height()) == (1280, 800)
            assert feature.panel.isVisible()
            found[f"{feature.name}, {theme}"] = unreadable(window)
            if feature.place != "task":
                window.workspace.hide_feature(feature.name)
    assert {where: faults for where, faults in found.items() if faults} == {}


def test_six_panels_fit_a_small_screen(window, qtbot):
    for slot in window.panels:
        window.columns.show_panel(slot, True)
    window.resize(1280, 800)
    for feature in window.features:
        window.show_feature(feature.name)
        settle(window, qtbot)
        assert (window.width(), window.height()) == (1280, 800) and unreadable(window) == []


def test_what_cannot_be_read_is_found(window, qtbot):
    """The test above would fail: a text cut off, one outside, one over another."""
    panel = window.features.matching.panel
    assert unreadable(window) == []
    for widget in (panel.clear_button, panel.delete_button):
        widget.show()
    panel.hint.setWordWrap(False)
    panel.clear_button.setFixedWidth(20)
    panel.delete_button.move(panel.clear_button.pos())
    qtbot.wait(50)
    panel.delete_button.move(panel.clear_button.pos())
    faults = "\n".join(unreadable(window))
    assert "cut off: QPushButton 'Clear all'" in faults and "over each other: QPushButton 'Delete'" in faults


def test_a_task_has_its_own_tools_and_panel_and_is_one_press_away(window):
    shown = window.workspace
    for name, key in TASKS.items():
        press(window, key, CTRL)
        assert shown.current == name and shown.bar.buttons[name].isChecked()
        assert [one.name for one in window.features if one.panel.isVisible()] == [name]
        assert [one.name for one in window.features if one.place == "task" and one.toolbar.isVisible()] == [name]
    QTest.mouseClick(shown.bar.buttons["parts"], LEFT)
    assert shown.current == "parts"
    shown.bar.buttons["align"].setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(shown.bar.buttons["align"], Qt.Key.Key_Space)
    assert shown.current == "align" and not shown.bar.buttons["parts"].isChecked()


def test_leaving_a_task_puts_its_tool_down_and_a_tool_brings_its_task(window):
    press(window, Qt.Key.Key_R)
    assert window.workspace.current == "parts" and window.tools.active == "brush"
    press(window, Qt.Key.Key_1, CTRL)
    assert window.tools.active == "" and not window.features.parts.panel.tools["brush"].isChecked()
    press(window, Qt.Key.Key_K)
    assert window.workspace.current == "align" and window.tools.active == "pairs"


def test_the_gallery_is_a_drawer_over_every_task(window):
    button, drawer = window.workspace.bar.buttons["gallery"], window.features.gallery.panel
    assert not drawer.isVisible()
    QTest.mouseClick(button, LEFT)
    assert drawer.isVisible() and button.isChecked() and window.features.matching.panel.isVisible()
    press(window, Qt.Key.Key_2, CTRL)
    assert drawer.isVisible() and window.features.parts.panel.isVisible()
    QTest.mouseClick(button, LEFT)
    assert not drawer.isVisible() and not button.isChecked()


def test_the_encoder_is_behind_expert_and_a_task_brings_its_panel_back(window):
    (encoder, *others) = window.workspace.bar.expert_menu.actions()
    encoder.trigger()
    assert window.features.encoder.panel.isVisible() and not window.features.matching.panel.isVisible()
    assert [one.text() for one in others] == ["Python console"]
    press(window, Qt.Key.Key_1, CTRL)
    assert window.features.matching.panel.isVisible() and not encoder.isChecked()


@pytest.mark.parametrize("name", TASKS)
def test_every_task_exports(window, name):
    window.show_feature(name)
    lines = {one.text(): one.isEnabled() for one in window.workspace.export.menu().actions() if one.text()}
    assert "Save picture of photo…" in lines
    own = [one.text for one in getattr(window.features, name).exports() if one is not None]
    assert set(own) <= set(lines)
    window.workspace.export.menu().aboutToShow.emit()
    grey = [one.text() for one in window.workspace.export.menu().actions() if not one.isEnabled()]
    assert grey == own  # there is nothing to write yet


def test_the_layout_is_as_it_was_left_and_an_old_state_does_no_harm(window, engines, monkeypatch, tmp_path, qtbot):
    press(window, Qt.Key.Key_3, CTRL)
    window.workspace.save(window.settings)
    window.settings.setValue("geometry", b"of an older layout")
    window.settings.sync()
    again = MainWindow(QSettings(window.settings.fileName(), QSettings.Format.IniFormat))
    again.show()
    qtbot.waitExposed(again)
    assert again.workspace.current == "align" and again.features.align.panel.isVisible()
    assert again.workspace.side.width() == window.workspace.side.width()
    again.close()
    QApplication.processEvents()
