"""The box comes first: the first click asks for it, the view zooms to it, and the status bar says what a click does."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.document.commands import SetBox
from tests.e2e.hands import LEFT, answer, click_pixel, drag, on_view, press


def test_the_first_click_asks_for_the_box_and_becomes_a_pin_in_it(window, open_sample, sample, qtbot):
    open_sample(window, "image", "shape")
    panel, status = window.panels["image 1"], window.guide.message
    assert "box around the object in toy.jpg" in status.text() and not panel.bar.isVisible()
    place = panel.view.geometry()
    click_pixel(panel, *sample["at"])
    assert panel.bar.isVisible() and not window.session.pins and panel.view.geometry() == place
    assert [one.text() for one in panel.bar.buttons] == ["Draw the box", "Match anyway"]
    answer(panel, "Draw the box")
    assert not panel.bar.isVisible() and panel.box_tool.defaultAction().isChecked()
    assert "Drag a box" in status.text()
    x0, y0, x1, y1 = sample["box"]
    drag(panel.view.viewport(), on_view(panel, x0, y0), on_view(panel, x1, y1))
    qtbot.waitUntil(lambda: len(window.session.pins) == 1)
    assert window.session.pins[1].at == pytest.approx(sample["at"], abs=3)
    assert "Click to place a pin" in status.text()


def test_whoever_wants_to_matches_the_whole_photo_and_is_asked_once(window, open_sample, sample):
    open_sample(window, "image", "shape")
    panel = window.panels["image 1"]
    window.tools.click("shape 1", (1.1, 0.35, 0.0))
    answer(panel, "Match anyway")
    assert [pin.slot for pin in window.session.pins.values()] == ["shape 1"] and not panel.bar.isVisible()
    click_pixel(panel, *sample["at"])
    assert len(window.session.pins) == 2 and not panel.bar.isVisible()


def test_a_click_outside_the_box_that_is_drawn_then_is_no_pin(window, open_sample, qtbot):
    open_sample(window, "image", "shape")
    click_pixel(window.panels["image 1"], 20, 20)
    window.session.undo_stack.push(SetBox(window.session, "image 1", (400.0, 300.0, 800.0, 700.0)))
    qtbot.wait(50)
    assert not window.session.pins and not window.panels["image 1"].bar.isVisible()


def test_leaving_the_task_takes_the_question_and_the_tool_back(window, open_sample):
    open_sample(window, "image", "shape")
    panel = window.panels["image 1"]
    click_pixel(panel, 600, 500)
    assert panel.bar.isVisible()
    window.show_feature("parts")
    assert not panel.bar.isVisible()
    panel.box_tool.defaultAction().trigger()
    window.show_feature("matching")
    assert not panel.box_tool.defaultAction().isChecked() and not window.session.pins


def test_the_view_zooms_to_the_box_and_back(window, open_sample, sample):
    open_sample(window, "image")
    panel, view = window.panels["image 1"], window.panels["image 1"].view
    whole = view.zoom
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Z)
    assert view.zoom == pytest.approx(whole)  # there is no box
    window.session.undo_stack.push(SetBox(window.session, "image 1", (400.0, 300.0, 800.0, 700.0)))
    QTest.keyClick(view, Qt.Key.Key_Z)
    assert view.zoom > 1.5 * whole
    window.resize(window.width(), window.height() - 80)
    corners = [on_view(panel, u, v) for u, v in ((400, 300), (800, 700))]
    assert all(view.viewport().rect().contains(one) for one in corners)  # it stays in sight
    (_, zoom, _) = window.features.matching.panel.toolbar_actions
    zoom.trigger()
    assert view.viewport().rect().contains(on_view(panel, 1279, 959))


def test_the_status_bar_says_what_the_next_click_does(window, open_sample):
    open_sample(window, "image")
    status = window.guide.message
    assert "drop a shape" in status.text()
    press(window, Qt.Key.Key_R)
    assert status.text().startswith("Paint the part")
    window.panels["image 1"].box_tool.defaultAction().trigger()
    assert status.text().startswith("Drag a box")
    QTest.keyClick(window.panels["image 1"].view, Qt.Key.Key_Escape)
    assert status.text().startswith("Paint the part")


def test_pairs_say_which_half_is_next(window, open_sample):
    open_sample(window, "image", "shape")
    press(window, Qt.Key.Key_K)
    assert window.guide.message.text().startswith("Click a place in the photo or on the shape")
    QTest.mouseClick(window.panels["image 1"].view.viewport(), LEFT, pos=on_view(window.panels["image 1"], 600, 500))
    assert window.guide.message.text() == "Now click the same place on the shape"
    press(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    press(window, Qt.Key.Key_K)
    assert window.guide.message.text().startswith("Click a place in the photo")


def test_the_object_that_is_looked_for_can_be_taken_as_the_box(window, open_sample, sample, qtbot):
    open_sample(window, "image", "shape")
    panel = window.panels["image 1"]
    qtbot.waitUntil(lambda: panel.view.guess.isVisible(), timeout=120_000)
    assert window.session.items["image 1"].box is None  # a guess is none of the document
    click_pixel(panel, *sample["at"])
    assert [one.text() for one in panel.bar.buttons] == ["Take this box", "Draw the box", "Match anyway"]
    answer(panel, "Take this box")
    assert window.session.items["image 1"].box is not None and not panel.view.guess.isVisible()
    window.session.undo_stack.undo()
    assert window.session.items["image 1"].box is None


def test_a_question_that_changes_while_it_is_seen_has_room(window, open_sample, qtbot):
    open_sample(window, "image")
    bar = window.panels["image 1"].bar
    bar.ask("Short?", (("Yes", lambda: None),))
    qtbot.wait(50)
    bar.ask(
        "A sentence that is long enough to need a second line in a panel of this size. " * 2,
        (("Take this box", print),),
    )
    qtbot.wait(50)
    assert bar.text.height() >= bar.text.heightForWidth(bar.text.width())
    assert bar.buttons[0].height() >= bar.buttons[0].sizeHint().height()
