"""A view's first pictures, before there is a shape: programs of the graphics card are made in them, one after another."""

from typing import Any

import numpy as np

from app.window.views.drawable import Drawable
from app.window.views.scene import ShapeActor
from core.geometry.display import DisplayMesh

DOT = 1e-3
"""The size of the triangle that is drawn, as a fraction of its distance."""


class Warming:
    """Draws nothing, then a dot, on a plotter that shows no shape yet."""

    def __init__(self, plotter: Any):
        self._plotter = plotter
        self._dot: ShapeActor | None = None

    def step(self) -> bool:
        """Go a step further; whether there are more to come."""
        plotter = self._plotter
        if not plotter.isVisible() or plotter.pictures > 1:
            self.end()
            return False
        if plotter.pictures == 1 and self._dot is None:
            self._dot = ShapeActor(Drawable(_triangle(plotter.renderer.GetActiveCamera())))
            plotter.renderer.AddActor(self._dot.actor)
            plotter.update()
        return True

    def end(self) -> None:
        """Take the dot away."""
        if self._dot is not None:
            self._plotter.renderer.RemoveActor(self._dot.actor)
            self._dot = None


def _triangle(camera: Any) -> DisplayMesh:
    """A triangle in the middle of what a camera sees."""
    at, size = np.array(camera.GetFocalPoint()), DOT * camera.GetDistance()
    points = at + size * np.array([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)])
    normals = np.tile(np.array([0.0, 0.0, 1.0], np.float32), (3, 1))
    return DisplayMesh(points, np.array([[0, 1, 2]], np.int32), normals, None, None, None, np.zeros(1, np.int32))
