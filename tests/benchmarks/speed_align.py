"""How quickly the window answers around a pose, on the sample.

    xvfb-run -a python -m tests.benchmarks.speed_align [CHECKOUT]

Rows: launch to the first picture and the first heatmap, click to answer, drag to redraw, drag to new score, alignment,
alignment after a drag. With CHECKOUT, the folder of another checkout, both are measured in turn.
"""

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

BOX = (527.0, 319.0, 1082.0, 740.0)
ROUNDS = 5


def main_window() -> Any:
    """The class of this checkout's window, which was ``app.main_window`` before the rooms."""
    for name in ("app.window.main_window", "app.main_window"):
        try:
            return importlib.import_module(name).MainWindow
        except ModuleNotFoundError:
            continue
    raise SystemExit("There is no window in this checkout.")


class Watch:
    """A window that is operated and timed."""

    def __init__(self) -> None:
        from PySide6.QtWidgets import QApplication

        self.start = time.perf_counter()
        self.app = QApplication.instance() or QApplication([])
        self.window = main_window()()
        self.window.resize(1300, 800)
        self.window.show()

    def until(self, done: Callable[[], object], begin: float | None = None) -> float:
        """Milliseconds from ``begin`` (or now) until ``done()``."""
        begin = time.perf_counter() if begin is None else begin
        while not done():
            self.app.processEvents()
            time.sleep(0.0005)
        return 1e3 * (time.perf_counter() - begin)


def measure(cache_is_cold: bool = False) -> None:
    """Print a row for everything that is measured."""
    watch = Watch()
    window = watch.window
    sample = Path(sys.modules[type(window).__module__].__file__ or "")
    while not (sample / "resources").exists():
        sample = sample.parent
    photo, shape = (str(sample / "resources" / "sample" / name) for name in ("toy.jpg", "toy.glb"))
    opened: list[str] = []
    requests = getattr(window, "requests", None) or window.queries
    requests.opened.connect(lambda slot, what: opened.append(slot) if what is not None else None)
    window.open_files([photo, shape])
    row("launch -> first picture", [watch.until(lambda: "image 1" in opened, watch.start)])
    watch.until(lambda: "image 1" in window.session.items)
    window.panels["image 1"]._user_box(BOX)
    watch.until(lambda: len(window.session.items) == 2 and all(map(requests.is_ready, window.session.items)))
    place_pin = window.features.matching.controller.place if hasattr(window, "features") else window.place_pin
    place_pin("image 1", (800.0, 500.0))
    row("launch -> first heatmap", [watch.until(lambda: window.panels["shape 1"]._heat is not None, watch.start)])
    clicks = []
    for number in range(3 * ROUNDS):
        before = len(answered(window))
        place_pin("image 1", (700.0 + 20 * number, 520.0))
        clicks.append(watch.until(lambda b=before: len(answered(window)) > b))
    row("click -> answer", clicks[ROUNDS:])
    alignments(watch)
    window.close()


def answered(window: Any) -> list[Any]:
    return [pin for pin in window.session.pins.values() if pin.answers]


def alignments(watch: Watch) -> None:
    """Rows about poses."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    window = watch.window
    feature = window.features.align if hasattr(window, "features") else None
    dock, aligner = (feature.panel, feature.controller) if feature else (window.align_panel, window.aligner)
    window.session.undo_stack.clear()
    if hasattr(window, "show_feature"):
        window.show_feature("align")
    else:
        shown = window.docks["align"] if feature else window.align_dock
        shown.show()
        shown.raise_()
    view, port = window.panels["image 1"].view, window.panels["image 1"].view.viewport()
    drawn: list[float] = []
    panel = window.panels["image 1"]
    plain = panel.set_overlay
    panel.set_overlay = lambda *a: (drawn.append(time.perf_counter()), plain(*a))

    def align() -> float:
        known = aligner.current()
        dock.start.click()
        return watch.until(lambda: aligner.current() is not known)

    def settle() -> None:
        end = time.perf_counter() + 0.7
        watch.until(lambda: time.perf_counter() > end and window.tasks.is_idle())

    row("alignment, the first", [align()])
    left = Qt.MouseButton.LeftButton
    redraws, scores, again = [], [], []
    for number in range(ROUNDS):
        settle()
        dock.tools["move"].setChecked(False)
        QTest.mouseClick(dock.tools["move"], left)
        settle()
        middle = view.mapFromScene(view.handles.pos())
        known = aligner.current()
        QTest.mousePress(port, left, pos=middle)
        for share in (1, 2, 3):
            count = len(drawn)
            QTest.mouseMove(port, middle + QPoint(8 * share + number, 2 * share))
            redraws.append(watch.until(lambda c=count: len(drawn) > c))
        begin = time.perf_counter()
        QTest.mouseRelease(port, left, pos=middle + QPoint(24 + number, 6))
        scores.append(watch.until(lambda k=known: aligner.current() is not k, begin))
        settle()
        again.append(align())
    row("drag -> redrawn", redraws)
    row("drag -> new score", scores)
    row("alignment after a drag", again)


def row(name: str, spent: list[float]) -> None:
    print(
        f"{name:<32} {np.median(spent):>9.1f} ms   (least {min(spent):.1f}, most {max(spent):.1f}, n {len(spent)})",
        flush=True,
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        here = Path(__file__).parents[2]
        for title, folder in (("this checkout", here), (sys.argv[1], Path(sys.argv[1]).resolve())):
            print(f"-- {title}", flush=True)
            subprocess.run([sys.executable, __file__], env={**os.environ, "PYTHONPATH": str(folder)}, check=True)
    else:
        measure()
