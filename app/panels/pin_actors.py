"""Pins on a shape: small balls of constant size on the screen, drawn over the shape, faded where the shape hides them."""

import numpy as np
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkBillboardTextActor3D, vtkPolyDataMapper, vtkRenderer

from app.panels.marks import PinMark
from app.panels.picking import Picker
from app.panels.view import Size, Vector, View

RADIUS = {"source": 8.0, "match": 6.5, "rival": 5.0}
_SELECTED = 1.3
_RING = 1.28
_GHOST = 0.3
_FADED = 0.55


class PinActors:
    """The pins of one panel in ``renderer``, which draws over the shape. Actors are kept and reused."""

    def __init__(self, renderer: vtkRenderer):
        self._renderer = renderer
        self._balls: list[_Ball] = []
        self.marks: list[PinMark] = []
        sphere = vtkSphereSource()
        sphere.SetRadius(1)
        sphere.SetThetaResolution(24)
        sphere.SetPhiResolution(24)
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetInputConnection(sphere.GetOutputPort())

    def set_marks(self, marks: list[PinMark]) -> None:
        self.marks = list(marks)
        while len(self._balls) < len(marks):
            self._balls.append(_Ball(self._mapper, self._renderer))
        for i, ball in enumerate(self._balls):
            ball.show(marks[i] if i < len(marks) else None)

    def prepare(self, view: View, size: Size, picker: Picker | None) -> None:
        """Sizes and fading for this view."""
        for mark, ball in zip(self.marks, self._balls, strict=False):
            point = np.asarray(mark.position, np.float64)
            scale = radius(mark) * float(view.pixel_size(max(float(view.depth(point)), 0.0), size))
            ball.place(point, scale, _opacity(mark, picker is not None and picker.is_hidden(point, view)))

    def at(self, view: View, x: float, y: float, size: Size) -> int | None:
        """The pin drawn at a pixel, if any."""
        if not self.marks:
            return None
        seen = view.project(np.array([mark.position for mark in self.marks], np.float64), size)
        away = np.hypot(seen[:, 0] - x, seen[:, 1] - y) - [radius(mark) + 2 for mark in self.marks]
        nearest = int(np.argmin(np.where(seen[:, 2] > 0, away, np.inf)))
        return self.marks[nearest].pin_id if away[nearest] <= 0 else None


class _Ball:
    """One pin: a ball, a ring around it (the far half of a larger ball) and a label."""

    def __init__(self, mapper: vtkPolyDataMapper, renderer: vtkRenderer):
        self._ball, self._ring, self._label = vtkActor(), vtkActor(), vtkBillboardTextActor3D()
        for actor in (self._ball, self._ring):
            actor.SetMapper(mapper)
            renderer.AddActor(actor)
        self._ball.GetProperty().SetAmbient(0.35)
        self._ball.GetProperty().SetDiffuse(0.65)
        self._ring.GetProperty().FrontfaceCullingOn()
        self._ring.GetProperty().LightingOff()
        renderer.AddActor(self._label)
        text = self._label.GetTextProperty()
        text.SetFontSize(13)
        text.BoldOn()
        text.SetColor(1, 1, 1)
        text.SetBackgroundColor(0.08, 0.09, 0.11)
        text.SetBackgroundOpacity(0.72)
        text.SetVerticalJustificationToCentered()

    def show(self, mark: PinMark | None) -> None:
        for actor in (self._ball, self._ring):
            actor.SetVisibility(mark is not None)
        self._label.SetVisibility(mark is not None and mark.selected and mark.role != "rival")
        if mark is None:
            return
        self._ball.GetProperty().SetColor(_rgb(mark.color))
        ring = (1.0, 1.0, 1.0) if mark.role == "source" else (0.05, 0.05, 0.07)
        self._ring.GetProperty().SetColor(ring)
        self._label.SetInput(f" {mark.label} ")
        self._label.SetDisplayOffset(round(radius(mark) * _RING) + 5, 0)

    def place(self, point: Vector, scale: float, opacity: float) -> None:
        self._ball.SetScale(scale)
        self._ring.SetScale(scale * _RING)
        for actor in (self._ball, self._ring):
            actor.SetPosition(*point)
            actor.GetProperty().SetOpacity(opacity)
        self._label.SetPosition(*point)
        self._label.GetTextProperty().SetOpacity(max(opacity, 0.6))


def radius(mark: PinMark) -> float:
    """Radius of a mark on the screen, in pixels of the panel."""
    return RADIUS[mark.role] * (_SELECTED if mark.selected else 1.0)


def _opacity(mark: PinMark, hidden: bool) -> float:
    opacity = _FADED if mark.muted or mark.role == "rival" else 1.0
    return min(opacity, _GHOST) if hidden else opacity


def _rgb(color: str) -> tuple[float, float, float]:
    return int(color[1:3], 16) / 255, int(color[3:5], 16) / 255, int(color[5:7], 16) / 255
