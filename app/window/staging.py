"""What was read is made ready to be drawn in steps, none of which stops the window for long."""

import contextlib
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.shared.results import OpenedShape
from app.shared.values import Slot
from app.window.preload import Preload
from app.window.views.columns import Columns
from app.window.views.mesh import MeshPanel
from app.window.views.panels import Panels

TURN_MS = 10
"""The event loop has its turn between two steps."""

WAITS = 20
"""So many turns an empty view has to be drawn."""

Step = Callable[[], object]


class Staging(QObject):
    """One thing after another, in the order in which they came.

    For a shape the data of VTK are made in a thread of its own, then the panel gets its view, empty at first; the last
    step lets it in.
    """

    _made = Signal()

    def __init__(self, preload: Preload, panels: Panels, columns: Columns, parent: QObject | None = None):
        super().__init__(parent)
        self._preload, self._panels, self._columns = preload, panels, columns
        self._steps: list[Step] = []
        self._thread: Thread | None = None
        self._turn = QTimer(self, singleShot=True, interval=TURN_MS)
        self._turn.timeout.connect(self._next)
        self._made.connect(self._go_on, Qt.ConnectionType.QueuedConnection)

    def __call__(self, slot: Slot, content: object, enter: Step) -> None:
        """Make ready what was read for a slot, then call ``enter``."""
        panel, busy = self._panels[slot], bool(self._steps) or self._thread is not None
        if isinstance(content, OpenedShape) and isinstance(panel, MeshPanel):
            self._steps += [lambda: self._make(content), lambda: self._columns.show_panel(slot, True)]
            self._steps += [partial(self._show_canvas, panel), enter]
        else:
            self._steps.append(enter)
        if not busy:
            self._preload.then(self._next)

    def stop(self) -> None:
        """Forget what is left: the window closes."""
        self._steps.clear()
        self._turn.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _next(self) -> None:
        if not self._steps or self._thread is not None:
            return
        try:
            self._steps.pop(0)()
        finally:
            if self._steps and self._thread is None:
                self._turn.start()

    def _go_on(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._turn.start()

    def _show_canvas(self, panel: MeshPanel) -> None:
        """Make and show an empty view, if there is none; the next step is taken when it was drawn, or cannot be."""
        from app.window.views.warming import Warming

        if not panel.show_canvas():
            self._steps.insert(0, partial(self._show_canvas, panel))
        elif panel.plotter is not None:
            self._steps.insert(0, partial(self._warm, Warming(panel.plotter), WAITS))

    def _warm(self, warming: Any, waits: int) -> None:
        if waits and warming.step():
            self._steps.insert(0, partial(self._warm, warming, waits - 1))
        else:
            warming.end()

    def _make(self, content: Any) -> None:
        self._thread = Thread(target=self._run, args=(content,), daemon=True)
        self._thread.start()

    def _run(self, content: Any) -> None:
        from app.window.views.drawable import Drawable

        try:
            content.mesh = Drawable(content.mesh)
        finally:
            with contextlib.suppress(RuntimeError):  # the window is gone already
                self._made.emit()
