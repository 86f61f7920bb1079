"""What is doubted about a pin has its next step beside it."""

from dataclasses import replace

import pytest
from PySide6.QtTest import QTest

from app.shared.values import PoseInPhoto
from core.alignment.rivals import half_turns
from core.geometry.pose import Pose
from core.geometry.shape import load_shape
from tests.e2e.hands import LEFT, answer, click_pixel, draw_focus_box, undo


def offered(window):
    """The buttons that are seen below the list, by their texts."""
    return {one.text(): one for one in window.features.matching.panel.steps if not one.isHidden()}


def test_a_pin_outside_the_box_enlarges_it(opened, sample, wait_ready, qtbot):
    window, session = opened, opened.session
    x0, y0, x1, y1 = sample["box"]
    at = x0 + 0.25 * (x1 - x0), y0 + 0.5 * (y1 - y0)
    click_pixel(window.panels["image 1"], *at)
    wait_ready(window)
    (pin,) = session.pins.values()
    small = (x0 + 0.4 * (x1 - x0), y0 + 0.1 * (y1 - y0), x1, y1)  # beside the handles of the box that is there
    draw_focus_box(window.panels["image 1"], small)
    qtbot.waitUntil(lambda: bool(pin.problem), timeout=60_000)
    QTest.mouseClick(offered(window)["Enlarge the box"], LEFT)
    wait_ready(window)
    assert pin.answers and not pin.problem and "Enlarge the box" not in offered(window)
    box = session.items["image 1"].box
    assert box[0] < pin.at[0] and box[1:] == pytest.approx(small[1:], abs=2)
    undo(window)
    assert session.items["image 1"].box == pytest.approx(small, abs=2)


def test_an_object_that_was_looked_for_gets_a_box_and_its_rivals_are_shown(
    window, open_sample, sample, wait_ready, qtbot
):
    open_sample(window, "image", "shape")
    session, panel = window.session, window.panels["image 1"]
    qtbot.waitUntil(lambda: session.guide("image 1", "shape 1") is not None, timeout=120_000)
    click_pixel(panel, *sample["at"])
    answer(panel, "Match anyway")
    wait_ready(window)
    pin = session.pins[session.current]
    assert "sought" in pin.answers["shape 1"].reasons
    QTest.mouseClick(offered(window)["Draw the box"], LEFT)
    assert panel.box_tool.isChecked()
    K, lens, (best, *_) = session.guide("image 1", "shape 1")
    pose, shape = best.pose(), load_shape(sample["shape"])
    R = half_turns(pose)[1]
    turned = PoseInPhoto.of(Pose(R, pose(shape.center) - R @ shape.center), best.score, best.similarity, best.overlap)
    guide = K, lens, (replace(best, probability=0.5, reasons=("mirror",)), replace(turned, probability=0.4))
    session.set_likely(("image 1", "shape 1"), True, guide)  # an object that looks alike from behind
    wait_ready(window)
    assert "mirror" in pin.answers["shape 1"].reasons and "pose" not in pin.answers["shape 1"].reasons
    QTest.mouseClick(offered(window)["Show rivals"], LEFT)
    assert window.workspace.current == "align"
    assert window.features.align.panel.list.count() == len(guide[2])
    assert session.guide("image 1", "shape 1") == guide  # matches go through what they went through
    undo(window)
    assert not session.aligned
