"""The clicks that a part is marked by: dots over the photo that can be dragged and deleted."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from tests.e2e.hands import CTRL, RIGHT, click_pixel, differs, drag, enter, on_view, press, shown, undo

TRUNK, BODY, BLANKET = (1000, 690), (800, 560), (650, 470)
"""Pixels of the sample's photo."""

DOTS = {"plus": (31, 157, 85), "minus": (208, 52, 60)}
"""Their colours."""


def test_clicks_are_dots_that_are_dragged_and_deleted_and_the_mask_follows(opened, qtbot):
    window, photo, session = opened, opened.panels["image 1"], opened.session
    drafts, view = window.features.parts.drafts, photo.view
    window.show_feature("parts")
    window.features.parts.panel.carries.click()

    def marked():
        qtbot.waitUntil(lambda: drafts.mask is not None, timeout=60_000)
        qtbot.waitUntil(lambda: window.tasks.is_idle() and not window.features.parts.panel.step.text(), timeout=60_000)
        return drafts.mask.array().reshape(960, 1280)

    def dot(u, v):
        """Which dot is there, if any."""
        x, y = on_view(photo, u, v).toTuple()
        color = shown(photo)[y - 4 : y - 2, x + 3 : x + 5].reshape(-1, 3).mean(0)
        return next((name for name, one in DOTS.items() if np.abs(color - one).max() < 25), "")

    assert dot(*TRUNK) == dot(*BODY) == ""
    press(window, Qt.Key.Key_P)
    click_pixel(photo, *TRUNK)
    first = marked()
    click_pixel(photo, *BODY, RIGHT)
    assert not marked()[BODY[1], BODY[0]] and first[TRUNK[1], TRUNK[0]]
    assert dot(*TRUNK) == "plus" and dot(*BODY) == "minus"
    steps = session.undo_stack.index()

    drag(view.viewport(), on_view(photo, *TRUNK), on_view(photo, *BLANKET), wait=20)
    there = marked()
    assert [action.add for action in session.draft.actions] == [True, False]  # moved, and nothing was added
    assert there[BLANKET[1], BLANKET[0]] and not there[TRUNK[1], TRUNK[0]] and not there[BODY[1], BODY[0]]
    assert dot(*BLANKET) == "plus" and session.undo_stack.undoText() == "Move click"
    assert session.undo_stack.index() == steps + 1
    undo(window)
    assert marked()[TRUNK[1], TRUNK[0]] and dot(*TRUNK) == "plus" and dot(*BLANKET) == ""

    enter(photo, qtbot)
    qtbot.waitUntil(view.hasFocus, timeout=30_000)
    click_pixel(photo, *BODY)  # a click on a dot chooses it
    assert len(session.draft.actions) == 2
    QTest.keyClick(view, Qt.Key.Key_Delete)
    marked()
    assert [action.add for action in session.draft.actions] == [True] and dot(*BODY) == ""
    undo(window)
    marked()
    assert dot(*BODY) == "minus"

    click_pixel(photo, *TRUNK, RIGHT)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu) and menu.actions()[0].text() == "Delete click"
    menu.actions()[0].trigger()
    menu.close()
    assert [action.add for action in session.draft.actions] == [False]
    undo(window)
    assert marked()[TRUNK[1], TRUNK[0]]

    seen = shown(photo)
    press(window, Qt.Key.Key_1, CTRL)
    assert differs(shown(photo), seen, 25) > 300 and dot(*TRUNK) != "plus"  # dimmed, for it is another task's
    click_pixel(photo, *TRUNK)
    assert len(session.pins) == 1 and len(session.draft.actions) == 2  # the dot is not in the way there
