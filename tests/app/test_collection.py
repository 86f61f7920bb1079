"""The collection dock: photos dropped, pulled into one frame, clicked, drawn on, corrected, written."""

import json

import numpy as np
import pytest
import trimesh
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.window.collection.filmstrip import FIXED, GOOD
from app.window.collection.presenter import SHAPE
from core.geometry.pose import rotation_error
from core.parts.layers import Layers, Mask, Part
from tests.conftest import SAMPLE

FOLDER = SAMPLE / "collection"
PHOTOS = [str(FOLDER / f"toy-{number}.jpg") for number in (3, 5, 7)]


@pytest.fixture
def congealed(window, sample, wait_ready, qtbot):
    """Three photos of the sample's toy, joined."""
    window.docks["collection"].show()
    window.features.collection.panel.strip.files_dropped.emit([PHOTOS[0], str(sample["shape"]), *PHOTOS[1:], PHOTOS[0]])
    assert [one.item.path for one in window.session.collection.photos] == PHOTOS
    assert not window.features.collection.panel.start.isEnabled()
    window.open_files([str(sample["shape"])])
    qtbot.waitUntil(lambda: SHAPE in window.session.items, timeout=30_000)
    wait_ready(window)
    qtbot.mouseClick(window.features.collection.panel.start, Qt.MouseButton.LeftButton)
    assert window.features.collection.panel.start.text() == "Stop"
    qtbot.waitUntil(lambda: window.session.collection.joined, timeout=180_000)
    qtbot.waitUntil(window.tasks.is_idle, timeout=60_000)
    return window


def turned(window, number):
    """Degrees that a photo's pose is off."""
    one = window.session.collection.photos[number]
    truth = json.loads((FOLDER / "truth.json").read_text())[one.item.name]
    return rotation_error(one.pose.pose().R, np.array(truth["R"]))


def test_photos_become_a_collection(congealed, sample, qtbot, tmp_path, monkeypatch):
    window, dock = congealed, congealed.features.collection.panel
    assert np.median([turned(window, number) for number in range(3)]) < 15
    frames = dock.strip.frames()
    assert [frame.border for frame in frames] == [GOOD] * 3 and "3 posed" in dock.about.text()
    qtbot.waitUntil(lambda: not dock.average.pixmap().isNull(), timeout=30_000)

    dock.order.setCurrentIndex(dock.order.findData("viewpoint"))
    assert sorted(frame.number for frame in dock.strip.frames()) == [0, 1, 2]
    dock.filter.setCurrentIndex(dock.filter.findData("outliers"))
    assert dock.strip.frames() == []
    dock.filter.setCurrentIndex(0)
    dock.order.setCurrentIndex(0)
    dock.cameras.setChecked(True)
    assert {f"photo {number}" for number in range(3)} <= set(window.panels[SHAPE].frustums.names())
    dock.cameras.setChecked(False)
    assert not [name for name in window.panels[SHAPE].frustums.names() if name.startswith("photo")]

    # a click in one photo lights up in all of them and on the shape
    frame = dock.strip.frames()[1]
    x0, y0, x1, y1 = json.loads((FOLDER / "truth.json").read_text())["toy-5.jpg"]["box"]
    u, v = (0.4 * x0 + 0.6 * x1) / 480, (y0 + y1) / 2 / 360
    qtbot.mouseClick(dock.strip.viewport(), Qt.MouseButton.LeftButton, pos=dock.strip.place_of(frame.number, u, v))
    qtbot.waitUntil(lambda: len(window.session.pins) == 1, timeout=30_000)
    qtbot.waitUntil(lambda: all(frame.mark is not None for frame in dock.strip.frames()), timeout=30_000)
    mark = dock.strip.frames()[1].mark
    assert mark[2] and np.hypot(mark[0] - u, mark[1] - v) < 0.05
    assert window.session.pins[1].slot == SHAPE

    # parts of the shape are drawn on all photos; undo takes them away
    size = len(trimesh.load(sample["shape"], force="mesh").faces)
    part = Part(1, "all", "#ff0000", {SHAPE: Mask.of(np.ones(size, bool))})
    window.session.set_layers(Layers((part,)))
    dock.carry_requested.emit("shape")
    qtbot.waitUntil(lambda: all(frame.drawing is not None for frame in dock.strip.frames()), timeout=30_000)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    dock.export_requested.emit("edited")
    qtbot.waitUntil(lambda: len(list(tmp_path.glob("*.png"))) == 3, timeout=30_000)
    qtbot.waitUntil(window.tasks.is_idle, timeout=30_000)
    window.session.undo_stack.undo()
    assert all(frame.drawing is None for frame in dock.strip.frames()) and window.session.collection.joined
    for what, name in (("npz", "collection.json"), ("nerfstudio", "transforms.json"), ("colmap", "colmap/images.txt")):
        dock.export_requested.emit(what)
        qtbot.waitUntil((tmp_path / name).exists, timeout=30_000)
        qtbot.waitUntil(window.tasks.is_idle, timeout=30_000)
    assert len(json.loads((tmp_path / "collection.json").read_text())["images"]) == 3
    assert len(list((tmp_path / "maps").glob("*.npz"))) == 3

    # a photo is opened with its pose, corrected, and the others follow
    qtbot.mouseDClick(dock.strip.viewport(), Qt.MouseButton.LeftButton, pos=dock.strip.place_of(2, 0.5, 0.5))
    qtbot.waitUntil(lambda: ("image 1", SHAPE) in window.session.aligned, timeout=30_000)
    assert window.session.items["image 1"].path == PHOTOS[2]
    assert len(window.session.pins) == 1  # a double-click is no click
    qtbot.mouseClick(dock.strip.viewport(), Qt.MouseButton.LeftButton, pos=dock.strip.place_of(1, u, v))
    qtbot.waitUntil(lambda: len(window.session.pins) == 2, timeout=30_000)
    qtbot.waitUntil(dock.fix.isEnabled, timeout=30_000)
    qtbot.mouseClick(dock.fix, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: window.session.collection.photos[2].fixed and window.session.collection.joined, timeout=60_000
    )
    assert [frame.border for frame in dock.strip.frames()] == [GOOD, GOOD, FIXED]
    window.session.undo_stack.undo()
    assert not window.session.collection.photos[2].fixed


def test_a_run_that_is_stopped_keeps_what_it_found(window, sample, wait_ready, qtbot):
    window.docks["collection"].show()
    window.open_files([str(sample["shape"])])
    qtbot.waitUntil(lambda: SHAPE in window.session.items, timeout=30_000)
    wait_ready(window)
    window.features.collection.controller.add([str(FOLDER)])
    assert len(window.session.collection.photos) == 8
    window.features.collection.panel.start.click()
    qtbot.waitUntil(
        lambda: any(frame.border for frame in window.features.collection.panel.strip.frames()), timeout=120_000
    )
    window.features.collection.panel.start.click()
    qtbot.waitUntil(lambda: window.features.collection.panel.start.text() == "Congeal", timeout=30_000)
    posed = [bool(one.poses) for one in window.session.collection.photos]
    assert any(posed) and not window.session.collection.joined  # where the cache knows them, all are posed at once
    window.features.collection.controller.remove(0)
    assert len(window.session.collection.photos) == 7
    window.features.collection.panel.clear_requested.emit()
    assert window.features.collection.panel.strip.count() == 0
    window.session.undo_stack.undo()
    assert window.features.collection.panel.strip.count() == 7
