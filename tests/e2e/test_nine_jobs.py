"""Nine jobs from an empty cache, with mouse and keys only, and how long each takes.

Engines are started as users start them, and a job's time begins before its window is made. File dialogs are answered
by ``give``, as there is no mouse in them. ``packaging/test tests/e2e/test_nine_jobs.py -m slow`` prints the table.
"""

import csv
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QListWidget, QMessageBox, QPushButton, QTreeWidget

from app.document.project import unpack
from app.window.main_window import MainWindow, begin
from core.geometry.pose import Pose, rotation_error, shape_rays
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.shape import load_shape
from core.images import load_image
from core.interchange.image_labels import load_image_labels
from core.interchange.poses import bop, load_pose
from core.interchange.project import load_project
from core.interchange.shape_labels import load_shape_labels
from core.retrieval.store import open_gallery
from tests.conftest import SAMPLE, SHARED
from tests.e2e.hands import (
    CTRL,
    LEFT,
    SHIFT,
    click_pixel,
    click_shape,
    differs,
    drag,
    errors,
    middle_of,
    on_view,
    pick,
    pick_in_menu,
    pixels_of,
    press,
    push,
    shown,
    undo,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LONGEST = 300
"""Seconds that a step may take on a busy machine."""

PHOTOS = SAMPLE / "collection"

DUCK, CLUTTER, NUMBER = "models/obj_000009.ply", "test/000002/rgb/000047.png", "47"
"""A mesh and a photo of LM-O, which are not part of the program, and the photo's number."""


@dataclass
class Job:
    """A row of the table."""

    name: str
    begun: float
    seconds: float = 0.0
    processor: float = 0.0
    clicks: int = 0
    keys: int = 0


@pytest.fixture(scope="module")
def table(request):
    rows: list[Job] = []
    yield rows
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n\n| job | seconds | of the processor | clicks and drags | keys |\n| --- | --- | --- | --- | --- |")
        for row in rows:
            print(f"| {row.name} | {row.seconds:.0f} s | {row.processor:.0f} s | {row.clicks} | {row.keys} |")


@pytest.fixture(autouse=True)
def job(request, table, tmp_path, monkeypatch):
    """Nothing is cached, the clock runs, and what the hands do is counted."""
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path / "cache"))
    row = Job(
        request.node.name.removeprefix("test_").replace("_", " "), time.monotonic(), processor=-sum(os.times()[:4])
    )

    def counted(name, what, many=False):
        done = getattr(QTest, name)

        def doing(*args, **options):
            setattr(row, what, getattr(row, what) + (len(args[1]) if many else 1))
            return done(*args, **options)

        monkeypatch.setattr(QTest, name, doing)

    for name in ("mouseClick", "mouseDClick", "mousePress"):
        counted(name, "clicks")
    counted("keyClick", "keys")
    counted("keyClicks", "keys", many=True)
    return row


@pytest.fixture
def engines():
    return multiprocessing.get_context("spawn")


@pytest.fixture
def window(job, table, window):
    """The window; a job is done when its test is."""
    yield window
    job.seconds = time.monotonic() - job.begun
    job.processor += sum(os.times()[:4]) + seconds_of(window.engine.pid)
    table.append(job)


@pytest.fixture
def see(qtbot):
    """Look again and again until something is seen, not so often that the engine is slowed down."""

    def look(what):
        end = time.monotonic() + LONGEST
        while not what():
            assert time.monotonic() < end
            qtbot.wait(100)

    return look


def seconds_of(process: int) -> float:
    """What a process that still runs has had of the processor; what has ended is in our own times."""
    file = Path(f"/proc/{process}/stat")
    stat = file.read_text().rsplit(")", 1)[1].split() if file.exists() else [0] * 13
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def texts(root) -> str:
    """All that can be read in a part of the window: labels and lists."""
    found = [re.sub("<[^>]*>", " ", one.text()) for one in root.findChildren(QLabel) if one.isVisible()]
    for tree in root.findChildren(QTreeWidget):
        lines = (tree.topLevelItem(row) for row in range(tree.topLevelItemCount() if tree.isVisible() else 0))
        found += [" | ".join(line.text(column) for column in range(tree.columnCount())) for line in lines]
    for grid in root.findChildren(QListWidget):
        found += [grid.item(row).text() for row in range(grid.count() if grid.isVisible() else 0)]
    return "\n".join(found)


