"""The Python console."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.window.console import Console
from app.window.help import show_console


def test_the_console_runs_python_and_never_throws(window):
    show_console({"window": window, "session": window.session}, window)
    console = window.findChild(Console)
    QTest.keyClicks(console.input, "print(len(session.items), window.windowTitle()[:12])")
    console.input.returnPressed.emit()  # its window cannot be made the active one on every screen
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
