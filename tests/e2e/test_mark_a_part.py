"""Parts marked in the photo and on the shape, kept, and found on the other panels."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from app.window.views.verdicts import words
from core.geometry.shape import load_shape
from core.interchange.shape_labels import load_shape_labels
from tests.e2e.hands import (
    LEFT,
    RIGHT,
    SHIFT,
    choose,
    click_pixel,
    differs,
    drag,
    middle_of,
    on_view,
    pixels_of,
    press,
    shown,
    undo,
)

TRUNK, BODY = (1000, 690), (800, 500)
"""Pixels of the sample's photo."""


@pytest.fixture
def parts(opened, qtbot):
    """Photo, shape and its poses, nothing to save, with the parts dock in front."""
    qtbot.waitUntil(lambda: None not in opened.session.likely.values(), timeout=120_000)
    opened.session.undo_stack.setClean()
    opened.show_feature("parts")
    return opened


def take(window, key, modifiers=Qt.KeyboardModifier.NoModifier):
    """Take a tool up by its key."""
    before = window.tools.active
    press(window, key, modifiers)
    assert window.tools.active and window.tools.active != before


def wait_marked(window, qtbot, carried=True):
    def check():
        marked = window.features.parts.drafts.marked
        assert marked.candidates and (not carried or marked.carried)
        assert not window.features.parts.panel.step.text()

    qtbot.waitUntil(check, timeout=60_000)


def mark_trunk(window, qtbot):
    take(window, Qt.Key.Key_P)
    click_pixel(window.panels["image 1"], *TRUNK)
    wait_marked(window, qtbot)


def paint(window, qtbot, carried=True):
    """A stroke of the brush on the side of the shape; returns where it begins."""
    mesh = window.panels["shape 1"]
    mesh.set_view("right")
    shown(mesh)
    middle = middle_of(mesh)
    assert mesh.pick(QPointF(middle)) is not None
    if window.tools.active != "brush":
        take(window, Qt.Key.Key_R)
    drag(mesh.plotter, *(middle + QPoint(6 * i, 0) for i in range(8)), wait=5)
    wait_marked(window, qtbot, carried)
    return middle


def test_a_click_in_the_photo_is_found_on_the_shape(parts, qtbot, sample):
    window, mesh, dock = parts, parts.panels["shape 1"], parts.features.parts.panel
    before = shown(mesh)
    mark_trunk(window, qtbot)
    assert not window.session.pins and "1 of 3" in dock.candidate.text() and "Shape 1: " in dock.title.text()
    carried = window.features.parts.drafts.marked.carried["shape 1"]
    shape = load_shape(sample["shape"])
    center = shape.normalised[shape.faces].mean(axis=1)
    assert len(carried.percent) == len(shape.faces)
    assert np.median(center[carried.percent > 50, 0]) > 0.25  # the trunk
    assert differs(shown(mesh), before) > 100  # the preview is on the shape before anything is kept
    lit = []
    for steps in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp, Qt.Key.Key_PageUp):
        QTest.keyClick(dock.threshold, steps)
        lit.append(differs(shown(mesh), before, 0))
    assert lit[0] > lit[2] > 0  # a higher threshold takes less, live


def test_candidates_and_what_does_not_belong_to_it(parts, qtbot):
    window, dock, drafts = parts, parts.features.parts.panel, parts.features.parts.drafts
    mark_trunk(window, qtbot)
    first = drafts.mask
    press(window, Qt.Key.Key_N)
    assert "2 of 3" in dock.candidate.text() and drafts.mask is not first
    press(window, Qt.Key.Key_N, SHIFT)
    assert "1 of 3" in dock.candidate.text() and drafts.mask is first
    QTest.mouseClick(dock.forward, LEFT)
    assert "2 of 3" in dock.candidate.text()
    wait_marked(window, qtbot)
    click_pixel(window.panels["image 1"], *BODY, RIGHT)
    assert [action.add for action in window.session.draft.actions] == [True, False]
    wait_marked(window, qtbot)
    assert not drafts.mask.array().reshape(960, 1280)[BODY[1], BODY[0]]


