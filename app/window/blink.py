"""A key that hides what lies over photos and shapes while it is held."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication

from app.document.texts import tr
from app.window.layer_settings import LayerSettings

KEY = "H"
"""Until the user gives it another one."""


class Blink(QObject):
    """Ends with the key, and also when the key's release goes to another window.

    ``action`` is the line of the menu that the key belongs to; chosen with the mouse it says what the key does.
    """

    def __init__(self, settings: LayerSettings, say: Callable[[str], object], parent: QObject):
        super().__init__(parent)
        self._settings, self._say = settings, say
        self.action = QAction(tr("Hide overlays while held"), self)
        self.action.setShortcut(KEY)
        self.action.setAutoRepeat(False)
        self.action.installEventFilter(self)
        self.action.triggered.connect(lambda: say(self.hint()))
        self._held = 0

    def hint(self) -> str:
        """What the key does; "" if there is none."""
        key = self.action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        return tr("Hold {key} to see photos and shapes alone.").format(key=key) if key else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """The key is pressed: that is for the action. All else is watched only while the key is held."""
        if watched is self.action:
            if event.type() == QEvent.Type.Shortcut:
                self._begin()
                return True
        elif event.type() == QEvent.Type.KeyRelease:
            assert isinstance(event, QKeyEvent)
            if event.key() == self._held and not event.isAutoRepeat():
                self._end()
        return super().eventFilter(watched, event)

    def _begin(self) -> None:
        application = QApplication.instance()
        if self._held or not isinstance(application, QGuiApplication):
            return
        self._held = self.action.shortcut()[0].key()  # type: ignore[index]
        application.installEventFilter(self)
        application.focusWindowChanged.connect(self._end)
        self._settings.show_alone(True)

    def _end(self) -> None:
        application = QApplication.instance()
        if not self._held or not isinstance(application, QGuiApplication):
            return
        self._held = 0
        application.removeEventFilter(self)
        application.focusWindowChanged.disconnect(self._end)
        self._settings.show_alone(False)
