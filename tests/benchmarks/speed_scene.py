"""How the window goes through a scene of 1,000 photos of 12 megapixels with 50 shapes and 8 poses a photo:

    xvfb-run -a python -m tests.benchmarks.speed_scene [STEPS]

Eight photos are written, as JPEG, and linked under 1,000 names, so that their files are in the disk's cache; each name is
decoded by itself. Shapes have 20,480 faces. Keys are pressed in the real window; a photo counts as shown when it was
painted. STEPS (1,000) photos are gone through for the memory.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import trimesh
from PIL import Image
from PySide6.QtCore import QEvent, QObject, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from core.geometry.pose import Pose
from tests.benchmarks.scenes import PHOTOS, POSES, SHAPES, SIZE, K
from tests.benchmarks.speed_opening import rest, run_until

FILES = 8
LOOKS = 3.0
"""Seconds that a person looks at a photo before the next."""

SAMPLE = Path(__file__).parents[2] / "resources" / "sample" / "collection"

Report = Callable[[str, str, str], object]


def make(root: Path) -> Path:
    """A BOP data set; returns its scene."""
    (root / "models").mkdir()
    ball = trimesh.creation.icosphere(5)
    for number in range(1, SHAPES + 1):
        bumps = 1 + 0.15 * np.sin((3 + number % 5) * ball.vertices[:, :1] + number)
        trimesh.Trimesh(40 * ball.vertices * bumps, ball.faces).export(root / "models" / f"obj_{number:06d}.ply")
    info = {str(n): {"diameter": 90.0} for n in range(1, SHAPES + 1)}
    (root / "models" / "models_info.json").write_text(json.dumps(info))
    scene = root / "test" / "000001"
    (scene / "rgb").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number, file in enumerate(sorted(SAMPLE.glob("*.jpg"))[:FILES]):
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)).astype(np.int16)
        noisy = pixels + rng.integers(-8, 9, (*pixels.shape[:2], 1), np.int16)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(root / f"{number}.jpg", quality=90)
    turn = np.eye(3).ravel().tolist()
    cameras, truth = {}, {}
    for photo in range(PHOTOS):
        os.link(root / f"{photo % FILES}.jpg", scene / "rgb" / f"{photo:06d}.jpg")
        cameras[photo] = {"cam_K": K, "depth_scale": 1.0}
        truth[photo] = [{"cam_R_m2c": turn, "cam_t_m2c": [70.0 * (i % 4) - 105, 80.0 * (i // 4) - 40, 600 + 9 * (photo % 7)],
                         "obj_id": 1 + (photo // 10 + i) % SHAPES} for i in range(POSES)]  # fmt: skip
    (scene / "scene_camera.json").write_text(json.dumps(cameras))
    (scene / "scene_gt.json").write_text(json.dumps(truth))
    return scene


class Watch(QObject):
    """When the photo, and what is drawn over it, were painted after a key."""

    def __init__(self, window):
        super().__init__()
        self.photo = self.things = 0.0
        self._news: set[str] = set()
        window.content.shown.connect(lambda slot, _: self._news.add("photo") if slot == "image 1" else None)
        window.features.scene.pictures.drawn.connect(lambda: self._news.add("things"))
        window.panels["image 1"].view.viewport().installEventFilter(self)

    def begin(self) -> float:
        self._news.clear()
        self.photo = self.things = 0.0
        return time.perf_counter()

    def eventFilter(self, watched, event):  # noqa: N802
        if event.type() == QEvent.Type.Paint and self._news:
            for name in self._news:
                QTimer.singleShot(0, lambda n=name: setattr(self, n, time.perf_counter()))
            self._news = set()
        return super().eventFilter(watched, event)


def memory(pid: int | str) -> float:
    """Resident MiB of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def step(window, watch: Watch, drawn: bool = True) -> tuple[float, float, float]:
    """Press D; seconds until the photo is painted, until what is posed in it is, and of them those of the window's CPU."""
    begin, busy = watch.begin(), time.thread_time()
    window.setFocus()
    QTest.keyClick(window, Qt.Key.Key_D)
    run_until(lambda: watch.photo and (watch.things or not drawn))
    return watch.photo - begin, watch.things - begin, time.thread_time() - busy