def test_a_part_is_kept_saved_undone_and_read(parts, qtbot, give, tmp_path, sample):
    window, dock, before = parts, parts.features.parts.panel, shown(parts.panels["shape 1"])
    image, mesh = window.panels["image 1"], window.panels["shape 1"]
    mark_trunk(window, qtbot)
    press(window, Qt.Key.Key_Return)
    (part,) = window.session.layers.parts
    assert window.session.draft is None and window.tools.active == "point"  # ready for the next part
    assert set(part.masks) == {"image 1", "shape 1"}
    assert part.masks["shape 1"].size == len(load_shape(sample["shape"]).faces)
    assert dock.list.topLevelItem(0).text(0) == "Part 1" and window.isWindowModified()
    sure = part.masks["shape 1"].sure
    assert sure is not None and part.masks["image 1"].sure is None  # found by the program, and marked by hand
    assert dock.list.topLevelItem(0).text(2) == words(sure.verdict, sure.probability) != ""
    assert dock.list.topLevelItem(0).toolTip(2).startswith("Shape 1: ")
    near = pixels_of(image.view.grab().toImage())[on_view(image, *TRUNK).y()]
    assert (np.abs(near - [255, 77, 109]).max(axis=1) < 70).sum() > 5  # the part stays, in its colour
    for panel, name in ((mesh, "part.ply"), (image, "part.png")):
        panel.activated.emit()
        give(tmp_path / name)
        choose(window, "Parts", "Save labels of this panel")
        qtbot.waitUntil((tmp_path / name).exists, timeout=60_000)
    qtbot.waitUntil(window.tasks.is_idle, timeout=60_000)
    assert np.array_equal(load_shape_labels(tmp_path / "part.ply").masks[0], part.masks["shape 1"].array())
    undo(window)
    assert not window.session.layers.parts and len(window.session.draft.actions) == 1
    undo(window)
    assert window.session.draft is None and not window.isWindowModified()
    qtbot.waitUntil(lambda: differs(shown(mesh), before) < 20)
    mesh.activated.emit()
    give(tmp_path / "part.ply")
    choose(window, "Parts", "Open labels")
    qtbot.waitUntil(lambda: len(window.session.layers) == 1, timeout=60_000)
    assert window.isWindowModified()


def test_brush_and_eraser_on_the_shape(parts, qtbot):
    window, mesh, drafts = parts, parts.panels["shape 1"], parts.features.parts.drafts
    mesh.set_view("right")
    before = mesh.view_state()
    middle = paint(window, qtbot)
    assert mesh.view_state() == before  # painting does not turn the shape
    assert window.session.draft.slot == "shape 1" and "image 1" in drafts.marked.carried
    painted = drafts.mask.count
    take(window, Qt.Key.Key_R, SHIFT)
    drag(mesh.plotter, middle + QPoint(30, 0), middle + QPoint(42, 0), wait=5)
    wait_marked(window, qtbot)
    assert 0 < drafts.mask.count < painted


def test_pieces_creases_and_parts_that_overlap(parts, qtbot):
    window, mesh, dock = parts, parts.panels["shape 1"], parts.features.parts.panel
    drafts = window.features.parts.drafts
    middle = paint(window, qtbot)
    painted = drafts.mask.count
    press(window, Qt.Key.Key_Return)
    dock.carries.click()
    assert not window.session.marking.carries
    take(window, Qt.Key.Key_C)
    QTest.mouseClick(mesh.plotter, LEFT, pos=middle)
    wait_marked(window, qtbot, carried=False)
    whole = drafts.mask.count
    press(window, Qt.Key.Key_Escape)
    assert window.session.draft is None and window.tools.active == "component"
    take(window, Qt.Key.Key_G)
    QTest.mouseClick(mesh.plotter, LEFT, pos=middle)
    wait_marked(window, qtbot, carried=False)
    assert whole >= drafts.mask.count > painted and not drafts.marked.carried
    dock.exclusive.click()
    press(window, Qt.Key.Key_Return)
    assert [part.name for part in window.session.layers.parts] == ["Part 2", "Part 1"]
    masks = [part.masks["shape 1"].array() for part in window.session.layers.parts]
    assert (masks[0] & masks[1]).any()
    dock.exclusive.click()
    held = [part.masks["shape 1"].array() if part.masks else 0 for part in window.session.layers.parts]
    assert not (held[0] & held[1]).any() and np.array_equal(held[0], masks[0])  # the topmost keeps what they shared


