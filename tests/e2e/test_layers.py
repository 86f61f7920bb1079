"""What lies over photos and shapes: eyes, opacities, how posed shapes are drawn, and a key that hides all of it."""

from itertools import combinations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.e2e.hands import CTRL, LEFT, click_pixel, differs, enter, menu_action, on_view, press, shown

TRUNK, BLANKET = (1000, 690), (640, 480)
"""Pixels of the sample's photo."""


def open_list(window):
    """The list of layers, opened by its button."""
    if not window.layers_panel.isVisible():
        QTest.mouseClick(window.workspace.bar.layers, LEFT)
    assert window.layers_panel.isVisible()
    return window.layers_panel


def eye(window, layer):
    QTest.mouseClick(open_list(window).eyes[layer], LEFT)
    window.layers_panel.close()


def weaken(window, layer, steps):
    """Press Page down over the slider of a layer, ten per cent a time."""
    for _ in range(steps):
        QTest.keyClick(open_list(window).opacities[layer], Qt.Key.Key_PageDown)
    window.layers_panel.close()


def share(window, layer):
    return window.layers_panel.opacities[layer].value()


def test_a_layer_has_an_eye_and_an_opacity_that_win_over_the_task(opened, wait_ready, qtbot):
    window, photo, mesh = opened, opened.panels["image 1"], opened.panels["shape 1"]
    bare = shown(photo), shown(mesh)
    listed = open_list(window)
    assert not listed.eyes["heat"].isEnabled() and not listed.eyes["parts"].isEnabled()  # there are none
    assert listed.eyes["photo"].isEnabled()
    listed.close()
    click_pixel(photo, *TRUNK)
    wait_ready(window)
    hot = shown(mesh)
    assert differs(hot, bare[1], 25) > 2000
    eye(window, "heat")
    cold = shown(mesh)
    assert differs(cold, hot, 25) > 2000 and differs(cold, bare[1], 25) < 2000  # a pin is left
    with_pin = shown(photo)
    assert differs(with_pin, bare[0]) > 50
    weaken(window, "pins", 6)
    assert share(window, "pins") == 40
    faint = shown(photo)
    assert differs(faint, with_pin, 20) > 50 and differs(faint, bare[0], 20) > 50
    eye(window, "pins")
    assert differs(shown(photo), bare[0], 5) == 0 and differs(shown(mesh), bare[1], 25) < 0.2 * differs(
        hot, bare[1], 25
    )
    click_pixel(photo, *TRUNK)
    assert len(window.session.pins) == 2  # one that is not seen is not in the way
    eye(window, "photo")
    assert differs(shown(photo), bare[0]) > 50_000
    for layer in ("photo", "pins"):
        eye(window, layer)
    press(window, Qt.Key.Key_2, CTRL)
    assert share(window, "pins") == 40 and not window.layers_panel.eyes["heat"].isChecked()  # as set, in every task
    press(window, Qt.Key.Key_1, CTRL)
    assert not window.layers_panel.eyes["heat"].isChecked()
    QTest.mouseClick(open_list(window).reset_button, LEFT)
    assert not window.layers_panel.reset_button.isEnabled()
    window.layers_panel.close()
    assert share(window, "pins") == 100 and window.layers_panel.eyes["heat"].isChecked()
    press(window, Qt.Key.Key_2, CTRL)
    assert share(window, "pins") == 35 and not window.layers_panel.eyes["heat"].isChecked()  # as the task says


