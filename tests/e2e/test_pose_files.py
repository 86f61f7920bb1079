"""How a posed shape looks, and files of poses."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.e2e.hands import choose, differs, pixels_of


def test_a_posed_shape_is_shown_in_several_ways(posed, qtbot):
    window, dock, view = posed, posed.features.align.panel, posed.panels["image 1"].view
    qtbot.waitUntil(lambda: bool(view.overlays.shown()), timeout=60_000)
    qtbot.wait(400)
    pictures = {dock.style_name: pixels_of(view.grab().toImage())}
    for index in range(1, dock.style_box.count()):
        before = pictures[dock.style_name]
        dock.style_box.setCurrentIndex(index)
        qtbot.waitUntil(
            lambda before=before: differs(pixels_of(view.grab().toImage()), before, 25) > 300, timeout=20_000
        )
        qtbot.wait(100)
        pictures[dock.style_name] = pixels_of(view.grab().toImage())
    QTest.keyClick(dock.swipe, Qt.Key.Key_Home)
    qtbot.wait(50)
    assert differs(pictures["coordinates"], pixels_of(view.grab().toImage()), 25) > 2000
    dock.view.trigger()
    camera = window.panels["shape 1"].plotter.renderer.GetActiveCamera()
    pose = window.features.align.controller.current().pose
    assert np.allclose(camera.GetPosition(), -np.reshape(pose.R, (3, 3)).T @ np.array(pose.t), atol=1e-4)


def test_a_pose_is_written_and_read(posed, qtbot, give, tmp_path):
    window, controller = posed, posed.features.align.controller
    aligned = controller.current()
    for pattern, name in (
        ("JSON (*.json)", "p.json"),
        ("4 x 4 matrix (*.txt)", "p.txt"),
        ("COLMAP folder (*)", "colmap"),
    ):
        give(tmp_path / name, pattern)
        choose(window, "Pose", "Save pose")
        qtbot.waitUntil((tmp_path / name).exists, timeout=60_000)
    give(tmp_path / "p.txt")
    choose(window, "Pose", "Open pose")
    qtbot.waitUntil(lambda: controller.current() is not aligned, timeout=60_000)
    assert np.allclose(controller.current().pose.R, aligned.pose.R, atol=1e-6)
