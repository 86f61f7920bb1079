"""What was read enters in the order in which it came, a step at a time."""

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.shared.results import OpenedShape
from app.window.preload import Preload
from app.window.staging import Staging
from app.window.views.canvas import Canvas
from app.window.views.drawable import Drawable
from app.window.views.mesh import MeshPanel
from app.window.views.outline import WIDTH
from core.geometry.display import DisplayMesh


class Shown:
    def show_panel(self, slot, on):
        self.last = slot, on


@pytest.fixture
def panel(qtbot):
    panel = MeshPanel()
    panel.resize(300, 300)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    panel.close_panel()
    panel.deleteLater()


def shape():
    points = np.eye(3)
    normals = points.astype(np.float32)
    return OpenedShape(
        DisplayMesh(points, np.array([[0, 1, 2]], np.int32), normals, None, None, None, np.zeros(1, np.int32)),
        1,
        3,
        1.0,
        [],
    )


def test_a_new_view_is_its_background_before_it_is_drawn_and_before_it_is_shown(panel, qtbot, monkeypatch):
    drawn, paint = [], Canvas.paintGL
    monkeypatch.setattr(Canvas, "paintGL", lambda self: (paint(self), drawn.append(self.pictures)))
    assert not panel.show_canvas() and panel.show_canvas()
    qtbot.waitUntil(lambda: drawn[-1:] == [1], timeout=20_000)
    assert drawn.count(0) >= 2 and not any(drawn[:-1])  # a busy machine may ask for one more before it is shown


def test_a_shape_is_made_ready_beside_the_window_and_what_came_later_waits(panel, qtbot, monkeypatch):
    preload, columns = Preload(), Shown()
    preload.start()
    staging = Staging(preload, {"shape 1": panel, "image 1": QWidget()}, columns)
    entered, turns = [], []
    QTimer.singleShot(0, lambda: turns.append(len(entered)))
    content = shape()
    staging("shape 1", content, lambda: entered.append("shape"))
    staging("image 1", np.zeros((2, 2, 3), np.uint8), lambda: entered.append("photo"))
    qtbot.waitUntil(lambda: entered == ["shape", "photo"], timeout=20_000)
    assert turns == [0] and isinstance(content.mesh, Drawable) and columns.last == ("shape 1", True)
    assert panel.plotter.pictures >= 2  # empty, and with a dot: what the card needs was made before the shape came
    before = panel.plotter.pictures
    panel.set_mesh(content.mesh)
    panel.resize(310, 300)
    assert panel.plotter.width() == 310 - 2 * WIDTH and panel.plotter.pictures == before  # drawn in a turn of its own
    qtbot.waitUntil(lambda: panel.plotter.pictures > before, timeout=20_000)
    qtbot.wait(600)  # edges are smoothed in one more picture
    drawn = panel.plotter.pictures
    monkeypatch.setattr(Canvas, "_took", 1.0)  # a slow display
    panel.resize(320, 310)
    assert (
        panel.plotter.width() == 320 - 2 * WIDTH and panel.plotter.pictures == drawn
    )  # none within the change of size
    qtbot.waitUntil(lambda: panel.plotter.pictures > drawn, timeout=20_000)
    staging("shape 1", shape(), lambda: entered.append("late"))
    staging.stop()
    qtbot.wait(100)
    assert "late" not in entered
    preload.wait()
