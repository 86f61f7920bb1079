"""Undo and redo."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.e2e.hands import CTRL, SHIFT, click_pixel, press, undo


def test_undo_redo_rename_delete(opened, wait_ready, sample, qtbot):
    window, stack = opened, opened.session.undo_stack
    for shift in (0, -200):
        click_pixel(window.panels["image 1"], sample["at"][0] + shift, sample["at"][1])
        wait_ready(window)
    first, second = window.session.pins
    assert window.session.pins[first].color != window.session.pins[second].color
    item = window.features.matching.panel.list.topLevelItem(0)
    item.setText(0, "trunk")
    assert window.session.pins[first].name == "trunk"
    window.features.matching.panel.list.setCurrentItem(item)
    QTest.keyClick(window.features.matching.panel.list, Qt.Key.Key_Delete)
    assert list(window.session.pins) == [second]
    undo(window)
    assert list(window.session.pins) == [first, second]
    undo(window)
    assert window.session.pins[first].name == "Pin 1"
    undo(window, stack.index())
    assert not window.session.items and not window.session.pins
    while stack.canRedo():
        press(window, Qt.Key.Key_Z, CTRL | SHIFT)
    wait_ready(window)
    assert len(window.session.items) == 2 and list(window.session.pins) == [second]
