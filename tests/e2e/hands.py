"""What a user's hands and eyes do: keys, clicks, drags, and what is seen."""

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QCursor, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def pixels_of(image: QImage) -> np.ndarray:
    """int [H, W, 3]."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def shown(panel) -> np.ndarray:
    """What a panel shows, int [H, W, 3]."""
    if hasattr(panel, "plotter"):
        panel._render()
        return np.asarray(panel.plotter.screenshot(return_img=True)).astype(int)
    return pixels_of(panel.view.grab().toImage())


def differs(one: np.ndarray, other: np.ndarray, by: int = 40) -> int:
    """How many pixels of two pictures are clearly different."""
    return int((np.abs(one - other).max(axis=2) > by).sum())


def on_view(panel, u, v) -> QPoint:
    """Where a pixel of the image is in its panel."""
    return panel.view.mapFromScene(QPointF(u + 0.5, v + 0.5))


def click_pixel(panel, u, v, button=LEFT) -> None:
    QTest.mouseClick(panel.view.viewport(), button, pos=on_view(panel, u, v))


def on_shape(panel, point) -> QPoint:
    """Where a point of the shape is in its panel."""
    panel._render()
    return panel.world_to_widget(point).toPoint()


def click_shape(panel, point) -> None:
    """Click where a point of the shape appears."""
    QTest.mouseClick(panel.plotter, LEFT, pos=on_shape(panel, point))


def hover(widget, place, modifiers=SHIFT) -> None:
    """Move the mouse with a key held."""
    at, button = QPointF(place), Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, at, QPointF(widget.mapToGlobal(place)), button, button, modifiers)
    QApplication.sendEvent(widget, event)


def enter(panel, qtbot) -> None:
    """Move the mouse from beside the window into a panel: keys are meant for it from now on."""
    QCursor.setPos(QApplication.primaryScreen().geometry().bottomRight())
    qtbot.waitUntil(lambda: not panel.underMouse())
    QCursor.setPos(panel.mapToGlobal(panel.rect().center()))
    qtbot.waitUntil(panel.underMouse)


def middle_of(panel) -> QPoint:
    return QPoint(panel.plotter.width() // 2, panel.plotter.height() // 2)


def drag(widget, *places, button=LEFT, wait=0) -> None:
    """Press at the first place, move over the others (in steps, where there are only two), release at the last."""
    if len(places) == 2:
        start, end = places
        places = (start, *(start + (end - start) * share for share in (0.3, 0.7)), end)
    QTest.mousePress(widget, button, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(widget, place)
        QTest.qWait(wait)
    QTest.mouseRelease(widget, button, pos=places[-1])


def draw_focus_box(panel, box) -> None:
    """Take the tool for the focus box with its key, and draw it."""
    x0, y0, x1, y1 = box
    QTest.keyClick(panel.view, Qt.Key.Key_B)
    drag(panel.view.viewport(), on_view(panel, x0, y0), on_view(panel, x1, y1))


def answer(panel, text) -> None:
    """Press a button of the bar that lies over a panel."""
    button = next(one for one in panel.bar.buttons if one.text() == text)
    assert button.isVisible(), text
    QTest.mouseClick(button, LEFT)


def plain(text: str) -> str:
    """A text without the mark of its key and the dots of a dialog."""
    return text.replace("&", "").rstrip("…")


def menu_action(window, *texts):
    """The action of a menu by the texts on the way to it, without marks of keys and dots."""
    menu, action = window.menuBar(), None
    for text in texts:
        action = next(a for a in menu.actions() if plain(a.text()) == text)
        menu = action.menu() if action.menu() is not None else menu
    return action


def choose(window, *texts) -> None:
    """Choose a line of a menu."""
    action = menu_action(window, *texts)
    assert action.isEnabled(), texts
    action.trigger()


def pick(opens, *texts) -> None:
    """Open a menu as ``opens`` does, and click a line of it (or one after the other, through its submenus)."""
    left, chosen = list(texts), []

    def click_line():
        menu = QApplication.activePopupWidget()
        lines = {plain(action.text()): action for action in menu.actions()} if isinstance(menu, QMenu) else {}
        line = lines.get(left[0])
        if line is None or not line.isEnabled():
            if menu is not None:
                menu.close()
            raise AssertionError(f"{left[0]} cannot be chosen of {list(lines)}")
        left.pop(0)
        if left:
            QTimer.singleShot(100, click_line)
        else:
            line.triggered.connect(lambda: chosen.append(line), Qt.ConnectionType.SingleShotConnection)
        at = menu.actionGeometry(line).center()
        QTest.mouseMove(menu, at)
        QTest.mouseClick(menu, LEFT, pos=at)

    window = QApplication.activeWindow()
    QTest.mouseMove(window, window.rect().bottomLeft() + QPoint(9, -9))  # a menu takes no click of a mouse that rests
    QTest.qWait(50)
    QTimer.singleShot(100, click_line)
    opens()  # of a button it returns when the menu was left
    for _ in range(500):
        if chosen:
            return
        QTest.qWait(10)
    raise AssertionError(f"{texts} cannot be chosen, {left} is left")


def pick_in_menu(window, *texts) -> None:
    """Click a line of the menus of the window."""
    bar = window.menuBar()
    menu = next(action for action in bar.actions() if plain(action.text()) == texts[0])
    pick(lambda: QTest.mouseClick(bar, LEFT, pos=bar.actionGeometry(menu).center()), *texts[1:])


def button(root, text) -> QAbstractButton:
    """The button with this text that is seen and can be pressed."""
    buttons = root.findChildren(QAbstractButton)
    return next(b for b in buttons if plain(b.text()) == text and b.isVisible() and b.isEnabled())


def push(root, text) -> None:
    """Press the button with this text."""
    QTest.mouseClick(button(root, text), LEFT)


def press(window, key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key that the window's menus know."""
    window.setFocus()
    QTest.keyClick(window, key, modifiers)


def undo(window, times=1) -> None:
    for _ in range(times):
        press(window, Qt.Key.Key_Z, CTRL)


def errors(window) -> dict[str, str]:
    """What the bars that are seen say went wrong, by their panels and tasks."""
    return {where: bar.text.text() for where, bar in window.errors.bars.items() if bar.isVisible()}
