"""The real window, on the screen that the test command provides."""

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QMessageBox


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    """Autosaved documents, adapters and logs of a test are its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def window(qtbot, tmp_path):
    """A window with settings of its own, closed at the end."""
    from app.window.main_window import MainWindow
    from app.window.theme import apply_theme

    apply_theme(QApplication.instance(), "light")
    window = MainWindow(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    window.projects.ask = lambda: "discard"  # type: ignore[method-assign]
    window.resize(1300, 800)
    window.show()
    qtbot.waitExposed(window)
    yield window
    for box in window.findChildren(QMessageBox):
        box.close()
    window.close()
    window.deleteLater()


@pytest.fixture
def wait_ready(qtbot):
    """Wait until everything open can be matched and every pin is answered."""

    def ready(window, timeout=120_000):
        def check():
            session = window.session
            assert session.items and all(window.requests.is_ready(slot) for slot in session.items)
            assert window.tasks.is_idle()
            for pin in session.pins.values():
                assert pin.problem or len(pin.answers) == len(session.items) - 1

        qtbot.waitUntil(check, timeout=timeout)

    return ready


def open_sample_files(window, sample, wait_ready, qtbot, *names):
    window.open_files([str(sample[name]) for name in names])
    qtbot.waitUntil(lambda: len(window.session.items) == len(names), timeout=90_000)
    wait_ready(window)
