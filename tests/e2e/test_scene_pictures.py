"""What is posed in a scene lies over its photos and is chosen there; other poses are inspected beside it."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from core.notices import collect_warnings
from core.registration.things import InstanceKey
from core.scenes.inspect import COLUMNS as CORE_COLUMNS
from core.scenes.opening import list_scenes
from core.scenes.picture import OTHER
from core.scenes.saving import save_scene
from tests.core.scenes.painted import painted
from tests.e2e.hands import CTRL, LEFT, click_pixel, differs, drag, errors, on_view, press, push, shown

RED, BLUE = InstanceKey(1), InstanceKey(2)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two objects in five photos, as BOP has them, and another program's poses: worse from photo to photo."""
    folder = tmp_path_factory.mktemp("painted")
    scene, _ = painted(folder)
    with collect_warnings():
        save_scene(scene, folder / "bop", "bop")
    (place,) = list_scenes(folder / "bop")
    lines = ["scene_id,im_id,obj_id,score,R,t,time"]
    for (key, thing), one in sorted(scene.poses.items()):
        t = (one.pose.t + [0.002 * (1 + int(key)) * thing.object_id, 0, 0]) * scene.unit.metres * 1000
        numbers = (" ".join(f"{value:.9f}" for value in values) for values in (one.pose.R.ravel(), t))
        if (key, thing) != ("3", BLUE):
            lines.append(",".join([str(int(place.name)), key, str(thing.object_id), "0.9", *numbers, "0.1"]))
    (folder / "results.csv").write_text("\n".join(lines) + "\n")
    return place


@pytest.fixture
def opened(window, place, qtbot):
    window.open_files([str(place)])
    qtbot.waitUntil(lambda: window.session.scene is not None, timeout=90_000)
    wait_drawn(window, qtbot, "0")
    return window


def wait_drawn(window, qtbot, key, thing=None):
    """Wait until everything posed in a photo lies over it, with a thing outlined."""
    pictures = window.features.scene.pictures

    def drawn():
        opened = window.session.scene
        assert opened.photo == key and (thing is None or opened.thing == thing)
        assert pictures._found is not None and pictures._shown == key == pictures._found[0]
        assert pictures._asked[0] == key and pictures._taken == pictures._asked

    qtbot.waitUntil(drawn, timeout=60_000)


def middle_of(window, thing):
    """The pixel of the photo in the middle of what is seen of a thing."""
    found = window.features.scene.pictures._found[1]
    rows, columns = np.nonzero(found.index == found.things.index(thing))
    at = int(np.argmin(np.hypot(rows - rows.mean(), columns - columns.mean())))
    width, height = window.panels["image 1"].image_size
    return columns[at] * width / found.index.shape[1], rows[at] * height / found.index.shape[0]


def orange(picture):
    """How many pixels are about as the outline of another pose is."""
    return int((np.abs(picture - OTHER).max(axis=2) < 90).sum())


