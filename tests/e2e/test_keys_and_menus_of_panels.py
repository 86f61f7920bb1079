"""Keys act on the panel under the mouse, menus give the keyboard back, the right button offers what can be done."""

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from tests.e2e.hands import LEFT, RIGHT, answer, click_pixel, enter, middle_of, on_view


def press(key):
    """Press a key wherever the keyboard is."""
    QTest.keyClick(QApplication.focusWidget(), key)


def menu_lines(window):
    """Texts of the menu that is open, which is closed."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    texts = [action.text() for action in menu.actions() if action.text()]
    menu.close()
    return texts


def test_keys_go_to_the_panel_under_the_mouse_and_come_back_from_a_menu(window, open_sample, qtbot):
    open_sample(window, "image", "shape")
    image, mesh = window.panels["image 1"], window.panels["shape 1"]
    enter(image, qtbot)
    qtbot.waitUntil(image.view.hasFocus, timeout=30_000)
    image.view.zoom_to(4.0)
    press(Qt.Key.Key_F)
    assert image.view.zoom < 1
    enter(mesh, qtbot)
    qtbot.waitUntil(mesh.plotter.hasFocus, timeout=30_000)
    front = np.array(mesh.view_state()[:3])
    press(Qt.Key.Key_3)
    assert not np.allclose(front, mesh.view_state()[:3])
    assert not window.session.pins  # nothing had to be clicked for that
    enter(image, qtbot)
    bar = window.menuBar()
    QTest.mouseClick(bar, LEFT, pos=bar.actionGeometry(bar.actions()[0]).center())
    assert QApplication.activePopupWidget() is not None
    QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None and image.view.hasFocus())
    image.view.zoom_to(4.0)
    press(Qt.Key.Key_F)
    assert image.view.zoom < 1 and QApplication.activePopupWidget() is None
    words = window.features.gallery.panel.words
    window.show_feature("gallery")
    words.setFocus()
    enter(mesh, qtbot)
    assert words.hasFocus()  # who writes keeps the keys


def test_a_click_that_brings_the_window_to_the_front_places_no_pin(window, open_sample, qtbot):
    open_sample(window, "image")
    panel = window.panels["image 1"]
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    click_pixel(panel, 300, 300)
    assert not window.session.pins
    QTest.qWait(300)
    click_pixel(panel, 300, 300)
    assert len(window.session.pins) == 1


def test_the_right_button_offers_what_can_be_done(window, open_sample, qtbot, give, tmp_path):
    open_sample(window, "image", "shape")
    image, mesh = window.panels["image 1"], window.panels["shape 1"]
    click_pixel(image, 300, 300, RIGHT)
    assert {"Box the object", "Fit", "Save picture…", "Close"} <= set(menu_lines(window))
    QTest.mouseClick(mesh.plotter, RIGHT, pos=middle_of(mesh))
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    assert {"View", "Edges", "Fit", "Close"} <= set(menu_lines(window)) and not window.session.pins
    QTest.mousePress(image.view.viewport(), RIGHT, pos=on_view(image, 300, 300))
    QTest.mouseMove(image.view.viewport(), on_view(image, 500, 300))
    QTest.mouseRelease(image.view.viewport(), RIGHT, pos=on_view(image, 500, 300))
    assert QApplication.activePopupWidget() is None  # a drag is no click
    give(tmp_path / "shown.png")
    image.picture_requested.emit()
    assert (tmp_path / "shown.png").exists()
    assert window.messages.kept[-1][1] == f"Saved {tmp_path / 'shown.png'}"
    click_pixel(image, 300, 300)
    answer(image, "Match anyway")
    pins = window.features.matching.panel.list
    window.show_feature("matching")
    pins.customContextMenuRequested.emit(pins.visualItemRect(pins.topLevelItem(0)).center())
    assert menu_lines(window)[:2] == ["Rename", "Delete"]
    image.close_requested.emit()
    assert "image 1" not in window.session.items
