"""Return belongs to the text field or the list that has the focus, whatever it means in the menus."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QWidget

KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class OwnReturn:
    """For a widget that opens what is chosen in it by Return."""

    def event(self, event: QEvent) -> bool:
        """Return is its own, before it means anything to the menus."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in KEYS:
            event.accept()
            return True
        return bool(super().event(event))  # type: ignore[misc]


class TextKeys(QObject):
    """Watches the text field that has the focus; Qt itself keeps only letters and Escape from shortcuts."""

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._focus_changed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in KEYS:
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def _focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        if old is not None:
            old.removeEventFilter(self)
        if isinstance(new, QLineEdit | QAbstractSpinBox):
            new.installEventFilter(self)