def test_everything_over_the_photo_is_gone_while_a_key_is_held(opened, wait_ready, qtbot):
    window, photo, mesh = opened, opened.panels["image 1"], opened.panels["shape 1"]
    plain = shown(mesh)
    click_pixel(photo, *TRUNK)
    wait_ready(window)
    over = shown(photo), shown(mesh)
    enter(photo, qtbot)
    qtbot.waitUntil(photo.view.hasFocus, timeout=30_000)
    QTest.keyPress(QApplication.focusWidget(), Qt.Key.Key_H)
    held = shown(photo)
    assert differs(held, over[0]) > 5000 and differs(shown(mesh), plain, 25) < 0.2 * differs(over[1], plain, 25)
    assert held[tuple(reversed(on_view(photo, *TRUNK).toTuple()))].min() < 120  # neither pin nor box: the photo itself
    enter(mesh, qtbot)  # the keyboard goes to the other panel meanwhile
    qtbot.waitUntil(mesh.plotter.hasFocus, timeout=30_000)
    assert differs(shown(photo), held, 5) == 0
    QTest.keyRelease(QApplication.focusWidget(), Qt.Key.Key_H)
    heat = differs(over[1], plain, 25)
    assert (
        differs(shown(photo), over[0], 5) == 0 and differs(shown(mesh), over[1], 25) < 0.2 * heat
    )  # edges as they may
    QTest.keyPress(QApplication.focusWidget(), Qt.Key.Key_H)
    assert differs(shown(photo), held, 5) == 0
    QTest.keyRelease(QApplication.focusWidget(), Qt.Key.Key_H)
    listed = open_list(window)  # which has the keyboard while it is open
    QTest.keyPress(listed, Qt.Key.Key_H)
    assert differs(shown(photo), held, 5) == 0 and listed.isVisible()
    QTest.keyRelease(listed, Qt.Key.Key_H)
    assert differs(shown(photo), over[0], 5) == 0 and listed.isVisible()
    listed.close()
    QTest.keyPress(QApplication.focusWidget(), Qt.Key.Key_H)
    assert differs(shown(photo), held, 5) == 0
    other = QWidget()
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not window.isActiveWindow())
    qtbot.waitUntil(lambda: differs(shown(photo), over[0], 5) == 0)  # the release went to another window
    other.close()
    other.deleteLater()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    action = menu_action(window, "View", "Hide overlays while held")
    assert action.shortcut().toString() == "H"
    action.trigger()
    assert "Hold H" in window.messages.kept[-1][1] and differs(shown(photo), over[0], 5) == 0
    words = window.features.gallery.panel.words
    window.show_feature("gallery")
    words.setFocus()
    QTest.keyClicks(words, "h")
    assert words.text() == "h"  # who writes keeps the keys


def choose_style(window, text):
    box = open_list(window).style_box
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.findText(text)):
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == text
    window.layers_panel.close()


def test_a_posed_shape_has_its_own_colours_and_other_looks(posed, qtbot):
    window, photo, mesh = posed, posed.panels["image 1"], posed.panels["shape 1"]
    qtbot.waitUntil(lambda: bool(photo.view.overlays.shown()), timeout=60_000)

    def changed(before, by=300):
        qtbot.waitUntil(lambda: differs(shown(photo), before, 25) > by, timeout=20_000)
        qtbot.wait(150)
        return shown(photo)

    eye(window, "pose")
    bare = shown(photo)
    eye(window, "pose")
    own = shown(photo)
    assert differs(own, bare, 25) > 2000
    for _ in range(4):
        QTest.keyClick(open_list(window).opacities["pose"], Qt.Key.Key_PageUp)
    QTest.keyClick(open_list(window).opacities["pose"], Qt.Key.Key_End)
    window.layers_panel.close()
    u, v = on_view(photo, *BLANKET).toTuple()
    red, green, blue = shown(photo)[v - 3 : v + 4, u - 3 : u + 4].reshape(-1, 3).mean(0)
    assert red > 1.5 * max(green, blue)  # the blanket is red on the shape, and green in the photo
    assert np.argmax(bare[v, u]) != 0
    QTest.mouseClick(open_list(window).reset_button, LEFT)
    window.layers_panel.close()
    pictures = {"Own colours": own}
    for text in ("Wireframe", "Silhouette", "Difference"):
        choose_style(window, text)
        qtbot.waitUntil(lambda: all(differs(shown(photo), one, 25) > 300 for one in pictures.values()), timeout=20_000)
        qtbot.wait(400)
        pictures[text] = shown(photo)
    assert all(differs(one, other, 25) > 300 for one, other in combinations(pictures.values(), 2))
    choose_style(window, "Own colours")
    before, plain = changed(pictures["Difference"]), shown(mesh)
    eye(window, "coordinates")
    changed(before, 2000)
    assert differs(shown(mesh), plain, 25) > 2000  # the same colours on the shape
    eye(window, "coordinates")
    QTest.keyClick(open_list(window).swipe, Qt.Key.Key_Home)
    window.layers_panel.close()
    assert differs(shown(photo), bare, 25) < 50  # swiped away
    press(window, Qt.Key.Key_1, CTRL)
    assert not window.layers_panel.eyes["pose"].isChecked()  # it would hide what is matched
