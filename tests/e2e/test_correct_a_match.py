"""A wrong match is dragged to the right place."""

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt

from tests.e2e.hands import choose, click_pixel, click_shape, drag, hover, on_view, undo


def test_a_wrong_match_is_dragged_to_the_right_place(opened, wait_ready, sample, qtbot):
    window = opened
    image, mesh = window.panels["image 1"], window.panels["shape 1"]
    click_pixel(image, *sample["at"])
    wait_ready(window)
    pin = window.session.pins[1]
    found = pin.answers["shape 1"].location
    mesh.set_view("right")  # the trunk points at the camera
    mesh._render()
    start = mesh.world_to_widget(found).toPoint()
    end = start + QPoint(-40, 40)
    right = mesh.pick(QPointF(end))
    assert right is not None
    drag(mesh.plotter, start, end)
    qtbot.waitUntil(lambda: len(window.session.corrections) == 1)
    wait_ready(window)
    np.testing.assert_allclose(pin.answers["shape 1"].location, right, atol=0.02)
    assert pin.answers["shape 1"].verdict == "good" and len(window.session.pins) == 1
    assert "corrected by hand" in window.features.matching.panel.details.text()
    drag(mesh.plotter, mesh.world_to_widget(pin.answers["shape 1"].location).toPoint(), QPoint(4, 40))
    assert "stays where it was" in window.statusBar().currentMessage() and len(window.session.corrections) == 1
    undo(window)
    wait_ready(window)
    np.testing.assert_allclose(pin.answers["shape 1"].location, found, atol=1e-4)
    # and in the image: the match of a pin on the shape
    click_shape(mesh, np.array(found) + (0.0, 0.1, 0.0))  # beside the mark of the first, which would be selected
    wait_ready(window)
    u, v = window.session.pins[2].answers["image 1"].location
    x0, y0, *_ = sample["box"]
    told = {(u, v): "OpenHand", tuple(sample["at"]): "PointingHand", (x0 - 60, y0 - 60): "Cross", (x0, y0): "SizeFDiag"}
    for place, what in told.items():  # what a press would do: drag the match, choose the pin, place one, move the box
        hover(image.view.viewport(), on_view(image, *place), Qt.KeyboardModifier.NoModifier)
        assert image.view.viewport().cursor().shape().name == f"{what}Cursor"
    drag(image.view.viewport(), on_view(image, u, v), on_view(image, u - 60, v + 40))
    wait_ready(window)
    np.testing.assert_allclose(window.session.pins[2].answers["image 1"].location, (u - 60, v + 40), atol=2)
    choose(window, "Edit", "Forget corrected matches")
    wait_ready(window)
    np.testing.assert_allclose(window.session.pins[2].answers["image 1"].location, (u, v), atol=1e-3)
