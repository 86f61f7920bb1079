"""The undo stack: bounded by the memory its steps take, not by their number."""

from PySide6.QtCore import QObject, QSignalBlocker
from PySide6.QtGui import QUndoCommand, QUndoStack

LIMIT = 256 << 20
"""Bytes that the steps may take together before the oldest are forgotten."""


class Step(QUndoCommand):
    """An edit that knows how many bytes it holds."""

    size = 0
    muted = False

    def redo(self) -> None:
        """Apply the step, unless it is mute."""
        if not self.muted:
            self.apply()

    def undo(self) -> None:
        """Revert the step, unless it is mute."""
        if not self.muted:
            self.revert()

    def apply(self) -> None:
        """Change the document."""
        raise NotImplementedError

    def revert(self) -> None:
        """Take the change of the document back."""
        raise NotImplementedError


class History(QUndoStack):
    """A stack of :class:`Step`."""

    def __init__(self, parent: QObject | None = None, limit: int = LIMIT):
        super().__init__(parent)
        self._limit = limit
        self._steps: list[Step] = []

    def push(self, step: QUndoCommand) -> None:
        """Do the step; forget the oldest ones while all take more than the limit (the last stays)."""
        assert isinstance(step, Step)
        del self._steps[self.index() :]
        self._steps.append(step)
        super().push(step)
        if self.index() < len(self._steps):  # it became one with the step before
            self._steps.pop()
        total = sum(one.size for one in self._steps)
        gone = 0
        while total > self._limit and gone < len(self._steps) - 1:
            total -= self._steps[gone].size
            gone += 1
        if gone:
            self._forget(gone)

    def clear(self) -> None:
        """Forget all steps."""
        self._steps.clear()
        super().clear()

    def bytes(self) -> int:
        """Return how many bytes all steps hold together."""
        return sum(step.size for step in self._steps)

    def _forget(self, count: int) -> None:
        """QUndoStack drops obsolete steps when it walks over them.

        So this walks to the beginning and back with all steps mute.
        """
        blocker = QSignalBlocker(self)
        for step in self._steps:
            step.muted = True
        for step in self._steps[:count]:
            step.setObsolete(True)
        self.setIndex(0)
        del self._steps[:count]
        self.setIndex(len(self._steps))
        for step in self._steps:
            step.muted = False
        blocker.unblock()
        self.indexChanged.emit(self.index())
        self.canUndoChanged.emit(self.canUndo())
