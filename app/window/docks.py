"""The docks of the tasks."""

from collections.abc import Iterable, Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

from app.window.feature import Feature

WIDTH = 290
"""Of the docks at first, in pixels."""


class Docks:
    """One dock for each task, those beside the panels as tabs on each other."""

    def __init__(self, window: QMainWindow, features: Iterable[Feature]):
        self._docks = {feature.name: _dock(window, feature) for feature in features}
        first, *others = (
            self._docks[feature.name] for feature in features if feature.area == Qt.DockWidgetArea.RightDockWidgetArea
        )
        for dock in others:
            window.tabifyDockWidget(first, dock)
        first.raise_()
        self._window, self._first = window, first

    def show(self, name: str) -> None:
        """Bring a task's dock to the front."""
        self._docks[name].show()
        self._docks[name].raise_()

    def set_width(self) -> None:
        """Give the docks their width, once the window has its size."""
        self._window.resizeDocks([self._first], [WIDTH], Qt.Orientation.Horizontal)

    def __iter__(self) -> Iterator[QDockWidget]:
        return iter(self._docks.values())

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]


def _dock(window: QMainWindow, feature: Feature) -> QDockWidget:
    dock = QDockWidget(feature.title, window)
    dock.setObjectName(feature.title)
    dock.setWidget(feature.panel)
    window.addDockWidget(feature.area, dock)
    dock.setHidden(feature.hidden)
    return dock
