"""A shape aligned to the photo by one button: the pose is seen while it improves, other hypotheses, undo."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.shared.values import PoseInPhoto
from core.alignment.rivals import mirror_images
from core.geometry.pose import Pose
from core.geometry.shape import load_shape
from tests.e2e.hands import CTRL, LEFT, differs, pixels_of, press, undo


def current(window):
    return window.features.align.controller.current()


def test_one_button_puts_the_shape_over_the_photo(opened, qtbot, sample):
    window, dock, view = opened, opened.features.align.panel, opened.panels["image 1"].view
    window.show_feature("align")
    before = pixels_of(view.grab().toImage())
    K = np.array(sample["pose"]["K"])
    dock.fov.setValue(2 * np.degrees(np.arctan(640 / K[0, 0])))
    QTest.mouseClick(dock.start, LEFT)
    assert dock.start.text() == "Stop"
    qtbot.waitUntil(lambda: bool(view.overlays.shown()), timeout=120_000)
    assert not window.session.aligned  # seen before it is done
    qtbot.waitUntil(lambda: bool(window.session.aligned), timeout=120_000)
    assert window.panels["shape 1"].frustums.names() == ["image 1"]
    turn = np.reshape(current(window).pose.R, (3, 3)).T @ np.array(sample["pose"]["R"])
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 12
    assert dock.start.text() == "Align shape to photo" and dock.verdict.text().startswith("Good")
    qtbot.waitUntil(lambda: differs(pixels_of(view.grab().toImage()), before, 25) > 2000, timeout=60_000)
    undo(window)
    assert not window.session.aligned and not view.overlays.shown() and dock.list.count() == 0
    assert window.panels["shape 1"].frustums.names() == []
    press(window, Qt.Key.Key_Y, CTRL)
    qtbot.waitUntil(lambda: bool(view.overlays.shown()), timeout=60_000)
    QTest.mouseClick(dock.forget, LEFT)
    assert not window.session.aligned


def test_another_hypothesis_is_chosen_by_its_picture(posed, sample, qtbot):
    """A line for each, drawn over the photo, says how it differs; a click is a step that can be undone."""
    window, dock = posed, posed.features.align.panel
    known, shape = current(window), load_shape(sample["shape"])
    pose = known.pose.pose()
    R = mirror_images(pose, shape)[0]
    mirror = PoseInPhoto.of(Pose(R, pose(shape.center) - R @ shape.center), 0.1)
    turned = PoseInPhoto.of(Pose(pose.R @ np.diag([-1.0, 1, -1]), pose.t), 0.05)
    window.features.align.controller.push("Three", replace(known, poses=(known.pose, mirror, turned)))
    lines = [dock.list.item(row) for row in range(3)]
    qtbot.waitUntil(lambda: "mirror image of 1" in lines[1].text(), timeout=60_000)
    assert "best" in lines[0].text() and "half a turn from 1" in lines[2].text()
    drawn = [pixels_of(line.icon().pixmap(72).toImage()) for line in lines]
    assert all(differs(one, other) > 200 for one, other in ((drawn[0], drawn[1]), (drawn[0], drawn[2])))
    places = [dock.list.visualItemRect(line) for line in lines]
    QTest.mouseClick(dock.list.viewport(), LEFT, pos=places[1].center())
    assert current(window).choice == 1 and "mirror" in lines[1].text()
    assert lines == [dock.list.item(row) for row in range(3)]
    assert places == [dock.list.visualItemRect(line) for line in lines]
    undo(window)
    assert current(window).choice == 0 and dock.list.currentRow() == 0
    dock.list.setFocus()
    QTest.keyClick(dock.list, Qt.Key.Key_Down)
    assert current(window).choice == 1


def test_an_alignment_is_stopped(opened, qtbot):
    window, dock, view = opened, opened.features.align.panel, opened.panels["image 1"].view
    press(window, Qt.Key.Key_L, CTRL)
    assert window.workspace.current == "align" and dock.start.text() == "Stop"
    qtbot.waitUntil(lambda: bool(view.overlays.shown()), timeout=120_000)
    QTest.mouseClick(dock.start, LEFT)
    qtbot.waitUntil(lambda: dock.start.text() == "Align shape to photo", timeout=60_000)
    qtbot.wait(300)
    assert not window.session.aligned and not view.overlays.shown()


def test_the_field_of_view_is_estimated(posed, qtbot):
    window, dock = posed, posed.features.align.panel
    before = current(window)
    dock.estimate.trigger()
    qtbot.waitUntil(lambda: dock.fov.value() > 0, timeout=120_000)
    after = current(window)
    assert after.K != before.K and dock.fov.isEnabled() and window.session.cameras.file is None
    assert dock.fov.value() == pytest.approx(np.degrees(2 * np.arctan(640 / after.K[0])), abs=0.1)
    assert "Estimate" in window.session.undo_stack.undoText()
    controller = window.features.align.controller
    assert controller.task(controller.pair()).assumed  # a pose for an estimated field is not good either
    undo(window)
    assert current(window) == before and window.session.cameras.file is not None and not dock.fov.isEnabled()
