"""The window, through the engine, and the command line give the same numbers."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import trimesh
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from core.images import save_image
from tests.conftest import SAMPLE
from tests.e2e.hands import choose, click_pixel, draw_focus_box, press

ROOT = Path(__file__).parents[2]


def verb(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """The command line in a process of its own: this one has the window, which stays without torch."""
    run = [sys.executable, "-m", "app.cli.main", *map(str, arguments)]
    return subprocess.run(run, capture_output=True, text=True, cwd=ROOT, timeout=600)


TOLERANCE = 1e-4
"""Both compute the same on the same machine; what travels as JSON keeps all digits."""

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]
"""All five are seen in one window, by the fixture of the first test."""

PHOTOS = [str(SAMPLE / "collection" / f"toy-{number}.jpg") for number in (3, 5)]


class Driver:
    """A window that is operated."""

    def __init__(self, app: Any, folder: Path):
        from app.window.main_window import MainWindow

        self.app = app
        settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(settings)
        self.window.projects.ask = lambda: "discard"  # type: ignore[method-assign]
        self.window.resize(1300, 800)
        self.window.show()
        QTest.qWaitForWindowExposed(self.window)
        self.window.activateWindow()
        QTest.qWaitForWindowActive(self.window, 5000)

    def until(self, done: Callable[[], object], seconds: float = 300) -> None:
        end = time.monotonic() + seconds
        while not done():
            for bar in self.window.errors.bars.values():
                assert not bar.isVisible(), bar.text.text()
            assert time.monotonic() < end, "the window did not come to an end"
            self.app.processEvents()
            time.sleep(0.002)

    def until_ready(self) -> None:
        self.until(lambda: all(map(self.window.requests.is_ready, self.window.session.items)))
        self.until(self.window.tasks.is_idle)


@pytest.fixture(scope="module", autouse=True)
def own_data(tmp_path_factory):
    """What the window keeps of its documents, and its logs, are of this run alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp("own")))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory, sample):
    """Files that both sides read: the camera, and a few shapes to search."""
    folder = tmp_path_factory.mktemp("parity")
    (folder / "camera.json").write_text(json.dumps({"K": sample["pose"]["K"]}))
    (folder / "shapes").mkdir()
    shutil.copy(sample["shape"], folder / "shapes" / "toy.glb")
    trimesh.creation.box((1, 0.1, 2)).export(folder / "shapes" / "plank.obj")
    trimesh.creation.cylinder(0.1, 2).export(folder / "shapes" / "stick.stl")
    return folder


@pytest.fixture(scope="module")
def seen(qapp, folder, sample, tmp_path_factory):
    """What one window says to everything that is compared."""
    driver, seen = Driver(qapp, tmp_path_factory.mktemp("window")), SimpleNamespace()
    window = driver.window
    session = window.session
    window.open_files([str(sample["image"]), str(sample["shape"])])
    driver.until(lambda: len(session.items) == 2)
    driver.until_ready()
    draw_focus_box(window.panels["image 1"], sample["box"])
    driver.until_ready()
    seen.box = ",".join(map(repr, session.items["image 1"].box))  # the mouse is on whole pixels of the screen

    click_pixel(window.panels["image 1"], *sample["at"])
    driver.until(lambda: session.likely.get(("image 1", "shape 1")) is not None)
    driver.until(lambda: session.pins and "shape 1" in session.pins[1].answers and not session.pins[1].outdated)
    seen.at, seen.match = session.pins[1].at, session.pins[1].answers["shape 1"]

    window.show_feature("parts")
    press(window, Qt.Key.Key_P)
    click_pixel(window.panels["image 1"], *sample["at"])
    drafts = window.features.parts.drafts
    driver.until(lambda: "shape 1" in drafts.marked.carried)
    width, height = window.panels["image 1"].image_size
    seen.mask = drafts.marked.candidates[0][0].array().reshape(height, width)
    seen.part = drafts.marked.carried["shape 1"]
    session.set_draft(None)

    window.show_feature("align")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(folder / "camera.json"), ""))
        choose(window, "Pose", "Open intrinsics")
    driver.until(lambda: session.cameras.file is not None)
    window.features.align.panel.start.click()
    driver.until(lambda: session.aligned)
    seen.poses = session.aligned[("image 1", "shape 1")].poses

    panel = window.features.gallery.panel
    panel.folder.setText(str(folder / "shapes"))
    panel.likes["image"].click()
    driver.until(lambda: panel.results.count() == 3)
    seen.search = [panel.results.item(number).text().split("\n") for number in range(3)]

    window.show_feature("collection")
    window.features.collection.panel.strip.files_dropped.emit(PHOTOS)
    driver.until_ready()
    window.features.collection.panel.start.click()
    driver.until(lambda: session.collection.joined)
    seen.photos = session.collection.photos
    window.close()
    return seen


