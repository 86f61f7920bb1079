"""Projects saved, opened, closed with changes, recovered after a crash."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from app.document import commands
from app.window.project_files import autosave_folder
from core.interchange.project import Project, load_project, save_project
from tests.e2e.hands import (
    draw_focus_box,
    errors,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def worked(window, sample, wait_ready, qtbot, open_sample):
    """A photo and a shape with a box, a pin, a part and a correction."""
    open_sample(window, "image", "shape")
    draw_focus_box(window.panels["image 1"], sample["box"])
    wait_ready(window)
    window.tools.click("image 1", tuple(map(float, sample["at"])))
    layers = window.session.layers.new_part("Trunk").mark(1, "image 1", np.eye(960, 1280, dtype=bool))
    window.session.undo_stack.push(commands.SetLayers(window.session, "Mark", layers))
    wait_ready(window)
    return window


def test_saved_closed_and_opened_again(worked, wait_ready, qtbot, tmp_path, monkeypatch):
    window, session = worked, worked.session
    file = tmp_path / "mine.counterpoint"
    answers = session.pins[1].answers["shape 1"].location
    window.panels["image 1"].view.zoom_to(0.8)
    window.panels["shape 1"].set_view("top")
    looks = window.view_state()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "mine"), ""))
    assert window.projects.save() and file.exists() and not window.isWindowModified()
    assert "mine.counterpoint" in window.windowTitle()
    before = file.read_bytes()  # the dialog asked about "mine", not about this file
    with monkeypatch.context() as asked:
        asked.setattr(QMessageBox, "question", lambda *a, **k: QMessageBox.StandardButton.Cancel)
        assert not window.projects.save_as() and file.read_bytes() == before
        asked.setattr(QMessageBox, "question", lambda *a, **k: QMessageBox.StandardButton.Yes)
        assert window.projects.save_as()
    session.undo_stack.undo()  # undo survives a save
    assert window.isWindowModified() and not session.layers.parts
    session.undo_stack.redo()
    assert not window.isWindowModified()
    window.projects.new()
    assert not session.items and not session.pins and window.projects.path is None
    window.open_files([str(file)])
    wait_ready(window)
    assert [pin.name for pin in session.pins.values()] == ["Pin 1"] and session.current == 1
    np.testing.assert_allclose(session.pins[1].answers["shape 1"].location, answers, atol=1e-4)
    assert session.layers.parts[0].name == "Trunk" and session.items["image 1"].box is not None
    assert not session.undo_stack.canUndo() and session.new_pin("image 1", (1.0, 1.0)).pin_id == 2
    for slot, state in looks.items():
        np.testing.assert_allclose(window.view_state()[slot], state, rtol=0.02, atol=1.0)


def test_closing_with_changes_asks(worked, tmp_path, monkeypatch):
    window = worked
    said = []
    monkeypatch.setattr(window.projects, "ask", lambda: said.append("asked") or "cancel")
    assert not window.close() and said == ["asked"] and window.isVisible()
    monkeypatch.setattr(window.projects, "ask", lambda: "save")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: ("", ""))
    assert not window.close()  # the file dialog was left
    buttons = QMessageBox.StandardButton
    monkeypatch.setattr(QMessageBox, "question", lambda *a, **k: buttons.Discard)
    assert type(window.projects).ask(window.projects) == "discard"


def test_a_failed_save_is_said_and_leaves_the_document_unsaved(worked, tmp_path, qtbot):
    window = worked
    assert not window.projects.save_to(tmp_path / "nowhere" / "p.counterpoint")
    assert window.isWindowModified() and window.projects.path is None
    assert "cannot be written" in "".join(errors(window).values())


def test_a_project_that_another_window_saved_is_not_written_over_without_a_word(worked, tmp_path, monkeypatch):
    window, file, asked = worked, tmp_path / "p.counterpoint", []
    buttons = QMessageBox.StandardButton
    monkeypatch.setattr(QMessageBox, "warning", lambda *a, **k: asked.append(a[2]) or answer)
    answer = buttons.Cancel
    assert window.projects.save_to(file) and window.projects.save() and not asked
    save_project(file, Project({"by": "another window"}))
    theirs = file.read_bytes()
    window.session.undo_stack.undo()
    assert not window.projects.save() and file.read_bytes() == theirs and window.isWindowModified()
    assert "p.counterpoint was changed by another window" in asked[0]
    answer = buttons.Save
    assert window.projects.save() and file.read_bytes() != theirs and not window.isWindowModified()
    file.unlink()
    assert window.projects.save() and file.exists() and len(asked) == 2


def test_a_project_that_cannot_be_read_is_said_and_nothing_changes(worked, tmp_path):
    (tmp_path / "bad.counterpoint").write_bytes(b"PK nonsense")
    worked.open_files([str(tmp_path / "bad.counterpoint")])
    assert "damaged" in "".join(errors(worked).values()) and len(worked.session.items) == 2


def test_a_file_that_is_gone_is_asked_for(worked, sample, wait_ready, tmp_path, monkeypatch):

    window = worked
    shutil.copy(sample["image"], tmp_path / "gone.jpg")
    window.open_files([str(tmp_path / "gone.jpg")], "image 1")
    wait_ready(window)
    window.projects.save_to(tmp_path / "sub.counterpoint")
    (tmp_path / "gone.jpg").unlink()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: (str(sample["image"]), ""))
    window.projects.open(tmp_path / "sub.counterpoint")
    wait_ready(window)
    assert window.session.items["image 1"].path == str(sample["image"])


def test_a_project_with_all_files_is_opened_without_them(worked, sample, wait_ready, tmp_path, monkeypatch):

    window = worked
    (tmp_path / "mine").mkdir()
    shutil.copy(sample["image"], tmp_path / "mine" / "mine.jpg")
    window.open_files([str(tmp_path / "mine" / "mine.jpg")], "image 1")
    wait_ready(window)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(tmp_path / "sent"), ""))
    assert window.projects.save_as(whole=True)
    shutil.rmtree(tmp_path / "mine")
    window.projects.open(tmp_path / "sent.counterpoint")
    wait_ready(window)
    found = Path(window.session.items["image 1"].path)
    assert found.name == "mine.jpg" and found.read_bytes() == Path(sample["image"]).read_bytes()
    assert window.projects.save() and load_project(tmp_path / "sent.counterpoint").files  # it stays whole


def test_a_crash_leaves_the_document_and_another_window_is_no_crash(worked, wait_ready, qtbot, sample, tmp_path):
    """A second process keeps a document and is killed; a window that lives is left alone."""
    worked.projects.autosave()
    (alive,) = autosave_folder().glob("*.counterpoint")
    code = f"""
        import os, signal
        from PySide6.QtCore import QSettings
        from PySide6.QtWidgets import QApplication
        from app.shared.values import item_for
        from app.window.main_window import MainWindow
        from app.document.commands import SetItem
        application = QApplication(["test"])
        application.setApplicationName("{QApplication.applicationName()}")
        window = MainWindow(QSettings({str(tmp_path / "other.ini")!r}, QSettings.Format.IniFormat))
        window.projects.ask_recover = lambda sentence: os._exit(3)
        window.projects.start()
        window.session.undo_stack.push(SetItem(window.session, "shape 2", item_for({str(sample["shape"])!r})))
        window.projects.autosave()
        os.kill(window.engine.pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, timeout=60, env=dict(os.environ))
    assert done.returncode == -9  # killed, and not exited because it took the living window for a crash
    assert len(list(autosave_folder().glob("*.counterpoint"))) == 2
    asked = []
    worked.projects.ask_recover = lambda sentence: asked.append(sentence) or True
    worked.projects.stop()
    worked.projects.start()
    assert len(asked) == 1 and set(worked.session.items) == {"shape 2"}
    assert not worked.session.undo_stack.isClean() and not alive.exists()
    wait_ready(worked)
    worked.projects.stop()
    assert not list(autosave_folder().glob("*"))
    damaged = autosave_folder() / "left.counterpoint"
    damaged.write_bytes(b"half a docu")
    worked.projects.start()
    said = [bar.text.text() for bar in worked.errors.bars.values() if bar.isVisible()]
    assert any("left.unread" in text for text in said)  # it is told, and kept
    assert damaged.with_suffix(".unread").read_bytes() == b"half a docu" and not damaged.exists()
