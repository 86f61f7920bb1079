"""Parts in the window, really marked: prompts in the photo, paint on the shape, the list, files."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from core.geometry.shape import load_shape
from core.interchange.shape_labels import load_shape_labels
from tests.app.conftest import open_sample_files
from tests.app.test_window import LEFT, on_view, pixels_of, shown

RIGHT = Qt.MouseButton.RightButton


@pytest.fixture
def opened(window, sample, wait_ready, qtbot):
    """The sample's photo with its focus box and its shape, ready, with the parts dock in front."""
    open_sample_files(window, sample, wait_ready, qtbot, "image", "shape")
    window.panels["image 1"]._user_box(tuple(sample["box"]))
    wait_ready(window)
    window.session.undo_stack.setClean()
    window.docks["parts"].raise_()
    return window


def take(window, tool):
    if not window.features.parts.panel.tools[tool].isChecked():
        window.features.parts.panel.tools[tool].trigger()
    assert window.tools.active == tool


def wait_marked(window, qtbot, carried=True):
    def check():
        assert window.features.parts.drafts.marked.candidates and (
            not carried or window.features.parts.drafts.marked.carried
        )
        assert not window.features.parts.panel.step.text()

    qtbot.waitUntil(check, timeout=30_000)


def drag(widget, button, places):
    QTest.mousePress(widget, button, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(widget, place)
        QTest.qWait(5)
    QTest.mouseRelease(widget, button, pos=places[-1])


def test_a_click_in_the_photo_becomes_a_part_of_the_shape(opened, qtbot, wait_ready, tmp_path, sample):
    window = opened
    image, mesh, dock = window.panels["image 1"], window.panels["shape 1"], window.features.parts.panel
    viewport, before = image.view.viewport(), shown(mesh)
    take(window, "point")
    QTest.mouseClick(viewport, LEFT, pos=on_view(image, 1000, 690))
    wait_marked(window, qtbot)
    assert not window.session.pins and "1 of 3" in dock.candidate.text() and "shape 1: good" in dock.title.text()
    carried = window.features.parts.drafts.marked.carried["shape 1"]
    shape = load_shape(sample["shape"])
    center = shape.normalised[shape.faces].mean(axis=1)
    assert len(carried.percent) == len(shape.faces)
    assert np.median(center[carried.percent > 50, 0]) > 0.25  # the trunk
    lit = (np.abs(shown(mesh) - before).max(axis=2) > 40).sum()
    assert lit > 100  # the preview is on the shape before anything is kept
    first = window.features.parts.drafts.mask
    QTest.mouseClick(dock.forward, LEFT)
    assert "2 of 3" in dock.candidate.text() and window.features.parts.drafts.mask is not first
    wait_marked(window, qtbot)
    QTest.mouseClick(viewport, RIGHT, pos=on_view(image, 800, 500))  # the body does not belong to it
    assert [action.add for action in window.session.draft.actions] == [True, False]
    wait_marked(window, qtbot)
    u, v = 800, 500
    assert not window.features.parts.drafts.mask.array().reshape(960, 1280)[v, u]
    strict = [(shown(mesh) != before).any(axis=2).sum() for value in (5, 14) if dock.threshold.setValue(value) is None]
    assert strict[0] > strict[1] > 0  # a higher threshold takes less, live
    dock.threshold.setValue(10)
    QTest.mouseClick(dock.keep, LEFT)
    (part,) = window.session.layers.parts
    assert window.session.draft is None and window.tools.active == "point"  # ready for the next part
    assert set(part.masks) == {"image 1", "shape 1"} and part.masks["shape 1"].size == len(shape.faces)
    assert dock.list.topLevelItem(0).text(0) == "Part 1" and window.isWindowModified()
    near = pixels_of(image.view.grab().toImage())[on_view(image, 1000, 690).y()]
    assert (np.abs(near - [255, 77, 109]).max(axis=1) < 70).sum() > 5  # the part stays, in its colour
    done = []
    window.features.parts.controller.save("shape 1", str(tmp_path / "part.ply"), done.append)
    window.features.parts.controller.save("image 1", str(tmp_path / "part.png"), done.append)
    qtbot.waitUntil(lambda: len(done) == 2, timeout=20_000)
    assert np.array_equal(load_shape_labels(tmp_path / "part.ply").masks[0], part.masks["shape 1"].array())
    window.session.undo_stack.undo()
    assert not window.session.layers.parts and len(window.session.draft.actions) == 2
    for _ in range(3):
        window.session.undo_stack.undo()
    assert window.session.draft is None and not window.isWindowModified()
    qtbot.waitUntil(lambda: (np.abs(shown(mesh) - before).max(axis=2) > 40).sum() < 20)
    window.features.parts.controller.load("shape 1", [str(tmp_path / "part.ply")])
    qtbot.waitUntil(lambda: len(window.session.layers) == 1, timeout=20_000)
    assert window.isWindowModified()


def test_paint_on_the_shape_and_edit_the_list(opened, qtbot, wait_ready):
    window = opened
    image, mesh, dock = window.panels["image 1"], window.panels["shape 1"], window.features.parts.panel
    stack = window.session.undo_stack
    steps = stack.count()
    mesh.set_view("right")
    plotter = mesh.plotter
    shown(mesh)
    middle = QPoint(plotter.width() // 2, plotter.height() // 2)
    assert mesh.pick(QPointF(middle)) is not None
    take(window, "brush")
    before = mesh.plotter.renderer.GetActiveCamera().GetPosition()
    drag(plotter, LEFT, [middle + QPoint(6 * i, 0) for i in range(8)])
    wait_marked(window, qtbot)
    assert mesh.plotter.renderer.GetActiveCamera().GetPosition() == before  # painting does not turn the shape
    assert window.session.draft.slot == "shape 1" and "image 1" in window.features.parts.drafts.marked.carried
    painted = window.features.parts.drafts.mask.count
    take(window, "eraser")
    drag(plotter, LEFT, [middle + QPoint(30, 0), middle + QPoint(42, 0)])
    wait_marked(window, qtbot)
    assert 0 < window.features.parts.drafts.mask.count < painted
    window.features.parts.controller.keep()
    window.features.parts.panel.carries.setChecked(False)
    take(window, "component")
    QTest.mouseClick(plotter, LEFT, pos=middle)
    wait_marked(window, qtbot, carried=False)
    whole = window.features.parts.drafts.mask.count
    window.features.parts.controller.drop()
    take(window, "flood")
    QTest.mouseClick(plotter, LEFT, pos=middle)
    wait_marked(window, qtbot, carried=False)
    assert (
        whole >= window.features.parts.drafts.mask.count > painted and not window.features.parts.drafts.marked.carried
    )
    dock.exclusive.setChecked(False)
    window.features.parts.controller.keep()
    assert [part.name for part in window.session.layers.parts] == ["Part 2", "Part 1"]
    masks = [part.masks["shape 1"].array() for part in window.session.layers.parts]
    assert (masks[0] & masks[1]).any()
    dock.exclusive.setChecked(True)
    held = [part.masks["shape 1"].array() if part.masks else 0 for part in window.session.layers.parts]
    assert not (held[0] & held[1]).any() and np.array_equal(held[0], masks[0])  # the topmost keeps what they shared
    dock.list.topLevelItem(0).setText(0, "body")
    assert window.session.layers.parts[0].name == "body"
    dock.list.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert not window.session.layers.parts[0].visible
    dock.list.clearSelection()
    dock.list.topLevelItem(1).setSelected(True)
    QTest.mouseClick(dock.buttons["up"], LEFT)
    assert [part.name for part in window.session.layers.parts] == ["Part 1", "body"]
    dock.list.selectAll()
    QTest.mouseClick(dock.buttons["merge"], LEFT)
    (one,) = window.session.layers.parts
    assert one.masks["shape 1"].count == (masks[0] | masks[1]).sum()
    dock.list.selectAll()
    QTest.mouseClick(dock.buttons["mark"], LEFT)
    take(window, "eraser")
    dock.brush.setValue(60)
    drag(plotter, LEFT, [middle, middle + QPoint(5, 0)])
    wait_marked(window, qtbot, carried=False)
    window.features.parts.controller.keep()
    assert window.session.layers.parts[0].masks["shape 1"].count < one.masks["shape 1"].count
    dock.list.selectAll()
    QTest.mouseClick(dock.buttons["delete"], LEFT)
    assert not window.session.layers.parts
    while stack.index() > steps:
        stack.undo()
    assert not window.session.layers.parts and window.session.draft is None and not window.isWindowModified()
    while stack.canRedo():
        stack.redo()
    assert not window.session.layers.parts
    image.view.setFocus()
    take(window, "lasso")
    drag(
        image.view.viewport(),
        LEFT,
        [on_view(image, u, v) for u, v in ((925, 600), (1072, 600), (1078, 740), (955, 740))],
    )
    wait_marked(window, qtbot, carried=False)
    assert window.features.parts.drafts.marked.candidates[0][1] == 1.0 and dock.candidate.text() == "1 of 3 · as drawn"
    take(window, "box")
    drag(image.view.viewport(), LEFT, [on_view(image, 550, 340), on_view(image, 700, 500)])
    wait_marked(window, qtbot, carried=False)
    assert [action.tool for action in window.session.draft.actions] == ["lasso", "box"]
    window.panels["image 1"].files_dropped.emit([window.session.items["image 1"].path])  # opened anew: the draft goes
    qtbot.waitUntil(lambda: window.session.draft is None, timeout=20_000)
