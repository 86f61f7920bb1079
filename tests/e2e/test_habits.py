"""What people do by habit works: every line of ``resources/docs/habits.md`` that says so, in one window."""

import re
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QCursor, QDropEvent, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QMessageBox

from tests.e2e.hands import (
    CTRL,
    LEFT,
    MIDDLE,
    RIGHT,
    SHIFT,
    click_pixel,
    drag,
    draw_focus_box,
    enter,
    middle_of,
    on_view,
    press,
)

PAGE = Path(__file__).parents[2] / "resources" / "docs" / "habits.md"
KEYPAD = Qt.KeyboardModifier.KeypadModifier
Key = Qt.Key


class Hands:
    """One window with the sample's photo and its shape, and a way to each habit."""

    def __init__(self, window, sample, qtbot, give, tmp_path, monkeypatch):
        self.window, self.sample, self.qtbot, self.give, self.folder = window, sample, qtbot, give, tmp_path
        self.monkeypatch = monkeypatch
        self.image, self.mesh = window.panels["image 1"], window.panels["shape 1"]
        self.view, self.session = self.image.view, window.session

    def key(self, panel, key, modifiers=Qt.KeyboardModifier.NoModifier):
        """Press a key with the mouse over a panel."""
        bar = self.window.workspace.bar
        QCursor.setPos(bar.mapToGlobal(bar.rect().center()))
        self.qtbot.waitUntil(bar.underMouse)
        enter(panel, self.qtbot)
        self.qtbot.waitUntil(panel.takes_keys.hasFocus, timeout=30_000)
        QTest.keyClick(panel.takes_keys, key, modifiers)

    def pad(self, text):
        """Press a key of the number pad over the shape."""
        for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
            event = QKeyEvent(kind, int(getattr(Key, f"Key_{text}")), KEYPAD, text)
            QApplication.sendEvent(self.mesh.plotter, event)

    def moves(self, how):
        """Whether the photo is moved, and not zoomed."""
        zoom, corner = self.view.zoom, self.view.mapToScene(QPoint(0, 0))
        how()
        return self.view.zoom == zoom and (self.view.mapToScene(QPoint(0, 0)) - corner).manhattanLength() > 10

    def turns(self, how):
        """Whether the shape is turned: the camera is elsewhere, as far from what it looks at."""
        before = np.array(self.mesh.view_state())
        how()
        after = np.array(self.mesh.view_state())
        return np.allclose(before[3:6], after[3:6]) and np.linalg.norm(before[:3] - after[:3]) > 0.05

    def pin(self, beside=0):
        """A pin in the box of the photo, so many pixels beside the sample's."""
        if self.session.items["image 1"].box is None:
            draw_focus_box(self.image, self.sample["box"])
        click_pixel(self.image, self.sample["at"][0] - beside, self.sample["at"][1])
        assert self.session.current is not None

    def wheel(self, widget, at, modifiers=Qt.KeyboardModifier.NoModifier):
        place, none = QPointF(at), Qt.MouseButton.NoButton
        turned = QPoint(0, 120)
        event = QWheelEvent(
            place,
            QPointF(widget.mapToGlobal(at)),
            QPoint(),
            turned,
            none,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)


def zooms_at_cursor(h, modifiers=Qt.KeyboardModifier.NoModifier):
    h.image.fit()
    at, zoom = QPoint(120, 250), h.view.zoom
    before = h.view.mapToScene(at)
    h.wheel(h.view.viewport(), at, modifiers)
    return h.view.zoom > zoom and (h.view.mapToScene(at) - before).manhattanLength() < 2 / h.view.zoom + 1e-6


def drag_pans(h):
    return h.moves(lambda: drag(h.view.viewport(), QPoint(60, 60), QPoint(120, 90))) and not h.session.pins


def middle_drag_pans(h):
    press(h.window, Key.Key_R)
    pans = h.moves(lambda: drag(h.view.viewport(), QPoint(60, 60), QPoint(120, 90), button=MIDDLE))
    press(h.window, Key.Key_1, CTRL)
    return pans and h.session.draft is None


def space_drag_pans(h):
    press(h.window, Key.Key_R)
    enter(h.image, h.qtbot)
    QTest.keyPress(h.view, Key.Key_Space)
    pans = h.moves(lambda: drag(h.view.viewport(), QPoint(60, 60), QPoint(120, 90)))
    QTest.keyRelease(h.view, Key.Key_Space)
    press(h.window, Key.Key_1, CTRL)
    return pans and h.session.draft is None


def fits(h):
    whole = []
    for key in (Key.Key_F, Key.Key_Home):
        h.view.zoom_to(4.0)
        h.key(h.image, key)
        whole.append(h.view.zoom < 1)
    return all(whole)


def plus_and_minus_zoom(h):
    h.image.fit()
    zoom = h.view.zoom
    h.key(h.image, Key.Key_Plus)
    larger = h.view.zoom
    h.key(h.image, Key.Key_Minus)
    return larger > 1.1 * zoom and abs(h.view.zoom - zoom) < 0.01 * zoom


