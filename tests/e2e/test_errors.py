"""What goes wrong is said, and the session goes on."""

import multiprocessing
import os
import signal

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from app.shared.pipe import GPU_FULL
from tests.e2e.hands import LEFT, click_pixel


@pytest.fixture
def engines():
    return multiprocessing.get_context("spawn")


@pytest.mark.parametrize("name", ["text.png", "empty.obj", "missing.glb"])
def test_bad_files_are_said_in_a_dialog_and_the_session_stays(opened, qtbot, tmp_path, name):
    window, items = opened, dict(opened.session.items)
    path = tmp_path / name
    if not name.startswith("missing"):
        path.write_text("" if name.startswith("empty") else "no picture")
    window.open_files([str(path)])
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=60_000)
    (box,) = window.findChildren(QMessageBox)
    assert name in box.text() and box.text().endswith(".")
    assert window.session.items == items
    box.close()


def test_a_killed_engine_is_said_and_the_session_goes_on(opened, qtbot, sample, wait_ready):
    window = opened
    with qtbot.waitSignal(window.engine.died, timeout=60_000):
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
