"""A shape seen as in its photo, and files of poses."""

import numpy as np

from tests.e2e.hands import choose


def test_the_shape_is_seen_as_in_the_photo(posed):
    window = posed
    window.features.align.panel.view.trigger()
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