def drag_turns(h):
    start = middle_of(h.mesh)
    return h.turns(lambda: drag(h.mesh.plotter, start, start + QPoint(60, 0)))


def turns_like_blender(h):
    h.window.appearance.set_navigation("blender")
    start = middle_of(h.mesh)
    turned = h.turns(lambda: drag(h.mesh.plotter, start, start + QPoint(60, 0), button=MIDDLE))
    before = np.array(h.mesh.view_state()[3:6])
    QTest.mousePress(h.mesh.plotter, MIDDLE, SHIFT, start)
    for step in (20, 40, 60):
        QTest.mouseMove(h.mesh.plotter, start + QPoint(step, 0))
    QTest.mouseRelease(h.mesh.plotter, MIDDLE, SHIFT, start + QPoint(60, 0))
    panned = np.linalg.norm(np.array(h.mesh.view_state()[3:6]) - before) > 0.02
    h.window.appearance.set_navigation("trackball")
    return turned and panned


def wheel_zooms_shape(h):
    far = np.linalg.norm(np.array(h.mesh.view_state()[:3]) - h.mesh.view_state()[3:6])
    h.wheel(h.mesh.plotter, middle_of(h.mesh))
    return np.linalg.norm(np.array(h.mesh.view_state()[:3]) - h.mesh.view_state()[3:6]) < 0.99 * far


def double_click_pivots(h):
    h.mesh.set_view("front")
    before, at = np.array(h.mesh.view_state()[3:6]), middle_of(h.mesh) + QPoint(0, 20)
    h.qtbot.waitUntil(lambda: h.mesh.pick(QPointF(at)) is not None)
    point = h.mesh.pick(QPointF(at))
    QTest.mouseDClick(h.mesh.plotter, LEFT, pos=at)
    focus = np.array(h.mesh.view_state()[3:6])
    return not np.allclose(focus, before) and np.allclose(focus, point, atol=0.02)


def number_pad(h):
    seen = []
    for key, name in (("1", "front"), ("3", "right"), ("7", "top")):
        h.pad(key)
        by_key = h.mesh.view_state()
        h.mesh.set_view(name)
        seen.append(np.allclose(by_key, h.mesh.view_state(), atol=1e-6))
    return all(seen)


def home_shows_shape(h):
    h.mesh.look_from(np.array([0, 0, 90.0]), np.zeros(3), np.array([0, 1.0, 0]), 30)
    h.key(h.mesh, Key.Key_Home)
    return np.linalg.norm(h.mesh.eye()) < 30


def undoes_and_redoes(h):
    h.pin()
    count = len(h.session.pins)
    lengths = []
    for key, modifiers in (
        (Key.Key_Z, CTRL),
        (Key.Key_Z, CTRL | SHIFT),
        (Key.Key_Z, CTRL),
        (Key.Key_Y, CTRL),
    ):
        press(h.window, key, modifiers)
        lengths.append(len(h.session.pins))
    return lengths == [count - 1, count, count - 1, count]


def deletes_what_is_selected(h):
    h.pin()
    count = len(h.session.pins)
    h.key(h.image, Key.Key_Delete)
    over_photo = len(h.session.pins)
    h.pin()
    h.key(h.mesh, Key.Key_Delete)
    over_shape = len(h.session.pins)
    h.pin()
    pins = h.window.features.matching.panel.list
    pins.setFocus()
    pins.topLevelItem(pins.topLevelItemCount() - 1).setSelected(True)
    QTest.keyClick(pins, Key.Key_Delete)
    return (over_photo, over_shape, len(h.session.pins)) == (count - 1,) * 3


def escape_leaves_tool(h):
    press(h.window, Key.Key_P)
    taken = h.window.tools.active
    h.key(h.image, Key.Key_Escape)
    press(h.window, Key.Key_1, CTRL)
    return taken == "point" and h.window.tools.active == ""


def return_keeps_part(h):
    press(h.window, Key.Key_R)
    x, y = h.sample["at"]
    drag(h.view.viewport(), on_view(h.image, x - 60, y), on_view(h.image, x, y))
    keep = h.window.features.parts.panel.keep
    h.qtbot.waitUntil(keep.isEnabled, timeout=60_000)
    h.key(h.image, Key.Key_Return)
    return len(h.session.layers.parts) == 1


def brackets_change_brush(h):
    brush = h.window.features.parts.panel.brush
    before = brush.value()
    press(h.window, Key.Key_BracketRight)
    larger = brush.value()
    press(h.window, Key.Key_BracketLeft)
    return larger > before == brush.value()


def right_click_opens_menu(h):
    press(h.window, Key.Key_1, CTRL)
    click_pixel(h.image, 100, 100, RIGHT)
    menu = QApplication.activePopupWidget()
    is_menu = isinstance(menu, QMenu)
    if menu is not None:
        menu.close()
    return is_menu


