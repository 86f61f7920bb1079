"""A pose changed by hand, and given by pairs of places."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from app.shared.values import Correspondence2D3D
from core.geometry.pose import camera_matrix, shape_rays
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.shape import load_shape
from tests.e2e.hands import CTRL, LEFT, SHIFT, click_pixel, drag, on_shape, press, undo


@pytest.fixture
def hand(posed, qtbot):
    """Drags in the photo; gives the pose that came of it."""
    view, controller = posed.panels["image 1"].view, posed.features.align.controller

    def dragged(start, end):
        before = controller.current()
        drag(view.viewport(), start, end)
        qtbot.waitUntil(lambda: controller.current() is not before, timeout=60_000)
        return controller.current().pose

    return dragged


def middle_of_handles(window):
    view = window.panels["image 1"].view
    assert view.handles.isVisible()
    return view.mapFromScene(view.handles.pos())


def test_a_shape_is_moved_and_held_along_an_axis(posed, hand):
    window, dock, controller = posed, posed.features.align.panel, posed.features.align.controller
    pose = controller.current().pose
    assert pose.overlap > 0.7  # the file's pose is judged like any other
    press(window, Qt.Key.Key_W)
    middle = middle_of_handles(window)
    moved = hand(middle, middle + QPoint(60, 0))
    assert moved.t[0] > pose.t[0] and moved.t[2] == pytest.approx(pose.t[2]) and moved.R == pose.R
    assert moved.overlap < pose.overlap
    undo(window)
    assert controller.current().pose == pose
    dock.locks.menu().actions()[0].trigger()  # x
    assert dock.locked == {"x"} and "1" in dock.locks.text()
    held = hand(middle, middle + QPoint(40, 30))
    assert held.t[0] == pytest.approx(pose.t[0]) and held.t[1] > pose.t[1]


def test_a_shape_is_turned_and_scaled_along_one_axis(posed, hand):
    window, dock, view = posed, posed.features.align.panel, posed.panels["image 1"].view
    pose = window.features.align.controller.current().pose
    press(window, Qt.Key.Key_T)
    middle = middle_of_handles(window)
    assert hand(middle, middle + QPoint(35, 0)).R != pose.R
    undo(window)
    QTest.mouseClick(dock.tools["scale"], LEFT)
    assert not dock.tools["turn"].isChecked()
    axis = max(range(3), key=lambda i: np.hypot(*view.handles._tips[i]))
    tip, out = (middle + QPoint(*(round(reach * v) for v in view.handles._tips[axis])) for reach in (78, 130))
    assert view.handles.handle_at(QPointF(tip - middle)) == str(axis)
    scaled = hand(tip, out)
    assert scaled.s[axis] > 1.2 and sum(value == 1 for value in scaled.s) == 2
    QTest.mouseClick(dock.tools["scale"], LEFT)
    assert not view.handles.isVisible() and window.tools.active == ""


def test_pairs_of_places_align_the_shape(posed, sample, qtbot):
    window, dock, mesh = posed, posed.features.align.panel, posed.panels["shape 1"]
    controller, true = window.features.align.controller, posed.features.align.controller.current()
    x0, y0, x1, y1 = sample["box"]
    pixels = np.array([(x0 + a * (x1 - x0), y0 + b * (y1 - y0)) for a in (0.3, 0.5, 0.7) for b in (0.35, 0.55)])
    shape, K, pose = load_shape(sample["shape"]), camera_matrix(*true.K), true.pose.pose()
    hits = Raycaster(shape).cast(*shape_rays(pose, K, shape, pixels[None]))
    hit = np.ravel(hits.mask)
    places = surface_position(shape, hits.face[hits.mask], hits.bary[hits.mask])
    found = list(zip(pixels[hit], shape.to_own_frame(places), strict=True))[:4]
    assert len(found) == 4
    press(window, Qt.Key.Key_L, CTRL | SHIFT)  # what the photo shows is seen in the shape's panel
    QTest.mouseClick(dock.forget, LEFT)
    assert not window.session.aligned
    press(window, Qt.Key.Key_K)
    for number, (pixel, point) in enumerate(found, 1):
        click_pixel(window.panels["image 1"], *pixel)
        assert "on the shape" in window.guide.message.text()
        QTest.mouseClick(mesh.plotter, LEFT, pos=on_shape(mesh, point))
        qtbot.waitUntil(lambda n=number: len(getattr(controller.current(), "pairs", ())) == n, timeout=60_000)
    assert not window.session.pins  # they are no pins
    turn = np.reshape(controller.current().pose.R, (3, 3)).T @ np.reshape(true.pose.R, (3, 3))
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 5
    for panel_marks in (mesh._marks.all, window.features.matching.presenter._marks("image 1")):
        labels = [mark.label for mark in panel_marks if mark.says_label]
        assert labels == [f"Pair {n}" for n in range(1, 5)]
    undo(window)
    assert len(controller.current().pairs) == 3


def test_pairs_are_listed_worst_first_and_a_slip_is_deleted(posed, sample, qtbot):
    window, rows = posed, posed.features.align.panel.pairs
    controller, aligned = window.features.align.controller, posed.features.align.controller.current()
    K, pose = camera_matrix(*aligned.K), aligned.pose.pose()
    points = np.array([(1.1, 0.35, 0.0), (0.2, 0.4, 0.3), (-0.5, 0.1, -0.2), (0.3, -0.4, 0.2), (-0.2, 0.5, 0.1)])
    camera = points * pose.s @ pose.R.T + pose.t
    pixels = camera[:, :2] / camera[:, 2:] * [K[0, 0], K[1, 1]] + [K[0, 2], K[1, 2]]
    pixels[2] += (30.0, 40.0)  # a slip
    pairs = tuple(
        Correspondence2D3D(tuple(map(float, a)), tuple(map(float, b))) for a, b in zip(pixels, points, strict=True)
    )
    assert not rows.isVisible()
    controller.push("Place pairs", replace(aligned, pairs=pairs))

    def listed():
        return [(rows.topLevelItem(n).text(0), rows.topLevelItem(n).text(1)) for n in range(rows.topLevelItemCount())]

    assert listed()[0] == ("Pair 3", "50.0 px") and listed()[1:] == [(f"Pair {n}", "0.0 px") for n in (1, 2, 4, 5)]
    QTest.mouseClick(rows.viewport(), LEFT, pos=rows.visualItemRect(rows.topLevelItem(0)).center())
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(controller.current().pairs) == 4, timeout=60_000)
    assert controller.current().pairs == pairs[:2] + pairs[3:]  # and the pose follows them
    assert [name for name, _ in sorted(listed())] == [f"Pair {n}" for n in range(1, 5)] and not rows.selectedItems()
    assert all(float(error.split()[0]) < 5 for _, error in listed())
    undo(window)
    assert controller.current().pairs == pairs and listed()[0] == ("Pair 3", "50.0 px")
