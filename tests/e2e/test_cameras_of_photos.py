"""What is known of a photo's camera: measured depth is seen, and pairs or clicked edges say the focal length."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from scipy.spatial.transform import Rotation

from app.shared.values import Correspondence2D3D
from core.geometry.pose import camera_matrix, project
from tests.e2e.hands import LEFT, choose, click_pixel, differs, pick, press, shown
from tests.e2e.test_layers import eye


def test_measured_depth_is_a_layer_over_the_photo_and_points_around_the_shape(posed, sample, give, tmp_path, qtbot):
    window, panel, mesh = posed, posed.panels["image 1"], posed.panels["shape 1"]
    width, height = panel.image_size
    depth = np.full((height, width), float(window.features.align.controller.current().pose.t[2]))
    depth[: height // 4] = np.nan
    np.save(tmp_path / "depth.npy", depth)
    give(tmp_path / "depth.npy")
    choose(window, "Pose", "Open measured depth")
    qtbot.waitUntil(lambda: bool(window.session.cameras.depths), timeout=60_000)
    qtbot.waitUntil(lambda: bool(panel.overlays()) and window.tasks.is_idle(), timeout=60_000)
    before = shown(panel)
    assert not panel.view.measured.shown() and "depth image 1" not in mesh.frustums.seen()
    eye(window, "depth")
    qtbot.waitUntil(
        lambda: bool(panel.view.measured.shown()) and "depth image 1" in mesh.frustums.seen(), timeout=60_000
    )
    after = shown(panel)
    assert differs(before, after) > 40_000
    eye(window, "depth")
    assert not panel.view.measured.shown() and "depth image 1" not in mesh.frustums.names()
    assert differs(before, shown(panel)) < 100


def test_pairs_and_edges_say_the_focal_length(posed, qtbot):
    window, dock, panel = posed, posed.features.align.panel, posed.panels["image 1"]
    controller, known = window.features.align.controller, posed.features.align.controller.current()
    K, longer = camera_matrix(*known.K), max(panel.image_size)
    true = float(np.degrees(2 * np.arctan(longer / 2 / K[0, 0])))
    points = np.array(
        [(1.1, 0.35, 0.0), (0.2, 0.4, 0.3), (-0.5, 0.1, -0.2), (0.3, -0.4, 0.2), (-0.2, 0.5, 0.1), (-0.9, -0.3, 0.3)]
    )
    pixels = project(known.pose.pose(), K, points)[0]
    pairs = tuple(
        Correspondence2D3D(tuple(map(float, a)), tuple(map(float, b))) for a, b in zip(pixels, points, strict=True)
    )
    wrong = (0.6 * known.K[0], 0.6 * known.K[1], *known.K[2:])
    controller.push("Place pairs", replace(known, K=wrong, pairs=pairs[:4]))
    assert not dock.focal.isEnabled()
    controller.push("Place pairs", replace(known, K=wrong, pairs=pairs))
    assert not dock.focal.isEnabled() and not dock.edges.isEnabled()  # the intrinsics are those of a file
    choose(window, "Pose", "Open intrinsics")
    pick(lambda: QTest.mouseClick(dock.camera, LEFT), "Solve the focal length from the pairs")
    qtbot.waitUntil(lambda: wrong != controller.current().K, timeout=60_000)
    assert controller.current().K[0] == pytest.approx(K[0, 0], rel=0.1)  # the photo's middle is not K's
    assert dock.fov.value() == pytest.approx(true, rel=0.1)

    QTest.mouseClick(dock.forget, LEFT)  # the marks of pairs take clicks
    assert controller.current() is None
    dock.fov.setValue(20)
    turn = Rotation.from_euler("xyz", [35, 40, 10], degrees=True).as_matrix()
    edges = []
    for axis in np.eye(3):
        for side in (np.roll(axis, 1) / 2, (np.roll(axis, 2) - np.roll(axis, 1)) / 2):
            edges.append(np.array([side - axis / 2, side + axis / 2]) @ turn.T + [0, 0, 3.6])
    ends = [(p[:, :2] / p[:, 2:]) * K[0, 0] + K[:2, 2] for p in edges]
    pick(lambda: QTest.mouseClick(dock.camera, LEFT), "Focal length from the edges of a box")
    pins = len(window.session.pins)
    for number, (start, end) in enumerate(ends):
        click_pixel(panel, *start)
        assert "other end" in window.guide.message.text()
        if number == 0:
            QTest.keyClick(panel.view, Qt.Key.Key_Delete)  # a slip is taken back
            assert not panel.view.lines.begun
            click_pixel(panel, *start)
        click_pixel(panel, *end)
        assert len(panel.view.lines.lines) == number + 1
        if number == 3:
            qtbot.waitUntil(lambda: dock.fov.value() != 20, timeout=30_000)
            dock.fov.setValue(20)
    qtbot.waitUntil(lambda: dock.fov.value() != 20, timeout=30_000)
    assert dock.fov.value() == pytest.approx(true, rel=0.15)
    assert "field of view of" in window.guide.message.text()
    assert len(window.session.pins) == pins
    press(window, Qt.Key.Key_Escape)
    assert not panel.view.lines.lines and not dock.edges.isChecked()
