"""The colour bar of a heatmap inside a VTK scene, so that pictures of the scene have it."""

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkPolyDataMapper2D, vtkRenderer, vtkTextActor

from app.panels.view import Size
from core.colors import lookup_table

_STEPS = 256
_WIDTH, _MARGIN = 12, 16
_TICKS = 4


class Legend:
    """A vertical colour bar with a few numbers at the right edge of ``renderer``."""

    def __init__(self, renderer: vtkRenderer):
        self._colors = np.zeros((2 * (_STEPS + 1), 3), np.uint8)
        self._points = vtkPoints()
        self._points.SetNumberOfPoints(len(self._colors))
        self._strip = _strip(self._points, self._colors)
        mapper = vtkPolyDataMapper2D()
        mapper.SetInputData(self._strip)
        self._bar = vtkActor2D()
        self._bar.SetMapper(mapper)
        self._numbers = [_text(11) for _ in range(_TICKS)]
        self._title = _text(12)
        self._title.SetInput("similarity")
        self._title.GetTextProperty().SetJustificationToRight()
        self._actors = [self._bar, self._title, *self._numbers]
        for number in self._numbers:
            number.GetTextProperty().SetJustificationToRight()
            number.GetTextProperty().SetVerticalJustificationToCentered()
        for actor in self._actors:
            renderer.AddActor2D(actor)
        self.hide()

    def show(self, colormap: str, low: float, high: float) -> None:
        """Show colours from ``low`` at the bottom to ``high`` at the top."""
        table = lookup_table(colormap)
        self._colors[:] = np.repeat(table[np.minimum(np.arange(_STEPS + 1), _STEPS - 1)], 2, axis=0)
        self._strip.GetPointData().GetScalars().Modified()
        for value, number in zip(np.linspace(low, high, _TICKS), self._numbers, strict=True):
            number.SetInput(f"{value:.2f}".replace("-0.00", "0.00"))
        for actor in self._actors:
            actor.VisibilityOn()

    def hide(self) -> None:
        for actor in self._actors:
            actor.VisibilityOff()

    def set_text_color(self, color: tuple[float, float, float]) -> None:
        for text in (self._title, *self._numbers):
            text.GetTextProperty().SetColor(color)

    def prepare(self, size: Size, pixel_ratio: float) -> None:
        """Lay the bar out for a panel of ``size`` pixels."""
        width, height = size
        length = min(170.0, 0.4 * height)
        right, bottom = width - _MARGIN, height - _MARGIN - 26 - length
        levels = bottom + length * np.arange(_STEPS + 1) / _STEPS
        for i, y in enumerate(levels * pixel_ratio):
            self._points.SetPoint(2 * i, (right - _WIDTH) * pixel_ratio, y, 0)
            self._points.SetPoint(2 * i + 1, right * pixel_ratio, y, 0)
        self._points.Modified()
        self._title.SetPosition(right * pixel_ratio, (bottom + length + 9) * pixel_ratio)
        for y, number in zip(np.linspace(bottom, bottom + length, _TICKS), self._numbers, strict=True):
            number.SetPosition((right - _WIDTH - 6) * pixel_ratio, y * pixel_ratio)


def _strip(points: vtkPoints, colors: np.ndarray) -> vtkPolyData:
    low = 2 * np.arange(_STEPS)
    quads = vtkCellArray()
    corners = np.stack([low, low + 1, low + 3, low + 2], axis=1).astype(np.int32).ravel()
    quads.SetData(
        numpy_to_vtk(np.arange(0, 4 * _STEPS + 1, 4, dtype=np.int32), deep=1), numpy_to_vtk(corners, deep=1)
    )
    strip = vtkPolyData()
    strip.SetPoints(points)
    strip.SetPolys(quads)
    strip.GetPointData().SetScalars(numpy_to_vtk(colors))
    return strip


def _text(size: int) -> vtkTextActor:
    actor = vtkTextActor()
    actor.GetTextProperty().SetFontSize(size)
    return actor
