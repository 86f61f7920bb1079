"""The longest gaps of the window's event loop while shapes open; run on a virtual screen:

    xvfb-run -a python -m tests.benchmarks.speed_opening [FILE ...]

Without files: the sample's shape, and a made mesh of 1,310,720 faces. Each is opened as the first shape of a window, and
once more beside that. Beside each gap stands the time that the GUI thread itself worked in it, and at the end the longest
gap of a timer in another process that does nothing: what is above that is the window's. ``--first`` gives the window the
cores before all other programs (Linux, as root), as if nothing else ran.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import trimesh
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

SAMPLE = Path(__file__).parents[2] / "resources" / "sample" / "toy.glb"

TICK = 5
"""Milliseconds between two beats of the event loop."""

SETTLED = 2.0
"""Seconds after a shape is shown in which edges are smoothed and its field arrives."""


def million(folder: Path) -> Path:
    """A file with a bumpy ball of 1,310,720 faces."""
    ball = trimesh.creation.icosphere(subdivisions=8)
    ball.vertices *= 1 + 0.1 * np.sin(6 * ball.vertices[:, :1])
    ball.export(folder / "million.ply")
    return folder / "million.ply"


CONTROL = """
import time
last, worst = time.perf_counter(), 0.0
try:
    print("begun", flush=True)
    while True:
        time.sleep(0.005)
        now = time.perf_counter()
        worst, last = max(worst, now - last), now
except KeyboardInterrupt:
    print(worst)
"""
"""A timer of another process that does nothing; when it is interrupted it prints its longest gap in seconds."""


class Beat:
    """Measures the gaps between the beats of a timer, and how long the GUI thread worked in each; both in ms."""

    def __init__(self) -> None:
        self.gaps: list[tuple[float, float]] = []
        self._last = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(TICK)

    def clear(self) -> None:
        self.gaps.clear()
        self._last = time.perf_counter(), time.thread_time()

    def worst(self) -> str:
        """The three longest, the longest last."""
        return " / ".join(f"{gap:.0f} ({worked:.0f})" for gap, worked in sorted(self.gaps)[-3:])

    def _beat(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        self.gaps.append((1e3 * (now - self._last[0]), 1e3 * (worked - self._last[1])))
        self._last = now, worked


def go_first(on: bool) -> None:
    """Let the threads of this process, and those that they begin, have the cores before those of all others."""
    policy = os.SCHED_RR if on else os.SCHED_OTHER
    for thread in map(int, os.listdir("/proc/self/task")):
        os.sched_setscheduler(thread, policy, os.sched_param(int(on)))


def run_until(done: Callable[[], object], seconds: float = 300.0) -> None:
    """Let the window's event loop run until something is so."""
    loop, end, poll = QEventLoop(), time.monotonic() + seconds, QTimer()
    poll.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end else None)
    poll.start(20)
    loop.exec()
    assert done(), "the shape did not open"


def rest(seconds: float) -> None:
    """Let the event loop run for a while."""
    end = time.monotonic() + seconds
    run_until(lambda: time.monotonic() > end)


def measure(path: Path, report: Callable[[str, str, str], object], first: bool = False) -> None:
    """Open a shape as the first one of a window, then another time in the second panel."""
    from app.window.main_window import MainWindow
    from app.window.theme import apply_theme

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    apply_theme(application, "light")
    window = MainWindow(QSettings(str(Path(tempfile.mkdtemp()) / "settings.ini"), QSettings.Format.IniFormat))
    window.projects.ask = lambda: "discard"  # type: ignore[method-assign]
    window.resize(1280, 800)
    window.show()
    run_until(lambda: window.preload.done)
    rest(1.0)
    if first:
        go_first(True)
    beat = Beat()
    for slot, name in (("shape 1", "first"), ("shape 2", "beside it")):
        control = subprocess.Popen([sys.executable, "-c", CONTROL], stdout=subprocess.PIPE, text=True)
        assert control.stdout is not None and control.stdout.readline()
        beat.clear()
        window.files.open([str(path)], slot)  # type: ignore[arg-type]
        run_until(lambda s=slot: window.panels[s]._shape is not None)  # type: ignore[misc]
        rest(SETTLED)
        control.send_signal(signal.SIGINT)
        other, load = 1e3 * float(control.communicate()[0]), os.getloadavg()[0]
        report(
            f"event loop while {path.name} opens, {name}, longest gaps (worked)",
            f"{beat.worst()} ms",
            f"goal 100 ms; a timer alone {other:.0f} ms, load {load:.0f}",
        )
    if first:
        go_first(False)  # engines that come later are not to have it
    window.close()
    window.preload.wait()


def opening(report: Callable[[str, str, str], object], files: tuple[Path, ...] = (), first: bool = False) -> None:
    """Measure the files, or else the sample's shape and a made one."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = os.environ["XDG_STATE_HOME"] = folder  # nothing of others is to be recovered
        for path in files or (SAMPLE, million(Path(folder))):
            measure(path.absolute(), report, first)


if __name__ == "__main__":
    named = [word for word in sys.argv[1:] if word != "--first"]
    opening(
        lambda *texts: print("{:<72} {:>36}   {}".format(*texts), flush=True),
        tuple(map(Path, named)),
        "--first" in sys.argv,
    )