def f2_renames(h):
    h.pin()
    pins = h.window.features.matching.panel.list
    pins.setFocus()
    pins.setCurrentItem(pins.topLevelItem(0))
    QTest.keyClick(pins, Key.Key_F2)
    (field,) = pins.findChildren(QLineEdit)
    field.setText("Tip")
    QTest.keyClick(field, Key.Key_Return)
    h.qtbot.waitUntil(lambda: next(iter(h.session.pins.values())).name == "Tip")
    return pins.topLevelItem(0).text(0) == "Tip"


def ctrl_a_selects_all(h):
    h.pin(60)
    h.pin(120)
    pins = h.window.features.matching.panel.list
    pins.setFocus()
    QTest.keyClick(pins, Key.Key_A, CTRL)
    return len(pins.selectedItems()) == len(h.session.pins) > 1


def opens_saves_begins(h):
    saved = h.folder / "work.counterpoint"
    h.give(saved)
    press(h.window, Key.Key_S, CTRL)
    written = saved.exists()
    press(h.window, Key.Key_N, CTRL)
    empty = not h.session.items
    h.give(h.sample["image"])
    press(h.window, Key.Key_O, CTRL)
    h.qtbot.waitUntil(lambda: "image 1" in h.session.items, timeout=60_000)
    h.give(h.sample["shape"])
    press(h.window, Key.Key_O, CTRL | SHIFT)
    h.qtbot.waitUntil(lambda: "shape 1" in h.session.items, timeout=60_000)
    return written and empty


def files_are_dropped(h):
    press(h.window, Key.Key_N, CTRL)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(h.sample[name])) for name in ("image", "shape")])
    h.image.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier))
    h.qtbot.waitUntil(lambda: len(h.session.items) == 2, timeout=60_000)
    return True


def next_and_previous_photo(h):
    folder = Path(h.sample["image"]).parent / "collection"
    h.window.features.collection.controller.add([str(folder / f"toy-{number}.jpg") for number in (1, 2)])
    names = []
    for key in (Key.Key_D, Key.Key_D, Key.Key_A):
        before = h.session.items["image 1"].path
        press(h.window, key)
        h.qtbot.waitUntil(lambda was=before: h.session.items["image 1"].path != was, timeout=60_000)
        names.append(h.session.items["image 1"].name)
    press(h.window, Key.Key_A)
    return names == ["toy-1.jpg", "toy-2.jpg", "toy-1.jpg"] and "first photo" in h.window.messages.kept[-1][1]


def f1_shows_keys(h):
    shown = []
    h.monkeypatch.setattr(QMessageBox, "information", lambda *said: shown.append(said[2]))
    press(h.window, Key.Key_F1)
    return len(shown) == 1 and "Ctrl+1" in shown[0]


HABITS = {
    "The wheel zooms at the cursor": zooms_at_cursor,
    "Ctrl + wheel zooms": lambda h: zooms_at_cursor(h, CTRL),
    "A drag pans": drag_pans,
    "A drag with the middle button pans": middle_drag_pans,
    "Space and a drag pan": space_drag_pans,
    "F fits, and Home does": fits,
    "+ and − zoom": plus_and_minus_zoom,
    "A drag turns": drag_turns,
    "A drag with the middle button turns, with Shift it pans": turns_like_blender,
    "The wheel zooms": wheel_zooms_shape,
    "A double click sets the point it turns around": double_click_pivots,
    "1, 3 and 7 of the number pad: front, right, top": number_pad,
    "Home shows all": home_shows_shape,
    "Ctrl+Z undoes, Ctrl+Shift+Z and Ctrl+Y redo": undoes_and_redoes,
    "Delete deletes what is selected": deletes_what_is_selected,
    "Escape leaves the tool": escape_leaves_tool,
    "Return finishes what is marked": return_keeps_part,
    "[ and ] change the brush": brackets_change_brush,
    "A right click opens a menu": right_click_opens_menu,
    "F2 renames": f2_renames,
    "Ctrl+A selects all": ctrl_a_selects_all,
    "Ctrl+O opens, Ctrl+S saves, Ctrl+N begins anew": opens_saves_begins,
    "Files are dropped on the window": files_are_dropped,
    "D and A: next and previous photo": next_and_previous_photo,
    "F1 shows the keys": f1_shows_keys,
}
"""The lines of the page that say "same", in its order, and what shows it."""


def claimed() -> list[str]:
    rows = re.findall(r"^\| (.+?) \| .+? \| same", PAGE.read_text(), re.MULTILINE)
    return [row for row in rows if row != "habit"]


def test_every_habit_that_is_called_the_same_is_the_same(
    window, open_sample, sample, qtbot, give, tmp_path, monkeypatch
):
    assert claimed() == list(HABITS)
    open_sample(window, "image", "shape")
    hands = Hands(window, sample, qtbot, give, tmp_path, monkeypatch)
    works = {habit: does(hands) for habit, does in HABITS.items()}
    assert [habit for habit, does in works.items() if not does] == []
