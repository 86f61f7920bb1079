"""A shape aligned to the photo in the window: one button, the pose seen while it improves, other hypotheses, undo."""

import numpy as np
import pytest
from PySide6.QtTest import QTest

from tests.app.conftest import open_sample_files
from tests.app.test_window import LEFT, pixels_of


@pytest.fixture
def opened(window, sample, wait_ready, qtbot):
    open_sample_files(window, sample, wait_ready, qtbot, "image", "shape")
    window.panels["image 1"]._user_box(tuple(sample["box"]))
    wait_ready(window)
    window.align_dock.raise_()
    return window


def test_one_button_puts_the_shape_over_the_photo(opened, qtbot, sample):
    window, dock = opened, opened.align_panel
    view = window.panels["image 1"].view
    before = pixels_of(view.grab().toImage())
    K = np.array(sample["pose"]["K"])
    dock.fov.setValue(2 * np.degrees(np.arctan(640 / K[0, 0])))
    QTest.mouseClick(dock.start, LEFT)
    assert dock.start.text() == "Stop"
    qtbot.waitUntil(lambda: not view.overlay.pixmap().isNull(), timeout=60_000)
    assert window.session.aligned is None  # seen before it is done
    qtbot.waitUntil(lambda: window.session.aligned is not None, timeout=60_000)
    pose = window.session.aligned.pose
    turn = np.reshape(pose.R, (3, 3)).T @ np.array(sample["pose"]["R"])
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 12
    assert dock.start.text() == "Align shape to photo" and dock.verdict.text().startswith("Good")
    qtbot.wait(300)
    changed = (np.abs(pixels_of(view.grab().toImage()) - before).max(axis=2) > 25).sum()
    assert changed > 2000
    if dock.list.count() > 1:
        dock.list.setCurrentRow(1)
        assert window.session.aligned.choice == 1
        window.session.undo_stack.undo()
        assert window.session.aligned.choice == 0
    window.session.undo_stack.undo()
    assert window.session.aligned is None and view.overlay.pixmap().isNull() and dock.list.count() == 0
    window.session.undo_stack.redo()
    qtbot.waitUntil(lambda: not view.overlay.pixmap().isNull(), timeout=20_000)
    QTest.mouseClick(dock.forget, LEFT)
    assert window.session.aligned is None
    QTest.mouseClick(dock.start, LEFT)
    QTest.mouseClick(dock.start, LEFT)  # stop
    qtbot.waitUntil(lambda: dock.start.text() == "Align shape to photo", timeout=30_000)
    assert window.session.aligned is None
