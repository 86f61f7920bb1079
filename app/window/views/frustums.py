"""Cameras of photos around a shape, as wire pyramids, and the points that they measured."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyvista as pv
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from app.window.views.layers import ALL, Layer, Looks

_EDGES = np.array([[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1], [0, 5]])


class Frustums:
    """Wire pyramids by name in a renderer.

    Each is six points [6, 3]: the eye, the picture's four corners and the middle of what it looks at; or the first
    five.
    """

    def __init__(self, renderer: Any):
        self._renderer = renderer
        self._actors: dict[str, vtkActor] = {}
        self._layers: dict[str, Layer] = {}
        self._looks = ALL

    def show(self, name: str, points: npt.NDArray[np.floating] | None, color: str, layer: Layer = "pose") -> None:
        if points is None:
            self._remove(name)
            return
        edges = _EDGES[: len(_EDGES) - (len(points) == 5)]
        lines = np.concatenate([np.full((len(edges), 1), 2), edges], axis=1).ravel()
        actor = self._add(name, pv.PolyData(np.asarray(points, float), lines=lines), layer)
        actor.GetProperty().SetColor(*pv.Color(color).float_rgb)
        actor.GetProperty().SetLineWidth(2.0)

    def show_points(
        self, name: str, points: npt.NDArray[np.float32] | None, colors: npt.NDArray[np.uint8] | None, layer: Layer
    ) -> None:
        """Show points [n, 3] in colours [n, 3]; None removes them."""
        if points is None:
            self._remove(name)
            return
        cloud = pv.PolyData(points)
        cloud["colors"] = colors
        cloud.set_active_scalars("colors")
        self._add(name, cloud, layer).GetProperty().SetPointSize(2.0)

    def _remove(self, name: str) -> None:
        old = self._actors.pop(name, None)
        if old is not None:
            self._renderer.RemoveActor(old)

    def _add(self, name: str, content: pv.PolyData, layer: Layer) -> vtkActor:
        self._remove(name)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(content)
        mapper.SetColorModeToDirectScalars()
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.SetPickable(False)
        actor.SetVisibility(self._looks[layer].visible)
        actor.GetProperty().LightingOff()
        self._renderer.AddActor(actor)
        self._actors[name], self._layers[name] = actor, layer
        return actor

    def show_layers(self, looks: Looks) -> None:
        """Show each as its layer is to be seen."""
        self._looks = looks
        for name, actor in self._actors.items():
            actor.SetVisibility(looks[self._layers[name]].visible)

    def seen(self) -> list[str]:
        """The names of those that are not hidden."""
        return [name for name, actor in self._actors.items() if actor.GetVisibility()]

    def names(self) -> list[str]:
        return list(self._actors)