def report(*arguments: object) -> dict[str, Any]:
    done = verb(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_match(seen, sample):
    u, v = seen.at
    found = report("match", sample["image"], sample["shape"], "--at", f"{u!r},{v!r}", "--box", seen.box)["matches"][0]
    assert found["point"] == pytest.approx(seen.match.location, abs=TOLERANCE)
    for name in ("score", "margin", "cycle_error"):
        assert found[name] == pytest.approx(getattr(seen.match, name), abs=TOLERANCE)
    assert found["verdict"] == seen.match.verdict and len(found["rivals"]) == len(seen.match.rivals)
    assert found["through"] == "poses"


def test_align(seen, sample, folder):
    found = report("align", sample["image"], sample["shape"], "--box", seen.box, "--K", folder / "camera.json")
    assert len(found["hypotheses"]) == len(seen.poses)
    for theirs, ours in zip(found["hypotheses"], seen.poses, strict=True):
        assert np.ravel(theirs["R"]) == pytest.approx(ours.R, abs=TOLERANCE)
        assert theirs["t"] == pytest.approx(ours.t, abs=TOLERANCE)
        for name in ("score", "similarity", "overlap"):
            assert theirs[name] == pytest.approx(getattr(ours, name), abs=TOLERANCE)


def test_transfer(seen, sample, tmp_path):
    save_image(tmp_path / "mask.png", np.repeat(seen.mask[..., None].astype(np.uint8) * 255, 3, axis=2))
    found = report(
        "transfer", sample["image"], sample["shape"], "--mask", tmp_path / "mask.png", "--box", seen.box, "--out",
        tmp_path / "part.ply", "--threshold", 50,
    )["parts"][0]  # fmt: skip
    assert 0 < found["share"] == pytest.approx((seen.part.percent > 50).mean(), abs=TOLERANCE)
    assert found["overlap"] == pytest.approx(seen.part.overlap, abs=TOLERANCE)
    assert found["verdict"] == seen.part.verdict


def test_search(seen, sample, folder):
    found = report("search", folder / "shapes", sample["image"], "--box", seen.box)["results"]
    assert [Path(one["path"]).name for one in found] == [name for name, _ in seen.search]
    for one, (_, score) in zip(found, seen.search, strict=True):
        assert one["score"] == pytest.approx(float(score), abs=5e-4)  # the grid shows three decimals


def test_congeal(seen, sample, tmp_path):
    found = report("congeal", *PHOTOS, "--shape", sample["shape"], "-o", tmp_path / "out")["images"]
    assert [one["path"] for one in found] == [one.item.path for one in seen.photos] == PHOTOS
    for theirs, ours in zip(found, seen.photos, strict=True):
        assert np.ravel(theirs["R"]) == pytest.approx(ours.pose.R, abs=TOLERANCE)
        assert theirs["t"] == pytest.approx(ours.pose.t, abs=TOLERANCE)
        assert np.array(theirs["K"])[[0, 1], [0, 1]] == pytest.approx(ours.K[:2], rel=TOLERANCE)
        assert theirs["agreement"] == pytest.approx(ours.agreement, abs=TOLERANCE)
        assert theirs["inlier"] == ours.inlier
