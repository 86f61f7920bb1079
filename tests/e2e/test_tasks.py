"""What runs and what waits is one list; files are opened while something else takes long."""

import time

import pytest
from PySide6.QtTest import QTest

from tests.e2e.hands import LEFT


@pytest.fixture
def busy(window, open_sample, qtbot):
    """A shape is open, and the encoder is being adapted to it, which takes a minute."""
    open_sample(window, "shape")
    window.features.encoder.controller.adapt(1.0)
    qtbot.waitUntil(lambda: window.tasks.rows[0].request.state == "running", timeout=60_000)
    return window


def test_a_file_is_opened_during_a_long_task_and_what_waits_is_listed(busy, sample, qtbot):
    window, tasks = busy, busy.tasks
    window.open_files([str(sample["image"])])
    qtbot.waitUntil(lambda: "image 1" in window.session.items, timeout=20_000)
    assert window.panels["image 1"].image_size == (1280, 960)
    qtbot.waitUntil(lambda: any("Prepare" in row.text and "waiting" in row.text for row in tasks.rows))
    assert tasks.more.isVisible() and tasks.rows[0].request.job == "adapt_encoder"
    QTest.mouseClick(tasks.more, LEFT)
    assert tasks.list.isVisible()
    pid, waiting = window.engine.pid, tasks.rows[-1]
    QTest.mouseClick(waiting.cancel, LEFT)
    assert waiting not in tasks.rows  # what waits is gone at once
    QTest.qWait(3500)
    assert window.engine.pid == pid and tasks.rows[0].request.job == "adapt_encoder"  # and what runs goes on
    tasks.list.hide()


def test_the_window_closes_at_once_while_something_runs(busy):
    begin = time.monotonic()
    busy.close()
    assert time.monotonic() - begin < 1.0
    assert busy.engine.pid is None
