"""The longest gaps of the window's event loop while shapes open; run on a virtual screen:

    xvfb-run -a python -m tests.benchmarks.speed_opening [FILE ...]

Without files: the sample's shape, and a made mesh of 1,310,720 faces. Each is opened as the first shape of a window, and
once more beside that.
"""

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


class Beat:
    """Measures the gaps in ms between the beats of a timer."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(TICK)

    def clear(self) -> None:
        self.gaps.clear()
        self._last = time.perf_counter()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(1e3 * (now - self._last))
        self._last = now


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


def measure(path: Path, report: Callable[[str, str, str], object]) -> None:
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
    beat = Beat()
    for slot, name in (("shape 1", "first"), ("shape 2", "beside it")):
        beat.clear()
        window.files.open([str(path)], slot)  # type: ignore[arg-type]
        run_until(lambda s=slot: window.panels[s]._shape is not None)  # type: ignore[misc]
        rest(SETTLED)
        worst = " / ".join(f"{gap:.0f}" for gap in sorted(beat.gaps)[-3:])
        report(f"event loop while {path.name} opens, {name}, three longest gaps", f"{worst} ms", "goal 100 ms")
    window.close()
    window.preload.wait()


def opening(report: Callable[[str, str, str], object], files: tuple[Path, ...] = ()) -> None:
    """Measure the files, or else the sample's shape and a made one."""
    with tempfile.TemporaryDirectory() as folder:
        for path in files or (SAMPLE, million(Path(folder))):
            measure(path.absolute(), report)


if __name__ == "__main__":
    opening(lambda *texts: print("{:<70} {:>20}   {}".format(*texts), flush=True), tuple(map(Path, sys.argv[1:])))
