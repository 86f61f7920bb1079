"""Photos dropped, pulled into one frame, clicked, drawn on, corrected, written."""

import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import trimesh
from PySide6.QtTest import QTest

from app.document.commands import SetCollection
from app.shared.values import Collection
from app.window.collection.filmstrip import FIXED, GOOD
from app.window.collection.presenter import SHAPE
from core.geometry.pose import rotation_error
from core.geometry.shape import load_shape
from core.parts.layers import Layers, Mask, Part
from tests.conftest import SAMPLE
from tests.e2e.hands import LEFT, choose, undo

FOLDER = SAMPLE / "collection"
PHOTOS = [str(FOLDER / f"toy-{number}.jpg") for number in (3, 5, 7)]
TRUTH = json.loads((FOLDER / "truth.json").read_text())

_joined: list[Collection] = []
"""What came of the one run that the tests of this file share."""


def place_in_second_photo():
    """A place of the toy, as fractions of the photo's width and height."""
    x0, y0, x1, y1 = TRUTH["toy-5.jpg"]["box"]
    return (0.4 * x0 + 0.6 * x1) / 480, (y0 + y1) / 2 / 360


@pytest.fixture
def dropped(window, sample, wait_ready, qtbot):
    """Three photos of the sample's toy, dropped on the dock, and its shape."""
    window.show_feature("collection")
    panel = window.features.collection.panel
    panel.strip.files_dropped.emit([PHOTOS[0], str(sample["shape"]), *PHOTOS[1:], PHOTOS[0]])
    assert [one.item.path for one in window.session.collection.photos] == PHOTOS
    assert not panel.start.isEnabled()
    assert "First open a shape" in panel.start.toolTip()
    window.open_files([str(sample["shape"])])
    assert "is being opened" in panel.start.toolTip()
    qtbot.waitUntil(lambda: SHAPE in window.session.items, timeout=90_000)
    assert "pose of every photo" in panel.start.toolTip()
    wait_ready(window)
    return window


@pytest.fixture
def congealed(dropped, qtbot):
    """The three photos joined."""
    window, panel = dropped, dropped.features.collection.panel
    if _joined:
        window.session.undo_stack.push(SetCollection(window.session, "Congeal", _joined[0]))
    else:
        QTest.mouseClick(panel.start, LEFT)
        assert panel.start.text() == "Stop"
        qtbot.waitUntil(lambda: window.session.collection.joined, timeout=300_000)
        _joined.append(window.session.collection)
    qtbot.waitUntil(lambda: window.tasks.is_idle() and not panel.average.pixmap().isNull(), timeout=90_000)
    return window


def turned(window, number):
    """Degrees that a photo's pose is off."""
    one = window.session.collection.photos[number]
    return rotation_error(one.pose.pose().R, np.array(TRUTH[one.item.name]["R"]))


def click_second_photo(window):
    strip = window.features.collection.panel.strip
    QTest.mouseClick(strip.viewport(), LEFT, pos=strip.place_of(1, *place_in_second_photo()))


def export(window, number):
    window.workspace.export.menu().actions()[number].trigger()


def test_photos_become_a_collection(congealed, qtbot):
    window, dock = congealed, congealed.features.collection.panel
    assert np.median([turned(window, number) for number in range(3)]) < 15
    assert [frame.border for frame in dock.strip.frames()] == [GOOD] * 3 and "3 posed" in dock.about.text()
    assert [frame.name for frame in dock.strip.frames()] == [Path(photo).name for photo in PHOTOS]
    assert all("%" in frame.caption for frame in dock.strip.frames())
    dock.order.setCurrentIndex(dock.order.findData("viewpoint"))
    assert sorted(frame.number for frame in dock.strip.frames()) == [0, 1, 2]
    dock.filter.setCurrentIndex(dock.filter.findData("outliers"))
    assert dock.strip.frames() == []
    dock.filter.setCurrentIndex(0)
    one, *others = window.session.collection.photos
    twice = replace(window.session.collection, photos=(replace(one, copy_of=PHOTOS[1]), *others))
    window.session.undo_stack.push(SetCollection(window.session, "Congeal", twice))
    assert "1 not counted" in dock.about.text()
    assert ["same picture as toy-5.jpg" in f.about for f in dock.strip.frames()].count(True) == 1
    window.session.undo_stack.undo()
    assert "not counted" not in dock.about.text()
    dock.order.setCurrentIndex(0)
    dock.cameras.click()
    assert {f"photo {number}" for number in range(3)} <= set(window.panels[SHAPE].frustums.seen())
    window.show_feature("align")
    assert not window.panels[SHAPE].frustums.seen()
    window.show_feature("collection")
    dock.cameras.click()
    assert not [name for name in window.panels[SHAPE].frustums.names() if name.startswith("photo")]
    window.session.undo_stack.undo()
    assert not dock.average.isVisible()
    window.session.undo_stack.redo()
    assert dock.average.isVisible() and dock.average.text() == "Being made…"
    qtbot.waitUntil(lambda: not dock.average.pixmap().isNull() and not dock.average.text(), timeout=90_000)


def test_a_click_in_one_photo_lights_up_in_all_and_on_the_shape(congealed, qtbot):
    window, strip = congealed, congealed.features.collection.panel.strip
    click_second_photo(window)
    qtbot.waitUntil(lambda: len(window.session.pins) == 1, timeout=60_000)
    qtbot.waitUntil(lambda: all(frame.mark is not None for frame in strip.frames()), timeout=60_000)
    u, v = place_in_second_photo()
    mark = strip.frames()[1].mark
    assert mark[2] and np.hypot(mark[0] - u, mark[1] - v) < 0.05
    assert window.session.pins[1].slot == SHAPE


