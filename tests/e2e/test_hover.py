"""The live preview under the mouse."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tests.e2e.hands import hover, on_view


def test_hover_with_shift_is_live_and_passes(opened, qtbot, sample, wait_ready):
    window, image = opened, opened.panels["image 1"]
    answers = []
    window.features.matching.controller.hovered.connect(lambda slot, a: answers.append(a))
    base = on_view(image, *sample["at"])
    for step in range(12):
        hover(image.view.viewport(), base - QPoint(3 * step, 2 * step))
        qtbot.wait(5)
    qtbot.waitUntil(lambda: bool(answers), timeout=60_000)
    qtbot.waitUntil(lambda: window.panels["shape 1"]._heat is not None)
    QTest.keyRelease(image.view, Qt.Key.Key_Shift)
    qtbot.wait(200)
    assert window.panels["shape 1"]._heat is None and not window.session.pins
