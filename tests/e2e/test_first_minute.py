"""The tour: six steps of a real job, each ticked when it happened, shown once, left at any time."""

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest

from app.window.main_window import MainWindow, begin
from tests.e2e.hands import CTRL, LEFT, answer, choose, click_pixel, drag, draw_focus_box, on_view, press, undo
from tests.e2e.texts import unreadable


@pytest.fixture
def first(window):
    """A window as it is after the program was started without files for the first time."""
    begin(window, [])
    return window


def step(window) -> str:
    """The number in front of what is to be done now, or "Done"."""
    assert window.tour.card.isVisible()
    return window.tour.card.title.text().split(".")[0]


def ticks(window) -> int:
    return window.tour.card.marks.text().count("✓")


def open_sample_by_card(window, wait_ready, qtbot):
    QTest.mouseClick(window.tour.card.open, LEFT)
    qtbot.waitUntil(lambda: len(window.session.items) == 2, timeout=60_000)
    wait_ready(window)


def test_six_steps_are_ticked_when_they_happened(first, sample, wait_ready, give, tmp_path, qtbot):
    window = first
    panel, session = window.panels["image 1"], window.session
    assert step(window) == "1" and ticks(window) == 0
    press(window, Qt.Key.Key_2, CTRL)
    assert step(window) == "1"  # something else is no harm
    press(window, Qt.Key.Key_1, CTRL)
    open_sample_by_card(window, wait_ready, qtbot)
    assert step(window) == "2" and not session.pins and session.items["image 1"].box is None

    click_pixel(panel, *sample["at"])
    assert step(window) == "3" and panel.bar.isVisible()
    press(window, Qt.Key.Key_2, CTRL)
    assert step(window) == "2"  # the question was left, and the click with it
    press(window, Qt.Key.Key_1, CTRL)
    click_pixel(panel, *sample["at"])
    answer(panel, "Draw the box")
    x0, y0, x1, y1 = sample["box"]
    drag(panel.view.viewport(), on_view(panel, x0, y0), on_view(panel, x1, y1))
    qtbot.waitUntil(lambda: len(session.pins) == 1)
    assert step(window) == "4" and ticks(window) == 3
    undo(window, 2)
    assert step(window) == "2" and ticks(window) == 1
    press(window, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    press(window, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert step(window) == "4"

    press(window, Qt.Key.Key_L, CTRL)
    qtbot.waitUntil(lambda: bool(session.aligned), timeout=120_000)
    assert step(window) == "5" and window.workspace.current == "align"
    press(window, Qt.Key.Key_1, CTRL)
    qtbot.waitUntil(lambda: step(window) == "6", timeout=60_000)
    assert "Good (" in window.features.matching.panel.details.text()

    give(tmp_path / "pins.csv")
    export = window.workspace.export.menu()
    next(one for one in export.actions() if one.text().startswith("Pins as CSV")).trigger()
    assert (tmp_path / "pins.csv").exists() and step(window) == "Done" and ticks(window) == 6
    undo(window, 3)
    assert step(window) == "Done"
    QTest.mouseClick(window.tour.card.leave, LEFT)
    assert not window.tour.card.isVisible()

    window.settings.sync()
    again = MainWindow(QSettings(window.settings.fileName(), QSettings.Format.IniFormat))
    again.show()
    qtbot.waitExposed(again)
    begin(again, [])
    assert not again.tour.card.isVisible()
    choose(again, "Help", "A first minute")
    assert step(again) == "1"
    again.close()


def test_the_tour_is_left_in_the_middle_and_is_in_the_way_of_nothing(first, sample, wait_ready, qtbot):
    window = first
    window.resize(1280, 800)
    open_sample_by_card(window, wait_ready, qtbot)
    draw_focus_box(window.panels["image 1"], sample["box"])
    assert step(window) == "2" and ticks(window) == 2  # in another order
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    assert step(window) == "4"
    for theme in ("light", "dark"):
        window.appearance.set_theme(theme)
        for feature in window.features:
            window.show_feature(feature.name)
            qtbot.wait(100)
            assert window.tour.card.isVisible() and unreadable(window) == [], (theme, feature.name)
            assert (window.width(), window.height()) == (1280, 800)
            if feature.place != "task":
                window.workspace.hide_feature(feature.name)
    QTest.mouseClick(window.tour.card.leave, LEFT)
    assert not window.tour.card.isVisible()
    click_pixel(window.panels["image 1"], *sample["at"])
    press(window, Qt.Key.Key_2, CTRL)
    assert not window.tour.card.isVisible()
    choose(window, "Help", "A first minute")
    assert step(window) == "4" and ticks(window) == 3  # it begins with what is there


def test_who_opens_files_is_shown_no_tour(window, sample, qtbot):
    begin(window, [str(sample["image"])])
    qtbot.waitUntil(lambda: len(window.session.items) == 1, timeout=60_000)
    assert not window.tour.card.isVisible() and not window.settings.contains("tour/seen")