def test_parts_are_drawn_on_all_photos_and_written(congealed, sample, qtbot, give, tmp_path):
    window, dock = congealed, congealed.features.collection.panel
    size = len(load_shape(sample["shape"]).faces)
    part = Part(1, "all", "#ff0000", {SHAPE: Mask.of(np.ones(size, bool))})
    window.session.set_layers(Layers((part,)))
    dock.carry.menu().actions()[1].trigger()
    qtbot.waitUntil(lambda: all(frame.drawing is not None for frame in dock.strip.frames()), timeout=60_000)
    give(tmp_path)
    export(window, 4)
    names = {f"{Path(photo).stem}.png" for photo in PHOTOS}
    qtbot.waitUntil(lambda: {file.name for file in tmp_path.glob("*.png")} == names, timeout=60_000)
    qtbot.waitUntil(window.tasks.is_idle, timeout=60_000)
    undo(window)
    assert all(frame.drawing is None for frame in dock.strip.frames()) and window.session.collection.joined


def test_poses_are_written_in_every_format(congealed, qtbot, give, tmp_path):
    window = congealed
    give(tmp_path)
    for number, name in ((0, "collection.json"), (3, "transforms.json"), (2, "colmap/images.txt")):
        export(window, number)
        qtbot.waitUntil((tmp_path / name).exists, timeout=60_000)
        qtbot.waitUntil(window.tasks.is_idle, timeout=60_000)
    assert len(json.loads((tmp_path / "collection.json").read_text())["images"]) == 3
    assert {file.stem for file in (tmp_path / "maps").glob("*.npz")} == {Path(photo).stem for photo in PHOTOS}


def test_a_photo_is_opened_corrected_and_the_others_follow(congealed, qtbot):
    window, dock = congealed, congealed.features.collection.panel
    QTest.mouseDClick(dock.strip.viewport(), LEFT, pos=dock.strip.place_of(2, 0.5, 0.5))
    qtbot.waitUntil(lambda: ("image 1", SHAPE) in window.session.aligned, timeout=60_000)
    assert window.session.items["image 1"].path == PHOTOS[2]
    assert not window.session.pins  # a double-click is no click
    photo, shape = window.panels["image 1"].view, window.panels[SHAPE]
    qtbot.waitUntil(lambda: bool(photo.overlays.shown()), timeout=60_000)
    assert photo.overlays.isVisible() and "image 1" in shape.frustums.seen()
    dock.strip.removed.emit(2)  # what is left is a pose of the task Pose
    assert not photo.overlays.isVisible() and "image 1" not in shape.frustums.seen()
    undo(window)
    assert photo.overlays.isVisible()
    click_second_photo(window)
    qtbot.waitUntil(lambda: len(window.session.pins) == 1, timeout=60_000)
    qtbot.waitUntil(dock.fix.isEnabled, timeout=60_000)
    QTest.mouseClick(dock.fix, LEFT)
    collection = lambda: window.session.collection  # noqa: E731
    qtbot.waitUntil(lambda: collection().photos[2].fixed and collection().joined, timeout=120_000)
    assert [frame.border for frame in dock.strip.frames()] == [GOOD, GOOD, FIXED]
    undo(window)
    assert not window.session.collection.photos[2].fixed


def test_a_run_that_is_stopped_keeps_what_it_found(window, sample, wait_ready, qtbot, monkeypatch):
    window.show_feature("collection")
    panel = window.features.collection.panel
    with monkeypatch.context() as patch:  # whoever runs the tests may read every folder
        patch.setattr(Path, "iterdir", Mock(side_effect=PermissionError(13, "Permission denied")))
        panel.strip.files_dropped.emit([str(FOLDER)])
    assert "Permission denied" in window.errors.bars["collection"].text.text() and not panel.strip.count()
    window.open_files([str(sample["shape"])])
    qtbot.waitUntil(lambda: SHAPE in window.session.items, timeout=90_000)
    wait_ready(window)
    panel.strip.files_dropped.emit([str(FOLDER)])
    assert len(window.session.collection.photos) == 8
    QTest.mouseClick(panel.start, LEFT)
    qtbot.waitUntil(lambda: any(frame.border for frame in panel.strip.frames()), timeout=180_000)
    QTest.mouseClick(panel.start, LEFT)
    qtbot.waitUntil(lambda: panel.start.text() == "Congeal", timeout=60_000)
    posed = [bool(one.poses) for one in window.session.collection.photos]
    assert any(posed) and not window.session.collection.joined  # where the cache knows them, all are posed at once
    panel.strip.removed.emit(0)
    assert len(window.session.collection.photos) == 7
    panel.clear_requested.emit()
    assert panel.strip.count() == 0
    undo(window)
    assert panel.strip.count() == 7


def test_the_sample_collection_takes_the_place_of_what_is_open(window, sample, open_sample, qtbot, tmp_path):
    trimesh.creation.box((1, 0.1, 2)).export(tmp_path / "plank.ply")
    window.open_files([str(tmp_path / "plank.ply")])
    qtbot.waitUntil(lambda: "shape 1" in window.session.items, timeout=60_000)
    window.features.collection.controller.add([str(sample["image"])])
    choose(window, "File", "Open sample collection")
    qtbot.waitUntil(lambda: window.session.items["shape 1"].name == "toy.glb", timeout=60_000)
    names = [photo.item.name for photo in window.session.collection.photos]
    assert len(names) == 8 and sample["image"].name not in names
    undo(window, 2)
    assert window.session.items["shape 1"].name == "plank.ply"
    assert [photo.item.name for photo in window.session.collection.photos] == [sample["image"].name]
