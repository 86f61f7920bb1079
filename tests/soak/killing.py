"""The engine killed at random times in every long task of the window:

    xvfb-run -a -s "-screen 0 1600x1000x24" python -m tests.soak.killing --rounds 5

A task is started as a user starts it; after a random part of the time it took undisturbed the engine's process is
killed, once or twice (twice makes the window ask whether to go on; it is told to, once in two). Prints a row for each
task: how often it ended as it should all the same, was given up with a sentence, or neither, which fails, as anything
thrown does.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from tests.soak.window import SAMPLE, Soak

Start = Callable[[int], Callable[[], bool]]
"""Begins a task for the given time; what it returns says whether the task has come to what it should."""


class Tasks:
    """How each long task is begun in the window."""

    def __init__(self, window, folder: Path):  # type: ignore[no-untyped-def]
        self.window, self.folder = window, folder

    def field(self, number: int) -> Callable[[], bool]:
        """The shape looked at with other settings; matched anew."""
        session = self.window.session
        session.set_encoder(replace(session.encoder, samples=20_000 + number))
        return lambda: all(self.window.requests.is_ready(slot) for slot in session.items)

    def align(self, number: int) -> Callable[[], bool]:
        window = self.window
        window.features.align.controller.push("Clear pose", None)
        window.features.align.panel.start.click()
        return lambda: window.features.align.controller.current() is not None

    def gallery(self, number: int) -> Callable[[], bool]:
        """The shapes of a folder indexed into a new gallery."""
        kept = self.folder / f"gallery-{number}"
        self.window.features.gallery.panel.gallery_requested.emit(str(SAMPLE), str(kept))
        return lambda: self.window.features.gallery.panel.folder.text() == str(kept)

    def collection(self, number: int) -> Callable[[], bool]:
        """Three photos joined."""
        window = self.window
        window.features.collection.panel.clear_requested.emit()
        window.features.collection.controller.add([str(SAMPLE / "collection" / f"toy-{i}.jpg") for i in (3, 5, 7)])
        window.features.collection.panel.start.click()
        return lambda: window.session.collection.joined

    def adapt(self, number: int) -> Callable[[], bool]:
        made = Path(os.environ["XDG_DATA_HOME"])
        before = len(list(made.rglob("*.safetensors")))
        self.window.features.encoder.controller.adapt(0.2)
        return lambda: len(list(made.rglob("*.safetensors"))) > before

    def measure(self, number: int) -> Callable[[], bool]:
        told: list[object] = []
        request_done = self.window.features.encoder.controller.page.show_measured
        self.window.features.encoder.controller.page.show_measured = lambda measured, done: (
            told.append(done),
            request_done(measured, done),
        )
        self.window.features.encoder.controller.measure("procedural", [], 2)
        return lambda: True in told


NAMES = ("field", "align", "gallery", "collection", "adapt", "measure")


class Killing(Soak):
    def __init__(self, window, folder: Path):  # type: ignore[no-untyped-def]
        super().__init__(window)
        self.tasks, self.said, self.failed = Tasks(window, folder), [], []
        window.engine.died.connect(self.said.append)
        window.requests.failed.connect(lambda sentence, _: self.failed.append(sentence))

    def run(self, name: str, number: int, kills: int, span: float) -> tuple[str, float]:
        """("done", "given up" or "lost", seconds)."""
        self.said.clear()
        self.failed.clear()
        shutil.rmtree(os.environ["COUNTERPOINT_CACHE"], ignore_errors=True)  # or a second run would be over at once
        begin = time.monotonic()
        ended = getattr(self.tasks, name)(number)
        for _ in range(kills):
            pause = random.uniform(0.05, 0.9) * min(span, 20.0)  # what the engine remembers makes the next time quicker
            self.wait(lambda p=pause, b=time.monotonic(): time.monotonic() - b > p, span + 1)  # type: ignore[misc]
            if self.window.engine.pid is not None and not self.window.tasks.is_idle():
                os.kill(self.window.engine.pid, signal.SIGKILL)
        self.wait(lambda: ended() or bool(self.failed), 300.0)
        seconds = time.monotonic() - begin
        outcome = "done" if ended() else "given up" if self.failed else "lost"
        for box in self.window.findChildren(QMessageBox):
            box.close()
        self.wait(self.window.tasks.is_idle, 120.0)
        return outcome, seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("tasks", nargs="*", default=NAMES)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="counterpoint-killing-"))
    os.environ["XDG_DATA_HOME"], os.environ["COUNTERPOINT_CACHE"] = str(folder / "data"), str(folder / "cache")
    from app.window.engine_client import Request
    from app.window.main_window import MainWindow

    application = QApplication(["killing"])
    application.setApplicationName("counterpoint-killing")
    window = MainWindow(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    window.projects.ask = lambda: "discard"
    window.projects.ask_recover = lambda _: False
    asked: list[str] = []

    def ask(request: Request, sentence: str, _: str) -> None:
        asked.append(sentence)
        request.try_again() if len(asked) % 2 == 1 else request.cancel()

    window.engine.ask = ask
    window.show()
    wrong = 0

    def run() -> None:
        nonlocal wrong
        soak = Killing(window, folder)
        window.open_files([str(SAMPLE / "toy.jpg"), str(SAMPLE / "toy.glb")])
        soak.wait(lambda: len(window.session.items) == 2 and soak.idle())
        window.panels["image 1"]._user_box((527.0, 319.0, 1082.0, 740.0))
        soak.wait(soak.idle)
        print(f"{'task':<12}{'alone':>8}{'done':>6}{'given up':>10}{'lost':>6}{'died said':>11}{'asked':>7}")
        for name in options.tasks:
            outcome, span = soak.run(name, 1000, 0, 0.0)
            counts, said, before = {"done": 0, "given up": 0, "lost": 0}, 0, len(asked)
            wrong += outcome != "done"
            for number in range(options.rounds):
                counts[soak.run(name, number, 1 + number % 2, span)[0]] += 1
                said += len(soak.said)
            wrong += counts["lost"]
            print(
                f"{name:<12}{span:>6.1f} s{counts['done']:>6}{counts['given up']:>10}{counts['lost']:>6}{said:>11}{len(asked) - before:>7}",
                flush=True,
            )
        for kind, error, _ in soak.thrown:
            print(f"thrown: {kind.__name__}: {error}")
        wrong += len(soak.thrown)
        window.close()
        application.quit()

    QTimer.singleShot(500, run)
    application.exec()
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