def test_the_list_of_parts_is_edited_and_all_of_it_undone(parts, qtbot):
    window, dock, session = parts, parts.features.parts.panel, parts.session
    stack, steps = session.undo_stack, session.undo_stack.index()
    middle = paint(window, qtbot)
    press(window, Qt.Key.Key_Return)
    dock.carries.click()
    take(window, Qt.Key.Key_G)
    QTest.mouseClick(window.panels["shape 1"].plotter, LEFT, pos=middle)
    wait_marked(window, qtbot, carried=False)
    press(window, Qt.Key.Key_Return)
    dock.list.topLevelItem(0).setText(0, "body")
    assert session.layers.parts[0].name == "body"
    dock.list.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert not session.layers.parts[0].visible
    dock.list.clearSelection()
    dock.list.topLevelItem(1).setSelected(True)
    QTest.mouseClick(dock.buttons["up"], LEFT)
    assert [part.name for part in session.layers.parts] == ["Part 1", "body"]
    counts = [part.masks["shape 1"].count if "shape 1" in part.masks else 0 for part in session.layers.parts]
    dock.list.selectAll()
    QTest.mouseClick(dock.buttons["merge"], LEFT)
    (one,) = session.layers.parts
    assert max(counts) <= one.masks["shape 1"].count <= sum(counts)
    dock.list.selectAll()
    QTest.mouseClick(dock.buttons["mark"], LEFT)
    take(window, Qt.Key.Key_R, SHIFT)
    brush = dock.brush.value()
    for _ in range(5):
        press(window, Qt.Key.Key_BracketRight)
    assert dock.brush.value() == brush + 20
    drag(window.panels["shape 1"].plotter, middle, middle + QPoint(5, 0), wait=5)
    wait_marked(window, qtbot, carried=False)
    press(window, Qt.Key.Key_Return)
    assert session.layers.parts[0].masks["shape 1"].count < one.masks["shape 1"].count
    dock.list.selectAll()
    QTest.mouseClick(dock.buttons["delete"], LEFT)
    assert not session.layers.parts
    undo(window, stack.index() - steps)
    assert not session.layers.parts and session.draft is None and not window.isWindowModified()
    assert session.marking.carries and dock.carries.isChecked()
    while stack.canRedo():
        press(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert not session.layers.parts


def test_outline_and_box_in_the_photo(parts, qtbot):
    window, image, dock = parts, parts.panels["image 1"], parts.features.parts.panel
    dock.carries.click()
    take(window, Qt.Key.Key_L)
    outline = ((925, 600), (1072, 600), (1078, 740), (955, 740))
    drag(image.view.viewport(), *(on_view(image, u, v) for u, v in outline), wait=5)
    wait_marked(window, qtbot, carried=False)
    assert window.features.parts.drafts.marked.candidates[0][1] == 1.0 and dock.candidate.text() == "1 of 3 · as drawn"
    take(window, Qt.Key.Key_X)
    drag(image.view.viewport(), on_view(image, 550, 340), on_view(image, 700, 500), wait=5)
    wait_marked(window, qtbot, carried=False)
    assert [action.tool for action in window.session.draft.actions] == ["lasso", "box"]
    image.files_dropped.emit([window.session.items["image 1"].path])  # opened anew: the draft goes
    qtbot.waitUntil(lambda: window.session.draft is None, timeout=60_000)


def test_a_kept_part_stays_selected_and_mark_more_is_on_until_it_is_left(parts, qtbot):
    window, dock, session = parts, parts.features.parts.panel, parts.session
    mark, mesh = dock.buttons["mark"], parts.panels["shape 1"]
    dock.carries.click()
    middle = paint(window, qtbot, carried=False)
    assert not mark.isEnabled() and not dock.target.isVisible()  # the title says what it becomes
    press(window, Qt.Key.Key_Return)
    (first,) = session.layers.parts
    assert dock.chosen() == [first.part_id]
    assert dock.target.text() == "What you mark is a new part; Mark more adds to Part 1."
    QTest.mouseClick(mark, LEFT)
    assert mark.isChecked() and dock.target.text() == "What you mark changes Part 1."
    drag(mesh.plotter, middle + QPoint(0, 30), middle + QPoint(12, 30), wait=5)
    wait_marked(window, qtbot, carried=False)
    press(window, Qt.Key.Key_Return)
    (more,) = session.layers.parts
    assert more.masks["shape 1"].count > first.masks["shape 1"].count and mark.isChecked()
    QTest.mouseClick(mark, LEFT)
    drag(mesh.plotter, middle + QPoint(0, 60), middle + QPoint(12, 60), wait=5)
    wait_marked(window, qtbot, carried=False)
    press(window, Qt.Key.Key_Return)
    assert [part.name for part in session.layers.parts] == ["Part 2", "Part 1"]
    assert dock.chosen() == [session.layers.parts[0].part_id]
    QTest.mouseClick(mark, LEFT)
    QTest.mouseClick(dock.list.viewport(), LEFT, pos=dock.list.visualItemRect(dock.list.topLevelItem(1)).center())
    assert mark.isChecked() and dock.target.text() == "What you mark changes Part 1."  # it follows the selection
    press(window, Qt.Key.Key_Escape)
    assert window.tools.active == "" and not mark.isChecked() and not dock.target.isVisible()


def test_a_mask_made_by_hand_is_changed_by_hand_only(window, open_sample, qtbot):
    open_sample(window, "image", "shape")
    dock, session = window.features.parts.panel, window.session
    photo = window.panels["image 1"]
    take(window, Qt.Key.Key_R)
    drag(photo.view.viewport(), on_view(photo, 950, 650), on_view(photo, 1050, 720), wait=5)
    wait_marked(window, qtbot)
    press(window, Qt.Key.Key_Return)
    before = session.layers.parts[0].masks
    assert before["image 1"].by_hand and not before["shape 1"].by_hand
    dock.list.selectAll()
    QTest.mouseClick(dock.buttons["mark"], LEFT)
    paint(window, qtbot, carried=False)  # what was found on the shape is put right
    press(window, Qt.Key.Key_Return)
    after = session.layers.parts[0].masks
    assert after["image 1"] == before["image 1"] and after["shape 1"] != before["shape 1"]
    assert after["shape 1"].by_hand and after["shape 1"].sure is None
    QTest.mouseClick(dock.buttons["mark"], LEFT)
    drag(photo.view.viewport(), on_view(photo, 600, 450), on_view(photo, 640, 470), wait=5)
    wait_marked(window, qtbot)
    press(window, Qt.Key.Key_Return)  # another part, found where the first was painted or not
    assert next(part for part in session.layers.parts if part.part_id == 1).masks["shape 1"] == after["shape 1"]
