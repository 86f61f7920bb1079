"""The window, really clicked: what a user does and what is drawn."""

import os
import signal

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from app.document import commands
from app.shared.pipe import GPU_FULL
from app.shared.values import Correction
from tests.app.conftest import open_sample_files

LEFT = Qt.MouseButton.LeftButton


def pixels_of(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def shown(panel) -> np.ndarray:
    """What a panel shows."""
    if hasattr(panel, "plotter"):
        panel._render()
        return np.asarray(panel.plotter.screenshot(return_img=True)).astype(int)
    return pixels_of(panel.view.grab().toImage())


def on_view(panel, u, v) -> QPoint:
    return panel.view.mapFromScene(QPointF(u + 0.5, v + 0.5))


def click_pixel(panel, u, v):
    QTest.mouseClick(panel.view.viewport(), LEFT, pos=on_view(panel, u, v))


@pytest.fixture
def opened(window, sample, wait_ready, qtbot):
    """The sample's photo with its focus box and its shape, ready."""
    open_sample_files(window, sample, wait_ready, qtbot, "image", "shape")
    window.panels["image 1"]._user_box(tuple(sample["box"]))
    wait_ready(window)
    return window


def test_open_sample_lights_up_the_trunk(window, wait_ready, qtbot, sample):
    window.open_sample()
    qtbot.waitUntil(lambda: len(window.session.pins) == 1, timeout=30_000)
    wait_ready(window)
    (pin,) = window.session.pins.values()
    answer = pin.answers["shape 1"]
    assert answer.location[0] > 0.8 and answer.verdict == "good"
    picture = shown(window.panels["shape 1"])
    hot = (picture[..., 0] > 150) & (picture[..., 1] < 120) & (picture[..., 2] < 90)
    assert hot.sum() > 50  # the red end of the colour map is on the screen
    assert window.features.matching.panel.list.topLevelItemCount() == 1
    assert not window.session.undo_stack.canUndo()


def test_click_a_pixel_then_the_shape(opened, wait_ready, qtbot, sample):
    window = opened
    image, mesh = window.panels["image 1"], window.panels["shape 1"]
    before = shown(mesh)
    click_pixel(image, *sample["at"])
    qtbot.waitUntil(lambda: len(window.session.pins) == 1)
    wait_ready(window)
    pin = window.session.pins[window.session.current]
    assert np.hypot(pin.at[0] - sample["at"][0], pin.at[1] - sample["at"][1]) < 2
    changed = np.abs(shown(mesh) - before).max(axis=2) > 40
    assert 100 < changed.sum() < changed.size / 3  # a region is lit, not the whole shape
    front = np.array(pin.answers["shape 1"].location)
    camera = mesh.plotter.renderer.GetActiveCamera()
    center = np.array(camera.GetFocalPoint())
    camera.SetPosition(*(front + 2.5 * (front - center) / np.linalg.norm(front - center)))
    mesh._render()
    at = mesh.world_to_widget(front).toPoint() + QPoint(0, 25)  # beside the pin, which would be selected
    QTest.mouseMove(mesh.plotter, at)
    QTest.mouseClick(mesh.plotter, LEFT, pos=at)
    qtbot.waitUntil(lambda: len(window.session.pins) == 2)
    wait_ready(window)
    back = window.session.pins[window.session.current]
    assert back.slot == "shape 1"
    np.testing.assert_allclose(back.at, mesh.pick(QPointF(at)), atol=0.01)
    u, v = back.answers["image 1"].location
    x0, y0, x1, y1 = sample["box"]
    assert x0 <= u <= x1 and y0 <= v <= y1
    assert image.view.heat.pixmap().width() > 10


def test_pins_have_marks_where_they_were_placed(opened, wait_ready, sample, qtbot):
    window = opened
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    pin = window.session.pins[window.session.current]
    picture = shown(window.panels["image 1"])
    at = on_view(window.panels["image 1"], *pin.at)
    color = np.array([int(pin.color[i : i + 2], 16) for i in (1, 3, 5)])
    assert np.abs(picture[at.y() - 2 : at.y() + 3, at.x() - 2 : at.x() + 3] - color).max() < 40


def drag(widget, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(widget, LEFT, pos=start)
    for share in (0.3, 0.7, 1.0):
        QTest.mouseMove(widget, start + (end - start) * share)
    QTest.mouseRelease(widget, LEFT, pos=end)


def test_a_wrong_match_is_dragged_to_the_right_place(opened, wait_ready, sample, qtbot):
    window = opened
    image, mesh = window.panels["image 1"], window.panels["shape 1"]
    click_pixel(image, *sample["at"])
    wait_ready(window)
    pin = window.session.pins[1]
    found = pin.answers["shape 1"].location
    mesh.set_view("right")  # the trunk points at the camera
    mesh._render()
    start = mesh.world_to_widget(found).toPoint()
    end = start + QPoint(-40, 40)
    right = mesh.pick(QPointF(end))
    assert right is not None
    drag(mesh.plotter, start, end)
    qtbot.waitUntil(lambda: len(window.session.corrections) == 1)
    wait_ready(window)
    np.testing.assert_allclose(pin.answers["shape 1"].location, right, atol=0.02)
    assert pin.answers["shape 1"].verdict == "good" and len(window.session.pins) == 1
    assert "put right by hand" in window.features.matching.panel.details.text()
    drag(mesh.plotter, mesh.world_to_widget(pin.answers["shape 1"].location).toPoint(), QPoint(4, 40))
    assert "stays where it was" in window.statusBar().currentMessage() and len(window.session.corrections) == 1
    window.session.undo_stack.undo()
    wait_ready(window)
    np.testing.assert_allclose(pin.answers["shape 1"].location, found, atol=1e-4)
    # and in the image: the match of a pin on the shape
    window.tools.click("shape 1", tuple(found))
    wait_ready(window)
    u, v = window.session.pins[2].answers["image 1"].location
    drag(image.view.viewport(), on_view(image, u, v), on_view(image, u - 60, v + 40))
    wait_ready(window)
    np.testing.assert_allclose(window.session.pins[2].answers["image 1"].location, (u - 60, v + 40), atol=2)
    window.features.matching.controller.forget_corrections()
    wait_ready(window)
    np.testing.assert_allclose(window.session.pins[2].answers["image 1"].location, (u, v), atol=1e-3)


def test_shapes_can_be_described_from_their_points(opened, wait_ready, qtbot, sample):
    window = opened
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    from_views = window.session.pins[1].answers["shape 1"]
    window.docks["encoder"].raise_()
    QTest.keyClick(window.features.encoder.panel.points, Qt.Key.Key_Down)
    assert not window.features.encoder.panel.azimuths.isEnabled()
    QTest.mouseClick(window.features.encoder.panel.apply, LEFT)
    assert window.session.encoder.points
    wait_ready(window)
    answer = window.session.pins[1].answers["shape 1"]
    assert not np.allclose(answer.heat, from_views.heat) and answer.location[0] > 0.5  # still the trunk


def test_a_point_lights_up_in_four_images(window, sample, wait_ready, qtbot, tmp_path):
    from core.images import load_image, save_image

    whole = load_image(sample["image"])
    darker, mirrored = tmp_path / "darker.png", tmp_path / "mirrored.png"
    save_image(darker, (whole * 0.6).astype(np.uint8))
    save_image(mirrored, np.ascontiguousarray(whole[:, ::-1]))
    paths = [sample["shape"], sample["image"], sample["image2"], darker, mirrored, sample["image"]]
    window.open_files([str(path) for path in paths])
    qtbot.waitUntil(lambda: len(window.session.items) == 5, timeout=30_000)
    assert "left out" in window.statusBar().currentMessage()
    for slot in ("image 1", "image 3"):
        window.panels[slot]._user_box(tuple(sample["box"]))
    wait_ready(window)
    window.tools.click("shape 1", (1.1, 0.35, 0.0))
    wait_ready(window)
    answers = window.session.pins[window.session.current].answers
    assert set(answers) == {"image 1", "image 2", "image 3", "image 4"}
    same = np.array(answers["image 1"].location) - answers["image 3"].location
    assert np.hypot(*same) < 0.1 * (sample["box"][2] - sample["box"][0])
    for slot in answers:
        assert window.panels[slot].isVisible() and window.panels[slot].view.heat.pixmap().width() > 10
    window.content.close("image 3")
    window.content.close("image 4")
    assert not window.panels["image 3"].parentWidget().isVisible()  # the column is gone with its panels
    assert set(window.session.items) == {"shape 1", "image 1", "image 2"}


def test_second_shape_and_image_light_up_too(window, sample, wait_ready, qtbot):
    open_sample_files(window, sample, wait_ready, qtbot, "image", "shape", "image2", "shape2")
    assert {slot for slot, panel in window.panels.items() if panel.isVisible()} == set(window.session.items)
    for kind in ("image", "shape"):
        heights = [window.panels[f"{kind} {number}"].height() for number in (1, 2)]
        assert abs(heights[0] - heights[1]) < 30
    window.tools.click("shape 1", (1.1, 0.35, 0.0))
    wait_ready(window)
    pin = window.session.pins[window.session.current]
    assert set(pin.answers) == {"image 1", "image 2", "shape 2"}
    window.tools.click("image 2", (500.0, 500.0))
    wait_ready(window)
    assert set(window.session.pins[window.session.current].answers) == {"image 1", "shape 1", "shape 2"}


def test_undo_redo_rename_delete(opened, wait_ready, sample, qtbot):
    window, stack = opened, opened.session.undo_stack
    for shift in (0, -200):
        click_pixel(window.panels["image 1"], sample["at"][0] + shift, sample["at"][1])
        wait_ready(window)
    first, second = window.session.pins
    assert window.session.pins[first].color != window.session.pins[second].color
    item = window.features.matching.panel.list.topLevelItem(0)
    item.setText(0, "trunk")
    assert window.session.pins[first].name == "trunk"
    window.features.matching.panel.list.setCurrentItem(item)
    QTest.keyClick(window.features.matching.panel.list, Qt.Key.Key_Delete)
    assert list(window.session.pins) == [second]
    stack.undo()
    assert list(window.session.pins) == [first, second]
    stack.undo()
    assert window.session.pins[first].name == "Pin 1"
    while stack.canUndo():
        stack.undo()
    assert not window.session.items and not window.session.pins
    while stack.canRedo():
        stack.redo()
    wait_ready(window)
    assert len(window.session.items) == 2 and list(window.session.pins) == [second]


def test_the_focus_box_is_drawn_with_the_mouse_and_decides_what_is_encoded(window, sample, wait_ready, qtbot):
    open_sample_files(window, sample, wait_ready, qtbot, "image", "shape")
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


def test_hover_with_shift_is_live_and_passes(opened, qtbot, sample, wait_ready):
    window, image = opened, opened.panels["image 1"]
    answers = []
    window.features.matching.controller.hovered.connect(lambda slot, a: answers.append(a))
    base = on_view(image, *sample["at"])
    for step in range(12):
        image.view._hover(base - QPoint(3 * step, 2 * step), Qt.KeyboardModifier.ShiftModifier)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: bool(answers), timeout=5_000)
    qtbot.waitUntil(lambda: window.panels["shape 1"]._heat is not None)
    QTest.keyRelease(image.view, Qt.Key.Key_Shift)
    qtbot.wait(200)
    assert window.panels["shape 1"]._heat is None and not window.session.pins


def test_zoom_stays_at_the_cursor(opened):
    view = opened.panels["image 1"].view
    at = QPoint(120, 250)
    before = view.mapToScene(at)
    view.zoom_to(view.zoom * 3, at)
    assert (view.mapToScene(at) - before).manhattanLength() < 2 / view.zoom + 1e-6
    opened.panels["image 1"].fit()
    assert view.viewport().rect().contains(on_view(opened.panels["image 1"], 1279, 959))


def test_files_are_dropped(window, sample, qtbot, wait_ready):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(sample["image"])), QUrl.fromLocalFile(str(sample["shape"]))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    window.panels["image 1"].dropEvent(event)
    qtbot.waitUntil(lambda: len(window.session.items) == 2, timeout=30_000)
    wait_ready(window)
    assert len(window.files.recent()) == 2


