"""A shape aligned to the photo in the window: one button, the pose seen while it improves, other hypotheses, undo."""

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtTest import QTest

from core.geometry.pose import Pose, camera_matrix, shape_rays
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.shape import load_shape
from core.images import load_image, save_image
from core.interchange.poses import View, save_nerfstudio
from tests.app.conftest import open_sample_files
from tests.app.test_window import LEFT, pixels_of


@pytest.fixture
def opened(window, sample, wait_ready, qtbot):
    open_sample_files(window, sample, wait_ready, qtbot, "image", "shape")
    window.panels["image 1"]._user_box(tuple(sample["box"]))
    wait_ready(window)
    window.docks["align"].raise_()
    return window


def test_one_button_puts_the_shape_over_the_photo(opened, qtbot, sample):
    window, dock = opened, opened.features.align.panel
    view = window.panels["image 1"].view
    before = pixels_of(view.grab().toImage())
    K = np.array(sample["pose"]["K"])
    dock.fov.setValue(2 * np.degrees(np.arctan(640 / K[0, 0])))
    QTest.mouseClick(dock.start, LEFT)
    assert dock.start.text() == "Stop"
    qtbot.waitUntil(lambda: bool(view.overlays.shown()), timeout=90_000)
    assert not window.session.aligned  # seen before it is done
    qtbot.waitUntil(lambda: bool(window.session.aligned), timeout=60_000)
    pose = window.features.align.controller.current().pose
    assert window.panels["shape 1"].frustums.names() == ["image 1"]
    turn = np.reshape(pose.R, (3, 3)).T @ np.array(sample["pose"]["R"])
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 12
    assert dock.start.text() == "Align shape to photo" and dock.verdict.text().startswith("Good")
    qtbot.wait(300)
    changed = (np.abs(pixels_of(view.grab().toImage()) - before).max(axis=2) > 25).sum()
    assert changed > 2000
    if dock.list.count() > 1:
        dock.list.setCurrentRow(1)
        assert window.features.align.controller.current().choice == 1
        window.session.undo_stack.undo()
        assert window.features.align.controller.current().choice == 0
    window.session.undo_stack.undo()
    assert not window.session.aligned and not view.overlays.shown() and dock.list.count() == 0
    assert window.panels["shape 1"].frustums.names() == []
    window.session.undo_stack.redo()
    qtbot.waitUntil(lambda: bool(view.overlays.shown()), timeout=20_000)
    QTest.mouseClick(dock.forget, LEFT)
    assert not window.session.aligned
    QTest.mouseClick(dock.start, LEFT)
    qtbot.waitUntil(lambda: bool(view.overlays.shown()), timeout=60_000)
    QTest.mouseClick(dock.start, LEFT)  # stop
    qtbot.waitUntil(lambda: dock.start.text() == "Align shape to photo", timeout=30_000)
    qtbot.wait(300)
    assert not window.session.aligned and not view.overlays.shown()


def test_the_field_of_view_is_estimated(posed, qtbot):
    window, dock = posed, posed.features.align.panel
    before = window.features.align.controller.current()
    dock.estimate.trigger()
    qtbot.waitUntil(lambda: dock.fov.value() > 0, timeout=60_000)
    after = window.features.align.controller.current()
    assert after.K != before.K and dock.fov.isEnabled() and window.session.cameras.K is None
    assert dock.fov.value() == pytest.approx(np.degrees(2 * np.arctan(640 / after.K[0])), abs=0.1)
    assert "Estimate" in window.session.undo_stack.undoText()
    window.session.undo_stack.undo()
    assert window.features.align.controller.current() == before