def side(window) -> str:
    """What the panel at the side says."""
    return texts(window.workspace.side.currentWidget())


def idle(window) -> bool:
    """Whether the status bar shows no task."""
    return not window.tasks.isVisible()


def texts_of_buttons(window) -> str:
    return "\n".join(one.text() for one in window.findChildren(QPushButton) if one.isVisible())


def export(window, *lines) -> None:
    pick(lambda: QTest.mouseClick(window.workspace.export, LEFT), *lines)


def says_saved(window, path) -> bool:
    return window.statusBar().currentMessage() == f"Saved {path}"


def open_sample(window, see) -> None:
    """The sample with its box and a pin that is matched through poses."""
    pick_in_menu(window, "File", "Open sample")
    see(lambda: "Shape 1 : " in side(window) and "likely poses" in side(window) and idle(window))


def answer_box(text, opens) -> str:
    """Press a button of the box that comes when something is done; returns what the box asks."""
    asked = []

    def push_button():
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            push(box, text)
        elif not left:
            QTimer.singleShot(100, push_button)

    left: list[bool] = []
    QTimer.singleShot(100, push_button)
    opens()
    left.append(True)
    return asked[0]


def type_into(field, text) -> None:
    QTest.keyClick(field, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(field, text)


def stroke(panel, *, down=0) -> None:
    """Drag over the middle of a shape."""
    middle = middle_of(panel) + QPoint(0, down)
    drag(panel.plotter, *(middle + QPoint(6 * step, 0) for step in range(8)), wait=5)


def test_first_start_to_a_read_match(window, sample, see, give, tmp_path):
    begin(window, [])
    assert "1. Open a photo and a shape" in texts(window.tour.card)
    push(window.tour.card, "Open the sample")
    see(lambda: "2. Click a point" in texts(window.tour.card))
    photo, shape = window.panels["image 1"], window.panels["shape 1"]
    click_pixel(photo, *sample["at"])
    assert "3. Box the object" in texts(window.tour.card) and "Where is the object?" in texts(photo)
    push(photo, "Draw the box")
    x0, y0, x1, y1 = sample["box"]
    before = shown(shape)
    drag(photo.view.viewport(), on_view(photo, x0, y0), on_view(photo, x1, y1))
    see(lambda: "4. Find the pose" in texts(window.tour.card))
    see(lambda: differs(shown(shape), before) > 100)  # the match is lit on the shape
    press(window, Qt.Key.Key_L, CTRL)
    see(lambda: "5. Read the match" in texts(window.tour.card))
    press(window, Qt.Key.Key_1, CTRL)
    see(lambda: "6. Export" in texts(window.tour.card))
    assert "Good (" in side(window)
    give(tmp_path / "pins.csv")
    export(window, "Pins as CSV")
    see(lambda: "Done" in texts(window.tour.card))
    assert says_saved(window, tmp_path / "pins.csv")
    (pin,) = csv.DictReader((tmp_path / "pins.csv").open())
    assert pin["verdict"] == "good" and np.isfinite([float(pin[f"match_{axis}"]) for axis in "xyz"]).all()


def test_own_photo_and_mesh(window, see, give, tmp_path):
    folder = SHARED / "data" / "lmo"
    if not (folder / CLUTTER).exists():
        pytest.skip("LM-O is not there")
    camera = np.reshape(
        json.loads((folder / CLUTTER).parents[1].joinpath("scene_camera.json").read_text())[NUMBER]["cam_K"], (3, 3)
    )
    scene = json.loads((folder / CLUTTER).parents[1].joinpath("scene_gt.json").read_text())[NUMBER]
    truth = next(one for one in scene if one["obj_id"] == 9)
    R, t = np.reshape(truth["cam_R_m2c"], (3, 3)), np.array(truth["cam_t_m2c"])
    pixels = load_shape(folder / DUCK).vertices @ R.T + t
    pixels = (pixels @ camera.T)[:, :2] / pixels[:, 2:]
    (x0, y0), (x1, y1) = pixels.min(axis=0) - 4, pixels.max(axis=0) + 4

    photo, shape = window.panels["image 1"], window.panels["shape 1"]
    give(folder / CLUTTER)
    press(window, Qt.Key.Key_O, CTRL)
    give(folder / DUCK)
    press(window, Qt.Key.Key_O, CTRL | SHIFT)
    see(lambda: window.workspace.bar.pair.text() == "000047.png × obj_000009.ply")
    before = shown(shape)
    click_pixel(photo, (x0 + x1) / 2, (y0 + y1) / 2)
    push(photo, "Draw the box")
    drag(photo.view.viewport(), on_view(photo, x0, y0), on_view(photo, x1, y1))
    see(lambda: "Pin 1" in side(window))
    see(lambda: "Shape 1 : " in side(window))
    assert differs(shown(shape), before) > 100
    press(window, Qt.Key.Key_3, CTRL)
    push(window, "Align shape to photo")
    see(lambda: "Good (" in side(window))
    press(window, Qt.Key.Key_1, CTRL)
    see(lambda: idle(window) and re.search(r"Shape 1 : .*\(\d+%\)", side(window)))
    press(window, Qt.Key.Key_3, CTRL)
    give(tmp_path / "pose.json", "JSON (*.json)")
    export(window, "Save pose")
    see(lambda: says_saved(window, tmp_path / "pose.json"))
    assert rotation_error(load_pose(tmp_path / "pose.json").R, R) < 20


def test_a_part_to_the_shape_and_back(window, sample, see, give, tmp_path):
    open_sample(window, see)
    photo, shape = window.panels["image 1"], window.panels["shape 1"]
    before = shown(shape)
    press(window, Qt.Key.Key_2, CTRL)
    press(window, Qt.Key.Key_P)
    click_pixel(photo, 1000, 690)  # the trunk
    see(lambda: "1 of 3" in side(window) and "Shape 1: " in side(window))
    press(window, Qt.Key.Key_Return)
    see(lambda: "Part 1 | Photo 1, Shape 1" in side(window) and differs(shown(shape), before) > 100)

    QTest.keyClick(shape.plotter, Qt.Key.Key_1)  # from the front
    press(window, Qt.Key.Key_R)
    push(window, "Mark more")
    assert "What you mark changes Part 1." in side(window)
    stroke(shape)
    see(lambda: "Part 1 in Shape 1" in side(window) and idle(window))
    press(window, Qt.Key.Key_Return)
    push(window, "Mark more")
    stroke(shape, down=-50)
    see(lambda: "New part in Shape 1" in side(window) and "Photo 1: " in side(window))
    press(window, Qt.Key.Key_Return)
    see(lambda: "Part 2 | " in side(window))  # on the photo too, if it is found there
    give(tmp_path / "shape.ply")
    pick_in_menu(window, "Parts", "Save labels of this panel")
    see(lambda: says_saved(window, tmp_path / "shape.ply"))

    push(window, "Mark more")
    drag(photo.view.viewport(), on_view(photo, 700, 450), on_view(photo, 760, 450), wait=5)
    see(lambda: "Part 2 in Photo 1" in side(window) and idle(window))
    press(window, Qt.Key.Key_Return)
    see(lambda: "What you mark changes Part 2." in side(window) and "New part" not in side(window))
    give(tmp_path / "photo.png")
    export(window, "Save labels of this panel")
    see(lambda: says_saved(window, tmp_path / "photo.png"))
    on_shape, on_photo = load_shape_labels(tmp_path / "shape.ply"), load_image_labels(tmp_path / "photo.png")
    assert on_shape.names == on_photo.names and sorted(on_shape.names) == ["Part 1", "Part 2"]
    painted = on_shape.masks[on_shape.names.index("Part 1")]
    mesh = load_shape(sample["shape"])
    centers = mesh.vertices[mesh.faces].mean(axis=1)
    assert painted[np.linalg.norm(centers - shape.pick(QPointF(middle_of(shape))), axis=1).argmin()]
    assert on_photo.masks[on_photo.names.index("Part 2"), 450, 730] and on_photo.masks.any(axis=(1, 2)).all()


def test_align_correct_by_pairs_save_bop(window, sample, see, give, tmp_path):
    open_sample(window, see)
    photo, shape = window.panels["image 1"], window.panels["shape 1"]
    K, R, t = (np.array(sample["pose"][name]) for name in "KRt")
    (tmp_path / "K.json").write_text(json.dumps({"fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2]}))
    press(window, Qt.Key.Key_3, CTRL)
    give(tmp_path / "K.json")
    pick(lambda: push(window, "Camera"), "Open intrinsics")
    see(lambda: "K.json" in texts_of_buttons(window))
    press(window, Qt.Key.Key_L, CTRL)
    see(lambda: "Good" in side(window))
    press(window, Qt.Key.Key_L, CTRL | SHIFT)
    press(window, Qt.Key.Key_K)
    mesh = load_shape(sample["shape"])
    x0, y0, x1, y1 = sample["box"]
    pixels = np.array([(x0 + a * (x1 - x0), y0 + b * (y1 - y0)) for a in (0.3, 0.5, 0.7) for b in (0.35, 0.55)])
    hits = Raycaster(mesh).cast(*shape_rays(Pose(R, t), K, mesh, pixels[None]))
    places = mesh.to_own_frame(surface_position(mesh, hits.face[hits.mask], hits.bary[hits.mask]))
    found = list(zip(pixels[np.ravel(hits.mask)], places, strict=True))[:5]
    for number, (pixel, place) in enumerate(found, 1):
        click_pixel(photo, *(pixel + 60 if number == 5 else pixel))  # the last one is a slip
        assert "Now click the same place on the shape" in window.guide.message.text()
        click_shape(shape, place)
        see(lambda n=number: f"Pair {n} | " in side(window) and idle(window))
    rows = window.features.align.panel.pairs
    assert rows.topLevelItem(0).text(0) == "Pair 5"
    QTest.mouseClick(rows.viewport(), LEFT, pos=rows.visualItemRect(rows.topLevelItem(0)).center())
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    see(lambda: "Pair 5" not in side(window) and idle(window))
    give(tmp_path / "bop", "BOP folder (*)")
    export(window, "Save pose")
    see(lambda: says_saved(window, tmp_path / "bop"))
    (entry,) = bop.load(tmp_path / "bop")
    assert rotation_error(entry.pose.R, R) < 5


def test_gallery_of_a_folder_searched_by_the_photo(window, shape_folder, see, tmp_path, monkeypatch):
    open_sample(window, see)
    kept = tmp_path / "kept"
    press(window, Qt.Key.Key_G, CTRL)
    folders = iter((str(shape_folder), str(kept)))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: next(folders))
    drawer = window.workspace.drawer
    pick(lambda: push(drawer, "More"), "Make a gallery of a folder")
    see(lambda: says_saved(window, kept))
    see(lambda: "4 shapes, 1 could not be read" in texts(drawer) and idle(window))
    with open_gallery(kept) as gallery:
        assert len(gallery) == 4
    push(drawer, "Like the photo")
    grid = window.features.gallery.panel.results
    see(lambda: idle(window) and {grid.item(row).text().split("\n")[0] for row in (0, 1)} == {"toy.glb", "toy2.glb"})
    row = next(row for row in range(4) if grid.item(row).text().startswith("toy2.glb"))
    at = grid.visualItemRect(grid.item(row)).center()
    QTest.mouseClick(grid.viewport(), LEFT, pos=at)
    see(window.features.gallery.panel.picture.isVisible)
    QTest.mouseDClick(grid.viewport(), LEFT, pos=grid.visualItemRect(grid.item(row)).center())
    see(lambda: window.workspace.bar.pair.text() == "toy.jpg × toy2.glb")
    see(lambda: "Shape 1 : " in side(window) and idle(window))  # the pin is matched with it


def test_a_collection_congealed_drawn_on_and_exported(window, see, give, tmp_path):
    pick_in_menu(window, "File", "Open sample collection")
    see(lambda: "8 photos" in side(window) and window.workspace.bar.pair.text() == "toy.glb" and idle(window))
    assert window.guide.message.text().startswith("Press Congeal")
    push(window, "Congeal")
    see(lambda: "Click a place in a photo" in side(window) and idle(window))
    assert "8 posed" in side(window) and "in a photo of the collection" in window.guide.message.text()
    see(lambda: "Average of all photos" in side(window))
    press(window, Qt.Key.Key_2, CTRL)
    press(window, Qt.Key.Key_R)
    for _ in range(5):
        press(window, Qt.Key.Key_BracketRight)  # a larger brush
    stroke(window.panels["shape 1"])
    see(lambda: "New part in Shape 1" in side(window) and "as drawn" in side(window) and idle(window))
    press(window, Qt.Key.Key_Return)
    assert "Part 1 | Shape 1" in side(window)
    press(window, Qt.Key.Key_4, CTRL)
    strip = window.features.collection.panel.strip.viewport()
    before = pixels_of(strip.grab().toImage())
    pick(lambda: push(window, "Draw on all"), "Parts marked on the shape")
    see(lambda: idle(window) and differs(pixels_of(strip.grab().toImage()), before, 25) > 50)
    give(tmp_path)
    export(window, "Photos with the drawing")
    see(lambda: window.statusBar().currentMessage().startswith("Saved "))
    drawn = [
        np.abs(load_image(tmp_path / f"toy-{n}.png").astype(int) - load_image(PHOTOS / f"toy-{n}.jpg")).max()
        for n in range(1, 9)
    ]
    assert np.mean(np.array(drawn) > 60) > 0.5


def test_the_encoder_adapted_and_measured(window, see, tmp_path, monkeypatch):
    reports = []
    monkeypatch.setattr(QDesktopServices, "openUrl", reports.append)
    open_sample(window, see)
    pick(lambda: QTest.mouseClick(window.workspace.bar.expert, LEFT), "Encoder")
    panel = window.features.encoder.panel
    type_into(panel.minutes, "0.3")
    push(panel, "Adapt to the open shapes")
    see(lambda: "Saved " in side(window))
    file = side(window).split("Saved ")[1].split("\n")[0]
    assert Path(file).exists() and panel.adapter.text() == file
    see(lambda: idle(window))
    push(panel, "Measure")
    page = window.features.encoder.controller.page
    QTest.keyClicks(page.beside, "pocket")
    type_into(page.count, "1")
    push(page, "Measure")
    see(lambda: page.report.isEnabled())
    rows = [[page.table.item(row, column).text() for column in range(3)] for row in range(page.table.rowCount())]
    assert len(rows) == 2
    push(page, "Open report")
    assert "pocket" in Path(reports[0].toLocalFile()).read_text()
    page.close()


@pytest.fixture
def start_again(window, qtbot):
    """Another window with the same settings, as after another start."""
    made = []

    def start():
        again = MainWindow(QSettings(window.settings.fileName(), QSettings.Format.IniFormat))
        made.append(again)
        again.resize(1300, 800)
        again.show()
        begin(again, [])
        qtbot.waitExposed(again)
        again.activateWindow()
        qtbot.waitUntil(again.isActiveWindow)
        return again

    yield start
    for one in made:
        one.projects.ask = lambda: "discard"
        one.close()
        one.preload.wait()
        one.deleteLater()


def test_a_project_saved_reopened_recovered(window, start_again, sample, see, give, tmp_path):
    open_sample(window, see)
    file = tmp_path / "mine.counterpoint"
    give(file)
    press(window, Qt.Key.Key_S, CTRL | SHIFT)
    assert says_saved(window, file)
    press(window, Qt.Key.Key_Q, CTRL)
    assert not window.isVisible()

    again = start_again()
    push(again, "mine.counterpoint")
    see(lambda: "Pin 1 | " in side(again) and "likely poses" in side(again) and idle(again))
    u, v = sample["at"]
    click_pixel(again.panels["image 1"], u - 60, v - 60)
    see(lambda: "Pin 2 | " in side(again) and idle(again))
    undo(again)
    assert "Pin 2 | " not in side(again)
    press(again, Qt.Key.Key_Y, CTRL)
    assert "Pin 2 | " in side(again)
    asked = answer_box("Discard", lambda: press(again, Qt.Key.Key_Q, CTRL))
    assert asked == "Save the changes to mine.counterpoint?" and not again.isVisible()

    dies_while_it_works(window.settings.fileName(), file, (u - 60, v - 60))
    recovered = []
    asked = answer_box("Yes", lambda: recovered.append(start_again()))
    assert "was not closed properly" in asked and "mine.counterpoint" in asked
    (third,) = recovered
    see(lambda: "Pin 2 | " in side(third) and idle(third))
    assert third.isWindowModified() and third.windowTitle().startswith("mine.counterpoint")
    press(third, Qt.Key.Key_S, CTRL)
    assert says_saved(third, file) and not third.isWindowModified()
    document, missing = unpack(load_project(file), tmp_path)
    assert [pin.name for pin in document.pins] == ["Pin 1", "Pin 2"] and not missing


def dies_while_it_works(settings, file, at) -> None:
    """A process with a window in which the project is opened and a pin placed, which is killed when that is autosaved."""
    code = f"""
        import os, signal
        from PySide6.QtCore import QEventLoop, QSettings, QTimer
        from PySide6.QtWidgets import QApplication
        from app.window import project_files
        from app.window.main_window import MainWindow, begin
        from tests.e2e.hands import click_pixel
        project_files.AUTOSAVE_MS = 500

        def wait(milliseconds):  # QTest.qWait would keep Python's other threads from running
            loop = QEventLoop()
            QTimer.singleShot(milliseconds, loop.quit)
            loop.exec()

        application = QApplication(["test"])
        application.setApplicationName("{QApplication.applicationName()}")
        window = MainWindow(QSettings({settings!r}, QSettings.Format.IniFormat))
        window.show()
        begin(window, [{str(file)!r}])
        while "Shape 1" not in window.features.matching.panel.details.text() or not window.requests.is_ready("image 1"):
            wait(100)  # a click before the photo is there places no pin
        pins = len(window.session.pins)
        while len(window.session.pins) == pins:  # a click that follows at once when the window comes to the front places none
            click_pixel(window.panels["image 1"], {at[0]}, {at[1]})
            wait(400)
        while not list(project_files._folder().glob("*.counterpoint")):
            wait(100)
        os.kill(window.engine.pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], timeout=LONGEST, env=dict(os.environ), check=False
    )
    assert done.returncode == -signal.SIGKILL


def test_errors_are_said_where_they_belong(window, sample, see, give, tmp_path):
    open_sample(window, see)
    for name in ("notes.png", "notes.ply"):
        (tmp_path / name).write_text("no picture and no shape")
    photo, shape = window.panels["image 1"], window.panels["shape 1"]
    give(tmp_path / "notes.png")
    press(window, Qt.Key.Key_O, CTRL)
    see(lambda: "notes.png" in texts(photo))
    give(tmp_path / "notes.ply")
    press(window, Qt.Key.Key_O, CTRL | SHIFT)
    see(lambda: "notes.ply" in texts(shape))
    assert window.workspace.bar.pair.text() == "toy.jpg × toy.glb"
    for slot in list(errors(window)):
        QTest.mouseClick(window.errors.bars[slot].close_button, LEFT)

    (tmp_path / "K.json").write_text(json.dumps({"fx": 5000, "fy": 5000, "cx": 4000, "cy": 3000}))
    give(tmp_path / "K.json")
    press(window, Qt.Key.Key_3, CTRL)
    pick(lambda: push(window, "Camera"), "Open intrinsics")
    see(lambda: "outside the picture" in texts(photo))
    assert "K.json" not in texts_of_buttons(window)

    press(window, Qt.Key.Key_1, CTRL)
    os.kill(window.engine.pid, signal.SIGKILL)
    see(lambda: "engine" in window.statusBar().currentMessage().lower())
    u, v = sample["at"]
    click_pixel(photo, u - 60, v - 60)
    see(lambda: "Pin 2" in side(window) and "Shape 1 : " in side(window) and idle(window))
