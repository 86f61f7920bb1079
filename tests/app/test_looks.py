"""Preferences, shortcuts, the welcome row and the console."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QKeySequence, QPalette
from PySide6.QtTest import QTest

from app.window.appearance import NAVIGATION
from app.window.console import Console
from app.window.help import show_console
from app.window.preferences import Preferences
from app.window.theme import apply_theme
from core.colors import HEATMAPS, STEPPED, apply_colormap, lookup_table
from tests.app.conftest import open_sample_files

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def test_steps_are_eight_colours_from_end_to_end():
    table = lookup_table(HEATMAPS[0] + STEPPED)
    assert len(np.unique(table, axis=0)) == 8
    np.testing.assert_array_equal(table[[0, -1]], lookup_table(HEATMAPS[0])[[0, -1]])
    np.testing.assert_array_equal(*apply_colormap(np.array([0.51, 0.6]), HEATMAPS[0] + STEPPED))


def test_preferences_change_the_window_at_once_and_are_kept(window, qtbot):
    dialog = Preferences(window.appearance, window.requests, window)
    dialog.show()
    dialog.colors.setCurrentIndex(HEATMAPS.index("viridis"))
    dialog.colors.activated.emit(HEATMAPS.index("viridis"))
    dialog.steps.click()
    assert window.panels["shape 1"]._colormap == "viridis" + STEPPED
    dialog.navigation.activated.emit(list(NAVIGATION).index("turntable"))
    assert "up axis" in dialog.how.text() and window.panels["shape 1"]._navigation == "turntable"
    qtbot.waitUntil(lambda: "MB in" in dialog.cache.text(), timeout=20_000)
    again = QSettings(window.settings.fileName(), QSettings.Format.IniFormat)
    assert again.value("heatmap") == "viridis" and again.value("navigation") == "turntable"
    dialog.close()


def test_shortcuts_can_be_changed_and_not_given_twice(window):
    dialog = Preferences(window.appearance, window.requests, window)
    name = "Edit > Delete all pins"
    dialog.editors[name].setKeySequence(QKeySequence("Ctrl+Alt+K"))
    dialog.editors[name].editingFinished.emit()
    action = window.appearance.named_actions()[name]
    assert action.shortcut() == QKeySequence("Ctrl+Alt+K")
    dialog.editors[name].setKeySequence(QKeySequence("Ctrl+O"))
    dialog.editors[name].editingFinished.emit()
    assert "belongs to File > Open image" in dialog.note.text() and action.shortcut() == QKeySequence("Ctrl+Alt+K")
    action.setShortcut(QKeySequence())
    window.appearance.restore()
    assert action.shortcut() == QKeySequence("Ctrl+Alt+K")


def test_the_first_thing_to_see_offers_the_sample_and_what_was_open(window, sample, wait_ready, qtbot):
    assert window.guide.welcome.isVisible() and [b.text() for b in window.guide.welcome.buttons] == [
        "the sample",
        "the sample collection",
    ]
    open_sample_files(window, sample, wait_ready, qtbot, "shape")
    assert not window.guide.welcome.isVisible()
    window.projects.new()
    assert window.guide.welcome.isVisible() and window.guide.welcome.buttons[-1].text() == sample["shape"].name
    QTest.mouseClick(window.guide.welcome.buttons[-1], LEFT)
    qtbot.waitUntil(lambda: "shape 1" in window.session.items)


def test_every_way_to_move_turns_the_shape(window, sample, wait_ready, qtbot):
    open_sample_files(window, sample, wait_ready, qtbot, "shape")
    mesh = window.panels["shape 1"]
    for name, button in (("trackball", LEFT), ("turntable", LEFT), ("blender", MIDDLE)):
        window.appearance.set_navigation(name)
        mesh.set_view("front")
        before = np.array(mesh.view_state()[:3])
        start = QPoint(mesh.plotter.width() // 2, mesh.plotter.height() // 2)
        QTest.mousePress(mesh.plotter, button, pos=start)
        for step in range(1, 6):
            QTest.mouseMove(mesh.plotter, start + QPoint(12 * step, 0))
        QTest.mouseRelease(mesh.plotter, button, pos=start + QPoint(60, 0))
        assert np.linalg.norm(np.array(mesh.view_state()[:3]) - before) > 0.05, name
        up = np.array(mesh.view_state()[6:9])
        assert name != "turntable" or up[1] > 0.9
        assert not window.session.pins and mesh.pick(QPointF(start)) is not None


def test_the_console_runs_python_and_never_throws(window):
    show_console({"window": window, "session": window.session}, window)
    console = window.findChild(Console)
    QTest.keyClicks(console.input, "print(len(session.items), window.windowTitle()[:12])")
    QTest.keyClick(console.input, Qt.Key.Key_Return)
    assert "0 Counterpoint" in console.output.toPlainText()
    assert "ZeroDivisionError" in console.run("1 / 0") and "SyntaxError" in console.run("1 +* 2")
    console.run("for i in range(2):")
    assert console.input.placeholderText() == "..."
    console.run("    print('again')")
    assert console.run("") == "again\nagain"
    assert "Quit" in console.run("exit()")
    QTest.keyClick(console.input, Qt.Key.Key_Up)
    assert console.input.text().startswith("print(len")
    console.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out(qapp, theme):
    """Contrast of at least 4.5 to 1 (WCAG 2.2, AA) for everything that is read."""

    def luminance(color):
        parts = np.array(color.getRgbF()[:3])
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    apply_theme(qapp, theme)
    role, palette = QPalette.ColorRole, qapp.palette()
    pairs = {
        role.WindowText: (role.Window,), role.Text: (role.Base, role.AlternateBase), role.ButtonText: (role.Button,),
        role.PlaceholderText: (role.Window, role.Base), role.HighlightedText: (role.Highlight,),
        role.ToolTipText: (role.ToolTipBase,), role.Link: (role.Window, role.Base),
    }  # fmt: skip
    for text, grounds in pairs.items():
        for ground in grounds:
            low, high = sorted(luminance(palette.color(one)) for one in (text, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
    apply_theme(qapp, "system")


def test_every_text_can_be_translated(tmp_path):
    """In a made-up language nothing stays English, in the window, its menus and dialogs."""
    run = [sys.executable, "-m", "tests.app.pseudo", str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["plain"] == [] and found["texts"] > 300


def test_the_template_of_texts_is_up_to_date():
    from babel.messages import extract, pofile

    root = Path(__file__).parents[2]
    texts = {
        m for _, _, m, _, _ in extract.extract_from_dir(root / "app", [("**.py", "python")], keywords={"tr": None})
    }
    with open(root / "resources" / "translations" / "counterpoint.pot", "rb") as file:
        template = {message.id for message in pofile.read_po(file) if message.id}
    assert texts == template, "run packaging/update-translations"
