"""A whole data set: opened, gone through by keys, corrected, propagated, checked, written, opened again; and odd ones."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog

from app.shared.resources import resource
from app.window.messages import MessageList
from core.geometry.pose import rotation_error
from core.notices import collect_warnings
from core.registration.things import InstanceKey
from core.scenes.opening import list_scenes, open_scene
from core.scenes.saving import save_scene
from tests.core.scenes import made
from tests.core.scenes.painted import painted
from tests.e2e.hands import CTRL, LEFT, SHIFT, choose, drag, enter, errors, pick, press, push, undo

RED, BLUE = InstanceKey(1), InstanceKey(2)


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """Two objects on a table, seen from five sides, as BOP has them; poses in the first photo, and of one in the last."""
    folder = tmp_path_factory.mktemp("painted")
    scene, _ = painted(folder)
    half = {at: one for at, one in scene.poses.items() if at[0] == "0" or at == ("4", RED)}
    with collect_warnings():
        save_scene(replace(scene, poses=half), folder / "bop", "bop")
    (place,) = list_scenes(folder / "bop")
    return place, open_scene(place), scene


@pytest.fixture
def opened(window, truth, give, tmp_path, qtbot):
    """The scene, opened by the menu from a copy of its own."""
    place = shutil.copytree(truth[0].parents[1], tmp_path / "bop") / truth[0].relative_to(truth[0].parents[1])
    give(place)
    choose(window, "File", "Open scene")
    qtbot.waitUntil(lambda: window.session.scene is not None, timeout=90_000)
    return window


def at_photo(window, qtbot, key, thing=None):
    """Wait until a photo of the scene is seen."""
    opened = window.session.scene
    assert opened.photo == key and (thing is None or opened.thing == thing)
    name = opened.scene.by_key[key].path.name
    panel = window.panels["image 1"]
    qtbot.waitUntil(lambda: panel.header.title.text() == name and panel.image_size[0] > 1, timeout=30_000)


def strip_of(window):
    return window.features.scene.panel.strip


def captions(window):
    return [cell.caption for cell in strip_of(window).photos.cells]


def click_photo(window, key):
    strip = strip_of(window)
    QTest.mouseClick(strip.viewport(), LEFT, pos=strip.place_of(key).center())


def click_thing(window, number):
    things = window.features.scene.panel.things
    QTest.mouseClick(things.viewport(), LEFT, pos=things.visualItemRect(things.topLevelItem(number)).center())


def same_poses(one, other, within):
    assert one.keys() == other.keys()
    for at, pose in one.items():
        assert np.allclose(pose.pose.R, other[at].pose.R, atol=1e-6)
        assert np.allclose(pose.pose.t, other[at].pose.t, atol=within)


def comes_back_from_far_off(window, truth, qtbot):
    """The chosen object is moved and turned by hand, Refine from far off brings it back, and undo takes that back."""
    session, view, true = window.session, window.panels["image 1"].view, truth.poses["0", BLUE].pose

    def off():
        pose = session.scene.scene.poses["0", BLUE].pose
        return rotation_error(pose.R, true.R), np.linalg.norm(pose.t - 1000 * true.t) / np.linalg.norm(1000 * true.t)

    for key, way in ((Qt.Key.Key_T, QPoint(14, 9)), (Qt.Key.Key_W, QPoint(24, -14))):
        press(window, key)
        qtbot.waitUntil(lambda: view.handles.isVisible(), timeout=60_000)
        middle, before = view.mapFromScene(view.handles.pos()), session.scene.pose
        drag(view.viewport(), middle, middle + way)
        qtbot.waitUntil(lambda before=before: session.scene.pose is not before, timeout=20_000)
    press(window, Qt.Key.Key_5, CTRL)
    disturbed, (degrees, share) = session.scene.pose, off()
    assert 8 < degrees < 16 and 0.03 < share < 0.08, (degrees, share)
    pick(lambda: push(window, "Refine"), "The chosen object, also if about 10° off (slower)")
    qtbot.waitUntil(lambda: session.scene.pose is not disturbed, timeout=120_000)
    assert session.scene.pose.state == "refined" and session.undo_stack.undoText() == "Refine poses"
    degrees, share = off()
    assert degrees < 1.5 and share < 0.01, (degrees, share)
    undo(window)
    assert session.scene.pose is disturbed
    for _ in range(2):
        undo(window)


def test_a_scene_is_gone_through_corrected_propagated_and_written(opened, truth, give, tmp_path, qtbot):
    window, session, panel = opened, opened.session, opened.features.scene.panel
    assert window.workspace.current == "scene" and strip_of(window).isVisible()
    assert captions(window) == ["2 posed", "open", "open", "open", "1 posed"]
    at_photo(window, qtbot, "0", RED)

    press(window, Qt.Key.Key_D)
    at_photo(window, qtbot, "1")
    enter(window.panels["image 1"], qtbot)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_PageDown)
    at_photo(window, qtbot, "2")
    press(window, Qt.Key.Key_A)
    at_photo(window, qtbot, "1")
    strip_of(window).setFocus()
    QTest.keyClick(strip_of(window), Qt.Key.Key_End)
    at_photo(window, qtbot, "4")
    qtbot.waitUntil(lambda: all(strip_of(window).photos.picture(str(n)) is not None for n in range(5)), timeout=60_000)
    press(window, Qt.Key.Key_D)
    assert session.scene.photo == "4" and "last photo" in window.messages.kept[-1][1]
    click_photo(window, "0")
    click_thing(window, 1)
    at_photo(window, qtbot, "0", BLUE)
    assert window.session.undo_stack.undoText().startswith("Go to") and session.undo_stack.count() == 2
    qtbot.waitUntil(lambda: "shape 1" in session.items and session.items["image 1"].box is not None, timeout=60_000)

    assert window.files.recent() == [str(session.scene.scene.root)]  # and none of its photos

    press(window, Qt.Key.Key_3, CTRL)
    assert strip_of(window).isVisible()  # one can go on from here
    press(window, Qt.Key.Key_W)
    view = window.panels["image 1"].view
    qtbot.waitUntil(lambda: view.handles.isVisible(), timeout=60_000)
    camera = session.scene.scene.by_key["0"].camera
    middle, before = view.mapFromScene(view.handles.pos()), session.scene.pose
    drag(view.viewport(), middle, middle + QPoint(24, 0))
    qtbot.waitUntil(lambda: session.scene.pose.state == "made", timeout=90_000)
    moved = session.scene.pose
    assert session.scene.scene.by_key["0"].camera is camera
    assert moved.pose.t[0] > before.pose.t[0] and moved.pose.t[2] == pytest.approx(before.pose.t[2])
    press(window, Qt.Key.Key_D)
    at_photo(window, qtbot, "1")
    qtbot.wait(300)
    assert not window.panels["image 1"].overlays()  # what was drawn of the other photo came too late
    undo(window)
    assert session.scene.photo == "0" and session.scene.pose is moved
    undo(window)
    assert session.scene.pose is before
    press(window, Qt.Key.Key_Z, CTRL | SHIFT)
    assert session.scene.pose is moved
    at_photo(window, qtbot, "0")
    middle = view.mapFromScene(view.handles.pos())
    drag(view.viewport(), middle, middle - QPoint(24, 0))
    press(window, Qt.Key.Key_D)  # before that was compared with the photo
    qtbot.waitUntil(lambda: session.scene.scene.poses["0", BLUE] is not moved, timeout=90_000)
    assert session.scene.photo == "1" and session.scene.pose is None
    press(window, Qt.Key.Key_A)
    at_photo(window, qtbot, "0", BLUE)

    comes_back_from_far_off(window, truth[2], qtbot)
    pick(lambda: push(window, "Propagate"), "From all posed photos: what is missing elsewhere")
    qtbot.waitUntil(lambda: len(session.scene.scene.poses) == 10, timeout=120_000)
    states = {at: one.state for at, one in session.scene.scene.poses.items()}
    assert {states[str(n), thing] for n in (1, 2, 3) for thing in (RED, BLUE)} <= {"propagated", "drifted"}
    assert states["4", RED] == "read" and states["4", BLUE] == "propagated"  # where one is posed the other is found too
    for n in (1, 2, 3):
        true, found = truth[2].poses[str(n), RED].pose, session.scene.scene.poses[str(n), RED].pose
        assert np.allclose(found.t, 1000 * true.t, atol=5) and np.allclose(found.R, true.R, atol=0.02)
    undo(window)
    assert len(session.scene.scene.poses) == 3
    press(window, Qt.Key.Key_Z, CTRL | SHIFT)

    press(window, Qt.Key.Key_V)
    assert panel.check.isChecked() and captions(window)[0] == "checked"
    panel.filter.setCurrentIndex(panel.filter.findData("checked"))
    assert [cell.key for cell in strip_of(window).photos.cells] == ["0"]
    panel.filter.setCurrentIndex(0)

    pick(lambda: push(window, "Refine"), "The chosen object")
    qtbot.waitUntil(lambda: session.undo_stack.undoText() == "Refine poses", timeout=120_000)
    states = {at: one.state for at, one in session.scene.scene.poses.items()}
    assert {state for (_, thing), state in states.items() if thing == BLUE} == {"refined", "checked"}
    assert "refined" not in {state for (_, thing), state in states.items() if thing == RED}
    undo(window)

    sure = {at: one for at, one in session.scene.scene.poses.items() if one.state != "drifted"}
    root = session.scene.scene.root
    pick(lambda: push(window, "Export"), "Save the scene where it came from")
    qtbot.waitUntil(lambda: f"in {root}" in window.messages.kept[-1][1], timeout=120_000)
    same_poses(open_scene(root).poses, sure, 1e-4)
    pick(lambda: push(window, "Export"), "Check the files by BOP's rules")
    qtbot.waitUntil(lambda: window.findChild(MessageList) is not None, timeout=60_000)
    notes = window.findChild(MessageList)
    assert "No errors" in notes.list.item(0).text(), notes.list.item(0).text()
    notes.close()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    give(tmp_path / "out")
    pick(lambda: push(window, "Export"), "BOP")
    qtbot.waitUntil(lambda: f"in {tmp_path / 'out'}" in window.messages.kept[-1][1], timeout=120_000)
    (written,) = list_scenes(tmp_path / "out")
    same_poses(open_scene(written).poses, sure, 1e-4)
    window.projects.save_to(tmp_path / "mine.counterpoint")
    saved = session.scene
    window.projects.new()
    assert session.scene is None and not strip_of(window).isVisible()
    (tmp_path / "bop").rename(tmp_path / "moved")
    window.open_files([str(tmp_path / "mine.counterpoint")])
    qtbot.waitUntil(lambda: "is not there" in errors(window).get("scene", ""), timeout=60_000)
    give(tmp_path / "moved" / root.relative_to(tmp_path / "bop"))
    push(window.errors.bars["scene"], "Choose it")
    qtbot.waitUntil(lambda: session.scene is not None, timeout=60_000)
    assert session.scene.place == saved.place and window.session.undo_stack.isClean()
    again = session.scene.scene.poses
    assert {at: one.state for at, one in again.items()} == {at: one.state for at, one in saved.scene.poses.items()}
    same_poses(again, saved.scene.poses, 1e-6)
    window.open_files([str(written)])
    qtbot.waitUntil(lambda: session.scene.scene.root == written, timeout=60_000)
    same_poses(session.scene.scene.poses, sure, 1e-4)
    assert errors(window) == {}


def test_odd_scenes_are_said_in_a_sentence(window, tmp_path, qtbot):
    def said(path, *words):
        window.errors.bars["scene"].clear()
        window.open_files([str(path)])
        qtbot.waitUntil(lambda: "scene" in errors(window), timeout=60_000)
        sentence = errors(window)["scene"]
        assert all(word in sentence for word in words) and "Error" not in sentence, sentence
        assert window.session.scene is None

    (tmp_path / "empty").mkdir()
    said(tmp_path / "empty", "no scene that is understood")
    broken = made.bop(tmp_path / "broken")
    (broken / "scene_gt.json").write_text("{")
    said(broken, "scene_gt.json", "not JSON")
    (tmp_path / "film.mp4").write_bytes(b"no film")
    said(tmp_path / "film.mp4", "film.mp4", "no video")
    (tmp_path / "transforms.json").write_text(json.dumps({"frames": []}))
    said(tmp_path / "transforms.json", "transforms.json names no photo")
    (tmp_path / "transforms.json").write_text("{")
    said(tmp_path / "transforms.json", "not JSON")

    two = made.bop(tmp_path / "two")
    shutil.copytree(two, two.with_name("000008"))
    window.open_files([str(tmp_path / "two")])
    qtbot.waitUntil(lambda: window.findChild(QInputDialog) is not None, timeout=60_000)
    dialog = window.findChild(QInputDialog)
    assert dialog.comboBoxItems() == ["test/000007", "test/000008"]
    dialog.setTextValue("test/000008")
    dialog.accept()
    window.activateWindow()
    qtbot.waitUntil(lambda: window.session.scene is not None, timeout=60_000)
    assert window.session.scene.scene.root.name == "000008"

    at_photo(window, qtbot, "3")
    (window.session.scene.scene.by_key["13"].path).unlink()
    press(window, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: "does not exist" in errors(window).get("image 1", ""), timeout=60_000)
    assert window.panels["image 1"].image_size[0] <= 1  # not the photo before
    press(window, Qt.Key.Key_D)
    at_photo(window, qtbot, "23")
    assert "image 1" not in errors(window)


def test_a_folder_of_photos_gets_its_shape_and_its_camera_by_hand(window, give, tmp_path, qtbot):
    for name in ("toy-3.jpg", "toy-5.jpg"):
        shutil.copy(resource(f"sample/collection/{name}"), tmp_path / name)
    window.open_files([str(tmp_path)])
    qtbot.waitUntil(lambda: window.session.scene is not None, timeout=60_000)
    session, panel = window.session, window.features.scene.panel
    assert "no shapes yet" in panel.about.text() and "camera is not known" in panel.here.text()
    window.panels["shape 1"].files_dropped.emit([str(resource("sample/toy.glb"))])  # the first one is the scene's
    qtbot.waitUntil(lambda: "shape 1" in session.items, timeout=60_000)
    assert session.scene.thing == InstanceKey(1) and session.scene.scene.shapes[1].bounds is not None
    give(resource("sample/toy2.glb"))
    pick(lambda: push(window, "Add object"), "Shape file")
    qtbot.waitUntil(lambda: session.scene.thing == InstanceKey(2), timeout=60_000)
    undo(window)
    assert session.scene.thing == InstanceKey(1) and len(session.scene.scene.shapes) == 1
    pick(lambda: push(window, "Add object"), "Another one of the chosen object")
    assert [thing.instance for thing in session.scene.things] == [0, 1] and session.scene.thing.instance == 1
    undo(window)
    assert session.scene.things == (InstanceKey(1),)
    press(window, Qt.Key.Key_W)  # takes the shape up at its front
    qtbot.waitUntil(lambda: session.scene.pose is not None, timeout=120_000)
    assert session.scene.scene.by_key["toy-3.jpg"].camera is not None and session.scene.pose.state == "made"
    press(window, Qt.Key.Key_5, CTRL)
    give(tmp_path / "coco")
    pick(lambda: push(window, "Export"), "COCO")
    qtbot.waitUntil(lambda: (tmp_path / "coco" / "annotations.json").is_file(), timeout=120_000)
    click_thing(window, 0)
    push(window, "Remove pose")
    assert session.scene.pose is None and not session.aligned

    window.open_files([str(tmp_path / "coco")])  # its category has no shape; another shape is another category
    qtbot.waitUntil(lambda: session.scene.scene.layout == "coco", timeout=60_000)
    assert session.scene.scene.names == {1: "toy"} and len(session.scene.scene.regions) == 1
    give(resource("sample/toy2.glb"))
    pick(lambda: push(window, "Add object"), "Shape file")
    qtbot.waitUntil(lambda: session.scene.thing == InstanceKey(2), timeout=60_000)
    pick(lambda: push(window, "Export"), "Save the scene where it came from")
    qtbot.waitUntil(lambda: open_scene(tmp_path / "coco").names == {1: "toy", 2: "toy2"}, timeout=60_000)
