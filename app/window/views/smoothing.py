"""Smooth edges of a 3D view, without making a slow display slower while things move."""

import time
from typing import Any

from PySide6.QtCore import QObject, QTimer

SLOW_S = 0.02
SETTLE_MS = 200


class Smoothing(QObject):
    """FXAA; where a picture takes long (no graphics card) it is left out until the view has rested for a moment."""

    def __init__(self, plotter: Any):
        super().__init__(plotter)
        self._plotter, self._renderer = plotter, plotter.renderer
        self._start, self._slow = 0.0, True
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._settled)
        self._renderer.SetUseFXAA(True)
        window = plotter.render_window
        window.AddObserver("StartEvent", self._began)
        window.AddObserver("EndEvent", self._ended)
        plotter.iren.interactor.AddObserver("InteractionEvent", lambda *_: self.moving())

    def moving(self) -> None:
        """Something is about to be drawn anew."""
        if self._slow:
            self._renderer.SetUseFXAA(False)
            self._settle.start()

    def _began(self, *_: object) -> None:
        self._start = time.perf_counter()

    def _ended(self, *_: object) -> None:
        self._slow = time.perf_counter() - self._start > SLOW_S or (self._slow and not self._renderer.GetUseFXAA())

    def _settled(self) -> None:
        self._renderer.SetUseFXAA(True)
        self._plotter.update()
