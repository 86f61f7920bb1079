"""The real window, on the screen that the test command provides."""

import json

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from tests import warm_engines
from tests.e2e.hands import choose, draw_focus_box


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    """Autosaved documents, adapters and logs of a test are its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def engines():
    """How engines are started; ``test_errors.py`` starts them as users do."""
    return warm_engines


@pytest.fixture
def window(qtbot, tmp_path, monkeypatch, engines):
    """A window with settings of its own, closed at the end."""
    from app.window.engine_client import EngineClient
    from app.window.main_window import MainWindow
    from app.window.theme import apply_theme

    monkeypatch.setattr(EngineClient, "context", engines)
    apply_theme(QApplication.instance(), "light")
    window = MainWindow(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    window.projects.ask = lambda: "discard"  # type: ignore[method-assign]
    window.resize(1300, 800)
    window.show()
    qtbot.waitExposed(window)
    for _ in range(100):  # keys of menus belong to the active window
        window.activateWindow()
        if window.isActiveWindow():
            break
        qtbot.wait(20)
    yield window
    for box in window.findChildren(QMessageBox):
        box.close()
    window.close()
    window.preload.wait()
    window.deleteLater()


@pytest.fixture
def wait_ready(qtbot):
    """Wait until everything open can be matched and every pin is answered, through poses where they are looked for.

    Where there is no pin, nobody waits for poses.
    """

    def ready(window, timeout=120_000):
        def check():
            session = window.session
            assert session.items and all(window.requests.is_ready(slot) for slot in session.items)
            assert window.tasks.is_idle()
            for pin in session.pins.values():
                assert pin.problem or (len(pin.answers) == len(session.items) - 1 and not pin.outdated)
            if session.pins:
                assert None not in session.likely.values()

        qtbot.waitUntil(check, timeout=timeout)

    return ready


@pytest.fixture
def open_sample(sample, wait_ready, qtbot):
    """Open some of the sample's files, by their names in ``sample.json``."""

    def open_files(window, *names):
        window.open_files([str(sample[name]) for name in names])
        qtbot.waitUntil(lambda: len(window.session.items) == len(names), timeout=90_000)
        wait_ready(window)

    return open_files


@pytest.fixture
def opened(window, sample, open_sample, wait_ready):
    """The sample's photo with its focus box and its shape, ready."""
    open_sample(window, "image", "shape")
    draw_focus_box(window.panels["image 1"], sample["box"])
    wait_ready(window)
    return window


@pytest.fixture
def give(monkeypatch):
    """Answer the dialogs for files and folders that come: ``give(path)``; of those for saving, ``chosen`` is the
    pattern.
    """

    def answer(path, chosen=""):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(path), chosen))
        monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *a, **k: ([str(path)], chosen))
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), chosen))
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(path))

    return answer


@pytest.fixture
def posed(opened, sample, give, tmp_path, qtbot):
    """The sample with the true pose and the true intrinsics, opened from files."""
    window = opened
    window.show_feature("align")
    K, pose = np.array(sample["pose"]["K"]), {name: sample["pose"][name] for name in ("R", "t")}
    (tmp_path / "K.json").write_text(json.dumps({"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2]}))
    (tmp_path / "pose.json").write_text(json.dumps(pose))
    give(tmp_path / "K.json")
    choose(window, "Pose", "Open intrinsics")
    qtbot.waitUntil(lambda: window.session.cameras.file is not None, timeout=60_000)
    give(tmp_path / "pose.json")
    choose(window, "Pose", "Open pose")
    qtbot.waitUntil(lambda: bool(window.session.aligned), timeout=120_000)
    return window
