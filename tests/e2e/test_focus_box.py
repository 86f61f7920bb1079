"""The box around the object."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.e2e.hands import LEFT, click_pixel, on_view


def test_the_focus_box_is_drawn_with_the_mouse_and_decides_what_is_encoded(
    window, sample, wait_ready, qtbot, open_sample
):
    open_sample(window, "image", "shape")
    panel = window.panels["image 1"]
    QTest.keyClick(panel.view, Qt.Key.Key_B)
    x0, y0, x1, y1 = sample["box"]
    start, end = on_view(panel, x0, y0), on_view(panel, x1, y1)
    view = panel.view.viewport()
    QTest.mousePress(view, LEFT, pos=start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, LEFT, pos=end)
    assert window.session.items["image 1"].box == pytest.approx(tuple(sample["box"]), abs=4)
    wait_ready(window)
    click_pixel(panel, *sample["at"])
    wait_ready(window)
    assert window.session.pins[window.session.current].answers["shape 1"].location[0] > 0.6
    window.session.undo_stack.undo()
    window.session.undo_stack.undo()
    assert window.session.items["image 1"].box is None and panel.box is None