@pytest.mark.parametrize("name", ["text.png", "empty.obj", "missing.glb"])
def test_bad_files_are_said_in_a_dialog_and_the_session_stays(opened, qtbot, tmp_path, name):
    window, items = opened, dict(opened.session.items)
    path = tmp_path / name
    if not name.startswith("missing"):
        path.write_text("" if name.startswith("empty") else "no picture")
    window.open_files([str(path)])
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=10_000)
    (box,) = window.findChildren(QMessageBox)
    assert name in box.text() and box.text().endswith(".")
    assert window.session.items == items
    box.close()


def test_a_killed_engine_is_said_and_the_session_goes_on(opened, qtbot, sample, wait_ready):
    window = opened
    with qtbot.waitSignal(window.engine.died, timeout=10_000):
        os.kill(window.engine.pid, signal.SIGKILL)
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    assert window.session.pins[window.session.current].answers["shape 1"].location[0] > 0.6


def test_a_full_gpu_offers_the_cpu(window, qtbot):
    window.requests.failed.emit(GPU_FULL, "")
    (box,) = window.findChildren(QMessageBox)
    use = next(button for button in box.buttons() if "CPU" in button.text())
    QTest.mouseClick(use, LEFT)
    assert window.session.encoder.device == "cpu" and window.features.encoder.panel.settings().device == "cpu"


