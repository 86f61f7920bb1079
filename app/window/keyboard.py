"""Keys belong to the panel under the mouse, and come back to it from a menu."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QMenu, QMenuBar, QPlainTextEdit

from app.shared.values import Slot
from app.window.views.panels import ActivePanel, Panels

WRITING = (QLineEdit, QAbstractSpinBox, QPlainTextEdit)
"""What keeps the keys wherever the mouse goes; lists to choose from do so where one can write in them."""


class Keyboard(QObject):
    """Gives the focus to a panel when the mouse enters it."""

    def __init__(self, bar: QMenuBar, panels: Panels, active: ActivePanel, parent: QObject):
        super().__init__(parent)
        self._bar, self._panels, self._active = bar, panels, active
        for panel in panels.values():
            panel.installEventFilter(self)

    @property
    def slot(self) -> Slot:
        """The panel that a key is meant for: the one under the mouse, or the one used last."""
        return next((slot for slot, panel in self._panels.items() if panel.underMouse()), self._active.slot)

    def delete_by(self, delete: Callable[[], object]) -> None:
        """What Delete does in a panel; lists and text fields have a Delete of their own."""
        for panel in self._panels.values():
            key = QShortcut(panel)
            key.setKeys([QKeySequence(Qt.Key.Key_Delete), QKeySequence(Qt.Key.Key_Backspace)])
            key.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            key.activated.connect(lambda: delete())

    def follow_menus(self) -> None:
        """A menu that is closed leaves nothing to the keyboard; call it when the bar has its menus."""
        for menu in self._bar.findChildren(QMenu):
            menu.aboutToHide.connect(lambda: QTimer.singleShot(0, self, self._come_back))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Enter:
            self._enter(next(panel for panel in self._panels.values() if panel is watched))
        return super().eventFilter(watched, event)

    def _enter(self, panel: object) -> None:
        has = QApplication.focusWidget()
        writes = isinstance(has, WRITING) or (isinstance(has, QComboBox) and has.isEditable())
        free, keys = not writes and QApplication.activePopupWidget() is None, panel.takes_keys  # type: ignore[attr-defined]
        if free and keys is not None and keys.isVisible() and keys.isActiveWindow():
            keys.setFocus(Qt.FocusReason.MouseFocusReason)

    def _come_back(self) -> None:
        """Leave the menu bar as a second Escape would: it gives the focus to whom had it before."""
        if self._bar.hasFocus() and QApplication.activePopupWidget() is None:
            leave = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(self._bar, leave)