def test_what_is_posed_is_seen_and_chosen_in_the_photo(opened, qtbot):
    window, session, panel = opened, opened.session, opened.panels["image 1"]
    both = shown(panel)
    eye = window.layers_panel.eyes["pose"]
    window.layers_panel.open_below(window.workspace.bar.layers, "")
    QTest.mouseClick(eye, LEFT)
    bare = shown(panel)
    QTest.mouseClick(eye, LEFT)
    window.layers_panel.close()
    qtbot.wait(300)  # a click that brings the window to the front does nothing else
    assert differs(both, bare) > 300 and differs(both, shown(panel)) == 0

    click_pixel(panel, *middle_of(window, BLUE))
    assert session.scene.thing == BLUE and not session.pins
    wait_drawn(window, qtbot, "0", BLUE)
    assert differs(both, shown(panel)) > 30  # another outline
    click_pixel(panel, *middle_of(window, RED))
    wait_drawn(window, qtbot, "0", RED)
    push(window, "Objects in their own colours")
    wait_drawn(window, qtbot, "0", RED)
    assert differs(both, shown(panel)) > 100
    push(window, "Objects in their own colours")
    wait_drawn(window, qtbot, "0", RED)
    place = on_view(panel, *middle_of(window, BLUE))
    QApplication.sendEvent(
        panel.view.viewport(), QHelpEvent(QHelpEvent.Type.ToolTip, place, panel.view.mapToGlobal(place))
    )
    assert QToolTip.text() == session.scene.scene.shapes[2].name

    asked, submit = [], window.engine.submit
    qtbot.waitUntil(lambda: window.requests.ahead.bytes() > 0, timeout=30_000)
    window.engine.submit = lambda job, **how: asked.append((job, how.get("lane"))) or submit(job, **how)
    press(window, Qt.Key.Key_D)
    assert ("open_image", "files") not in asked  # it was there
    wait_drawn(window, qtbot, "1", RED)
    assert "draw_pose" not in dict(asked)  # nor is the thing drawn alone
    count = len([job for job, _ in asked if job == "draw_scene"])
    push(window, "Remove pose")
    qtbot.waitUntil(lambda: RED not in window.features.scene.pictures._found[1].things, timeout=30_000)
    assert len([job for job, _ in asked if job == "draw_scene"]) == count + 1
    assert eye.isEnabled()  # the other one is there
    press(window, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: RED in window.features.scene.pictures._found[1].things, timeout=30_000)

    press(window, Qt.Key.Key_3, CTRL)  # in the task Pose the thing alone, as everywhere
    assert not panel.view.things.shown()
    qtbot.waitUntil(lambda: panel.overlays() == [("pose", "shape 1")], timeout=30_000)
    press(window, Qt.Key.Key_5, CTRL)
    wait_drawn(window, qtbot, "1", RED)
    assert panel.view.things.shown()


def corrected_while_inspected(window, page, qtbot):
    """What is corrected in the window is measured anew, and what is undone; what was cancelled says that it is of before."""
    view, table = window.panels["image 1"].view, page.table
    at = window.session.scene.place

    def error(what="translation"):
        return next((row[what] for row in table.rows.rows if (row["photo"], InstanceKey(row["object"])) == at), None)

    def shift(by):
        middle, before = view.mapFromScene(view.handles.pos()), window.session.scene.pose
        drag(view.viewport(), middle, middle + QPoint(by, 0))
        qtbot.waitUntil(lambda: window.session.scene.pose is not before, timeout=90_000)

    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    first, others = error(), [row for row in table.rows.rows if row["photo"] != at[0]]
    press(window, Qt.Key.Key_3, CTRL)
    press(window, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: view.handles.isVisible(), timeout=60_000)
    shift(30)
    qtbot.waitUntil(lambda: abs(error() - first) > 5, timeout=30_000)
    assert page.changed.isHidden() and page.table.current() >= 0
    assert [row for row in table.rows.rows if row["photo"] != at[0]] == others  # not measured, but kept
    assert (table.rows.rows[table.current()]["photo"], table.rows.rows[table.current()]["object"]) == (at[0], at[1][0])
    press(window, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: error() == pytest.approx(first), timeout=30_000)

    submit = window.engine.submit

    def cancelled(job, **how):
        request = submit(job, **how)
        if job == "inspect_again":
            QTimer.singleShot(0, request.cancel)
        return request

    window.engine.submit = cancelled
    shift(-30)
    qtbot.waitUntil(lambda: page.again.isVisible() and "measured: 1" in page.changed.text(), timeout=30_000)
    assert error() == pytest.approx(first)
    window.engine.submit = submit
    push(page, "Measure again")
    qtbot.waitUntil(lambda: abs(error() - first) > 5 and page.changed.isHidden(), timeout=30_000)
    press(window, Qt.Key.Key_5, CTRL)
    push(window, "Remove pose")
    qtbot.waitUntil(lambda: error() is None and page.changed.isHidden(), timeout=30_000)
    press(window, Qt.Key.Key_Z, CTRL)
    press(window, Qt.Key.Key_Z, CTRL)
    qtbot.waitUntil(lambda: error() == pytest.approx(first), timeout=30_000)
    wait_drawn(window, qtbot, *at)