def test_another_encoder_rebuilds_and_can_be_cancelled(opened, qtbot, wait_ready):
    from dataclasses import replace

    window = opened
    window.features.encoder.panel.samples.setValue(300_000)
    window.features.encoder.panel.azimuths.setValue(36)
    assert window.features.encoder.panel.apply.isEnabled()
    window.features.encoder.panel.apply.click()
    qtbot.waitUntil(lambda: not window.tasks.is_idle())
    qtbot.wait(1500)
    while not window.tasks.is_idle():
        window.tasks._cancel()
        qtbot.wait(300)
    assert not window.requests.is_ready("shape 1")
    window.session.set_encoder(replace(window.session.encoder, samples=3000, azimuths=4))
    wait_ready(window)


def test_the_first_match_of_a_pair_shows_its_progress_and_can_be_stopped(opened, qtbot, sample, wait_ready):
    window = opened
    click_pixel(window.panels["image 1"], *sample["at"])
    qtbot.waitUntil(lambda: not window.tasks.is_idle(), timeout=10_000)
    window.tasks._cancel()
    (pin,) = window.session.pins.values()
    qtbot.waitUntil(lambda: bool(pin.problem), timeout=10_000)
    assert "Stopped" in pin.problem and not pin.answers and window.tasks.is_idle()
    u, v = sample["at"]
    click_pixel(window.panels["image 1"], u - 60, v - 60)
    wait_ready(window)
    assert window.session.pins[window.session.current].answers and len(window.session.pins) == 2


