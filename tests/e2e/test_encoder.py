"""The encoder is changed, measured and adapted."""

import os
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.document import commands
from app.shared.values import Correction
from tests.e2e.hands import LEFT, click_pixel, errors


def test_shapes_can_be_described_from_their_points(opened, wait_ready, qtbot, sample):
    window = opened
    click_pixel(window.panels["image 1"], *sample["at"])
    wait_ready(window)
    from_views = window.session.pins[1].answers["shape 1"]
    window.show_feature("encoder")
    QTest.keyClick(window.features.encoder.panel.points, Qt.Key.Key_Down)
    assert not window.features.encoder.panel.azimuths.isEnabled()
    QTest.mouseClick(window.features.encoder.panel.apply, LEFT)
    assert window.session.encoder.points
    wait_ready(window)
    answer = window.session.pins[1].answers["shape 1"]
    assert not np.allclose(answer.heat, from_views.heat) and answer.location[0] > 0.5  # still the trunk


def test_another_encoder_rebuilds_and_can_be_cancelled(opened, qtbot, wait_ready):

    window = opened
    window.features.encoder.panel.samples.setValue(300_000)
    window.features.encoder.panel.azimuths.setValue(36)
    assert window.features.encoder.panel.apply.isEnabled()
    window.features.encoder.panel.apply.click()
    qtbot.waitUntil(lambda: not window.tasks.is_idle())
    qtbot.wait(1500)
    while not window.tasks.is_idle():
        window.tasks._cancel()
        qtbot.wait(300)
    assert not window.requests.is_ready("shape 1")
    window.session.set_encoder(replace(window.session.encoder, samples=3000, azimuths=4))
    wait_ready(window)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_encoder_adapts_to_the_open_shape(opened, wait_ready, qtbot, tmp_path, monkeypatch, sample):
    """A short run makes a file, which is used at once, and can be switched off to compare on the same pins."""
    window, dock = opened, opened.features.encoder.panel
    monkeypatch.setattr("app.window.encoder.controller.QStandardPaths.writableLocation", lambda _: str(tmp_path))
    window.show_feature("encoder")
    dock.minutes.setValue(0.5)  # enough for a few steps on a busy machine
    place = tuple(window.panels["shape 1"]._shape.polydata.GetPoint(0))
    right = Correction("image 1", tuple(map(float, sample["at"])), "shape 1", place)
    window.session.undo_stack.push(commands.SetCorrections(window.session, "Put right", (right,)))
    shown = []
    monkeypatch.setattr(dock, "show_curve", lambda curve, real=dock.show_curve: (shown.append(len(curve)), real(curve)))
    qtbot.mouseClick(dock.adapt, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.encoder.adapter is not None, timeout=300_000)
    made = window.session.encoder.adapter
    assert made == str(tmp_path / "adapters" / "toy-1.safetensors") and len(dock.curve.points) > 1
    assert (
        "of the places were found on the shape" in dock.learnt.text() and shown[0] == 1 and len(dock.curve.faint) >= 1
    )  # told while it ran
    wait_ready(window)
    dock.adapted.setChecked(False)
    assert window.session.encoder.adapter is None and dock.adapter.text() == made
    dock.adapted.setChecked(True)
    assert window.session.encoder.adapter == made


def test_encoders_are_measured_side_by_side(opened, qtbot, monkeypatch):
    window, page = opened, opened.features.encoder.controller.page
    window.show_feature("encoder")
    qtbot.mouseClick(window.features.encoder.panel.measure, LEFT)
    assert page.isVisible()
    page.beside.setText("pocket")
    told = []
    monkeypatch.setattr(
        page, "show_measured", lambda m, done, real=page.show_measured: (told.append(done), real(m, done))
    )
    qtbot.mouseClick(page.measure, LEFT)
    qtbot.waitUntil(lambda: page.report.isEnabled(), timeout=60_000)
    assert told == [False, True] and page.measure.isEnabled()
    assert page.table.item(0, 0).text() == "pocket" and page.table.rowCount() == 1
    (shown,) = window.features.encoder.controller.page.bars.rows
    assert 0 < shown["pcdp@0.05"] <= shown["pcdp@0.2"] <= 1
    assert page.bad.pixmap().height() == page.good.pixmap().height() == 150
    opened_urls = []
    monkeypatch.setattr("app.window.encoder.controller.QDesktopServices.openUrl", opened_urls.append)
    qtbot.mouseClick(page.report, LEFT)
    assert os.path.exists(opened_urls[0].toLocalFile())
    page.data.setCurrentText("onepose:/nowhere")
    qtbot.mouseClick(page.measure, LEFT)
    qtbot.waitUntil(lambda: "OnePose" in page.state.text())
    assert "OnePose" in "".join(errors(window).values())
    page.close()