@pytest.fixture
def posed(opened, sample, qtbot):
    """The true pose, opened from a file with true intrinsics."""
    window = opened
    K, pose = np.array(sample["pose"]["K"]), {name: sample["pose"][name] for name in ("R", "t")}
    files = Path(window.settings.fileName()).parent
    (files / "K.json").write_text(json.dumps({"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2]}))
    (files / "pose.json").write_text(json.dumps(pose))
    window.features.align.cameras.open_camera(str(files / "K.json"))
    qtbot.waitUntil(lambda: window.session.cameras.K is not None, timeout=20_000)
    assert "K.json" in window.features.align.panel.camera.text() and not window.features.align.panel.fov.isEnabled()
    window.features.align.manual.begin(str(files / "pose.json"))
    qtbot.waitUntil(lambda: bool(window.session.aligned), timeout=60_000)
    return window


def scene_place(view, pixel):
    return view.mapFromScene(QPointF(pixel[0] + 0.5, pixel[1] + 0.5))


def drag(view, start, end):
    port = view.viewport()
    QTest.mousePress(port, LEFT, pos=start)
    for share in (0.3, 0.6, 1.0):
        QTest.mouseMove(port, start + (end - start) * share)
    QTest.mouseRelease(port, LEFT, pos=end)


def test_a_pose_is_changed_by_hand(posed, qtbot):
    window, dock = posed, posed.features.align.panel
    view, stack = window.panels["image 1"].view, posed.session.undo_stack
    pose = window.features.align.controller.current().pose
    assert pose.overlap > 0.7  # the file's pose is judged like any other
    QTest.mouseClick(dock.tools["move"], LEFT)
    assert view.handles.isVisible()
    middle = view.mapFromScene(view.handles.pos())

    def dragged(start, end):
        before = window.features.align.controller.current()
        drag(view, start, end)
        qtbot.waitUntil(lambda: window.features.align.controller.current() is not before, timeout=20_000)
        return window.features.align.controller.current().pose

    moved = dragged(middle, middle + QPoint(60, 0))
    assert moved.t[0] > pose.t[0] and moved.t[2] == pytest.approx(pose.t[2]) and moved.R == pose.R
    assert moved.overlap < pose.overlap
    stack.undo()
    assert window.features.align.controller.current().pose == pose
    dock.locks.menu().actions()[0].trigger()  # x
    assert dock.locked == {"x"} and "1" in dock.locks.text()
    held = dragged(middle, middle + QPoint(40, 30))
    assert held.t[0] == pytest.approx(pose.t[0]) and held.t[1] > pose.t[1]
    stack.undo()
    dock.locks.menu().actions()[0].trigger()
    QTest.mouseClick(dock.tools["turn"], LEFT)
    turned = dragged(middle, middle + QPoint(35, 0))
    assert turned.R != pose.R
    stack.undo()
    QTest.mouseClick(dock.tools["scale"], LEFT)
    axis = max(range(3), key=lambda i: np.hypot(*view.handles._tips[i]))
    tip = middle + QPoint(*(round(78 * v) for v in view.handles._tips[axis]))
    assert view.handles.handle_at(QPointF(tip - middle)) == str(axis)
    out = QPoint(*(round(130 * v) for v in view.handles._tips[axis]))
    scaled = dragged(tip, middle + out)
    assert scaled.s[axis] > 1.2 and sum(value == 1 for value in scaled.s) == 2
    QTest.mouseClick(dock.tools["scale"], LEFT)
    assert not view.handles.isVisible() and window.tools.active == ""


def test_pairs_of_places_align_the_shape(posed, sample, qtbot):
    window, dock = posed, posed.features.align.panel
    true = window.features.align.controller.current()
    QTest.mouseClick(dock.forget, LEFT)
    assert not window.session.aligned
    QTest.mouseClick(dock.tools["pairs"], LEFT)
    shape_points = [(1.1, 0.3, 0.0), (-0.9, 0.5, 0.3), (0.1, 0.9, -0.4), (0.3, -0.4, 0.6)]
    mesh = window.panels["shape 1"]
    K = np.array(sample["pose"]["K"])
    R, t = np.reshape(true.pose.R, (3, 3)), np.array(true.pose.t)
    rng = np.random.default_rng(1)
    points = mesh._shape.polydata.GetPoints()
    chosen = rng.choice(points.GetNumberOfPoints(), len(shape_points), replace=False)
    for number, index in enumerate(chosen, 1):
        point = np.array(points.GetPoint(int(index)))
        camera = R @ point + t
        pixel = camera[:2] / camera[2] * [K[0, 0], K[1, 1]] + K[:2, 2]
        window.panels["image 1"].clicked.emit(*pixel)
        assert "on the shape" in dock.hint.text()
        mesh.clicked.emit(point)
        qtbot.waitUntil(
            lambda n=number: len(getattr(window.features.align.controller.current(), "pairs", ())) == n, timeout=30_000
        )
    assert not window.session.pins  # they are no pins
    found = window.features.align.controller.current().pose
    turn = np.reshape(found.R, (3, 3)).T @ R
    assert np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) < 3
    labels = [mark.label for mark in mesh._marks.all]
    assert [label for label in labels if label.startswith("Pair")] == [f"Pair {n}" for n in range(1, 5)]
    window.session.undo_stack.undo()
    assert len(window.features.align.controller.current().pairs) == 3


def test_looks_and_files(posed, qtbot, tmp_path):
    window, dock = posed, posed.features.align.panel
    view = window.panels["image 1"].view
    qtbot.waitUntil(lambda: bool(view.overlays.shown()), timeout=20_000)
    pictures = {}
    for index in range(dock.style_box.count()):
        dock.style_box.setCurrentIndex(index)
        qtbot.wait(400)
        pictures[dock.style_name] = pixels_of(view.grab().toImage())
    for one, other in zip(pictures, list(pictures)[1:], strict=False):
        assert (np.abs(pictures[one] - pictures[other]).max(axis=2) > 25).sum() > 300, (one, other)
    dock.swipe.setValue(0)
    qtbot.wait(50)
    bare = pixels_of(view.grab().toImage())
    assert (np.abs(pictures["coordinates"] - bare).max(axis=2) > 25).sum() > 2000
    dock.swipe.setValue(100)
    QTest.mouseClick(dock.view, LEFT)
    camera = window.panels["shape 1"].plotter.renderer.GetActiveCamera()
    aligned = window.features.align.controller.current()
    eye = -np.reshape(aligned.pose.R, (3, 3)).T @ np.array(aligned.pose.t)
    assert np.allclose(camera.GetPosition(), eye, atol=1e-4)
    for form, name in (("json", "p.json"), ("matrix", "p.txt"), ("colmap", "colmap")):
        window.features.align.manual.save(str(tmp_path / name), form)
        qtbot.waitUntil(lambda n=name: (tmp_path / n).exists(), timeout=20_000)
    window.features.align.manual.begin(str(tmp_path / "p.txt"))
    qtbot.waitUntil(lambda: window.features.align.controller.current() is not aligned, timeout=30_000)
    assert np.allclose(window.features.align.controller.current().pose.R, aligned.pose.R, atol=1e-6)


def test_measured_depth_and_a_rig(posed, sample, qtbot, wait_ready):
    """Depth from a file gives the shape its size; what is known in one photo of a rig is carried to the other, and undone in one step."""
    window, dock = posed, posed.features.align.panel
    files = Path(window.settings.fileName()).parent
    pixels = load_image(sample["image"])
    height, width = pixels.shape[:2]
    known = window.features.align.controller.current()
    fx, fy, cx, cy = known.K
    depth = np.full((height, width), np.nan)
    shape, pose, K = load_shape(sample["shape"]), known.pose.pose(), camera_matrix(*known.K)
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    hits = Raycaster(shape).cast(*shape_rays(pose, K, shape, grid))
    place = surface_position(shape, hits.face[hits.mask], hits.bary[hits.mask])
    depth[hits.mask] = 2 * pose(shape.to_own_frame(place))[:, 2]
    np.save(files / "depth.npy", depth)
    window.features.align.cameras.open_depth("image 1", str(files / "depth.npy"))
    qtbot.waitUntil(lambda: "depth.npy" in dock.measured.text(), timeout=20_000)
    dock.dof.setCurrentIndex(1)  # one scale
    QTest.mouseClick(dock.start, LEFT)
    qtbot.waitUntil(lambda: window.features.align.controller.current() is not known, timeout=120_000)
    assert np.allclose(window.features.align.controller.current().pose.s, 2, rtol=0.1)
    dock.measured.trigger()
    assert "from a file" in dock.measured.text()
    window.session.undo_stack.undo()
    assert window.features.align.controller.current() == known

    save_image(files / "turned.png", np.ascontiguousarray(np.rot90(pixels)))
    turn = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    views = [
        View(Path(sample["image"]).name, (width, height), camera_matrix(*known.K), Pose(np.eye(3), np.zeros(3))),
        View("turned.png", (height, width), camera_matrix(fy, fx, cy, width - 1 - cx), Pose(turn, np.zeros(3))),
    ]
    save_nerfstudio(files / "rig.json", views)
    window.open_files([str(files / "turned.png")], "image 2")
    qtbot.waitUntil(lambda: "image 2" in window.session.items, timeout=20_000)
    x0, y0, x1, y1 = sample["box"]
    window.panels["image 2"]._user_box((y0, width - 1 - x1, y1, width - 1 - x0))
    wait_ready(window)
    assert not dock.carry.isEnabled()
    window.features.align.cameras.open_rig(str(files / "rig.json"))
    qtbot.waitUntil(lambda: dock.carry.isEnabled(), timeout=20_000)
    dock.carry.trigger()
    qtbot.waitUntil(lambda: ("image 2", "shape 1") in window.session.aligned, timeout=60_000)
    carried = window.session.aligned[("image 2", "shape 1")]
    assert np.allclose(np.reshape(carried.pose.R, (3, 3)), turn @ np.reshape(known.pose.R, (3, 3)))
    assert carried.pose.overlap > 0.6 and pytest.approx((fy, fx, cy, width - 1 - cx)) == carried.K
    window.session.undo_stack.undo()
    assert ("image 2", "shape 1") not in window.session.aligned and window.features.align.controller.current() == known
