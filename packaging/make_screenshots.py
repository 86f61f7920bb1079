"""Makes the pictures of ``packaging/screenshots``: works in the real window as a user would, and looks at every task.

The files are FOLDER/TASK-WIDTHxHEIGHT-THEME.png.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from app.document.commands import SetDraft
from app.document.scene import OpenScene
from app.document.scene_commands import SetScene
from app.shared.resources import resource
from app.shared.values import Draft
from app.window.main_window import MainWindow
from app.window.theme import apply_theme, translate_qt
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.images import image_size
from core.parts.action import Action
from core.registration.things import InstanceKey
from core.scenes.scene import ObjectPose, Scene, ScenePhoto, SceneShape

SIZES = ("1280x800", "2560x1440")
TRUNK = (1000.0, 690.0)
"""A pixel of the sample's photo."""


def wait(done: Callable[[], object], seconds: float = 300) -> None:
    """Let the window work until something is so."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise SystemExit("the window did not come to an end")
        QApplication.processEvents()
        time.sleep(0.005)


def settle(seconds: float = 0.8) -> None:
    """Let everything be drawn."""
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end)


def work(window: MainWindow) -> None:
    """A box and a pin, a part, and a pose of the sample."""
    session = window.session
    window.open_sample()
    wait(lambda: session.pins and "shape 1" in session.pins[1].answers)
    wait(window.tasks.is_idle)
    draft = Draft("image 1", actions=(Action("point", True, (TRUNK,)),))
    session.undo_stack.push(SetDraft(session, "Point", draft))
    wait(lambda: "shape 1" in window.features.parts.drafts.marked.carried)
    window.features.parts.controller.keep()
    session.set_current(1)
    window.features.align.controller.start()
    wait(lambda: session.aligned and window.tasks.is_idle())
    window.features.collection.controller.add([str(one) for one in sorted(resource("sample/collection").glob("*.jpg"))])
    gallery = window.features.gallery.panel
    gallery.folder.setText(str(resource("sample")))
    gallery.likes["shape"].click()
    wait(lambda: gallery.results.count() > 0)
    wait(window.tasks.is_idle)


def picture(window: MainWindow, path: Path) -> None:
    """What is on the screen where the window is."""
    settle()
    screen = window.screen()
    screen.grabWindow(0, window.x(), window.y(), window.width(), window.height()).save(str(path))


def open_scene(window: MainWindow) -> None:
    """The sample's two photos with their poses, and those of the collection, as one scene."""
    sample, photos, poses, shapes = resource("sample"), [], {}, {}
    said = json.loads((sample / "sample.json").read_text())
    for number, mark in enumerate(("", "2"), 1):
        file, pose = sample / said[f"image{mark}"], said[f"pose{mark}"]
        camera = PhotoCamera(np.array(pose["K"]), image_size(file))
        shapes[number] = SceneShape(number, sample / said[f"shape{mark}"], f"elephant {number}")
        photos.append(ScenePhoto(file.name, file, camera))
        poses[file.name, InstanceKey(number)] = ObjectPose(Pose(np.array(pose["R"]), np.array(pose["t"])), "checked")
    photos += [ScenePhoto(file.name, file) for file in sorted((sample / "collection").glob("*.jpg"))]
    scene = Scene(sample, "folder", tuple(photos), shapes, poses)
    window.show_feature("scene")
    window.session.set_on_disk(scene)
    window.session.undo_stack.push(SetScene(window.session, "Open the sample's scene", OpenScene.of(scene)))
    wait(lambda: window.panels["image 1"].view.things.shown() and window.tasks.is_idle())


def pictures(window: MainWindow, folder: Path, size: str, theme: str) -> None:
    """Of every task, the drawer, and the panel behind Expert."""
    window.appearance.set_theme(theme)
    window.resize(*map(int, size.split("x")))
    settle(1.5)
    window.show_feature("matching" if window.session.scene is None else "scene")
    for feature in window.features:
        if (feature.name == "scene") != (window.session.scene is not None):
            continue
        window.show_feature(feature.name)
        if feature.name == "parts":
            window.tools.take("point")
        if feature.name == "align":
            window.tools.take("turn")
        picture(window, folder / f"{feature.name}-{size}-{theme}.png")
        if feature.place != "task":
            window.workspace.hide_feature(feature.name)


def main() -> None:
    """Make all of them."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("counterpoint-screenshots")
    translate_qt(app)
    with tempfile.TemporaryDirectory() as own:
        window = MainWindow(QSettings(f"{own}/settings.ini", QSettings.Format.IniFormat))
        window.projects.ask = lambda: "discard"  # type: ignore[method-assign]
        apply_theme(app, "light")
        window.move(0, 0)
        window.show()
        settle()
        picture(window, folder / "welcome.png")
        for prepare in (work, open_scene):
            prepare(window)
            for size in sys.argv[2:] or SIZES:
                for theme in ("light", "dark"):
                    pictures(window, folder, size, theme)
        window.close()
    print(json.dumps(sorted(str(one) for one in folder.glob("*.png")), indent=1))


if __name__ == "__main__":
    main()