def test_results_are_inspected(opened, place, give, qtbot):
    window, panel = opened, opened.panels["image 1"]
    results = opened.features.scene.results
    give(place.parents[2] / "results.csv")
    push(window, "Inspect results")
    qtbot.waitUntil(lambda: results.page is not None and results.page.isVisible(), timeout=60_000)
    page, table = results.page, results.page.table
    assert "9 poses" in page.about.text() and "1 poses of the scene have none" in page.about.text()
    assert set(table.rows.columns()) <= set(CORE_COLUMNS)

    def row_of(line):
        return table.rows.rows[table.model().mapToSource(table.model().index(line, 0)).row()]

    def click_title(name):
        head, column = table.horizontalHeader(), table.rows.columns().index(name)
        table.scrollTo(table.model().index(0, column))
        at = QPoint(head.sectionViewportPosition(column) + 12, head.height() // 2)
        QTest.mouseClick(head.viewport(), LEFT, pos=at)

    def at_line(line):
        return table.visualRect(table.model().index(line, 0)).center()

    assert (row_of(0)["photo"], row_of(0)["object"]) == ("3", 2)  # without a pose beside it
    click_title("translation")
    click_title("translation")  # once for either direction
    lines = [row_of(line)["translation"] for line in range(1, 10)]
    assert row_of(0)["translation"] is None and lines == sorted(lines, reverse=True) and lines[0] == pytest.approx(20)

    QTest.mouseClick(table.viewport(), LEFT, pos=at_line(1))
    QTest.mouseDClick(table.viewport(), LEFT, pos=at_line(1))
    wait_drawn(window, qtbot, "4", BLUE)
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_Return)
    after = row_of(2)
    wait_drawn(window, qtbot, after["photo"], InstanceKey(after["object"]))

    for name in ("visibility", "viewpoint", "distance"):
        QTest.keyClick(page.over, Qt.Key.Key_Home)
        for _ in range(page.over.findData(name)):
            QTest.keyClick(page.over, Qt.Key.Key_Down)
        assert page.over.currentData() == name
        assert len(page.plot.points) == 9, name
    point = page.plot.points[-1]
    QTest.mouseClick(page.plot, LEFT, pos=page.plot.place_of(point.row).toPoint())
    assert table.current() in [one.row for one in page.plot.points] and page.plot.current == table.current()
    chosen = table.rows.rows[table.current()]
    QTest.mouseDClick(page.plot, LEFT, pos=page.plot.place_of(table.current()).toPoint())
    wait_drawn(window, qtbot, chosen["photo"], InstanceKey(chosen["object"]))

    corrected_while_inspected(window, page, qtbot)
    with_other = shown(panel)
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert not page.isVisible()
    qtbot.waitUntil(lambda: orange(with_other) > orange(shown(panel)) + 20, timeout=30_000)
    assert not errors(window) and results.other() is None

    give(place / "scene_gt.json")  # another annotation: the same
    push(window, "Inspect results")
    qtbot.waitUntil(lambda: page.isVisible() and len(page.plot.points) == 10, timeout=60_000)
    assert all(row["ADD"] < 1e-3 for row in table.rows.rows)
    give(place.parents[2] / "results.txt")
    (place.parents[2] / "results.txt").write_text("nothing")
    push(page, "Open other results")
    qtbot.waitUntil(lambda: "scene" in errors(window), timeout=30_000)


def test_a_photo_that_was_open_before_its_scene_has_its_things(window, place, qtbot):
    photo = sorted((place / "rgb").glob("*"))[0]
    window.open_files([str(photo)])
    qtbot.waitUntil(lambda: window.panels["image 1"].image_size != (0, 0), timeout=60_000)
    window.open_files([str(place)])
    qtbot.waitUntil(lambda: window.session.scene is not None, timeout=90_000)
    wait_drawn(window, qtbot, "0")
