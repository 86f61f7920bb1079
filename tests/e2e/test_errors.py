"""What goes wrong is said, and the session goes on."""

import multiprocessing
import os
import signal
import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from app.shared.pipe import GPU_FULL
from tests.e2e.hands import CTRL, LEFT, click_pixel, errors, press


@pytest.fixture
def engines():
    return multiprocessing.get_context("spawn")


@pytest.mark.parametrize("name", ["text.png", "empty.obj", "missing.glb"])
def test_bad_files_are_said_where_they_would_be_and_the_session_stays(opened, qtbot, tmp_path, name):
    window, items = opened, dict(opened.session.items)
    path = tmp_path / name
    if not name.startswith("missing"):
        path.write_text("" if name.startswith("empty") else "no picture")
    window.open_files([str(path)])
    qtbot.waitUntil(lambda: bool(errors(window)), timeout=60_000)
    slot = "image 1" if name.endswith("png") else "shape 1"
    (said,) = errors(window).items()
    assert said[0] == slot and name in said[1] and said[1].endswith(".")
    assert window.session.items == items
    window.open_files([str(path)])
    qtbot.waitUntil(lambda: not errors(window), timeout=60_000)  # it is tried again
    qtbot.waitUntil(lambda: errors(window) == {slot: said[1]}, timeout=60_000)
    QTest.mouseClick(window.errors.bars[slot].close_button, LEFT)
    assert not errors(window) and [s for _, s in window.messages.kept].count(said[1]) == 2


def test_a_killed_engine_is_said_and_the_session_goes_on(opened, qtbot, sample, wait_ready):
    window = opened
    with qtbot.waitSignal(window.engine.died, timeout=60_000):
        os.kill(window.engine.pid, signal.SIGKILL)
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    assert window.session.pins[window.session.current].answers["shape 1"].location[0] > 0.6


def test_a_full_gpu_offers_the_cpu(window, qtbot):
    window.requests.failed.emit(GPU_FULL, "", "")
    (slot,) = errors(window)
    use = window.errors.bars[slot].action
    assert "CPU" in use.text()
    QTest.mouseClick(use, LEFT)
    assert not errors(window)
    assert window.session.encoder.device == "cpu" and window.features.encoder.panel.settings().device == "cpu"


def test_the_window_closes_at_once_while_the_engine_starts(window):
    begin = time.monotonic()
    window.close()
    assert time.monotonic() - begin < 1.0
    window.preload.wait()


def test_work_that_the_engine_stops_at_twice_is_asked_about_in_its_panel(opened, qtbot):
    """Try again goes on with it, Give up ends it; the window stays usable meanwhile."""
    window = opened
    window.show_feature("align")

    def kill_twice():
        for _ in range(2):
            qtbot.waitUntil(
                lambda: any(r.job == "align_shape" and r.state == "running" for r in window.engine._requests.values())
            )
            with qtbot.waitSignal(window.engine.died, timeout=60_000):
                os.kill(window.engine.pid, signal.SIGKILL)

    bar = window.errors.bars["image 1"]
    press(window, Qt.Key.Key_L, CTRL)
    kill_twice()
    qtbot.waitUntil(lambda: "stopped twice" in bar.text.text() and bar.isVisible(), timeout=60_000)
    assert not window.findChildren(QMessageBox) and "toy.jpg" in bar.text.text()
    QTest.mouseClick(bar.action, LEFT)
    assert not bar.isVisible()
    kill_twice()
    qtbot.waitUntil(bar.isVisible, timeout=60_000)
    assert window.features.align.panel.start.text() == "Stop"
    QTest.mouseClick(bar.refusal, LEFT)
    assert not bar.isVisible() and window.features.align.panel.start.text() != "Stop"
