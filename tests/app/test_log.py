"""Logs of both processes: bounded, with stderr where wanted, and exceptions that nobody catches."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT)


def test_a_log_is_renamed_when_it_grows_and_stderr_follows(tmp_path):
    code = f"""
import os, logging
from pathlib import Path
from app.shared import log
log.BYTES = 2000
log.start_log(Path({str(tmp_path / "engine.log")!r}), with_stderr=True)
for number in range(200):
    logging.getLogger("app.test").info("line %d", number)
os.write(2, b"written by a library")
"""
    done = run(code)
    assert done.returncode == 0
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["engine.log", "engine.log.1", "engine.log.2", "engine.log.3"]
    assert all(file.stat().st_size <= 2100 for file in tmp_path.iterdir())
    text = (tmp_path / "engine.log").read_text()
    assert "line 199" in text and text.endswith("written by a library") and not done.stderr


def test_what_a_slot_throws_is_logged_and_the_program_goes_on(tmp_path):
    code = f"""
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from app.shared.log import log_what_is_thrown, start_log
start_log(Path({str(tmp_path / "window.log")!r}))
log_what_is_thrown()
app = QCoreApplication([])
QTimer.singleShot(0, lambda: 1 / 0)
QTimer.singleShot(50, app.quit)
app.exec()
print("went on")
"""
    done = run(code)
    assert done.returncode == 0 and done.stdout.strip() == "went on"
    assert "ZeroDivisionError" in (tmp_path / "window.log").read_text()
    assert "ZeroDivisionError" in done.stderr  # a terminal sees it too


def test_a_folder_that_cannot_be_made_costs_only_the_log(tmp_path):
    (tmp_path / "file").write_text("")
    code = f"""
import os
os.environ["XDG_STATE_HOME"] = {str(tmp_path / "file")!r}
from app.shared.log import log_file, start_log
assert log_file("window") is None
start_log(None)
"""
    assert run(code).returncode == 0
