"""Loads what draws shapes beside the running window: on the GUI thread it would stop the window for a second."""

import contextlib
import gc
import sys
from collections.abc import Callable
from importlib import import_module
from threading import Thread

from PySide6.QtCore import QObject, Qt, Signal

MODULES = (
    "pyvistaqt",
    "vtkmodules.vtkInteractionWidgets",
    "vtkmodules.vtkViewsContext2D",
    "app.window.views.canvas",
    "app.window.views.scene",
    "app.window.views.drawable",
    "app.window.views.smoothing",
    "app.window.views.warming",
    "core.geometry.display",
)


SWITCH = 0.001
"""Seconds after which a thread lets the GUI thread have its turn; Python's own is five times that, each time."""

QT_MODULES = ("qtpy.QtCore", "qtpy.QtGui", "qtpy.QtWidgets")
"""Imported on the GUI thread (a tenth of a second): they touch every class of Qt."""


class Preload(QObject):
    """Imports :data:`MODULES` in a thread of its own."""

    _loaded = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.done = self._stopped = False
        self._waiting: list[Callable[[], None]] = []
        self._thread = Thread(target=self._run, daemon=True)
        self._loaded.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin.

        PySide makes its classes when they are first touched, which a second thread must not do, so those come first.
        """
        sys.setswitchinterval(SWITCH)
        gc.disable()  # nothing that is imported is garbage, and looking through it all stops the window for 0.1 s
        for module in QT_MODULES:
            import_module(module)
        self._thread.start()

    def then(self, call: Callable[[], None]) -> None:
        """Call on the GUI thread once everything is there; calls keep their order."""
        if self.done:
            call()
        else:
            self._waiting.append(call)

    def stop(self) -> None:
        """Forget the calls and import nothing more: the window closes."""
        self._waiting.clear()
        self._stopped = True
        gc.enable()
        gc.unfreeze()

    def wait(self) -> None:
        """Wait for the import that the thread is at; the program must not end in the middle of it."""
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            for module in MODULES:
                if not self._stopped:
                    import_module(module)
        finally:
            with contextlib.suppress(RuntimeError):  # the window is gone already
                self._loaded.emit()

    def _finish(self) -> None:
        if self._stopped:
            return
        self.done = True
        gc.freeze()  # libraries stay; looking through their objects again and again would make the window stutter
        gc.enable()
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()
