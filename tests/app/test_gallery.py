"""Find shapes in a folder, in the window and headless."""

import json
import shutil
import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.app.conftest import open_sample_files


@pytest.fixture
def folder(tmp_path, sample):
    """The sample's shapes among others, one of them in a folder below, and one that is broken."""
    import trimesh

    folder = tmp_path / "shapes"
    (folder / "below").mkdir(parents=True)
    shutil.copy(sample["shape"], folder / "toy.glb")
    shutil.copy(sample["shape2"], folder / "below" / "toy2.glb")
    trimesh.creation.box((1, 0.1, 2)).export(folder / "plank.obj")
    trimesh.creation.cylinder(0.1, 2).export(folder / "stick.stl")
    (folder / "broken.ply").write_bytes(b"ply\nnot really")
    return folder


def test_find_shapes_like_the_image_and_open_one(window, sample, folder, wait_ready, qtbot):
    assert not window.gallery.like_image.isEnabled()
    open_sample_files(window, sample, wait_ready, qtbot, "image")
    window.panels["image 1"]._user_box(tuple(sample["box"]))
    wait_ready(window)
    window.gallery_dock.raise_()
    QTest.keyClicks(window.gallery.folder, str(folder))
    assert window.gallery.like_image.isEnabled() and not window.gallery.like_shape.isEnabled()
    QTest.mouseClick(window.gallery.like_image, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.gallery.results.count() == 4, timeout=60_000)
    names = [window.gallery.results.item(i).text().split("\n")[0] for i in range(4)]
    assert set(names[:2]) == {"toy.glb", "toy2.glb"}
    assert "1 could not be read" in window.gallery.about.text() and "broken.ply" in window.gallery.about.toolTip()
    assert not window.gallery.results.item(0).icon().isNull()
    window.gallery.results.itemActivated.emit(window.gallery.results.item(0))
    qtbot.waitUntil(lambda: "shape 1" in window.session.items, timeout=30_000)
    assert window.session.items["shape 1"].name == names[0]
    wait_ready(window)
    QTest.mouseClick(window.gallery.like_shape, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.gallery.results.count() == 3, timeout=60_000)
    other = ({"toy.glb", "toy2.glb"} - {names[0]}).pop()
    assert window.gallery.results.item(0).text().startswith(other)  # the query itself is left out


def search(*arguments):
    command = [sys.executable, "-m", "app", "search", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def test_the_verb_finds_by_image_and_by_shape(folder, sample):
    box = ",".join(map(str, sample["box"]))
    by_image = json.loads(search(folder, sample["image"], "--box", box, "--json").stdout)
    assert [r["path"].split("/")[-1][:3] for r in by_image["results"]][:2] == ["toy", "toy"]
    scores = [r["score"] for r in by_image["results"]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 4 and len(by_image["refused"]) == 1
    done = search(folder, folder / "toy.glb", "--top", 2)
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and lines[0].endswith("toy2.glb") and "broken.ply" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["nowhere", "toy.glb"], ["{empty}", "{shape}"], ["{folder}", "{shape}", "--box", "0,0,9,9"]]
)
def test_bad_searches_end_with_a_sentence(arguments, folder, sample, tmp_path):
    names = {"empty": tmp_path / "shapes" / "none", "shape": sample["shape"], "folder": folder}
    names["empty"].mkdir()
    done = search(*(a.format(**names) for a in arguments))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stdout == ""
