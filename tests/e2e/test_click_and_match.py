"""A place is clicked and lights up on everything else."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from core.images import load_image, save_image
from tests.e2e.hands import (
    CTRL,
    LEFT,
    answer,
    click_pixel,
    click_shape,
    draw_focus_box,
    enter,
    errors,
    on_view,
    press,
    shown,
    undo,
)


def click_trunk(window):
    window.panels["shape 1"].set_view("right")
    click_shape(window.panels["shape 1"], (1.1, 0.35, 0.0))


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


def test_a_point_lights_up_in_four_images(window, sample, wait_ready, qtbot, tmp_path):
    whole = load_image(sample["image"])
    darker, mirrored = tmp_path / "darker.png", tmp_path / "mirrored.png"
    save_image(darker, (whole * 0.6).astype(np.uint8))
    save_image(mirrored, np.ascontiguousarray(whole[:, ::-1]))
    paths = [sample["shape"], sample["image"], sample["image2"], darker, mirrored, sample["image"]]
    said = []
    window.statusBar().messageChanged.connect(said.append)
    window.open_files([str(path) for path in paths])
    qtbot.waitUntil(lambda: len(window.session.items) == 5, timeout=120_000)
    assert any("not opened" in sentence for sentence in said)
    for slot in ("image 1", "image 3"):
        draw_focus_box(window.panels[slot], sample["box"])
    wait_ready(window)
    for slot in ("image 1", "image 3"):
        qtbot.waitUntil(lambda slot=slot: window.session.guide(slot, "shape 1") is not None, timeout=120_000)
    wait_ready(window)
    window.tools.click("shape 1", (1.1, 0.35, 0.1))  # a place of the trunk that both photos show
    wait_ready(window)
    answers = window.session.pins[window.session.current].answers
    assert set(answers) == {"image 1", "image 2", "image 3", "image 4"}
    same = np.array(answers["image 1"].location) - answers["image 3"].location
    assert np.hypot(*same) < 0.1 * (sample["box"][2] - sample["box"][0])
    for slot in answers:
        assert window.panels[slot].isVisible() and window.panels[slot].view.heat.pixmap().width() > 10
    for slot in ("image 3", "image 4"):
        enter(window.panels[slot], qtbot)
        press(window, Qt.Key.Key_W, CTRL)
    assert not window.panels["image 3"].parentWidget().isVisible()  # the column is gone with its panels
    assert set(window.session.items) == {"shape 1", "image 1", "image 2"}


def test_second_shape_and_image_light_up_too(window, sample, wait_ready, qtbot, open_sample):
    open_sample(window, "image", "shape", "image2", "shape2")
    assert {slot for slot, panel in window.panels.items() if panel.isVisible()} == set(window.session.items)
    for kind in ("image", "shape"):
        heights = [window.panels[f"{kind} {number}"].height() for number in (1, 2)]
        assert abs(heights[0] - heights[1]) < 30
    click_trunk(window)
    answer(window.panels["image 1"], "Match anyway")
    wait_ready(window)
    pin = window.session.pins[window.session.current]
    assert set(pin.answers) == {"image 1", "image 2", "shape 2"}
    click_pixel(window.panels["image 2"], 500.0, 500.0)
    answer(window.panels["image 2"], "Match anyway")
    wait_ready(window)
    assert set(window.session.pins[window.session.current].answers) == {"image 1", "shape 1", "shape 2"}


def test_the_first_match_of_a_pair_shows_its_progress_and_can_be_stopped(opened, qtbot, sample, wait_ready):
    window = opened
    click_pixel(window.panels["image 1"], *sample["at"])
    qtbot.waitUntil(lambda: not window.tasks.is_idle(), timeout=60_000)
    QTest.mouseClick(window.tasks.cancel, LEFT)
    (pin,) = window.session.pins.values()
    qtbot.waitUntil(lambda: bool(pin.problem), timeout=60_000)
    assert "Stopped" in pin.problem and not pin.answers and window.tasks.is_idle()
    u, v = sample["at"]
    click_pixel(window.panels["image 1"], u - 60, v - 60)
    wait_ready(window)
    assert window.session.pins[window.session.current].answers and len(window.session.pins) == 2


def test_a_place_outside_the_box_is_refused_with_what_to_do(window, open_sample, sample):
    open_sample(window, "image")
    x0, y0, x1, y1 = sample["box"]
    panel, session = window.panels["image 1"], window.session
    draw_focus_box(panel, sample["box"])
    click_pixel(panel, x0 / 2, y0 / 2)
    assert not session.pins and "inside the box" in errors(window)["image 1"]
    click_pixel(panel, (x0 + x1) / 2, (y0 + y1) / 2)
    assert len(session.pins) == 1 and not errors(window)  # the next one is not blamed
    click_pixel(panel, x0 / 2, y0 / 2)
    QTest.mouseClick(window.errors.bars["image 1"].action, LEFT)
    grown = session.items["image 1"].box
    assert grown[0] < x0 / 2 and grown[1] < y0 / 2 and grown[2:] == pytest.approx((x1, y1), abs=2)
    assert len(session.pins) == 2 and not errors(window)
    undo(window)
    assert len(session.pins) == 1 and session.items["image 1"].box == pytest.approx(sample["box"], abs=2)
