"""What was under way for one document, or said about it, does not reach the next."""

import numpy as np
from PySide6.QtCore import Qt

from app.shared.results import AdaptationPoint
from tests.e2e.hands import choose, click_pixel, press


def test_tools_curves_and_work_stay_with_their_document(window, open_sample, qtbot):
    open_sample(window, "image", "shape")
    encoder = window.features.encoder.panel
    press(window, Qt.Key.Key_W)
    assert window.tools.active == "move"
    encoder.show_curve([AdaptationPoint(0, float("nan"), 0.2), AdaptationPoint(9, 0.5, 0.4)])
    window.fail("something is wrong here", "image 1")
    window.features.align.controller.start()
    qtbot.waitUntil(lambda: any(row.request.state == "running" for row in window.tasks.rows), timeout=60_000)
    choose(window, "File", "New")
    assert window.tools.active == "" and encoder.learnt.isHidden() and not encoder.curve.points
    assert not window.errors.bars["image 1"].isVisible()
    qtbot.waitUntil(window.tasks.is_idle, timeout=60_000)
    assert not window.session.aligned and not window.session.items
    assert window.features.align.panel.start.text() == "Align shape to photo"


def test_half_a_pair_belongs_to_its_photo_and_the_hint_says_what_is_next(window, open_sample, sample):
    open_sample(window, "image", "image2", "shape")
    dock, session = window.features.align.panel, window.session
    window.show_feature("align")
    assert "Draw a box" in dock.hint.text()
    press(window, Qt.Key.Key_K)
    click_pixel(window.panels["image 1"], *sample["at"])
    assert "same place on the shape" in window.tools.hint()
    click_pixel(window.panels["image 2"], 300, 300)
    assert "same place on the shape" in window.tools.hint()  # of the second photo, from the beginning
    window.features.align.manual.click("shape 1", (0.0, 0.0, 0.0))
    (one,) = session.aligned.values()
    assert one.image == "image 2" and np.allclose(one.pairs[0].pixel, (300, 300), atol=3)
    window.active.set("image 1")
    assert "Now click" not in window.tools.hint()
    window.tools.take("")
    window.content._set_box("image 1", tuple(sample["box"]))
    assert "box is drawn" in dock.hint.text()  # it asks for no box that is there