def test_saved_pictures_hold_what_is_shown(opened, sample, wait_ready, tmp_path):
    click_pixel(opened.panels["image 1"], *sample["at"])
    wait_ready(opened)
    for slot in ("image 1", "shape 1"):
        assert opened.panels[slot].save_picture(tmp_path / f"{slot}.png")
    assert QImage(str(tmp_path / "image 1.png")).width() == 1280
    assert pixels_of(QImage(str(tmp_path / "shape 1.png"))).std() > 20


def test_the_event_loop_is_never_blocked_for_long(opened, qtbot, sample, wait_ready):
    """A timer of 5 ms runs while pins are placed; software rendering has its share in the longest gap."""
    import time

    gaps, last = [], [time.perf_counter()]

    def tick():
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(5)
    for i in range(5):
        click_pixel(opened.panels["image 1"], sample["at"][0] - 40 * i, sample["at"][1] - 15 * i)
        wait_ready(opened)
    timer.stop()
    assert len(gaps) > 20 and np.percentile(gaps, 95) < 0.15


def test_themes_and_menus(window, qtbot):

    dark = window.palette().window().color().lightness()
    window.appearance.set_theme("dark")
    assert window.palette().window().color().lightness() < dark
    window.appearance.set_theme("light")
    titles = [a.text() for a in window.menuBar().actions()]
    assert titles == ["&File", "&Edit", "&Parts", "P&ose", "&View", "&Help"]
    shortcuts = [a.shortcut().toString() for menu in window.menuBar().actions() for a in menu.menu().actions()]
    assert {"Ctrl+O", "Ctrl+Z"} <= set(shortcuts)


