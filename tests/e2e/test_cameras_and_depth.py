"""Measured depth, and rigs of cameras."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QTest

from core.geometry.pose import Pose, camera_matrix, shape_rays
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.shape import load_shape
from core.images import load_image, save_image
from core.interchange.poses import View, nerfstudio
from tests.e2e.hands import LEFT, choose, draw_focus_box, undo


def current(window):
    return window.features.align.controller.current()


def test_measured_depth_gives_the_shape_its_size(posed, sample, give, tmp_path, qtbot):
    """What the file says is a step of its own, which is undone like any other."""
    window, dock, known = posed, posed.features.align.panel, posed.features.align.controller.current()
    height, width = load_image(sample["image"]).shape[:2]
    depth = np.full((height, width), np.nan)
    shape, pose, K = load_shape(sample["shape"]), known.pose.pose(), camera_matrix(*known.K)
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    hits = Raycaster(shape).cast(*shape_rays(pose, K, shape, grid))
    place = surface_position(shape, hits.face[hits.mask], hits.bary[hits.mask])
    depth[hits.mask] = 2 * pose(shape.to_own_frame(place))[:, 2]
    np.save(tmp_path / "depth.npy", depth)
    give(tmp_path / "depth.npy")
    choose(window, "Pose", "Open measured depth")
    qtbot.waitUntil(lambda: "depth.npy" in dock.measured.text(), timeout=60_000)
    dock.dof.setCurrentIndex(1)  # one scale
    QTest.mouseClick(dock.start, LEFT)
    qtbot.waitUntil(lambda: current(window) is not known, timeout=180_000)
    assert np.allclose(current(window).pose.s, 2, rtol=0.1)
    dock.measured.trigger()  # forget it
    assert "Open measured depth" in dock.measured.text() and not window.session.cameras.depths
    undo(window)
    assert "depth.npy" in dock.measured.text()
    undo(window, 2)
    assert (
        current(window) == known and not window.session.cameras.depths and "Open measured depth" in dock.measured.text()
    )


def test_a_pose_is_carried_to_the_other_photo_of_a_rig(posed, sample, give, tmp_path, qtbot, wait_ready):
    """What is known in one photo of a rig is known in the other, and undone in one step."""
    window, dock, known = posed, posed.features.align.panel, posed.features.align.controller.current()
    pixels = load_image(sample["image"])
    height, width = pixels.shape[:2]
    fx, fy, cx, cy = known.K
    save_image(tmp_path / "turned.png", np.ascontiguousarray(np.rot90(pixels)))
    turn = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    views = [
        View(Path(sample["image"]).name, (width, height), camera_matrix(*known.K), Pose(np.eye(3), np.zeros(3))),
        View("turned.png", (height, width), camera_matrix(fy, fx, cy, width - 1 - cx), Pose(turn, np.zeros(3))),
    ]
    nerfstudio.save(tmp_path / "rig.json", views)
    window.open_files([str(tmp_path / "turned.png")], "image 2")
    qtbot.waitUntil(lambda: "image 2" in window.session.items, timeout=60_000)
    x0, y0, x1, y1 = sample["box"]
    draw_focus_box(window.panels["image 2"], (y0, width - 1 - x1, y1, width - 1 - x0))
    wait_ready(window)
    window.panels["image 1"].activated.emit()
    assert not dock.carry.isEnabled()
    give(tmp_path / "rig.json")
    choose(window, "Pose", "Open camera rig")
    qtbot.waitUntil(lambda: dock.carry.isEnabled(), timeout=60_000)
    dock.carry.trigger()
    qtbot.waitUntil(lambda: ("image 2", "shape 1") in window.session.aligned, timeout=120_000)
    carried = window.session.aligned[("image 2", "shape 1")]
    assert np.allclose(np.reshape(carried.pose.R, (3, 3)), turn @ np.reshape(known.pose.R, (3, 3)))
    assert carried.pose.overlap > 0.45 and pytest.approx((fy, fx, cy, width - 1 - cx)) == carried.K
    undo(window)
    assert ("image 2", "shape 1") not in window.session.aligned and current(window) == known
    undo(window)
    assert not window.session.cameras.rig and not dock.carry.isEnabled()
