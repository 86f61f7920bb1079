"""Files opened by the menu, by dropping them, again, and the sample."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from app.document import commands
from app.window.tools import SAME_CLICK
from tests.e2e.hands import LEFT, click_pixel, errors, shown


def test_open_sample_lights_up_the_trunk(window, wait_ready, qtbot, sample):
    window.open_sample()
    qtbot.waitUntil(lambda: len(window.session.pins) == 1, timeout=60_000)
    wait_ready(window)
    (pin,) = window.session.pins.values()
    answer = pin.answers["shape 1"]
    assert answer.location[0] > 0.8 and answer.probability > 0.5
    picture = shown(window.panels["shape 1"])
    hot = (picture[..., 0] > 150) & (picture[..., 1] < 120) & (picture[..., 2] < 90)
    assert hot.sum() > 50  # the red end of the colour map is on the screen
    assert window.features.matching.panel.list.topLevelItemCount() == 1
    assert not window.session.undo_stack.canUndo()


def test_files_are_dropped(window, sample, qtbot, wait_ready):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(sample["image"])), QUrl.fromLocalFile(str(sample["shape"]))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    window.panels["image 1"].dropEvent(event)
    qtbot.waitUntil(lambda: len(window.session.items) == 2, timeout=60_000)
    wait_ready(window)
    assert len(window.files.recent()) == 2


def test_the_first_thing_to_see_offers_the_sample_and_what_was_open(window, sample, wait_ready, qtbot, open_sample):
    assert window.guide.welcome.isVisible() and [b.text() for b in window.guide.welcome.buttons] == [
        "the sample",
        "the sample collection",
    ]
    open_sample(window, "shape")
    assert not window.guide.welcome.isVisible()
    window.projects.new()
    assert window.guide.welcome.isVisible() and window.guide.welcome.buttons[-1].text() == sample["shape"].name
    QTest.mouseClick(window.guide.welcome.buttons[-1], LEFT)
    qtbot.waitUntil(lambda: "shape 1" in window.session.items)


def test_projects_are_among_the_recent_files(window, open_sample, tmp_path):
    open_sample(window, "shape")
    assert window.projects.save_to(tmp_path / "saved.counterpoint")
    assert window.files.recent()[0] == str(tmp_path / "saved.counterpoint")
    window.projects.new()
    assert window.files.recent()[0] == str(tmp_path / "saved.counterpoint")
    shutil.copy(tmp_path / "saved.counterpoint", tmp_path / "sent.counterpoint")
    window.projects.open(tmp_path / "sent.counterpoint")
    names = [Path(path).name for path in window.files.recent()]
    assert names[0] == "sent.counterpoint" and "saved.counterpoint" in names


def test_a_file_that_is_replaced_is_said_and_read_again(window, qtbot, tmp_path):
    """Pixels of the old file and of the new one are never mixed, also not where a project is opened again."""
    file, project = tmp_path / "a.png", tmp_path / "p.counterpoint"
    Image.new("RGB", (60, 40), "red").save(file)
    window.open_files([str(file)])
    qtbot.waitUntil(lambda: window.requests.is_ready("image 1"), timeout=60_000)
    qtbot.wait(int(1000 * SAME_CLICK) + 50)  # a click that brings the window to the front places no pin
    click_pixel(window.panels["image 1"], 20, 20)
    layers = window.session.layers.new_part("Half").mark(1, "image 1", np.eye(40, 60, dtype=bool))
    window.session.undo_stack.push(commands.SetLayers(window.session, "Mark", layers))
    assert window.projects.save_to(project)
    Image.new("RGB", (80, 50), "blue").save(tmp_path / "new.png")
    (tmp_path / "new.png").replace(file)  # as editors save
    qtbot.waitUntil(lambda: "a.png was changed by another program" in errors(window).get("image 1", ""), timeout=10_000)
    assert window.panels["image 1"].image_size == (60, 40) and window.session.pins
    QTest.mouseClick(window.errors.bars["image 1"].action, LEFT)
    qtbot.waitUntil(lambda: window.panels["image 1"].image_size == (80, 50), timeout=10_000)
    assert not errors(window) and not window.session.pins and not window.session.layers.parts
    Image.new("RGB", (80, 50), "green").save(file)  # in its place, and once more
    qtbot.waitUntil(lambda: "image 1" in errors(window), timeout=10_000)
    window.projects.open(project)
    said = [sentence for _, sentence in window.messages.kept]
    assert "a.png was changed since the project was saved: check the pins, parts and poses on it." in said
    qtbot.waitUntil(lambda: window.requests.is_ready("image 1"), timeout=60_000)
    assert not errors(window) and len(window.session.layers.parts) == 1