def test_the_encoder_adapts_to_the_open_shape(opened, wait_ready, qtbot, tmp_path, monkeypatch, sample):
    """A short run makes a file, which is used at once, and can be switched off to compare on the same pins."""
    window, dock = opened, opened.features.encoder.panel
    monkeypatch.setattr(
        "app.window.features.encoder.panel.controller.QStandardPaths.writableLocation", lambda _: str(tmp_path)
    )
    window.docks["encoder"].raise_()
    dock.minutes.setValue(0.2)
    place = tuple(window.panels["shape 1"]._shape.polydata.GetPoint(0))
    right = Correction("image 1", tuple(map(float, sample["at"])), "shape 1", place)
    window.session.undo_stack.push(commands.SetCorrections(window.session, "Put right", (right,)))
    shown = []
    monkeypatch.setattr(dock, "show_curve", lambda curve, real=dock.show_curve: (shown.append(len(curve)), real(curve)))
    qtbot.mouseClick(dock.adapt, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.encoder.adapter is not None, timeout=120_000)
    made = window.session.encoder.adapter
    assert made == str(tmp_path / "adapters" / "toy-1.safetensors") and len(dock.curve.points) > 1
    assert "held-out" in dock.learnt.text() and shown[0] == 1 and len(dock.curve.faint) >= 1  # told while it ran
    wait_ready(window)
    dock.adapted.setChecked(False)
    assert window.session.encoder.adapter is None and dock.adapter.text() == made
    dock.adapted.setChecked(True)
    assert window.session.encoder.adapter == made


def test_encoders_are_measured_side_by_side(opened, qtbot, monkeypatch):
    window, page = opened, opened.features.encoder.controller.page
    window.docks["encoder"].raise_()
    qtbot.mouseClick(window.features.encoder.panel.measure, LEFT)
    assert page.isVisible()
    page.beside.setText("pocket")
    told = []
    monkeypatch.setattr(
        page, "show_measured", lambda m, done, real=page.show_measured: (told.append(done), real(m, done))
    )
    qtbot.mouseClick(page.measure, LEFT)
    qtbot.waitUntil(lambda: page.report.isEnabled(), timeout=60_000)
    assert told == [False, True] and page.measure.isEnabled()
    assert page.table.item(0, 0).text() == "pocket" and page.table.rowCount() == 1
    (shown,) = window.features.encoder.controller.page.bars.rows
    assert 0 < shown["pcdp@0.05"] <= shown["pcdp@0.2"] <= 1
    assert page.bad.pixmap().height() == page.good.pixmap().height() == 150
    opened_urls = []
    monkeypatch.setattr("app.window.features.encoder.panel.controller.QDesktopServices.openUrl", opened_urls.append)
    qtbot.mouseClick(page.report, LEFT)
    assert os.path.exists(opened_urls[0].toLocalFile())
    page.data.setCurrentText("onepose:/nowhere")
    qtbot.mouseClick(page.measure, LEFT)
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is not None)
    assert "OnePose" in window.findChild(QMessageBox).text()
    page.close()