def open_window(folder: Path):
    from app.window.main_window import MainWindow
    from app.window.theme import apply_theme

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    apply_theme(application, "light")
    window = MainWindow(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    window.projects.ask = lambda: "discard"  # type: ignore[method-assign]
    window.resize(1280, 800)
    window.show()
    window.activateWindow()
    run_until(lambda: window.preload.done and window.isActiveWindow())
    rest(8.0)  # the engine has imported its modules
    return window


def measure(scene: Path, folder: Path, steps: int, report: Report) -> None:
    window = open_window(folder)
    watch = Watch(window)
    begin = watch.begin()
    window.open_files([str(scene)])
    run_until(lambda: window.session.scene is not None)
    listed = time.perf_counter() - begin
    run_until(lambda: watch.photo)
    report("open: all photos are in the strip", f"{listed:.2f} s", "goal 2 s")
    report("open: the first photo is painted", f"{watch.photo - begin:.2f} s", "goal 2 s")
    rest(20.0)
    looked = []
    for _ in range(20):
        looked.append(step(window, watch))
        rest(LOOKS)
    names = (
        ("the photo is painted", "goal 100 ms"),
        ("its 8 posed things too", "goal 200 ms"),
        ("CPU of the window", ""),
    )
    for (name, goal), times in zip(names, zip(*looked, strict=True), strict=True):
        told = f"{1e3 * median(times):.0f} / {1e3 * sorted(times)[-3]:.0f} ms"
        report(f"next photo, each looked at for {LOOKS:.0f} s: {name}, median / worst but two", told, goal)
    hurried = [step(window, watch, drawn=False)[0] for _ in range(20)]
    report("the same, key after key", f"{1e3 * median(hurried):.0f} / {1e3 * sorted(hurried)[-3]:.0f} ms", "")
    for number in range(steps):
        if number % max(1, steps // 10) == 0:
            told = f"{memory('self'):.0f} / {memory(window.engine.pid):.0f} MiB"
            report(f"memory of window / engine after {number} photos", told, "flat")
        step(window, watch)
        if window.session.scene.number == PHOTOS - 1:
            window.features.scene.controller.go_to(window.session.scene.scene.photos[0].key)
    report(
        f"memory of window / engine after {steps} photos",
        f"{memory('self'):.0f} / {memory(window.engine.pid):.0f} MiB",
        "flat",
    )
    window.close()
    window.preload.wait()


def drawing(scene: Path, report: Report) -> None:
    """The engine's job alone: eight things, nearer and nearer."""
    from app.engine.scene_pictures import draw_scene
    from core.progress import silent
    from core.scenes.opening import open_scene

    opened = open_scene(scene)
    camera, here = opened.photos[0].camera, opened.by_photo["0"]
    assert camera is not None
    colors = dict.fromkeys(here, (200, 100, 50))
    for away in (600, 300, 150):
        poses = {thing: Pose(one.pose.R, one.pose.t * [away / 900, away / 900, 0] + [0, 0, away])
                 for thing, one in here.items()}  # fmt: skip
        seconds = []
        for _ in range(6):
            begin = time.perf_counter()
            found = draw_scene(silent, camera, dict(opened.shapes), poses, colors, next(iter(here)))
            seconds.append(time.perf_counter() - begin)
        wide = round(80 / away * camera.K[0, 0])
        told = f"{1e3 * median(seconds[1:]):.0f} ms"
        report(
            f"8 things of about {wide} pixels drawn at {found.index.shape[1]} x {found.index.shape[0]}",
            told,
            "goal 200 ms",
        )


def main(report: Report, steps: int = 1000) -> None:
    """Make the scene and measure."""
    with tempfile.TemporaryDirectory() as folder:
        scene = make(Path(folder))
        measure(scene, Path(folder), steps, report)
        drawing(scene, report)


if __name__ == "__main__":
    main(lambda *texts: print("{:<86} {:>20}   {}".format(*texts), flush=True), int((sys.argv[1:] or ["1000"])[0]))
