"""A shape far from the origin looks the same in its panel and is clicked to a millionth of its size."""

import numpy as np
import pytest

from app.window.views.marks import PinMark
from app.window.views.mesh import MeshPanel
from core.geometry.display import display_mesh
from core.geometry.pose import Pose, frustum, intrinsics
from core.geometry.shape import make_shape
from tests.conftest import ball

OFFSETS = ([450123.4, 4649776.25, 312.7], [-3e7, 2e6, 9e7])


@pytest.fixture
def panel(qtbot):
    panel = MeshPanel()
    qtbot.addWidget(panel)
    panel.resize(420, 420)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    panel.close_panel()


def looked_at(panel: MeshPanel, offset: list[float], cloud: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture, what some places of the widget hit, and where those appear; all relative to ``offset``."""
    vertices, faces = ball(8)
    shape = make_shape(vertices * [1, 0.6, 0.4] + offset, None if cloud else faces)
    panel.set_mesh(display_mesh(shape), "far")
    pose, K = Pose(np.eye(3), np.array([0, 0, 4.0]) - shape.center), intrinsics((100, 80))
    panel.set_frustum("photo", frustum(pose, K, (100, 80), panel.middle()))
    panel.set_view("corner")
    eye = np.array(panel.plotter.renderer.GetActiveCamera().GetPosition())
    front = shape.vertices[np.argsort(np.linalg.norm(shape.vertices - eye, axis=1))[[0, 5, 9]]]
    places = [panel.world_to_widget(point) for point in front]
    points = np.array([panel.pick(place) for place in places])
    panel.set_marks([PinMark(1, tuple(map(float, points[1])), "#ff0000", "pin", "source")])
    panel._render()
    picture = np.asarray(panel.plotter.screenshot(return_img=True)).astype(int)
    back = [panel.world_to_widget(point) for point in points]
    return picture, points - offset, np.array([(at.x(), at.y()) for at in back])


@pytest.mark.parametrize("cloud", [False, True])
@pytest.mark.parametrize("offset", OFFSETS)
def test_it_looks_and_answers_as_beside_the_origin(panel, offset, cloud):
    near, far = (looked_at(panel, at, cloud) for at in ([0.0, 0, 0], offset))
    assert (np.abs(near[0] - far[0]).max(axis=-1) > 12).mean() < 2e-3
    assert np.abs(near[1] - far[1]).max() < 2e-6
    assert np.abs(near[2] - far[2]).max() < 0.05
