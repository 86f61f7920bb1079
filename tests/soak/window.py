"""The window for a long time: files opened and closed again and again, then random actions; memory and crashes are
watched.

    xvfb-run -a -s "-screen 0 1600x1000x24" python -m tests.soak.window --cycles 500 --minutes 120

Prints memory of window and engine as it goes, and fails when either grows by more than 50 MB from the end of warming up
(a tenth of the run) to the end, or anything is thrown. Counted is what a process wrote and shares with nobody (Linux'
``Private_Dirty``): pages of libraries that no other process happens to use any more would count as its own otherwise.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "resources" / "sample"
LIMIT = 50.0


def private(pid: int) -> float:
    """MB that a process has written and shares with nobody."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) / 1024
    raise ValueError("This needs Linux' /proc.")


class Soak:
    def __init__(self, window):  # type: ignore[no-untyped-def]
        self.window, self.thrown = window, []
        self.files = [str(SAMPLE / name) for name in ("toy.jpg", "toy.glb", "toy2.jpg", "toy2.glb")]
        sys.excepthook = lambda *error: self.thrown.append(error)

    def memory(self) -> tuple[float, float]:
        """MB that the window and the engine have written and that are theirs alone."""
        return private(os.getpid()), private(self.window.engine.pid)

    def wait(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not ready() and time.monotonic() < end:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)  # the loop itself would do it
            time.sleep(0.005)

    def idle(self) -> bool:
        session = self.window.session
        return self.window.tasks.is_idle() and all(self.window.requests.is_ready(slot) for slot in session.items)

    def cycle(self) -> None:
        """Both samples opened, a click each, all closed."""
        window = self.window
        window.open_files(self.files)
        self.wait(lambda: len(window.session.items) == 4 and self.idle())
        window.tools.click("image 1", (977.0, 652.0))
        self.wait(lambda: all(len(pin.answers) == 3 or pin.problem for pin in window.session.pins.values()))
        window.session.undo_stack.setClean()
        window.projects.new()
        self.wait(self.idle)

    def act(self) -> None:
        """One of the things people do, at a random place."""
        window, session = self.window, self.window.session
        view, mesh = window.panels["image 1"].view.viewport(), window.panels["shape 1"].plotter
        rng = random.Random(time.monotonic_ns())

        def place(widget) -> QPoint:  # type: ignore[no-untyped-def]
            return QPoint(rng.randrange(max(widget.width(), 1)), rng.randrange(max(widget.height(), 1)))

        def drag(widget) -> None:  # type: ignore[no-untyped-def]
            QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=place(widget))
            for _ in range(4):
                QTest.mouseMove(widget, place(widget))
            QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=place(widget))

        def hover() -> None:
            shift = Qt.KeyboardModifier.ShiftModifier
            window.panels["image 1"].view._hover(place(view), shift)

        def tool() -> None:
            window.tools.take(rng.choice(["", "point", "box", "brush"]))

        def turn() -> None:
            if mesh is not None:
                window.panels["shape 1"].set_view(rng.choice(["front", "left", "top", "corner"]))

        actions = [
            lambda: QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=place(view)),
            lambda: drag(view),
            lambda: mesh is not None and QTest.mouseClick(mesh, Qt.MouseButton.LeftButton, pos=place(mesh)),
            lambda: mesh is not None and drag(mesh),
            hover,
            tool,
            turn,
            session.undo_stack.undo,
            session.undo_stack.undo,
            session.undo_stack.redo,
            lambda: window.open_files([rng.choice(self.files)]),
            lambda: window.panels["image 1"].view.zoom_to(rng.uniform(0.2, 4), QPointF(place(view)).toPoint()),
            lambda: QTest.keyClick(window, Qt.Key.Key_Return),
            window.projects.autosave,
        ]
        rng.choice(actions)()
        for box in window.findChildren(QMessageBox):
            box.close()
        self.wait(lambda: False, rng.uniform(0.02, 0.3))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=120.0)
    options = parser.parse_args()
    from app.window.main_window import MainWindow

    application = QApplication(["soak"])
    application.setApplicationName("counterpoint-soak")
    window = MainWindow(QSettings("/tmp/counterpoint-soak.ini", QSettings.Format.IniFormat))
    window.projects.ask = lambda: "discard"
    window.projects.ask_recover = lambda _: False
    window.show()
    soak, outcome = Soak(window), 1

    def run() -> None:
        nonlocal outcome
        outcome = _run(soak, options.cycles, options.minutes)
        window.close()
        application.quit()

    QTimer.singleShot(500, run)
    application.exec()
    return outcome


def _run(soak: Soak, cycles: int, minutes: float) -> int:
    grown = []
    if cycles:
        print(f"{'cycle':>8}{'window MB':>12}{'engine MB':>12}")
        start = None
        for number in range(1, cycles + 1):
            soak.cycle()
            if start is None and number >= max(3, cycles // 10):
                start = soak.memory()
            if number % max(1, cycles // 20) == 0:
                print(f"{number:>8}{soak.memory()[0]:>12.0f}{soak.memory()[1]:>12.0f}", flush=True)
        grown += [after - before for before, after in zip(start or (0, 0), soak.memory(), strict=True)]
        print(f"grown by {grown[0]:.0f} MB (window) and {grown[1]:.0f} MB (engine) in {cycles} cycles", flush=True)
    if minutes:
        soak.window.open_files(soak.files[:2])
        soak.wait(lambda: len(soak.window.session.items) == 2 and soak.idle())
        begin, actions, start, told = time.monotonic(), 0, None, 0.0
        while (spent := (time.monotonic() - begin) / 60) < minutes:
            soak.act()
            actions += 1
            if start is None and spent > minutes / 10:
                start = soak.memory()
            if spent - told > minutes / 20:
                told = spent
                print(
                    f"{spent:>6.1f} min{soak.memory()[0]:>12.0f}{soak.memory()[1]:>12.0f}  {actions} actions",
                    flush=True,
                )
        soak.wait(soak.idle)
        change = [after - before for before, after in zip(start or (0, 0), soak.memory(), strict=True)]
        print(f"grown by {change[0]:.0f} MB (window) and {change[1]:.0f} MB (engine) in {actions} random actions")
        grown += change
    for kind, error, _ in soak.thrown:
        print(f"thrown: {kind.__name__}: {error}")
    return int(bool(soak.thrown) or any(g > LIMIT for g in grown))


if __name__ == "__main__":
    raise SystemExit(main())
