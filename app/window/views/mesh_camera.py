"""Where a shape is seen from: fitted into the panel, from standard sides, as a photo's camera sees it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.geometry.viewpoints import view_directions

ROOM = 1.04
"""A shape that is fitted into the panel is this much smaller than the panel."""


class MeshCamera:
    """The camera of a plotter."""

    def __init__(self, plotter: Any):
        self._plotter = plotter
        self._camera = plotter.renderer.GetActiveCamera()
        self._ball = np.zeros(3), 1.0
        self._fitted: list[float] = []

    def look(self, up: str, view: str) -> None:
        """Look from a side, a name of ``VIEWS``, with an axis of the file up; :meth:`fit` comes next."""
        direction, above = view_directions(up, view)
        at = np.array(self._camera.GetFocalPoint())
        self._camera.SetPosition(*(at + np.array(direction)))
        self._camera.SetViewUp(*above)

    def fit(self, middle: npt.NDArray, radius: float) -> None:
        """Go so far away that a ball around ``middle`` [3] is whole in the panel."""
        self._ball = np.asarray(middle, float), radius or 1.0
        self._approach()

    def resized(self) -> None:
        """The panel has another size: what was fitted into it, and not moved since, is fitted anew."""
        if self._fitted and self.state() == self._fitted:
            self._approach()

    def _approach(self) -> None:
        middle, radius = self._ball
        direction = np.array(self._camera.GetDirectionOfProjection())
        half = np.radians(self._camera.GetViewAngle() / 2)
        aspect = self._plotter.width() / max(self._plotter.height(), 1)
        half = min(half, np.arctan(np.tan(half) * aspect))
        self._camera.SetFocalPoint(*middle)
        self._camera.SetPosition(*(middle - direction * ROOM * radius / np.sin(half)))
        self._plotter.renderer.ResetCameraClippingRange()
        self._fitted = self.state()

    def state(self) -> list[float]:
        """Place, focus, up and angle, ten numbers."""
        one = self._camera
        return [*one.GetPosition(), *one.GetFocalPoint(), *one.GetViewUp(), one.GetViewAngle()]

    def look_from(self, eye: npt.NDArray, at: npt.NDArray, up: npt.NDArray, angle: float) -> None:
        """See ``at`` [3] from ``eye`` [3]; ``angle`` in degrees spans the panel's height."""
        self._camera.SetPosition(*eye)
        self._camera.SetFocalPoint(*at)
        self._camera.SetViewUp(*up)
        self._camera.SetViewAngle(angle)

    def turn_around(self, point: npt.NDArray) -> None:
        """What is at a point [3] comes into the middle, and is what the camera turns around."""
        shift = point - np.array(self._camera.GetFocalPoint())
        self._camera.SetPosition(*(np.array(self._camera.GetPosition()) + shift))
        self._camera.SetFocalPoint(*point)

    def to_widget(self, point: npt.ArrayLike) -> tuple[float, float]:
        """Where a point [3] appears in the plotter, in logical pixels."""
        renderer, ratio = self._plotter.renderer, self._plotter.devicePixelRatioF()
        renderer.SetWorldPoint(*np.asarray(point, float), 1.0)
        renderer.WorldToDisplay()
        x, y, _ = renderer.GetDisplayPoint()
        return x / ratio, self._plotter.height() - 1 - y / ratio

    def eye(self) -> npt.NDArray:
        """Where it is, float64 [3]."""
        return np.array(self._camera.GetPosition())
