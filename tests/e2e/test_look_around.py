"""Panels are panned, zoomed and turned; pictures of them are saved."""

import numpy as np
import trimesh
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from tests.e2e.hands import CTRL, LEFT, MIDDLE, SHIFT, click_pixel, on_view, pixels_of, press


def test_a_drag_navigates_and_does_not_pin(opened, qtbot):
    window = opened
    image, mesh = window.panels["image 1"], window.panels["shape 1"]
    before = image.view.mapToScene(QPoint(0, 0))
    view = image.view.viewport()
    QTest.mousePress(view, LEFT, pos=QPoint(30, 200))
    for x in (40, 60, 90):
        QTest.mouseMove(view, QPoint(x, 200))
    QTest.mouseRelease(view, LEFT, pos=QPoint(90, 200))
    assert (image.view.mapToScene(QPoint(0, 0)) - before).manhattanLength() > 20
    camera = mesh.plotter.renderer.GetActiveCamera()
    position = np.array(camera.GetPosition())
    middle = mesh.plotter.rect().center()
    QTest.mousePress(mesh.plotter, LEFT, pos=middle)
    for x in (10, 30, 60):
        QTest.mouseMove(mesh.plotter, middle + QPoint(x, 0))
    QTest.mouseRelease(mesh.plotter, LEFT, pos=middle + QPoint(60, 0))
    assert np.linalg.norm(np.array(camera.GetPosition()) - position) > 0.1
    assert not window.session.pins


def test_zoom_stays_at_the_cursor(opened):
    view = opened.panels["image 1"].view
    at = QPoint(120, 250)
    before = view.mapToScene(at)
    view.zoom_to(view.zoom * 3, at)
    assert (view.mapToScene(at) - before).manhattanLength() < 2 / view.zoom + 1e-6
    opened.panels["image 1"].fit()
    assert view.viewport().rect().contains(on_view(opened.panels["image 1"], 1279, 959))


def test_saved_pictures_hold_what_is_shown(opened, sample, wait_ready, give, tmp_path):
    window = opened
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    for key, slot in ((CTRL, "image 1"), (CTRL | SHIFT, "shape 1")):
        give(tmp_path / slot)  # a name without suffix
        press(window, Qt.Key.Key_E, key)
        assert (tmp_path / f"{slot}.png").is_file() and not window.errors.bars[slot].isVisible()
        for wrong in (tmp_path / "none" / "a.png", tmp_path / f"{slot}.xyz"):
            give(wrong)
            press(window, Qt.Key.Key_E, key)
            assert window.errors.bars[slot].isVisible() and not wrong.exists()
            window.errors.bars[slot].clear()
    assert QImage(str(tmp_path / "image 1.png")).width() == 1280
    assert pixels_of(QImage(str(tmp_path / "shape 1.png"))).std() > 20


def test_every_way_to_move_turns_the_shape(window, sample, wait_ready, qtbot, open_sample):
    open_sample(window, "shape")
    mesh = window.panels["shape 1"]
    for name, button in (("trackball", LEFT), ("turntable", LEFT), ("blender", MIDDLE)):
        window.appearance.set_navigation(name)
        mesh.set_view("front")
        before = np.array(mesh.view_state()[:3])
        start = QPoint(mesh.plotter.width() // 2, mesh.plotter.height() // 2)
        QTest.mousePress(mesh.plotter, button, pos=start)
        for step in range(1, 6):
            QTest.mouseMove(mesh.plotter, start + QPoint(12 * step, 0))
        QTest.mouseRelease(mesh.plotter, button, pos=start + QPoint(60, 0))
        assert np.linalg.norm(np.array(mesh.view_state()[:3]) - before) > 0.05, name
        up = np.array(mesh.view_state()[6:9])
        assert name != "turntable" or up[1] > 0.9
        assert not window.session.pins and mesh.pick(QPointF(start)) is not None


def test_every_button_above_a_panel_does_what_it_says(window, open_sample):
    open_sample(window, "image", "shape")
    image, mesh = window.panels["image 1"], window.panels["shape 1"]
    image.view.zoom_to(0.1)
    mesh.look_from(np.array([0, 0, 90.0]), np.zeros(3), np.array([0, 1.0, 0]), 30)
    far = np.linalg.norm(mesh.eye())
    for panel in (image, mesh):
        for button in panel.header.findChildren(QToolButton):
            if button.menu() is None:
                for _ in range(1 + button.isCheckable()):
                    QTest.mouseClick(button, LEFT)
                if button.text() == "Fit" and panel is image:
                    assert image.view.zoom > 0.11
    assert np.linalg.norm(mesh.eye()) < far / 5


def test_shapes_stand_on_their_feet_and_are_whole_in_their_panel(window, sample, qtbot, tmp_path):
    trimesh.creation.box((0.3, 0.4, 3)).export(tmp_path / "tower.ply")
    mesh = window.panels["shape 1"]

    def is_whole():
        inside = mesh.plotter.rect().adjusted(2, 2, -2, -2)
        return all(inside.contains(mesh.world_to_widget(p).toPoint()) for p in mesh._shape.polydata.points)

    for path, up in (
        (tmp_path / "tower.ply", [0, 0, 1]),
        (sample["shape"], [0, 1, 0]),
        (tmp_path / "tower.ply", [0, 0, 1]),
    ):
        window.open_files([str(path)])
        qtbot.waitUntil(lambda p=path: mesh.header.title.full_text() == p.name, timeout=60_000)
        assert np.array(mesh.view_state()[6:9]) @ up > 0.9, path.name
        qtbot.waitUntil(is_whole)
    window.resize(700, 800)
    qtbot.waitUntil(is_whole)  # it stays so when the panel is made narrower
    for key in (Qt.Key.Key_1, Qt.Key.Key_3, Qt.Key.Key_5):
        QTest.keyClick(mesh.plotter, key)
        assert is_whole()
    mesh.up_chosen.emit("x")
    assert np.array(mesh.view_state()[6:9]) @ [1, 0, 0] > 0.9  # what is chosen as up is seen at once
