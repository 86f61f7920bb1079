"""The longest gaps of the window's event loop while shapes open; run on a virtual screen:

    xvfb-run -a python -m tests.benchmarks.speed_opening [--stacks] [FILE ...]

Without files: the sample's shape and a made mesh of 1.3 million faces. Each is opened as the first shape of a window, and
once more beside what is open. ``--stacks`` says where the main thread was during gaps of more than 50 ms.
"""

import argparse
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import trimesh
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"

TICK = 5
"""Milliseconds between two beats of the event loop."""

SETTLED = 2.0
"""Seconds after a shape is shown in which it is drawn smoothly, its camera is fitted, and its field arrives."""


def million(folder: Path) -> Path:
    """A file with a bumpy ball of 1,310,720 faces."""
    ball = trimesh.creation.icosphere(subdivisions=8)
    ball.vertices *= 1 + 0.1 * np.sin(6 * ball.vertices[:, :1])
    path = folder / "million.ply"
    ball.export(path)
    return path


class Beat:
    """Measures the gaps between beats of a timer, and where the main thread is meanwhile."""

    def __init__(self, stacks: bool):
        self.gaps: list[float] = []
        self.where: Counter[str] = Counter()
        self._last, self._main = time.perf_counter(), threading.get_ident()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(TICK)
        if stacks:
            threading.Thread(target=self._watch, daemon=True).start()

    def clear(self) -> None:
        self.gaps.clear()
        self.where.clear()
        self._last = time.perf_counter()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(1e3 * (now - self._last))
        self._last = now

    def _watch(self) -> None:
        while True:
            time.sleep(0.01)
            if time.perf_counter() - self._last > 0.05:
                frames = traceback.extract_stack(sys._current_frames()[self._main])
                own = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-5:]]
                self.where[" < ".join(reversed(own))] += 1


def run_until(done: Callable[[], object], seconds: float = 300.0) -> None:
    """Let the window's event loop run until something is so."""
    loop, end = QEventLoop(), time.monotonic() + seconds
    poll = QTimer()
    poll.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end else None)
    poll.start(20)
    loop.exec()
    assert done(), "the shape did not open"


def measure(path: Path, stacks: bool) -> None:
    """Open a shape as the first one of a window, then another time in the second panel."""
    from app.window.main_window import MainWindow
    from app.window.theme import apply_theme

    application = QApplication.instance()
    assert isinstance(application, QApplication)
    apply_theme(application, "light")
    settings = QSettings(str(Path(tempfile.mkdtemp()) / "settings.ini"), QSettings.Format.IniFormat)
    window = MainWindow(settings)
    window.projects.ask = lambda: "discard"  # type: ignore[method-assign]
    window.resize(1280, 800)
    window.show()
    run_until(lambda: window.preload.done)
    rest = time.monotonic() + 1.0
    run_until(lambda: time.monotonic() > rest)
    beat = Beat(stacks)
    for slot, name in (("shape 1", "first shape"), ("shape 2", "beside it")):
        beat.clear()
        begin = time.monotonic()
        window.files.open([str(path)], slot)
        run_until(lambda s=slot: window.panels[s]._shape is not None)
        shown = time.monotonic()
        run_until(lambda t=shown: time.monotonic() > t + SETTLED)
        worst = " / ".join(f"{gap:.0f}" for gap in sorted(beat.gaps)[-3:])
        print(f"{path.name:<24} {name:<12} {worst:>18} ms   shown after {shown - begin:.1f} s", flush=True)
        for where, count in beat.where.most_common(12):
            print(f"    {10 * count:>5} ms  {where}")
    window.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stacks", action="store_true")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        for path in options.files or [SAMPLE / "toy.glb", million(Path(folder))]:
            measure(path.absolute(), options.stacks)
    del application


if __name__ == "__main__":
    main()
