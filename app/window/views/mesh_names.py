"""Names of the marks in a 3D view, which stand where they cover nothing. GUI thread only."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyvista as pv
from PySide6.QtCore import QPointF, QRectF
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkBillboardTextActor3D, vtkPolyDataMapper2D, vtkTextRenderer

from app.window.views.labels import nearest_edge, place_labels
from app.window.views.marks import PinMark

SIZE = 15


class MarkNames:
    """Names beside marks, with lines to those that stand off."""

    def __init__(self, renderer: Any):
        self._renderer = renderer
        self._marks: list[PinMark] = []
        self._actors: list[Any] = []
        self._placed: tuple[object, ...] = ()
        self._opacity = 1.0
        self._lines = pv.PolyData()
        mapper = vtkPolyDataMapper2D()
        mapper.SetInputData(self._lines)
        self._leaders = vtkActor2D()
        self._leaders.SetMapper(mapper)
        self._leaders.GetProperty().SetColor(1, 1, 1)
        renderer.AddViewProp(self._leaders)

    def set_marks(self, marks: list[PinMark]) -> None:
        """Names are shown of those marks that say theirs; the others are only not covered."""
        self._marks = sorted(marks, key=lambda mark: not mark.says_label)
        named = [mark for mark in self._marks if mark.says_label]
        self._actors += [self._new() for _ in named[len(self._actors) :]]
        for number, actor in enumerate(self._actors):
            actor.SetVisibility(number < len(named) and self._opacity > 0)
            actor.GetTextProperty().SetOpacity(self._opacity)
            if number < len(named):
                actor.SetInput(f" {named[number].label} ")
                actor.SetPosition(*named[number].position)
        self._placed = ()

    def set_opacity(self, opacity: float) -> None:
        """Show all of them stronger or weaker from the next :meth:`set_marks` on; 0 hides them."""
        self._opacity = opacity

    def place(self, height: int, radius: float) -> None:
        """Find where names stand; called before every picture of ``height`` pixels, ``radius`` pixels that of a mark."""
        places = self._on_screen(height)
        key = (height, radius, places.round().tobytes())
        if key == self._placed:
            return
        self._placed = key
        named = [actor for actor in self._actors if actor.GetVisibility()]
        sizes = np.array([self._size_of(actor) for actor in named]).reshape(-1, 2)
        lines = []
        spots = place_labels(places, sizes, np.full(len(places), radius))
        for actor, at, size, (x, y, off) in zip(named, places, sizes, spots, strict=False):
            actor.SetDisplayOffset(round(x), round(-y - size[1]))
            if off:
                mark = QPointF(*at)
                end = nearest_edge(mark, QRectF(at[0] + x, at[1] + y, *size))
                lines += [(mark.x(), height - mark.y(), 0.0), (end.x(), height - end.y(), 0.0)]
        self._lines.points = np.array(lines, np.float32).reshape(-1, 3)
        count = len(lines) // 2
        self._lines.lines = np.column_stack([np.full(count, 2), np.arange(2 * count).reshape(-1, 2)]).ravel()
        self._leaders.SetVisibility(bool(lines) and self._opacity > 0)
        self._leaders.GetProperty().SetOpacity(self._opacity)

    def _on_screen(self, height: int) -> npt.NDArray[np.float64]:
        """Where marks are in the picture, float64 [n, 2], y down."""
        places = []
        for mark in self._marks:
            self._renderer.SetWorldPoint(*mark.position, 1.0)
            self._renderer.WorldToDisplay()
            x, y, _ = self._renderer.GetDisplayPoint()
            places.append((x, height - y))
        return np.array(places, np.float64).reshape(-1, 2)

    def _size_of(self, actor: Any) -> tuple[float, float]:
        box, dpi = [0, 0, 0, 0], self._renderer.GetRenderWindow().GetDPI()
        vtkTextRenderer.GetInstance().GetBoundingBox(actor.GetTextProperty(), actor.GetInput(), box, dpi)
        return float(box[1] - box[0] + 1), float(box[3] - box[2] + 1)

    def _new(self) -> Any:
        actor = vtkBillboardTextActor3D()
        text = actor.GetTextProperty()
        text.SetFontSize(SIZE)
        text.SetBold(True)
        text.SetColor(1, 1, 1)
        text.SetBackgroundColor(0.1, 0.11, 0.13)
        text.SetBackgroundOpacity(0.7)
        self._renderer.AddActor(actor)
        return actor
